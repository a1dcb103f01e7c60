package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"pars.network/tests/host/internal/bench"
	"pars.network/tests/host/internal/load"
)

// compare runs our plugin and the peer in turn.
func compare(ctx context.Context, args []string) error {
	var (
		o                    bench.Options
		genesis, chainConfig string
		workloads            files
		secs, warmup         int
	)
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.StringVar(&o.Network.Host, "host", "", "avalanchego's file")
	fs.StringVar(&o.Ours.File, "plugin", "", "our plugin's file")
	fs.StringVar(&o.Peer.File, "peer", "", "the peer's file")
	fs.StringVar(&genesis, "genesis", "", "genesis of the chain")
	fs.StringVar(&chainConfig, "chain-config", "", "file given to both plugins as their configuration")
	fs.Var(&workloads, "workload", "one of "+strings.Join(bench.Names(), ", ")+"; may be repeated (default: all)")
	fs.IntVar(&o.Rounds, "rounds", 3, "runs of each plugin with each workload")
	fs.IntVar(&secs, "secs", 20, "seconds that are measured in a run")
	fs.IntVar(&warmup, "warmup", 5, "seconds of load before")
	fs.IntVar(&o.Window, "window", 4_000, "transactions outstanding, where there is no rate")
	fs.IntVar(&o.RateMax, "rate-max", 20_000, "transactions a second to sign for, where there is no rate; a faster run ends earlier")
	fs.BoolVar(&o.Profile, "profile", true, "also say where the time of our plugin goes")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", fs.Arg(0))
	}
	if o.Rounds < 1 || secs < 1 || warmup < 0 || o.Window < load.WindowMin || o.RateMax < 1 {
		return fmt.Errorf("-rounds %d, -secs %d, -warmup %d, -window %d, -rate-max %d: too small", o.Rounds, secs, warmup, o.Window, o.RateMax)
	}
	o.Warmup, o.Length = time.Duration(warmup)*time.Second, time.Duration(secs)*time.Second
	o.Network.LogLevel = "warn"
	o.Peer.Name, o.Peer.VM = "peer", "subnetevm"
	o.Ours.Name, o.Ours.VM = "ours", "parsevm"
	var err, err2 error
	o.Workloads, err = bench.Find(workloads)
	o.Network.Genesis, err2 = os.ReadFile(genesis)
	if err := errors.Join(err, err2, program("host", o.Network.Host), program("plugin", o.Ours.File), program("peer", o.Peer.File)); err != nil {
		return err
	}
	if chainConfig != "" {
		if o.Network.ChainConfig, err = os.ReadFile(chainConfig); err != nil {
			return err
		}
	}
	return bench.Run(ctx, o, os.Stdout)
}
