// Makes ../directories.json, ../foreign.json and ../foreign/*.car with boxo, which is what Kubo is made of:
//
//	go run .
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	chunker "github.com/ipfs/boxo/chunker"
	merkledag "github.com/ipfs/boxo/ipld/merkledag"
	mdtest "github.com/ipfs/boxo/ipld/merkledag/test"
	"github.com/ipfs/boxo/ipld/unixfs"
	"github.com/ipfs/boxo/ipld/unixfs/importer/balanced"
	"github.com/ipfs/boxo/ipld/unixfs/importer/helpers"
	"github.com/ipfs/boxo/ipld/unixfs/importer/trickle"
	uio "github.com/ipfs/boxo/ipld/unixfs/io"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-cidutil"
	ipld "github.com/ipfs/go-ipld-format"
	mh "github.com/multiformats/go-multihash"
	_ "github.com/multiformats/go-multihash/register/all"
)

var ctx = context.Background()

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// stream is the xorshift32 stream of ../README.md.
func stream(n int) []byte {
	x := uint32(2463534242)
	out := make([]byte, n)
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		out[i] = byte(x)
	}
	return out
}

type profile struct {
	name     string
	builder  cid.Builder
	raw      bool
	chunk    int64
	links    int
	estimate uio.SizeEstimationMode
}

var profiles = []profile{
	{"unixfs-v0-2015", merkledag.V0CidPrefix(), false, 256 << 10, 174, uio.SizeEstimationLinks},
	{"unixfs-v1-2025", merkledag.V1CidPrefix(), true, 1 << 20, 1024, uio.SizeEstimationBlock},
}

type options struct {
	builder cid.Builder
	raw     bool
	chunk   int64
	links   int
	trickle bool
}

func file(dag ipld.DAGService, o options, data []byte) ipld.Node {
	params := helpers.DagBuilderParams{Maxlinks: o.links, RawLeaves: o.raw, CidBuilder: o.builder, Dagserv: dag}
	helper := must(params.New(chunker.NewSizeSplitter(bytes.NewReader(data), o.chunk)))
	if o.trickle {
		return must(trickle.Layout(helper))
	}
	return must(balanced.Layout(helper))
}

// directory builds a tree of directories from the bottom up.
func directory(dag ipld.DAGService, p profile, files map[string]ipld.Node) ipld.Node {
	dir := must(uio.NewDirectory(dag, uio.WithCidBuilder(p.builder), uio.WithSizeEstimationMode(p.estimate)))
	below := map[string]map[string]ipld.Node{}
	for path, node := range files {
		if name, rest, deeper := strings.Cut(path, "/"); deeper {
			if below[name] == nil {
				below[name] = map[string]ipld.Node{}
			}
			below[name][rest] = node
		} else {
			check(dir.AddChild(ctx, name, node))
		}
	}
	for name, files := range below {
		check(dir.AddChild(ctx, name, directory(dag, p, files)))
	}
	node := must(dir.GetNode())
	check(dag.Add(ctx, node))
	return node
}

type entry struct {
	Path string `json:"path"`
	Len  int    `json:"len"`
}

type directoryVector struct {
	Files []entry           `json:"files,omitempty"`
	Count int               `json:"count,omitempty"`
	Pad   int               `json:"pad,omitempty"`
	Cids  map[string]string `json:"cids"`
}

// many returns the files of a vector with a count: `file 00000.txt` and so on, with `pad` times `x`
// appended to the first name.
func many(count, pad int) []entry {
	files := []entry{}
	for i := range count {
		path := fmt.Sprintf("file %05d.txt", i)
		if i == 0 {
			path += strings.Repeat("x", pad)
		}
		files = append(files, entry{path, i % 7})
	}
	return files
}

func directories() {
	vectors := map[string]directoryVector{
		"empty": {Files: []entry{}},
		"one":   {Files: []entry{{"a.txt", 11}}},
		"sorted by bytes": {Files: []entry{
			{"b", 1}, {"a.b", 2}, {"a/b", 3}, {"a-b", 4}, {"B", 5}, {"é", 6}, {"語/語", 7}, {"a/a/a", 0}, {"ab", 300000},
		}},
		"large files": {Files: []entry{{"x/one", 262145}, {"x/two", 1048577}, {"three", 2500000}}},
		"large":       {Count: 7000},
		"huge":        {Count: 20000},
	}
	// These are the sizes at which v0 and v1 begin to shard, found by trying: a directory of exactly
	// 256 KiB stays one block, and one byte more does not. An entry has 14 + 34 bytes in v0, and 14 +
	// 36 + 8 in v1.
	vectors["v0 at the limit"] = directoryVector{Count: 5461, Pad: 262144 - 5461*48}
	vectors["v0 over the limit"] = directoryVector{Count: 5461, Pad: 262144 - 5461*48 + 1}
	vectors["v1 at the limit"] = directoryVector{Count: 4519, Pad: 262144 - 4 - 4519*58}
	vectors["v1 over the limit"] = directoryVector{Count: 4519, Pad: 262144 - 4 - 4519*58 + 1}
	for name, vector := range vectors {
		files := vector.Files
		if vector.Count > 0 {
			files = many(vector.Count, vector.Pad)
		}
		vector.Cids = map[string]string{}
		for _, p := range profiles {
			dag := mdtest.Mock()
			nodes := map[string]ipld.Node{}
			for _, f := range files {
				nodes[f.Path] = file(dag, options{p.builder, p.raw, p.chunk, p.links, false}, stream(f.Len))
			}
			root := directory(dag, p, nodes)
			vector.Cids[p.name] = root.Cid().String()
			kind := must(unixfs.FSNodeFromBytes(root.(*merkledag.ProtoNode).Data())).Type()
			fmt.Println(name, p.name, kind, len(root.RawData()))
		}
		vectors[name] = vector
	}
	write("../directories.json", vectors)
}

type foreignVector struct {
	Root  string  `json:"root"`
	Files []entry `json:"files"`
}

func foreign() {
	check(os.MkdirAll("../foreign", 0o755))
	hash := func(code uint64, length int) cid.Builder {
		return cid.V1Builder{Codec: cid.DagProtobuf, MhType: code, MhLength: length}
	}
	sha := cid.V1Builder{Codec: cid.DagProtobuf, MhType: mh.SHA2_256, MhLength: -1}
	vectors := map[string]foreignVector{}
	single := func(name string, size int, o options) {
		dag := mdtest.Mock()
		root := file(dag, o, stream(size))
		check(dag.Add(ctx, root))
		writeCar(name, dag, root.Cid())
		vectors[name] = foreignVector{root.Cid().String(), []entry{{"", size}}}
	}
	single("balanced", 5000, options{sha, true, 100, 4, false})
	single("trickle", 5000, options{sha, true, 100, 4, true})
	single("trickle-v0", 5000, options{merkledag.V0CidPrefix(), false, 100, 4, true})
	single("sha2-512", 1000, options{hash(mh.SHA2_512, -1), true, 100, 4, false})
	single("blake2b-256", 1000, options{hash(mh.BLAKE2B_MIN+31, -1), false, 100, 4, false})
	single("blake2b-160", 1000, options{hash(mh.BLAKE2B_MIN+19, -1), true, 100, 4, false})
	single("blake3", 1000, options{hash(mh.BLAKE3, -1), true, 100, 4, false})
	single("identity-leaves", 330, options{cidutil.InlineBuilder{Builder: sha, Limit: 32}, true, 32, 4, false})
	single("identity-dag-pb-leaves", 330, options{cidutil.InlineBuilder{Builder: sha, Limit: 64}, false, 40, 4, false})
	single("identity-root", 30, options{cidutil.InlineBuilder{Builder: sha, Limit: 32}, true, 32, 4, false})

	// These files have leaves of both kinds.
	{
		dag := mdtest.Mock()
		data := stream(1000)
		node := unixfs.NewFSNode(unixfs.TFile)
		root := merkledag.NodeWithData(nil)
		root.SetCidBuilder(sha)
		for i := range 4 {
			part := data[i*250 : (i+1)*250]
			child := file(dag, options{sha, i%2 == 0, 100 + int64(i)*60, 4, i == 1}, part)
			check(dag.Add(ctx, child))
			check(root.AddNodeLink("", child))
			node.AddBlockSize(250)
		}
		root.SetData(must(node.GetBytes()))
		check(dag.Add(ctx, root))
		writeCar("mixed", dag, root.Cid())
		vectors["mixed"] = foreignVector{root.Cid().String(), []entry{{"", 1000}}}
	}

	// This node has both bytes of its own and links; its own bytes come first.
	{
		dag := mdtest.Mock()
		data := stream(300)
		node := unixfs.NewFSNode(unixfs.TFile)
		node.SetData(data[:100])
		root := merkledag.NodeWithData(nil)
		root.SetCidBuilder(sha)
		child := file(dag, options{sha, true, 64, 4, false}, data[100:])
		check(dag.Add(ctx, child))
		check(root.AddNodeLink("", child))
		node.AddBlockSize(200)
		root.SetData(must(node.GetBytes()))
		check(dag.Add(ctx, root))
		writeCar("own-bytes", dag, root.Cid())
		vectors["own-bytes"] = foreignVector{root.Cid().String(), []entry{{"", 300}}}
	}

	// These are directories; one of them is sharded and contains a directory and a symbolic link.
	tree := func(name string, p profile, shard bool) {
		dag := mdtest.Mock()
		nodes := map[string]ipld.Node{}
		files := []entry{}
		add := func(path string, size int) {
			nodes[path] = file(dag, options{p.builder, p.raw, 100, 4, false}, stream(size))
			check(dag.Add(ctx, nodes[path]))
			files = append(files, entry{path, size})
		}
		for i := range 40 {
			add(fmt.Sprintf("many/%d.txt", i), i*7)
		}
		add("many/below/x", 450)
		add("readme", 12)
		link := merkledag.NodeWithData(must(unixfs.SymlinkData("readme")))
		link.SetCidBuilder(p.builder)
		check(dag.Add(ctx, link))
		nodes["many/link"] = link
		if shard {
			uio.HAMTShardingSize = 500
			uio.DefaultShardWidth = 8
		}
		root := directory(dag, p, nodes)
		uio.HAMTShardingSize = 256 << 10
		uio.DefaultShardWidth = 256
		writeCar(name, dag, root.Cid())
		vectors[name] = foreignVector{root.Cid().String(), files}
	}
	tree("tree-v0", profiles[0], false)
	tree("tree-sharded", profiles[1], true)
	write("../foreign.json", vectors)
}

// writeCar writes the DAG depth first, with a block wherever it is linked, except those in identity
// CIDs.
func writeCar(name string, dag ipld.DAGService, root cid.Cid) {
	var car bytes.Buffer
	section := func(parts ...[]byte) {
		whole := bytes.Join(parts, nil)
		car.Write(binary.AppendUvarint(nil, uint64(len(whole))))
		car.Write(whole)
	}
	raw := append([]byte{0}, root.Bytes()...)
	section([]byte("\xa2eroots\x81\xd8\x2a\x58"), []byte{byte(len(raw))}, raw, []byte("gversion\x01"))
	var walk func(cid.Cid)
	walk = func(c cid.Cid) {
		node := must(dag.Get(ctx, c))
		if c.Prefix().MhType != mh.IDENTITY {
			section(c.Bytes(), node.RawData())
		}
		for _, link := range node.Links() {
			walk(link.Cid)
		}
	}
	walk(root)
	check(os.WriteFile(filepath.Join("../foreign", name+".car"), car.Bytes(), 0o644))
}

func write(path string, value any) {
	text := must(json.MarshalIndent(value, "", " "))
	check(os.WriteFile(path, append(text, '\n'), 0o644))
}

func main() {
	directories()
	foreign()
}
