package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/ipfs/boxo/blockservice"
	chunker "github.com/ipfs/boxo/chunker"
	"github.com/ipfs/boxo/files"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	uio "github.com/ipfs/boxo/ipld/unixfs/io"
	pinner "github.com/ipfs/boxo/pinning/pinner"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	cmds "github.com/ipfs/go-ipfs-cmds"
	cmdshttp "github.com/ipfs/go-ipfs-cmds/http"
	ipld "github.com/ipfs/go-ipld-format"
	car "github.com/ipld/go-car/v2"
	mc "github.com/multiformats/go-multicodec"
	mh "github.com/multiformats/go-multihash"
)

// softBlockLimit is the largest block that Kubo accepts without an explicit option, in bytes.
const softBlockLimit = 2 << 20

// The answers of Kubo's RPC.
type (
	rootMeta struct {
		Cid         cid.Cid
		PinErrorMsg string
	}
	importStats struct{ BlockCount, BlockBytesCount uint64 }
	importEvent struct {
		Root  *rootMeta    `json:",omitempty"`
		Stats *importStats `json:",omitempty"`
	}
	blockStat struct {
		Key  string
		Size int
	}
	addEvent struct{ Name, Hash, Size string }
	pinEvent struct{ Pins []string }
	pinType  struct{ Type, Name string }
	// pinList holds either all pins, or one pin of a stream.
	pinList struct {
		Keys map[string]pinType `json:",omitempty"`
		Cid  string             `json:",omitempty"`
		Name string             `json:",omitempty"`
		Type string             `json:",omitempty"`
	}
	fileStat struct {
		Hash                 string
		Size, CumulativeSize uint64
		Blocks               int
		Type                 string
	}
	collected struct {
		Key cid.Cid
	}
	version struct{ Version, Commit, Repo, System, Golang string }
)

// rpc is the part of Kubo's RPC that Fluence relies on. It uses the same library as Kubo, which
// checks the origin of a request.
func (d *daemon) rpc(address net.Addr) http.Handler {
	config := cmdshttp.NewServerConfig()
	config.APIPath = "/api/v0"
	config.AddAllowedHeaders("Origin", "Accept", "Content-Type", "X-Requested-With")
	config.SetAllowedMethods(http.MethodPost)
	port := address.(*net.TCPAddr).Port
	config.AppendAllowedOrigins(d.origins...)
	for _, host := range []string{"127.0.0.1", "[::1]", "localhost"} {
		config.AppendAllowedOrigins(fmt.Sprintf("http://%s:%d", host, port), fmt.Sprintf("https://%s:%d", host, port))
	}
	return cmdshttp.NewHandler(d, d.commands(), config)
}

type (
	request = *cmds.Request
	respond = cmds.ResponseEmitter
)

func (d *daemon) commands() *cmds.Command {
	return &cmds.Command{
		Options: []cmds.Option{cmds.OptionEncodingType, cmds.OptionStreamChannels, cmds.OptionTimeout, cmds.BoolOption("offline")},
		Subcommands: map[string]*cmds.Command{
			"version": command(d.version, version{}),
			"add": command(d.add, addEvent{}, cmds.FileArg("path", true, true, ""),
				cmds.IntOption("cid-version"), cmds.BoolOption("raw-leaves"), cmds.StringOption("chunker").WithDefault("size-262144"),
				cmds.IntOption("max-file-links").WithDefault(174), cmds.BoolOption("pin").WithDefault(true)),
			"cat": command(d.cat, nil, cmds.StringArg("ipfs-path", true, true, "")),
			"block": {Subcommands: map[string]*cmds.Command{
				"get":  command(d.blockGet, nil, cmds.StringArg("cid", true, false, "")),
				"stat": command(d.blockStat, blockStat{}, cmds.StringArg("cid", true, false, "")),
				"put": command(d.blockPut, blockStat{}, cmds.FileArg("data", true, true, ""),
					cmds.StringOption("cid-codec").WithDefault("raw"), cmds.StringOption("mhtype").WithDefault("sha2-256"),
					cmds.BoolOption("allow-big-block")),
			}},
			"dag": {Subcommands: map[string]*cmds.Command{
				"import": command(d.dagImport, importEvent{}, cmds.FileArg("path", true, true, ""),
					cmds.BoolOption("pin-roots").WithDefault(true), cmds.BoolOption("stats"), cmds.BoolOption("allow-big-block")),
			}},
			"pin": {Subcommands: map[string]*cmds.Command{
				"add": command(d.pinAdd, pinEvent{}, cmds.StringArg("ipfs-path", true, true, ""),
					cmds.BoolOption("recursive").WithDefault(true), cmds.StringOption("name")),
				"rm": command(d.pinRemove, pinEvent{}, cmds.StringArg("ipfs-path", true, true, ""),
					cmds.BoolOption("recursive").WithDefault(true)),
				"ls": command(d.pinList, pinList{}, cmds.StringArg("ipfs-path", false, true, ""),
					cmds.StringOption("type").WithDefault("all"), cmds.BoolOption("names"), cmds.BoolOption("stream")),
			}},
			"files": {Subcommands: map[string]*cmds.Command{
				"stat": command(d.fileStat, fileStat{}, cmds.StringArg("path", true, false, "")),
			}},
			"repo": {Subcommands: map[string]*cmds.Command{"gc": command(d.collect, collected{})}},
		},
	}
}

// command makes a function an RPC command; the parts are its arguments and options.
func command(run func(request, respond) error, result any, parts ...any) *cmds.Command {
	c := &cmds.Command{Type: result, Run: func(q request, r respond, _ cmds.Environment) error { return run(q, r) }}
	for _, part := range parts {
		switch part := part.(type) {
		case cmds.Argument:
			c.Arguments = append(c.Arguments, part)
		case cmds.Option:
			c.Options = append(c.Options, part)
		}
	}
	return c
}

func option[T any](q request, name string) T {
	value, _ := q.Options[name].(T)
	return value
}

// parse reads a CID, or an /ipfs/ path that is only a CID.
func parse(text string) (cid.Cid, error) {
	c, err := cid.Decode(strings.TrimPrefix(text, "/ipfs/"))
	if err != nil {
		return cid.Undef, fmt.Errorf("invalid path %q: %w", text, err)
	}
	return c, nil
}

func parseAll(texts []string) ([]cid.Cid, error) {
	cids := make([]cid.Cid, 0, len(texts))
	for _, text := range texts {
		c, err := parse(text)
		if err != nil {
			return nil, err
		}
		cids = append(cids, c)
	}
	return cids, nil
}

// service returns the block service for a request.
func (d *daemon) service(q request) blockservice.BlockService {
	if option[bool](q, "offline") {
		return d.local
	}
	return d.online
}

func (d *daemon) version(_ request, r respond) error {
	system := runtime.GOARCH + "/" + runtime.GOOS
	return cmds.EmitOnce(r, &version{Version: "gopeer", System: system, Golang: runtime.Version()})
}

// each calls visit for every file of a request.
func each(q request, visit func(name string, file files.File) error) error {
	entries := q.Files.Entries()
	for entries.Next() {
		file := files.FileFromEntry(entries)
		if file == nil {
			return errors.New("expected a regular file")
		}
		if err := visit(entries.Name(), file); err != nil {
			return err
		}
	}
	return entries.Err()
}

func (d *daemon) add(q request, r respond) error {
	prefix := merkledag.V0CidPrefix()
	rawLeaves := option[bool](q, "raw-leaves")
	if option[int](q, "cid-version") == 1 {
		prefix = merkledag.V1CidPrefix()
		if _, given := q.Options["raw-leaves"]; !given {
			rawLeaves = true
		}
	}
	defer d.store.PinLock(q.Context).Unlock(q.Context)
	return each(q, func(name string, file files.File) error {
		splitter, err := chunker.FromString(file, option[string](q, "chunker"))
		if err != nil {
			return err
		}
		params := helpers.DagBuilderParams{
			Maxlinks:   option[int](q, "max-file-links"),
			RawLeaves:  rawLeaves,
			CidBuilder: prefix,
			Dagserv:    d.onlineDAG,
		}
		builder, err := params.New(splitter)
		if err != nil {
			return err
		}
		root, err := balanced.Layout(builder)
		if err != nil {
			return err
		}
		if option[bool](q, "pin") {
			if err := d.pins.Pin(q.Context, root, true, ""); err != nil {
				return err
			}
		}
		size, err := root.Size()
		if err != nil {
			return err
		}
		return r.Emit(&addEvent{Name: name, Hash: root.Cid().String(), Size: strconv.FormatUint(size, 10)})
	})
}

func (d *daemon) cat(q request, r respond) error {
	cids, err := parseAll(q.Arguments)
	if err != nil {
		return err
	}
	dag := merkledag.NewDAGService(d.service(q))
	readers := make([]io.Reader, 0, len(cids))
	for _, c := range cids {
		node, err := dag.Get(q.Context, c)
		if err != nil {
			return err
		}
		reader, err := uio.NewDagReader(q.Context, node, dag)
		if err != nil {
			return err
		}
		readers = append(readers, reader)
	}
	return r.Emit(io.MultiReader(readers...))
}

func (d *daemon) block(q request) (blocks.Block, error) {
	c, err := parse(q.Arguments[0])
	if err != nil {
		return nil, err
	}
	return d.service(q).GetBlock(q.Context, c)
}

func (d *daemon) blockGet(q request, r respond) error {
	block, err := d.block(q)
	if err != nil {
		return err
	}
	r.SetEncodingType(cmds.OctetStream)
	r.SetContentType("application/vnd.ipld.raw")
	return r.Emit(bytes.NewReader(block.RawData()))
}

func (d *daemon) blockStat(q request, r respond) error {
	block, err := d.block(q)
	if err != nil {
		return err
	}
	return cmds.EmitOnce(r, &blockStat{block.Cid().String(), len(block.RawData())})
}

func checkSize(q request, block blocks.Block) error {
	if len(block.RawData()) > softBlockLimit && !option[bool](q, "allow-big-block") {
		return errors.New("produced block is over 2MiB: big blocks can't be exchanged with other peers")
	}
	return nil
}

func (d *daemon) blockPut(q request, r respond) error {
	var codec mc.Code
	if err := codec.Set(option[string](q, "cid-codec")); err != nil {
		return err
	}
	hash, ok := mh.Names[option[string](q, "mhtype")]
	if !ok {
		return fmt.Errorf("unrecognized multihash function: %s", option[string](q, "mhtype"))
	}
	prefix := cid.Prefix{Version: 1, Codec: uint64(codec), MhType: hash, MhLength: -1}
	return each(q, func(_ string, file files.File) error {
		data, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		c, err := prefix.Sum(data)
		if err != nil {
			return err
		}
		block, err := blocks.NewBlockWithCid(data, c)
		if err != nil {
			return err
		}
		if err := checkSize(q, block); err != nil {
			return err
		}
		if err := d.online.AddBlock(q.Context, block); err != nil {
			return err
		}
		return r.Emit(&blockStat{c.String(), len(data)})
	})
}

func (d *daemon) dagImport(q request, r respond) error {
	pin := option[bool](q, "pin-roots")
	if pin {
		defer d.store.PinLock(q.Context).Unlock(q.Context)
	}
	roots := cid.NewSet()
	stats := importStats{}
	err := each(q, func(_ string, file files.File) error {
		// This hides Seek, which the file of a request has but does not support.
		reader, err := car.NewBlockReader(struct{ io.Reader }{file})
		if err != nil {
			return err
		}
		for _, root := range reader.Roots {
			roots.Add(root)
		}
		for {
			block, err := reader.Next()
			if err == io.EOF {
				return nil
			}
			if err == nil {
				err = checkSize(q, block)
			}
			if err == nil {
				// Like Kubo's import, this does not wake the requests that wait for the block.
				err = d.local.AddBlock(q.Context, block)
			}
			if err != nil {
				return fmt.Errorf("import failed: %w", err)
			}
			stats.BlockCount++
			stats.BlockBytesCount += uint64(len(block.RawData()))
		}
	})
	if err != nil {
		return err
	}
	if pin {
		err := roots.ForEach(func(root cid.Cid) error {
			meta := rootMeta{Cid: root}
			if err := d.pin(q.Context, d.localDAG, root, true, ""); err != nil {
				meta.PinErrorMsg = err.Error()
			}
			return r.Emit(&importEvent{Root: &meta})
		})
		if err != nil {
			return err
		}
	}
	if option[bool](q, "stats") {
		return r.Emit(&importEvent{Stats: &stats})
	}
	return nil
}

func (d *daemon) pin(ctx context.Context, dag ipld.DAGService, root cid.Cid, recursive bool, name string) error {
	node, err := dag.Get(ctx, root)
	if err != nil {
		return err
	}
	return d.pins.Pin(ctx, node, recursive, name)
}

func (d *daemon) pinAdd(q request, r respond) error {
	cids, err := parseAll(q.Arguments)
	if err != nil {
		return err
	}
	defer d.store.PinLock(q.Context).Unlock(q.Context)
	for _, c := range cids {
		// The pinner itself has no network. Like Kubo's, this command ignores the option to stay offline.
		if err := merkledag.FetchGraph(q.Context, c, d.onlineDAG); err != nil {
			return fmt.Errorf("pin: %w", err)
		}
		if err := d.pin(q.Context, d.localDAG, c, option[bool](q, "recursive"), option[string](q, "name")); err != nil {
			return fmt.Errorf("pin: %w", err)
		}
	}
	return cmds.EmitOnce(r, pins(cids))
}

func pins(cids []cid.Cid) *pinEvent {
	event := &pinEvent{}
	for _, c := range cids {
		event.Pins = append(event.Pins, c.String())
	}
	return event
}

func (d *daemon) pinRemove(q request, r respond) error {
	cids, err := parseAll(q.Arguments)
	if err != nil {
		return err
	}
	for _, c := range cids {
		if err := d.pins.Unpin(q.Context, c, option[bool](q, "recursive")); err != nil {
			return err
		}
	}
	return cmds.EmitOnce(r, pins(cids))
}

func (d *daemon) pinList(q request, r respond) error {
	kind := option[string](q, "type")
	mode, ok := pinner.StringToMode(kind)
	if !ok {
		return fmt.Errorf("invalid type '%s', must be one of {direct, indirect, recursive, all}", kind)
	}
	list := &pinList{Keys: map[string]pinType{}}
	emit := func(c cid.Cid, mode pinner.Mode, name string) error {
		kind, _ := pinner.ModeToString(mode)
		if option[bool](q, "stream") {
			return r.Emit(&pinList{Cid: c.String(), Name: name, Type: kind})
		}
		list.Keys[c.String()] = pinType{kind, name}
		return nil
	}
	if len(q.Arguments) > 0 {
		cids, err := parseAll(q.Arguments)
		if err != nil {
			return err
		}
		found, err := d.pins.CheckIfPinnedWithType(q.Context, mode, option[bool](q, "names"), cids...)
		if err != nil {
			return err
		}
		for _, pin := range found {
			if !pin.Pinned() {
				return fmt.Errorf("path '/ipfs/%s' is not pinned", pin.Key)
			}
			if err := emit(pin.Key, pin.Mode, pin.Name); err != nil {
				return err
			}
		}
	} else {
		for of, keys := range map[pinner.Mode]<-chan pinner.StreamedPin{
			pinner.Recursive: d.pins.RecursiveKeys(q.Context, true),
			pinner.Direct:    d.pins.DirectKeys(q.Context, true),
		} {
			for pin := range keys {
				if pin.Err != nil {
					return pin.Err
				}
				if mode != of && mode != pinner.Any {
					continue
				}
				if err := emit(pin.Pin.Key, of, pin.Pin.Name); err != nil {
					return err
				}
			}
		}
	}
	if option[bool](q, "stream") {
		return nil
	}
	return cmds.EmitOnce(r, list)
}

// fileStat describes a file or directory by its CID; there is no mutable file system.
func (d *daemon) fileStat(q request, r respond) error {
	c, err := parse(q.Arguments[0])
	if err != nil {
		return err
	}
	node, err := merkledag.NewDAGService(d.service(q)).Get(q.Context, c)
	if err != nil {
		return err
	}
	whole, err := node.Size()
	if err != nil {
		return err
	}
	stat := &fileStat{Hash: c.String(), CumulativeSize: whole, Blocks: len(node.Links()), Type: "file"}
	if raw, ok := node.(*merkledag.RawNode); ok {
		stat.Size = uint64(len(raw.RawData()))
	} else {
		file, err := unixfs.ExtractFSNode(node)
		if err != nil {
			return err
		}
		stat.Size = file.FileSize()
		if file.IsDir() {
			stat.Type = "directory"
		}
	}
	return cmds.EmitOnce(r, stat)
}

// collect removes every block that is not pinned.
func (d *daemon) collect(q request, r respond) error {
	ctx := q.Context
	defer d.store.GCLock(ctx).Unlock(ctx)
	kept := map[string]bool{}
	for pin := range d.pins.DirectKeys(ctx, false) {
		if pin.Err != nil {
			return pin.Err
		}
		kept[string(pin.Pin.Key.Hash())] = true
	}
	for pin := range d.pins.RecursiveKeys(ctx, false) {
		if pin.Err != nil {
			return pin.Err
		}
		links := merkledag.GetLinksWithDAG(d.localDAG)
		err := merkledag.Walk(ctx, links, pin.Pin.Key, func(c cid.Cid) bool {
			isNew := !kept[string(c.Hash())]
			kept[string(c.Hash())] = true
			return isNew
		})
		if err != nil {
			return err
		}
	}
	keys, err := d.store.AllKeysChan(ctx)
	if err != nil {
		return err
	}
	for c := range keys {
		if kept[string(c.Hash())] {
			continue
		}
		if err := d.store.DeleteBlock(ctx, c); err != nil {
			return err
		}
		if err := r.Emit(&collected{c}); err != nil {
			return err
		}
	}
	return nil
}
