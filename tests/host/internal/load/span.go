package load

import (
	"context"
	"fmt"
	"os"
	"time"

	"pars.network/tests/host/internal/network"
	"pars.network/tests/host/internal/proc"
)

// span is the measured time, with the accounts at both its ends.
type span struct{ from, to instant }

type instant struct {
	at         time.Time
	node       network.Usage
	busy, ours time.Duration // of the processors: worked, and of that for this program
}

// takeSpan warms up and measures for as long as o says, or until the plan ends.
func (r *run) takeSpan(ctx context.Context, n *network.Network, o Options) (s span, err error) {
	if pause(ctx, o.Warmup); r.used.Err() != nil {
		return s, fmt.Errorf("the plan has %d transactions and ended while warming up", r.plan.Count())
	}
	during := make(chan error, 1)
	if o.During == nil {
		during <- nil
	} else {
		plugin, err := n.PluginPID(0)
		if err != nil {
			return s, err
		}
		go func() { during <- o.During(ctx, plugin, o.Length) }()
	}
	if s.from, err = takeInstant(ctx, n); err != nil {
		return s, err
	}
	select {
	case <-ctx.Done():
	case <-r.used.Done():
	case <-time.After(o.Length):
	}
	if s.to, err = takeInstant(ctx, n); err != nil {
		return s, err
	}
	return s, <-during
}

func takeInstant(ctx context.Context, n *network.Network) (i instant, err error) {
	i.at = time.Now()
	if i.busy, err = proc.Busy(); err != nil {
		return i, err
	}
	self, err := proc.Of(os.Getpid())
	if err != nil {
		return i, err
	}
	i.ours = self.CPU
	i.node, err = n.Usage(ctx, 0)
	return i, err
}
