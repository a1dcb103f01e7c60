// Package network runs avalanchego nodes on loopback with one subnet and one
// chain, whose plugin and genesis are given.
package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ava-labs/avalanchego/api/info"
	"github.com/ava-labs/avalanchego/ids"

	"pars.network/tests/host/internal/rpc"
)

const (
	networkID = 6_133_000
	startTime = 2 * time.Minute // the longest a host may take until its chain answers
	pollEvery = 50 * time.Millisecond
	fdMax     = 32768 // what the host asks for by default
)

// Options says what to run.
type Options struct {
	Dir          string // an empty folder
	Host         string // avalanchego
	Plugin       string // the plugin's file
	Peer         string // another plugin for the last nodes
	PeerNodes    int    // so many of them
	VM           string // VM name or id
	Genesis      []byte // given to the chain byte for byte
	ChainConfig  []byte // config_bytes; nil for none
	ChainUpgrade []byte // upgrade_bytes; nil for none
	Nodes        int
	BasePort     int // first of two ports a node; 0 for free ones
	LogLevel     string
}

// Network is a set of hosts that run one chain.
type Network struct {
	o       Options
	vmID    ids.ID
	subnet  ids.ID
	ChainID ids.ID
	nodes   []node
}

type node struct {
	id                    ids.NodeID
	httpPort, stakingPort int
	process               *process
}

// VMID is the id of a VM name: the name, padded with zeros to 32 bytes. An id
// in cb58 stands for itself.
func VMID(name string) (ids.ID, error) {
	if id, err := ids.FromString(name); err == nil {
		return id, nil
	}
	if len(name) > ids.IDLen {
		return ids.Empty, fmt.Errorf("VM name %q has %d bytes, the most is %d", name, len(name), ids.IDLen)
	}
	var id ids.ID
	copy(id[:], name)
	return id, nil
}

// Up starts the hosts, creates the subnet and the chain, and returns when every
// host answers for the chain. It must be stopped also when an error comes with it.
func Up(ctx context.Context, o Options) (*Network, error) {
	id, err := VMID(o.VM)
	if err != nil {
		return nil, err
	}
	n := &Network{o: o, vmID: id, nodes: make([]node, o.Nodes)}
	if err := n.ports(); err != nil {
		return nil, err
	}
	if err := n.prepare(); err != nil {
		return nil, err
	}
	return n, n.up(ctx)
}

// URL is the chain's JSON-RPC address at a node.
func (n *Network) URL(i int) string { return fmt.Sprintf("%s/ext/bc/%s/rpc", n.uri(i), n.ChainID) }

// SocketURL is the chain's WebSocket address at a node.
func (n *Network) SocketURL(i int) string {
	return "ws" + strings.TrimPrefix(n.uri(i), "http") + fmt.Sprintf("/ext/bc/%s/ws", n.ChainID)
}

// Nodes is the number of hosts.
func (n *Network) Nodes() int { return len(n.nodes) }

// Start starts the hosts and waits until each answers for the chain.
func (n *Network) Start(ctx context.Context) error {
	if err := n.start(); err != nil {
		return err
	}
	if err := n.waitFor(ctx, n.ChainID.String()); err != nil {
		return err
	}
	for i := range n.nodes {
		if err := n.waitForAnswer(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// StartNode starts one host that was stopped, and waits until it has caught up
// and answers for the chain.
func (n *Network) StartNode(ctx context.Context, i int) error {
	if err := n.startNode(i); err != nil {
		return err
	}
	if err := n.waitForNode(ctx, i, n.ChainID.String()); err != nil {
		return err
	}
	return n.waitForAnswer(ctx, i)
}

// StopNode ends one host with the signal.
func (n *Network) StopNode(i int, sig syscall.Signal) error {
	p := n.nodes[i].process
	n.nodes[i].process = nil
	if p != nil && !p.stop(sig) {
		return fmt.Errorf("node%d did not stop within %s and was killed", i, stopTimeout)
	}
	return nil
}

func (n *Network) waitForAnswer(ctx context.Context, i int) error {
	return n.poll(ctx, i, "eth_chainId", func() error {
		_, err := rpc.New(n.URL(i)).Quantity(ctx, "eth_chainId")
		return err
	})
}

// Stop ends all hosts with the signal and reports those that had to be killed.
func (n *Network) Stop(sig syscall.Signal) error {
	errs := make([]error, len(n.nodes))
	var wg sync.WaitGroup
	for i := range n.nodes {
		if p := n.nodes[i].process; p != nil {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if !p.stop(sig) {
					errs[i] = fmt.Errorf("node%d did not stop within %s and was killed", i, stopTimeout)
				}
			}()
		}
		n.nodes[i].process = nil
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Logs is what a person needs to see of a failure: how the host ended, the end
// of what the plugin printed, and the host's errors.
func (n *Network) Logs() string {
	var out strings.Builder
	for i := range n.nodes {
		logs := filepath.Join(n.dir(i), "logs")
		for _, f := range []struct {
			name, only string
			lines      int
		}{{"../stdout.log", "", 5}, {n.ChainID.String() + ".log", "", 20}, {"vm-factory.log", "", 5}, {"main.log", "ERROR", 10}, {"main.log", "FATAL", 10}} {
			b, err := os.ReadFile(filepath.Join(logs, f.name))
			if err != nil {
				continue
			}
			var kept []string
			for _, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
				if l != "" && strings.Contains(l, f.only) {
					kept = append(kept, l)
				}
			}
			if len(kept) > 0 {
				kept = kept[max(0, len(kept)-f.lines):]
				fmt.Fprintf(&out, "--- node%d %s\n%s\n", i, f.name, strings.Join(kept, "\n"))
			}
		}
	}
	return out.String()
}

func (n *Network) up(ctx context.Context) error {
	if err := n.start(); err != nil {
		return err
	}
	if err := n.waitFor(ctx, "P"); err != nil {
		return err
	}
	if err := n.createChain(ctx); err != nil {
		return err
	}
	// A host reads what it tracks and the chain's files only when it starts.
	if err := n.Stop(syscall.SIGTERM); err != nil {
		return err
	}
	if err := n.writeChainFiles(); err != nil {
		return err
	}
	return n.Start(ctx)
}

func (n *Network) dir(i int) string { return filepath.Join(n.o.Dir, fmt.Sprintf("node%d", i)) }

func (n *Network) uri(i int) string { return fmt.Sprintf("http://127.0.0.1:%d", n.nodes[i].httpPort) }

// ports gives every node two ports, free ones where none are asked for.
func (n *Network) ports() error {
	if n.o.BasePort != 0 {
		for i := range n.nodes {
			n.nodes[i].httpPort, n.nodes[i].stakingPort = n.o.BasePort+2*i, n.o.BasePort+2*i+1
		}
		return nil
	}
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	free := func() (int, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		held = append(held, l)
		return l.Addr().(*net.TCPAddr).Port, nil
	}
	for i := range n.nodes {
		var err, err2 error
		n.nodes[i].httpPort, err = free()
		n.nodes[i].stakingPort, err2 = free()
		if err := errors.Join(err, err2); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) start() error {
	for i := range n.nodes {
		if err := n.startNode(i); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) startNode(i int) error {
	p, err := startProcess(n.o.Host, n.args(i), filepath.Join(n.dir(i), "stdout.log"))
	n.nodes[i].process = p
	return err
}

func (n *Network) args(i int) []string {
	d := n.dir(i)
	var limit syscall.Rlimit
	fds := uint64(fdMax)
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		fds = min(fds, limit.Max)
	}
	a := []string{
		fmt.Sprintf("--network-id=%d", networkID),
		"--genesis-file=" + filepath.Join(n.o.Dir, "genesis.json"),
		"--data-dir=" + d,
		"--plugin-dir=" + n.plugins(i),
		"--chain-config-dir=" + n.chainConfigs(),
		"--subnet-config-dir=" + n.subnetConfigs(),
		"--staking-tls-key-file=" + filepath.Join(d, "staking", "staker.key"),
		"--staking-tls-cert-file=" + filepath.Join(d, "staking", "staker.crt"),
		"--staking-signer-key-file=" + filepath.Join(d, "staking", "signer.key"),
		"--http-host=127.0.0.1", fmt.Sprintf("--http-port=%d", n.nodes[i].httpPort),
		"--staking-host=127.0.0.1", fmt.Sprintf("--staking-port=%d", n.nodes[i].stakingPort),
		"--public-ip=127.0.0.1", "--network-allow-private-ips=true",
		"--health-check-frequency=2s", "--network-max-reconnect-delay=1s",
		"--proposervm-use-current-height=true", "--proposervm-min-block-delay=0s",
		"--system-tracker-disk-required-available-space-percentage=0",
		"--system-tracker-disk-warning-available-space-percentage=0",
		"--log-level=" + n.o.LogLevel, "--log-display-level=" + n.o.LogLevel,
		fmt.Sprintf("--fd-limit=%d", fds),
		"--track-subnets=" + n.trackedSubnets(),
	}
	if len(n.nodes) == 1 {
		a = append(a, "--snow-sample-size=1", "--snow-quorum-size=1")
	}
	if i == 0 {
		return append(a, "--bootstrap-ips=", "--bootstrap-ids=")
	}
	return append(a, fmt.Sprintf("--bootstrap-ips=127.0.0.1:%d", n.nodes[0].stakingPort), "--bootstrap-ids="+n.nodes[0].id.String())
}

func (n *Network) trackedSubnets() string {
	if n.subnet == ids.Empty {
		return ""
	}
	return n.subnet.String()
}

// waitFor waits until every node has bootstrapped a chain.
func (n *Network) waitFor(ctx context.Context, chain string) error {
	for i := range n.nodes {
		if err := n.waitForNode(ctx, i, chain); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) waitForNode(ctx context.Context, i int, chain string) error {
	c := info.NewClient(n.uri(i))
	return n.poll(ctx, i, "bootstrapping "+chain, func() error {
		ok, err := c.IsBootstrapped(ctx, chain)
		if err == nil && !ok {
			err = errors.New("not yet")
		}
		return err
	})
}

// poll repeats try until it succeeds. A host that ended, or that could not
// create the chain, will never answer, so both end the wait at once.
func (n *Network) poll(ctx context.Context, i int, what string, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		if n.nodes[i].process.ended() {
			return fmt.Errorf("node%d ended during %s", i, what)
		}
		if line := n.refusal(i); line != "" {
			return fmt.Errorf("node%d: %s", i, line)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("node%d: %s: %w, last answer: %w", i, what, ctx.Err(), err)
		case <-time.After(pollEvery):
		}
	}
}

// refusal is the line with which the host says that it has no chain to offer.
func (n *Network) refusal(i int) string {
	b, err := os.ReadFile(filepath.Join(n.dir(i), "logs", "main.log"))
	if err != nil {
		return ""
	}
	for _, l := range strings.Split(string(b), "\n") {
		if strings.Contains(l, "error creating chain") && strings.Contains(l, n.ChainID.String()) {
			return l
		}
	}
	return ""
}
