// Command hostkit runs a plugin in real avalanchego hosts on loopback.
//
// Every command runs in the foreground and stops its hosts before it ends,
// also on Ctrl-C.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ava-labs/avalanchego/version"

	"pars.network/tests/host/internal/agree"
	"pars.network/tests/host/internal/network"
	"pars.network/tests/host/internal/smoke"
)

const usage = `hostkit COMMAND [flags]

  run     start nodes with one chain, print its URLs, stop on Ctrl-C
  smoke   for each genesis: start, mine transfers, restart, mine again, stop
  agree   give transactions to random nodes, stop one for a while, compare all
          blocks of all nodes, look for complaints in the logs
  bench   load our plugin and a peer in turn, print a table
  vmid    print the plugin's file name for a VM name

hostkit COMMAND -h lists the flags.
`

const smokeTimeout = 20 * time.Minute

// options are the flags of run and smoke.
type options struct {
	net          network.Options
	genesis      files
	chainConfig  string
	chainUpgrade string
	dir          string
	minDelayMS   int
	smoke        smoke.Options
	agree        agree.Options
}

// files is a flag that may be given more than once.
type files []string

func (f *files) String() string     { return strings.Join(*f, ",") }
func (f *files) Set(s string) error { *f = append(*f, s); return nil }

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	var err error
	switch args := os.Args[2:]; os.Args[1] {
	case "run":
		err = run(ctx, args)
	case "smoke":
		err = smokeAll(ctx, args)
	case "agree":
		err = agreeOn(ctx, args)
	case "bench":
		err = compare(ctx, args)
	case "vmid":
		err = vmid(args)
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hostkit:", err)
		os.Exit(1)
	}
}

func vmid(args []string) error {
	if len(args) != 1 {
		return errors.New("vmid takes one name")
	}
	id, err := network.VMID(args[0])
	if err == nil {
		fmt.Println(id)
	}
	return err
}

func run(ctx context.Context, args []string) error {
	o, err := parse("run", args)
	if err != nil {
		return err
	}
	if len(o.genesis) != 1 {
		return fmt.Errorf("run takes one genesis, got %d", len(o.genesis))
	}
	return withNetwork(ctx, o, o.genesis[0], func(n *network.Network) error {
		for i := range n.Nodes() {
			fmt.Println(n.URL(i))
		}
		fmt.Println("Ctrl-C stops it.")
		<-ctx.Done()
		return nil
	})
}

func smokeAll(ctx context.Context, args []string) error {
	o, err := parse("smoke", args)
	if err != nil {
		return err
	}
	if len(o.genesis) == 0 || o.smoke.Transfers < 1 {
		return errors.New("smoke takes at least one genesis and one transfer")
	}
	failed := 0
	for _, g := range o.genesis {
		if err := smokeOne(ctx, o, g); err != nil {
			failed++
			fmt.Printf("  FAILED: %v\n", err)
		}
		if ctx.Err() != nil {
			return errors.New("stopped")
		}
	}
	fmt.Printf("%d passed, %d failed\n", len(o.genesis)-failed, failed)
	if failed > 0 {
		return errors.New("smoke failed")
	}
	return nil
}

func smokeOne(ctx context.Context, o options, genesis string) error {
	ctx, cancel := context.WithTimeout(ctx, smokeTimeout)
	defer cancel()
	fmt.Printf("%s, %d node(s), plugin %s as %s\n", filepath.Base(genesis), o.net.Nodes, filepath.Base(o.net.Plugin), o.net.VM)
	return withNetwork(ctx, o, genesis, func(n *network.Network) error {
		return smoke.Run(ctx, n, o.smoke, os.Stdout)
	})
}

func agreeOn(ctx context.Context, args []string) error {
	o, err := parse("agree", args)
	if err != nil {
		return err
	}
	if len(o.genesis) != 1 {
		return fmt.Errorf("agree takes one genesis, got %d", len(o.genesis))
	}
	fmt.Printf("%s, %d nodes, plugin %s as %s", filepath.Base(o.genesis[0]), o.net.Nodes, filepath.Base(o.net.Plugin), o.net.VM)
	if o.net.PeerNodes > 0 {
		fmt.Printf(", %d of them with %s", o.net.PeerNodes, filepath.Base(o.net.Peer))
	}
	fmt.Println()
	return withNetwork(ctx, o, o.genesis[0], func(n *network.Network) error {
		return agree.Run(ctx, n, o.agree, os.Stdout)
	})
}

func parse(name string, args []string) (o options, err error) {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.StringVar(&o.net.Host, "host", "", "avalanchego's file")
	fs.StringVar(&o.net.Plugin, "plugin", "", "the plugin's file")
	fs.StringVar(&o.net.VM, "vm", "parsevm", "VM name or id")
	fs.Var(&o.genesis, "genesis", "genesis of the chain (smoke: once a chain)")
	fs.StringVar(&o.chainConfig, "chain-config", "", "file given to the plugin as its configuration")
	fs.StringVar(&o.chainUpgrade, "chain-upgrade", "", "file given to the plugin as its upgrades")
	fs.IntVar(&o.net.Nodes, "nodes", 1, "number of nodes")
	fs.IntVar(&o.net.BasePort, "port", 0, "first port, two a node; 0 takes free ones")
	fs.StringVar(&o.net.LogLevel, "log-level", "info", "log level of the host")
	fs.StringVar(&o.dir, "dir", "", "folder for everything that the nodes write, kept at the end (default: a temporary one)")
	fs.IntVar(&o.minDelayMS, "min-delay-ms", 0, "set config.initialMinDelayMS of the genesis; 0 leaves it")
	fs.IntVar(&o.smoke.Transfers, "transfers", 200, "smoke: transfers to mine before the restart")
	fs.BoolVar(&o.smoke.Kill, "kill", true, "smoke: also kill -9 the hosts")
	fs.IntVar(&o.smoke.PluginKills, "plugin-kills", 0, "smoke: so often kill -9 the plugins under load")
	fs.IntVar(&o.smoke.HostKills, "host-kills", 0, "smoke: so often kill -9 the hosts under load")
	fs.BoolVar(&o.smoke.PutBack, "put-back", false, "smoke: also give the hosts the databases that they had some blocks before")
	fs.IntVar(&o.smoke.LogCuts, "log-cuts", 0, "smoke: so often kill -9 the host and cut the plugin's write-ahead log at a random byte")
	fs.StringVar(&o.net.Peer, "peer", "", "another plugin for the last nodes")
	fs.IntVar(&o.net.PeerNodes, "peer-nodes", 0, "so many nodes load it")
	fs.Uint64Var(&o.agree.Blocks, "blocks", 1_000, "agree: blocks to make")
	fs.Uint64Var(&o.agree.Away, "away", 200, "agree: the last node is away for so many of them; 0: it stays")
	fs.IntVar(&o.agree.Rate, "rate", 20, "agree: transactions a second")
	fs.Uint64Var(&o.agree.Seed, "seed", 1, "agree: of the choice of nodes")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", fs.Arg(0))
	}
	if o.net.Nodes < 1 || o.minDelayMS < 0 {
		return o, fmt.Errorf("-nodes %d, -min-delay-ms %d: too small", o.net.Nodes, o.minDelayMS)
	}
	if o.net.PeerNodes < 0 || o.net.PeerNodes > o.net.Nodes {
		return o, fmt.Errorf("-peer-nodes %d of %d nodes", o.net.PeerNodes, o.net.Nodes)
	}
	if o.net.PeerNodes > 0 {
		err = program("peer", o.net.Peer)
	}
	return o, errors.Join(err, program("host", o.net.Host), program("plugin", o.net.Plugin))
}

// program refuses a flag whose file cannot be run.
func program(flag, path string) error {
	if info, err := os.Stat(path); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("-%s %q is no program", flag, path)
	}
	return nil
}

// withNetwork runs use on a fresh network and stops the network afterwards.
func withNetwork(ctx context.Context, o options, genesis string, use func(*network.Network) error) (err error) {
	if o.net.Genesis, err = chainGenesis(genesis, o.minDelayMS); err != nil {
		return err
	}
	for _, f := range []struct {
		path string
		to   *[]byte
	}{{o.chainConfig, &o.net.ChainConfig}, {o.chainUpgrade, &o.net.ChainUpgrade}} {
		if f.path != "" {
			if *f.to, err = os.ReadFile(f.path); err != nil {
				return err
			}
		}
	}
	var remove func()
	if o.net.Dir, remove, err = folder(o.dir, genesis); err != nil {
		return err
	}
	defer remove()
	start := time.Now()
	n, err := network.Up(ctx, o.net)
	if err == nil {
		fmt.Printf("  avalanchego with protocol %d: up in %.2f s, chain %s\n", version.RPCChainVMProtocol, time.Since(start).Seconds(), n.ChainID)
		err = use(n)
	}
	if n == nil {
		return err
	}
	if err != nil && ctx.Err() == nil {
		_, _ = io.WriteString(os.Stderr, n.Logs())
	}
	return errors.Join(err, n.Stop(syscall.SIGTERM))
}

// chainGenesis reads a genesis, and sets the first delay between blocks in it.
func chainGenesis(path string, minDelayMS int) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil || minDelayMS == 0 {
		return b, err
	}
	var genesis, config map[string]json.RawMessage
	if err := json.Unmarshal(b, &genesis); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := json.Unmarshal(genesis["config"], &config); err != nil {
		return nil, fmt.Errorf("%s: config: %w", path, err)
	}
	config["initialMinDelayMS"] = json.RawMessage(strconv.Itoa(minDelayMS))
	if genesis["config"], err = json.Marshal(config); err != nil {
		return nil, err
	}
	return json.Marshal(genesis)
}

// folder is where the nodes write: a temporary one that is removed, or one
// below dir that stays.
func folder(dir, genesis string) (string, func(), error) {
	if dir == "" {
		d, err := os.MkdirTemp("", "pars-host-")
		return d, func() { _ = os.RemoveAll(d) }, err
	}
	d, err := filepath.Abs(filepath.Join(dir, strings.TrimSuffix(filepath.Base(genesis), ".json")))
	if err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, err
	}
	if err := os.Mkdir(d, 0o755); err != nil {
		return "", nil, fmt.Errorf("the nodes need a new folder: %w", err)
	}
	return d, func() {}, nil
}
