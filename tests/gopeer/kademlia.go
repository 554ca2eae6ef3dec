package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-varint"
	"google.golang.org/protobuf/encoding/protowire"
)

// The messages of libp2p's Kademlia that a client needs, as specified in
// https://github.com/libp2p/specs/blob/master/kad-dht/README.md#rpc-messages

const (
	kadProtocol protocol.ID = "/fluence/kad/1.0.0"
	// maxKad is the largest size of an answer, in bytes.
	maxKad = 64 << 10

	typeAddProvider  = 2
	typeGetProviders = 3

	fieldType          = 1
	fieldKey           = 2
	fieldProviderPeers = 9
	fieldPeerID        = 1
	fieldPeerAddrs     = 2
)

func message(kind uint64, key []byte) []byte {
	text := protowire.AppendTag(nil, fieldType, protowire.VarintType)
	text = protowire.AppendVarint(text, kind)
	text = protowire.AppendTag(text, fieldKey, protowire.BytesType)
	return protowire.AppendBytes(text, key)
}

// addProvider tells the node that this peer provides the function with this key, and can be reached
// at these addresses.
func (h *joined) addProvider(ctx context.Context, key []byte, addresses []multiaddr.Multiaddr) error {
	own := protowire.AppendTag(nil, fieldPeerID, protowire.BytesType)
	own = protowire.AppendBytes(own, []byte(h.ID()))
	for _, address := range addresses {
		own = protowire.AppendTag(own, fieldPeerAddrs, protowire.BytesType)
		own = protowire.AppendBytes(own, address.Bytes())
	}
	text := message(typeAddProvider, key)
	text = protowire.AppendTag(text, fieldProviderPeers, protowire.BytesType)
	text = protowire.AppendBytes(text, own)
	stream, err := h.ask(ctx, text)
	if err != nil {
		return err
	}
	defer stream.Close()
	// There is no answer; the end of the stream shows that the message was read.
	if _, err := io.Copy(io.Discard, io.LimitReader(stream, maxKad)); err != nil {
		return err
	}
	return nil
}

// providers asks the node for the providers of the function with this key.
func (h *joined) providers(ctx context.Context, key []byte) ([]peer.AddrInfo, error) {
	stream, err := h.ask(ctx, message(typeGetProviders, key))
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	reader := bufio.NewReader(stream)
	length, err := varint.ReadUvarint(reader)
	if err != nil {
		return nil, err
	}
	if length > maxKad {
		return nil, fmt.Errorf("an answer of %d bytes is too long", length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(reader, text); err != nil {
		return nil, err
	}
	var providers []peer.AddrInfo
	err = fields(text, func(number protowire.Number, value []byte) error {
		if number != fieldProviderPeers {
			return nil
		}
		var provider peer.AddrInfo
		err := fields(value, func(number protowire.Number, value []byte) (err error) {
			switch number {
			case fieldPeerID:
				provider.ID, err = peer.IDFromBytes(value)
			case fieldPeerAddrs:
				if address, bad := multiaddr.NewMultiaddrBytes(value); bad == nil {
					transport, id := peer.SplitAddr(address)
					if id == "" || id == provider.ID {
						provider.Addrs = append(provider.Addrs, transport)
					}
				}
			}
			return err
		})
		if err == nil {
			providers = append(providers, provider)
		}
		return err
	})
	return providers, err
}

// ask sends a message to the node, and closes its side of the stream.
func (h *joined) ask(ctx context.Context, text []byte) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	stream, err := h.NewStream(ctx, h.node.ID, kadProtocol)
	if err != nil {
		return nil, err
	}
	if err := stream.SetDeadline(time.Now().Add(deadline)); err != nil {
		return nil, err
	}
	if _, err := stream.Write(append(varint.ToUvarint(uint64(len(text))), text...)); err != nil {
		return nil, err
	}
	return stream, stream.CloseWrite()
}

// fields calls visit for each length-delimited field of a message, and skips the others.
func fields(text []byte, visit func(protowire.Number, []byte) error) error {
	for len(text) > 0 {
		number, kind, n := protowire.ConsumeTag(text)
		if n < 0 {
			return errors.New("the message is not a valid protobuf")
		}
		text = text[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, text); n < 0 {
				return protowire.ParseError(n)
			}
			text = text[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(text)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := visit(number, value); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}
