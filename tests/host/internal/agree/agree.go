// Package agree checks that nodes which are given transactions at random agree
// on every block, also after one of them was away.
package agree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"pars.network/tests/host/internal/network"
	"pars.network/tests/host/internal/rpc"
	"pars.network/tests/host/internal/wait"
)

const (
	// How long the chain may stand still. While a node is away, the slots in
	// which it would propose pass without a block, five seconds each.
	stallMax = 2 * time.Minute
	// How long a node that was away may take to be where the others are.
	catchUpMax = 5 * time.Minute
)

// Options says how much.
type Options struct {
	Blocks uint64 // the least height at the end
	Away   uint64 // for so many blocks the last node is away; 0: it stays
	Rate   int    // transactions a second, of all nodes together
	Seed   uint64 // of the choice of nodes
}

// Run gives transactions to random nodes until the chain has so many blocks, and
// prints what it measured. With Away the last node is stopped after a third of
// them, for so many blocks.
func Run(ctx context.Context, n *network.Network, o Options, out io.Writer) error {
	if n.Nodes() < 2 || o.Rate < 1 || o.Blocks < 10 || o.Away*2 > o.Blocks {
		return fmt.Errorf("%d nodes, %d blocks of which one is away for %d, %d transactions a second: too few or too many",
			n.Nodes(), o.Blocks, o.Away, o.Rate)
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	r := &run{net: n, o: o, out: out, log: newLog(n.Nodes())}
	for i := range n.Nodes() {
		r.clients = append(r.clients, rpc.NewBusy(n.URL(i), 4))
	}
	if err := r.fund(ctx); err != nil {
		return fmt.Errorf("funding: %w", err)
	}
	start, err := r.clients[0].Quantity(ctx, "eth_blockNumber")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for i := range n.Nodes() {
		go func() {
			if err := r.watch(ctx, i); err != nil {
				cancel(fmt.Errorf("node%d: %w", i, err))
			}
		}()
	}
	began := time.Now()
	sent := make(chan error, 1)
	sending, stop := context.WithCancel(ctx)
	defer stop()
	go func() { sent <- r.send(ctx, sending, rng) }()
	if err := r.events(ctx, start); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	took := time.Since(began)
	end := r.log.height(0)
	stop()
	if err := <-sent; err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	if err := r.settle(ctx); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	return r.report(start, end, took)
}

// run is one check.
type run struct {
	net     *network.Network
	o       Options
	out     io.Writer
	clients []*rpc.Client
	senders []*sender
	log     *log
	away    away
}

// away is what was seen of the node that was stopped.
type away struct {
	blocks          uint64
	stopped, caught time.Duration
}

// events waits for the end, and stops and starts the last node on the way.
func (r *run) events(ctx context.Context, start uint64) error {
	if r.o.Away > 0 {
		if err := r.reach(ctx, start+r.o.Blocks/3); err != nil {
			return err
		}
		if err := r.goAway(ctx); err != nil {
			return fmt.Errorf("node%d: %w", r.net.Nodes()-1, err)
		}
	}
	return r.reach(ctx, start+r.o.Blocks)
}

func (r *run) goAway(ctx context.Context) error {
	last := r.net.Nodes() - 1
	r.log.setUp(last, false)
	if err := r.net.StopNode(last, syscall.SIGTERM); err != nil {
		return err
	}
	left, t0 := r.log.height(0), time.Now()
	if err := r.reach(ctx, left+r.o.Away); err != nil {
		return err
	}
	r.away.stopped = time.Since(t0)
	r.away.blocks = r.log.height(0) - left
	t1 := time.Now()
	if err := r.net.StartNode(ctx, last); err != nil {
		return err
	}
	r.log.setUp(last, true)
	for r.log.height(last) < r.log.height(0) {
		if time.Since(t1) > catchUpMax {
			return fmt.Errorf("at height %d after %s, node0 is at %d", r.log.height(last), catchUpMax, r.log.height(0))
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	r.away.caught = time.Since(t1)
	r.log.together()
	return nil
}

// reach waits until node 0 is at a height.
func (r *run) reach(ctx context.Context, height uint64) error {
	last, at := time.Now(), uint64(0)
	for {
		now := r.log.height(0)
		if now >= height {
			return nil
		}
		if now > at {
			last, at = time.Now(), now
		}
		if time.Since(last) > stallMax {
			return fmt.Errorf("the chain stands still at height %d for %s", at, stallMax)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// settle waits until every transaction is in a block at every node, and every
// node has every block.
func (r *run) settle(ctx context.Context) error {
	for start := time.Now(); ; {
		missing := r.log.missing()
		if missing == "" {
			return nil
		}
		if time.Since(start) > stallMax {
			return fmt.Errorf("after %s %s", stallMax, missing)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func (r *run) report(start, end uint64, took time.Duration) error {
	blocks, err := r.log.agreed()
	if err != nil {
		return err
	}
	fmt.Fprintf(r.out, "  %d nodes agree on id and state root of %d blocks, %d transactions given to nodes at random\n",
		r.net.Nodes(), blocks, r.log.count())
	fmt.Fprintf(r.out, "  from sending to acceptance at the node it was given to: %s\n", percentiles(r.log.waits(true)))
	fmt.Fprintf(r.out, "  from sending until all other nodes know it: %s\n", percentiles(r.log.spreads()))
	fmt.Fprintf(r.out, "  %d blocks in %.1f s; between two blocks' times: %s\n",
		end-start, took.Seconds(), percentiles(r.log.intervals(start, true)))
	if r.o.Away > 0 {
		fmt.Fprintf(r.out, "  while one is away, whose slots as a proposer pass unused: to acceptance %s; between blocks %s\n",
			percentiles(r.log.waits(false)), percentiles(r.log.intervals(start, false)))
	}
	if r.o.Away > 0 {
		fmt.Fprintf(r.out, "  node%d was away for %d blocks, %.1f s; it was where the others are %.1f s after its start\n",
			r.net.Nodes()-1, r.away.blocks, r.away.stopped.Seconds(), r.away.caught.Seconds())
	}
	complaints, err := r.net.Complaints()
	if err != nil {
		return err
	}
	return judge(complaints, r.out)
}

func percentiles(times []time.Duration) string {
	if len(times) == 0 {
		return "none"
	}
	slices.Sort(times)
	at := func(percent int) time.Duration {
		return times[min(len(times)-1, len(times)*percent/100)].Round(time.Millisecond)
	}
	return fmt.Sprintf("p50 %s, p99 %s, longest %s (%d)", at(50), at(99), at(100), len(times))
}

func pause(ctx context.Context) error { return wait.For(ctx, pollEvery) }
