// Package load sends signed transactions to a chain in a real host and
// measures what is accepted and what that costs.
//
// A closed loop keeps a window of transactions outstanding and shows how many
// a chain can take; an open loop sends at a rate and shows how long they wait.
// A run goes: fund the senders, warm up, measure, stop sending, drain, check.
package load

import (
	"context"
	"fmt"
	"time"

	"pars.network/tests/host/internal/network"
	"pars.network/tests/host/internal/rpc"
)

// Options say how a plan is run.
type Options struct {
	Rate   int // transactions a second; 0 for the closed loop
	Window int // closed loop: transactions outstanding
	Warmup time.Duration
	Length time.Duration // of what is measured; less where the plan ends
	// During is called when measuring begins, and awaited. May be nil.
	During func(ctx context.Context, plugin int, length time.Duration) error
}

const (
	// How long what was sent may take after sending stopped. What is in no
	// block by then is lost.
	drainTimeout = 30 * time.Second
	fundTimeout  = 60 * time.Second
	// Transactions that fund and wait at the same time.
	fundBatch = 50
	// How often we ask for the head; a wait is measured no finer than this.
	pollEvery = 5 * time.Millisecond
	// Transactions whose receipts are read at the end.
	checked = 100
)

// run is one run of a plan.
type run struct {
	plan    *Plan
	rpc     *rpc.Client
	books   *ledger
	used    context.Context // ends when a sender has nothing more to send
	exhaust func()
}

// Run runs a plan on a fresh network of one node.
func Run(ctx context.Context, n *network.Network, p *Plan, o Options) (Result, error) {
	used, exhaust := context.WithCancel(context.Background())
	defer exhaust()
	r := &run{p, rpc.NewBusy(n.URL(0), connections+4), newLedger(p.Count()), used, exhaust}
	if err := r.fund(ctx); err != nil {
		return Result{}, fmt.Errorf("funding the senders: %w", err)
	}
	head, err := r.rpc.Quantity(ctx, "eth_blockNumber")
	if err != nil {
		return Result{}, err
	}

	// Whichever part fails ends the others, and its error is the cause.
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	sending, stopSending := context.WithCancel(ctx)
	watching, stopWatching := context.WithCancel(ctx)
	submitted := start(fail, func() error {
		if o.Rate > 0 {
			return r.open(ctx, sending, o.Rate)
		}
		return r.closed(ctx, sending, o.Window)
	})
	watched := start(fail, func() error { return r.watch(watching, head+1) })
	s, err := r.takeSpan(ctx, n, o)
	if err != nil {
		fail(err)
	}
	stopSending()
	<-submitted
	for began := time.Now(); r.books.outstanding() > 0 && time.Since(began) < drainTimeout && ctx.Err() == nil; {
		pause(ctx, pollEvery)
	}
	stopWatching()
	<-watched
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	return r.books.result(s), r.check(ctx)
}

// start runs a part of the work and tells when it has ended.
func start(fail context.CancelCauseFunc, part func() error) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := part(); err != nil {
			fail(err)
		}
	}()
	return done
}

// pause waits, or less where ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
