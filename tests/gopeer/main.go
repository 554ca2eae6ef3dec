// Gopeer stands in for other people's software in the tests. It is an IPFS daemon and a peer of the
// network of functions, both made of the libraries that Kubo is made of.
//
//	gopeer daemon [--rpc ADDR] [--gateway ADDR] [--retrieval-timeout TIME] [--allow-origins ORIGINS]
//	gopeer provide --node MULTIADDR --function NAME
//	gopeer call    --node MULTIADDR --function NAME [--args JSON] [--times COUNT] [--manner MANNER]
//	gopeer share   --node MULTIADDR --file PATH
//	gopeer fetch   --node MULTIADDR --cid CID --output PATH
//
// Each command prints lines of JSON. A caller, and a provider if the arguments of a call name a manner, may be slow,
// leave its side open, say nothing, or reset the stream, as a peer does that is not well written; a caller may also be
// hasty, and close its side before the protocol is accepted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gopeer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: daemon, provide, call, share or fetch")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	node := flags.String("node", "", "multiaddr of a node, with its peer id")
	function := flags.String("function", "", "name of a function")
	switch args[0] {
	case "daemon":
		rpc := flags.String("rpc", "127.0.0.1:0", "where the RPC listens")
		gateway := flags.String("gateway", "127.0.0.1:0", "where the gateway listens")
		timeout := flags.Duration("retrieval-timeout", 30*time.Second, "how long the gateway waits for a block")
		origins := flags.String("allow-origins", "", "origins that may use the RPC, with commas between them")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return serveDaemon(ctx, *rpc, *gateway, *timeout, strings.FieldsFunc(*origins, func(r rune) bool { return r == ',' }))
	case "provide":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return provide(ctx, *node, *function)
	case "call":
		request := flags.String("args", "{}", "arguments, a JSON object")
		times := flags.Int("times", 1, "how many calls to make, one after the other")
		manner := flags.String("manner", "", "how calls are made: slow, open, silent, reset or hasty")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return call(ctx, *node, *function, *request, *times, *manner)
	case "share":
		file := flags.String("file", "", "the file to share")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return share(ctx, *node, *file)
	case "fetch":
		root := flags.String("cid", "", "the CID of the file")
		output := flags.String("output", "", "where the file is written")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return fetch(ctx, *node, *root, *output)
	default:
		return fmt.Errorf("%q is neither daemon nor provide, call, share or fetch", args[0])
	}
}

// say prints one line for the program that started this one.
func say(event any) error {
	return json.NewEncoder(os.Stdout).Encode(event)
}
