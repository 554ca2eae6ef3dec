package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/blockstore"
	"github.com/ipfs/boxo/exchange"
	"github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/gateway"
	"github.com/ipfs/boxo/ipld/merkledag"
	pinner "github.com/ipfs/boxo/pinning/pinner"
	"github.com/ipfs/boxo/pinning/pinner/dspinner"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/go-datastore"
	dssync "github.com/ipfs/go-datastore/sync"
	ipld "github.com/ipfs/go-ipld-format"
)

// daemon is an IPFS node without a network. It has blocks in memory, Kubo's gateway, a delegated router
// beside it that knows these blocks, and the part of Kubo's RPC that Fluence relies on.
type daemon struct {
	store blockstore.GCBlockstore
	// online waits for missing blocks, as a node with peers does; local does not.
	online, local       blockservice.BlockService
	onlineDAG, localDAG ipld.DAGService
	pins                pinner.Pinner
	// origins lists the origins, besides its own, whose pages may use the RPC.
	origins []string
}

func newDaemon(ctx context.Context) (*daemon, error) {
	data := dssync.MutexWrap(datastore.NewMapDatastore())
	store := blockstore.NewGCBlockstore(blockstore.NewIdStore(blockstore.NewBlockstore(data)), blockstore.NewGCLocker())
	online := blockservice.New(store, &nobody{store: store, waiting: map[string]chan struct{}{}})
	local := blockservice.New(store, offline.Exchange(store))
	d := &daemon{
		store: store, online: online, local: local,
		onlineDAG: merkledag.NewDAGService(online), localDAG: merkledag.NewDAGService(local),
	}
	pins, err := dspinner.New(ctx, data, d.localDAG)
	d.pins = pins
	return d, err
}

// serveDaemon runs a daemon until it is stopped.
func serveDaemon(ctx context.Context, rpc, gatewayAddress string, timeout time.Duration, origins []string) error {
	d, err := newDaemon(ctx)
	if err != nil {
		return err
	}
	d.origins = origins
	backend, err := gateway.NewBlocksBackend(d.online)
	if err != nil {
		return err
	}
	handler := gateway.NewHandler(gateway.Config{
		DeserializedResponses: true,
		NoDNSLink:             true,
		RetrievalTimeout:      timeout,
	}, backend)
	web := http.NewServeMux()
	web.Handle("/ipfs/", gateway.NewHeaders(nil).ApplyCors().Wrap(handler))

	listening := map[string]string{"event": "listening"}
	servers := sync.WaitGroup{}
	failed := make(chan error, 2)
	serve := func(name, address string, handler func(net.Addr) http.Handler) error {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		listening[name] = "http://" + listener.Addr().String()
		server := &http.Server{Handler: handler(listener.Addr()), ReadHeaderTimeout: deadline}
		context.AfterFunc(ctx, func() { _ = server.Close() })
		servers.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
		return nil
	}
	var routed error
	if err := serve("gateway", gatewayAddress, func(address net.Addr) http.Handler {
		routing, err := d.routing(address)
		if err != nil {
			routed = err
			return web
		}
		web.Handle("/routing/", routing)
		return web
	}); err != nil {
		return err
	}
	if routed != nil {
		return routed
	}
	if err := serve("rpc", rpc, d.rpc); err != nil {
		return err
	}
	if err := say(listening); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		servers.Wait()
		return nil
	}
}

// nobody is a network without other peers. A request for a block waits until this daemon itself
// gets the block, or until the request ends.
type nobody struct {
	store   blockstore.Blockstore
	mu      sync.Mutex
	waiting map[string]chan struct{}
}

var _ exchange.Interface = (*nobody)(nil)

// GetBlock waits for a block.
func (n *nobody) GetBlock(ctx context.Context, c cid.Cid) (blocks.Block, error) {
	n.mu.Lock()
	came, ok := n.waiting[string(c.Hash())]
	if !ok {
		came = make(chan struct{})
		n.waiting[string(c.Hash())] = came
	}
	n.mu.Unlock()
	// The block may have arrived before this request began to wait.
	if block, err := n.store.Get(ctx, c); err == nil {
		return block, nil
	}
	select {
	case <-came:
		return n.store.Get(ctx, c)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// GetBlocks waits for several blocks, one after the other.
func (n *nobody) GetBlocks(ctx context.Context, cids []cid.Cid) (<-chan blocks.Block, error) {
	out := make(chan blocks.Block)
	go func() {
		defer close(out)
		for _, c := range cids {
			block, err := n.GetBlock(ctx, c)
			if err != nil {
				return
			}
			select {
			case out <- block:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

// NotifyNewBlocks wakes the requests that wait for one of the blocks.
func (n *nobody) NotifyNewBlocks(_ context.Context, came ...blocks.Block) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, block := range came {
		if waiting, ok := n.waiting[string(block.Cid().Hash())]; ok {
			close(waiting)
			delete(n.waiting, string(block.Cid().Hash()))
		}
	}
	return nil
}

// Close does nothing.
func (n *nobody) Close() error { return nil }
