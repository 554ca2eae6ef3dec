package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/ipfs/boxo/gateway"
	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/routing/http/server"
	"github.com/ipfs/boxo/routing/http/types"
	"github.com/ipfs/boxo/routing/http/types/iter"
	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// router is a delegated router that knows what the daemon has, and no more.
type router struct {
	daemon  *daemon
	id      peer.ID
	gateway multiaddr.Multiaddr
}

var errNotRouted = errors.New("this router only finds providers")

// routing serves the HTTP API of delegated routing for a daemon whose gateway is at this address.
func (d *daemon) routing(address net.Addr) (http.Handler, error) {
	at, err := manet.FromNetAddr(address)
	if err != nil {
		return nil, err
	}
	web, err := multiaddr.NewComponent("http", "")
	if err != nil {
		return nil, err
	}
	// Any peer id will do: the gateway is not a libp2p peer.
	id, err := peer.Decode("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA")
	if err != nil {
		return nil, err
	}
	routing := server.Handler(&router{daemon: d, id: id, gateway: at.Encapsulate(web.Multiaddr())})
	return gateway.NewHeaders(nil).ApplyCors().Wrap(routing), nil
}

func (r *router) FindProviders(ctx context.Context, c cid.Cid, _ int) (iter.ResultIter[types.Record], error) {
	var found []types.Record
	has, err := r.daemon.store.Has(ctx, c)
	if err != nil {
		return nil, err
	}
	if has {
		found = append(found, &types.PeerRecord{
			Schema:    types.SchemaPeer,
			ID:        &r.id,
			Addrs:     []types.Multiaddr{{Multiaddr: r.gateway}},
			Protocols: []string{"transport-ipfs-gateway-http"},
		})
	}
	return iter.ToResultIter(iter.FromSlice(found)), nil
}

func (r *router) ProvideBitswap(context.Context, *server.BitswapWriteProvideRequest) (time.Duration, error) {
	return 0, errNotRouted
}

func (r *router) FindPeers(context.Context, peer.ID, int) (iter.ResultIter[*types.PeerRecord], error) {
	return nil, errNotRouted
}

func (r *router) GetIPNS(context.Context, ipns.Name) (*ipns.Record, error) {
	return nil, errNotRouted
}

func (r *router) PutIPNS(context.Context, ipns.Name, *ipns.Record) error {
	return errNotRouted
}

func (r *router) GetClosestPeers(context.Context, cid.Cid) (iter.ResultIter[*types.PeerRecord], error) {
	return nil, errNotRouted
}
