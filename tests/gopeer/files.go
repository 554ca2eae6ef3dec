package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	chunker "github.com/ipfs/boxo/chunker"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	uio "github.com/ipfs/boxo/ipld/unixfs/io"
	"github.com/ipfs/go-cid"
	car "github.com/ipld/go-car/v2"
	"github.com/ipld/go-car/v2/storage"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-multihash"
)

const (
	// chunk and links are those of the profile unixfs-v1-2025.
	chunk = 1 << 20
	links = 1024
)

// described is the answer to a call for a file.
type described struct {
	Multiaddr string `json:"multiaddr,omitempty"`
	Size      int    `json:"size"`
	Name      string `json:"name"`
}

// share provides a file, and uploads it when it is asked for, until it is stopped.
func share(ctx context.Context, node, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// Only the blocks of this daemon are used; nothing is served.
	dag, err := newDaemon(ctx)
	if err != nil {
		return err
	}
	params := helpers.DagBuilderParams{
		Maxlinks: links, RawLeaves: true, CidBuilder: merkledag.V1CidPrefix(), Dagserv: dag.localDAG,
	}
	builder, err := params.New(chunker.NewSizeSplitter(bytes.NewReader(content), chunk))
	if err != nil {
		return err
	}
	root, err := balanced.Layout(builder)
	if err != nil {
		return err
	}
	h, err := join(ctx, node)
	if err != nil {
		return err
	}
	defer h.Close()
	function := "IPFS_" + canonical(root.Cid())
	file := described{Size: len(content), Name: filepath.Base(path)}
	// The file is uploaded once, however many ask.
	upload := sync.OnceValues(func() (string, error) { return h.upload(ctx, dag, root.Cid(), len(content)) })
	answer := func(request callRequest, _ string) callReply {
		if request.Function != function {
			return refused("no_such_function", "this peer does not share it")
		}
		var args struct{ Probe bool }
		if err := json.Unmarshal(request.Args, &args); err != nil {
			return refused("bad_request", err.Error())
		}
		if args.Probe {
			return callReply{Ok: file}
		}
		address, err := upload()
		if err != nil {
			return refused("unavailable", err.Error())
		}
		file := file
		file.Multiaddr = address
		return callReply{Ok: file}
	}
	if err := h.provide(ctx, function, answer); err != nil {
		return err
	}
	if err := say(map[string]any{"event": "provided", "peer": h.ID(), "cid": canonical(root.Cid())}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// fetch gets a file from the storage that its provider names, and checks each block.
func fetch(ctx context.Context, node, text, output string) error {
	root, err := cid.Decode(text)
	if err != nil {
		return err
	}
	h, err := join(ctx, node)
	if err != nil {
		return err
	}
	defer h.Close()
	var file described
	if err := h.result(ctx, "IPFS_"+canonical(root), json.RawMessage("{}"), &file); err != nil {
		return err
	}
	url, err := urlOf(file.Multiaddr)
	if err != nil {
		return err
	}
	query := "?format=car&dag-scope=all&order=dfs&dups=y"
	response, err := get(ctx, http.MethodGet, url+"/ipfs/"+root.String()+query, nil, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	dag, err := newDaemon(ctx)
	if err != nil {
		return err
	}
	// The reader compares each block with its CID.
	reader, err := car.NewBlockReader(response.Body)
	if err != nil {
		return err
	}
	for {
		block, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = dag.local.AddBlock(ctx, block)
		}
		if err != nil {
			return err
		}
	}
	top, err := dag.localDAG.Get(ctx, root)
	if err != nil {
		return err
	}
	content, err := uio.NewDagReader(ctx, top, dag.localDAG)
	if err != nil {
		return err
	}
	out, err := os.Create(output)
	if err != nil {
		return err
	}
	size, err := io.Copy(out, content)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return say(map[string]any{"event": "fetched", "size": size, "name": file.Name})
}

// canonical is the form of a CID of which the function's name is made.
func canonical(c cid.Cid) string {
	if c.Type() == cid.DagProtobuf && c.Prefix().MhType == multihash.SHA2_256 {
		return cid.NewCidV0(c.Hash()).String()
	}
	return cid.NewCidV1(c.Type(), c.Hash()).String()
}

// upload asks the network for a storage, begins to upload a DAG to it, and returns its address.
func (h *joined) upload(ctx context.Context, dag *daemon, root cid.Cid, size int) (string, error) {
	args, err := json.Marshal(map[string]any{"cid": canonical(root), "size": size})
	if err != nil {
		return "", err
	}
	var place struct{ Multiaddr, Token string }
	if err := h.result(ctx, "IPFS_multiaddr", args, &place); err != nil {
		return "", err
	}
	url, err := urlOf(place.Multiaddr)
	if err != nil {
		return "", err
	}
	body := &bytes.Buffer{}
	form := multipart.NewWriter(body)
	part, err := form.CreateFormFile("file", "dag.car")
	if err != nil {
		return "", err
	}
	if err := dag.export(ctx, root, part); err != nil {
		return "", err
	}
	if err := form.Close(); err != nil {
		return "", err
	}
	header := http.Header{"Authorization": {"Bearer " + place.Token}, "Content-Type": {form.FormDataContentType()}}
	go func() {
		response, err := get(ctx, http.MethodPost, url+"/api/v0/dag/import?pin-roots=false", header, body)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			err = errors.Join(err, response.Body.Close())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "an upload failed:", err)
		}
	}()
	return place.Multiaddr, nil
}

// export writes a DAG as a CAR, depth first.
func (d *daemon) export(ctx context.Context, root cid.Cid, out io.Writer) error {
	writer, err := storage.NewWritable(out, []cid.Cid{root}, car.WriteAsCarV1(true))
	if err != nil {
		return err
	}
	err = merkledag.Walk(ctx, merkledag.GetLinksWithDAG(d.localDAG), root, func(c cid.Cid) bool {
		block, blockErr := d.local.GetBlock(ctx, c)
		if blockErr == nil {
			blockErr = writer.Put(ctx, c.KeyString(), block.RawData())
		}
		err = errors.Join(err, blockErr)
		return blockErr == nil
	})
	return errors.Join(err, writer.Finalize())
}

// get sends a request, and takes every answer but 200 for an error.
func get(ctx context.Context, method, url string, header http.Header, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	if header != nil {
		request.Header = header
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxMessage))
	failed := fmt.Errorf("the storage answered %s: %s", response.Status, text)
	return nil, errors.Join(failed, err, response.Body.Close())
}

// urlOf is the URL of a storage's address, in any of its forms.
func urlOf(address string) (string, error) {
	parsed, err := multiaddr.NewMultiaddr(address)
	if err != nil {
		return "", err
	}
	host, port, secure := "", "", false
	for _, part := range parsed {
		switch part.Protocol().Code {
		case multiaddr.P_IP4, multiaddr.P_IP6, multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6:
			host = part.Value()
		case multiaddr.P_TCP:
			port = part.Value()
		case multiaddr.P_TLS, multiaddr.P_HTTPS:
			secure = true
		case multiaddr.P_HTTP:
		default:
			return "", fmt.Errorf("%s is no address of a storage", address)
		}
	}
	if host == "" {
		return "", fmt.Errorf("%s is no address of a storage", address)
	}
	scheme, usual := "http", "80"
	if secure {
		scheme, usual = "https", "443"
	}
	if port == "" {
		port = usual
	}
	return scheme + "://" + net.JoinHostPort(host, port), nil
}
