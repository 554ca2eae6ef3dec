package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	relay "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-multihash"
	"github.com/multiformats/go-multistream"
)

const (
	callProtocol protocol.ID = "/fluence/call/1.0.0"
	// maxMessage is the largest size of a request or a reply, in bytes.
	maxMessage = 64 << 10
	// deadline is how long one exchange with another peer may take.
	deadline = 30 * time.Second
	// pause is how long a slow peer waits between the parts of what it does.
	pause = 50 * time.Millisecond
)

// joined is a host that is connected to a node.
type joined struct {
	host.Host
	node peer.AddrInfo
}

func join(ctx context.Context, address string) (*joined, error) {
	node, err := peer.AddrInfoFromString(address)
	if err != nil {
		return nil, fmt.Errorf("--node: %w", err)
	}
	return joinAt(ctx, *node)
}

func joinAt(ctx context.Context, node peer.AddrInfo) (*joined, error) {
	h, err := libp2p.New(
		libp2p.NoListenAddrs,
		libp2p.EnableRelay(),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(websocket.New),
	)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	if err := h.Connect(ctx, node); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return &joined{h, node}, nil
}

// key returns the DHT key of a function.
func key(function string) ([]byte, error) {
	digest := sha256.Sum256([]byte(function))
	return multihash.Encode(digest[:], multihash.SHA2_256)
}

type callRequest struct {
	Function string          `json:"function"`
	Args     json.RawMessage `json:"args"`
}

type callError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type callReply struct {
	Ok    any        `json:"ok,omitempty"`
	Error *callError `json:"error,omitempty"`
}

// echo is the result of a call to the provided function.
type echo struct {
	// Echo holds the arguments of the call.
	Echo json.RawMessage `json:"echo"`
	// Caller is the peer that called.
	Caller string `json:"caller"`
	// Software names the software that answered.
	Software string `json:"software"`
}

// provide offers the function that returns what it is given, and answers calls to it until it is stopped.
func provide(ctx context.Context, node, function string) error {
	h, err := join(ctx, node)
	if err != nil {
		return err
	}
	defer h.Close()
	answer := func(request callRequest, caller string) callReply {
		if request.Function != function {
			return refused("no_such_function", "this peer does not provide it")
		}
		return callReply{Ok: echo{request.Args, caller, "go-libp2p"}}
	}
	if err := h.provide(ctx, function, answer); err != nil {
		return err
	}
	if err := say(map[string]any{"event": "provided", "peer": h.ID()}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// provide makes this peer reachable through its node, stores a record for a function, and checks that others find it.
func (h *joined) provide(ctx context.Context, function string, answer func(request callRequest, caller string) callReply) error {
	h.SetStreamHandler(callProtocol, func(stream network.Stream) {
		if err := serve(stream, answer); err != nil {
			fmt.Fprintln(os.Stderr, "a call failed:", err)
			_ = stream.Reset()
		}
	})
	reservation, err := relay.Reserve(ctx, h, h.node)
	if err != nil {
		return fmt.Errorf("no reservation: %w", err)
	}
	hash, err := key(function)
	if err != nil {
		return err
	}
	// The reservation lists the relay's own addresses; this peer is reached through them.
	circuit := multiaddr.StringCast("/p2p-circuit")
	addresses := make([]multiaddr.Multiaddr, 0, len(reservation.Addrs))
	for _, address := range reservation.Addrs {
		addresses = append(addresses, address.Encapsulate(circuit))
	}
	if err := h.addProvider(ctx, hash, addresses); err != nil {
		return fmt.Errorf("the provider record was not accepted: %w", err)
	}
	return found(ctx, h.node, hash, h.ID())
}

// found checks that the node tells others about a provider. A node never tells a peer about that
// peer itself, so another host asks.
func found(ctx context.Context, node peer.AddrInfo, hash []byte, provider peer.ID) error {
	h, err := joinAt(ctx, node)
	if err != nil {
		return err
	}
	defer h.Close()
	providers, err := h.providers(ctx, hash)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(providers, func(p peer.AddrInfo) bool { return p.ID == provider && len(p.Addrs) > 0 }) {
		return errors.New("the node has no record of this provider")
	}
	return nil
}

func refused(code, message string) callReply {
	return callReply{Error: &callError{code, message}}
}

// serve answers one call.
func serve(stream network.Stream, answer func(request callRequest, caller string) callReply) error {
	if err := stream.SetDeadline(time.Now().Add(deadline)); err != nil {
		return err
	}
	var request callRequest
	if err := read(stream, &request); err != nil {
		return err
	}
	var args struct{ Manner string }
	if len(request.Args) > 0 {
		if err := json.Unmarshal(request.Args, &args); err != nil {
			return err
		}
	}
	return write(stream, answer(request, stream.Conn().RemotePeer().String()), args.Manner)
}

// write writes a message and closes this side; or does it in the manner of a peer that is not well written.
func write(stream network.Stream, message any, manner string) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	switch manner {
	case "", "hasty":
		_, err = stream.Write(text)
		return errors.Join(err, stream.CloseWrite())
	case "slow":
		half := len(text) / 2
		_, err = stream.Write(text[:half])
		time.Sleep(pause)
		_, rest := stream.Write(text[half:])
		time.Sleep(pause)
		return errors.Join(err, rest, stream.CloseWrite())
	case "open":
		_, err = stream.Write(text)
		return err
	case "silent":
		return stream.CloseWrite()
	case "reset":
		return stream.Reset()
	default:
		return fmt.Errorf("nobody behaves in the manner %q", manner)
	}
}

// read decodes one JSON value, which must extend to the end of the stream.
func read(stream io.Reader, value any) error {
	text, err := io.ReadAll(io.LimitReader(stream, maxMessage+1))
	if err != nil {
		return err
	}
	if len(text) > maxMessage {
		return errors.New("the message is too long")
	}
	return json.Unmarshal(text, value)
}

// call calls a function as many times as is said, and prints the replies.
func call(ctx context.Context, node, function, args string, times int, manner string) error {
	h, err := join(ctx, node)
	if err != nil {
		return err
	}
	defer h.Close()
	for range times {
		provider, reply, err := h.call(ctx, callRequest{function, json.RawMessage(args)}, manner)
		if err != nil {
			return err
		}
		if err := say(map[string]any{"event": "reply", "provider": provider, "reply": reply}); err != nil {
			return err
		}
	}
	return nil
}

// call calls a function at the first of its providers that answers.
func (h *joined) call(ctx context.Context, request callRequest, manner string) (peer.ID, json.RawMessage, error) {
	hash, err := key(request.Function)
	if err != nil {
		return "", nil, err
	}
	providers, err := h.providers(ctx, hash)
	if err != nil {
		return "", nil, err
	}
	failed := errors.New("nobody provides it")
	for _, provider := range providers {
		reply, err := h.callAt(ctx, provider, request, manner)
		if err == nil {
			return provider.ID, reply, nil
		}
		failed = errors.Join(failed, fmt.Errorf("%s: %w", provider.ID, err))
	}
	return "", nil, failed
}

// result calls a function and decodes its result.
func (h *joined) result(ctx context.Context, function string, args json.RawMessage, ok any) error {
	_, text, err := h.call(ctx, callRequest{function, args}, "")
	if err != nil {
		return err
	}
	reply := callReply{Ok: ok}
	if err := json.Unmarshal(text, &reply); err != nil {
		return err
	}
	if reply.Error != nil {
		return fmt.Errorf("%s: %s", reply.Error.Code, reply.Error.Message)
	}
	return nil
}

// open opens a stream for a call and waits until its protocol is accepted. The host's own NewStream, which is used in
// haste, does not wait if it knows that the peer has the protocol, and then the stream could be closed too soon.
func (h *joined) open(ctx context.Context, provider peer.ID, hasty bool) (network.Stream, error) {
	open := h.Network().NewStream
	if hasty {
		open = func(ctx context.Context, provider peer.ID) (network.Stream, error) {
			return h.NewStream(ctx, provider, callProtocol)
		}
	}
	stream, err := open(ctx, provider)
	if err != nil {
		return nil, err
	}
	err = stream.SetDeadline(time.Now().Add(deadline))
	if err == nil && !hasty {
		err = multistream.SelectProtoOrFail(callProtocol, stream)
	}
	if err != nil {
		return nil, errors.Join(err, stream.Reset())
	}
	return stream, nil
}

func (h *joined) callAt(ctx context.Context, provider peer.AddrInfo, request callRequest, manner string) (json.RawMessage, error) {
	// A circuit is a limited connection, on which streams may be opened only on explicit request.
	ctx = network.WithAllowLimitedConn(ctx, "a call")
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	h.Peerstore().AddAddrs(provider.ID, provider.Addrs, peerstore.TempAddrTTL)
	stream, err := h.open(ctx, provider.ID, manner == "hasty")
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	if err := write(stream, request, manner); err != nil {
		return nil, err
	}
	var reply json.RawMessage
	if err := read(stream, &reply); err != nil {
		return nil, err
	}
	return reply, nil
}
