package smoke

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// Load before a kill, and what each further one has more: kills at other places.
const (
	loadBefore = 300 * time.Millisecond
	loadMore   = 37 * time.Millisecond
)

// killPlugins ends the plugins by kill -9 under load, again and again. Every
// receipt that was shown stays, and every transfer that was answered is mined.
func (c *check) killPlugins(ctx context.Context, count int) error {
	answered, shown := 0, 0
	for round := range count {
		before := len(c.mined)
		waiting, err := c.loadUntilKilled(ctx, loadBefore+time.Duration(round)*loadMore)
		if err != nil {
			return fmt.Errorf("kill %d: %w", round+1, err)
		}
		answered, shown = answered+len(waiting)+len(c.mined)-before, shown+len(c.mined)-before
		// A host whose plugin died does not stop in order.
		if err := c.net.Stop(syscall.SIGKILL); err != nil {
			return err
		}
		if err := c.net.Start(ctx); err != nil {
			return fmt.Errorf("after kill %d: %w", round+1, err)
		}
		for _, m := range waiting {
			m.sent = time.Now()
			m, err := c.await(ctx, m)
			if err != nil {
				return fmt.Errorf("answered before kill %d: %w", round+1, err)
			}
			c.mined = append(c.mined, m)
		}
		if err := c.kept(ctx); err != nil {
			return fmt.Errorf("after kill %d: %w", round+1, err)
		}
		// The last one may have been taken without an answer.
		if c.nonce, err = c.rpc.Quantity(ctx, "eth_getTransactionCount", c.from, "pending"); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.out, "  plugin killed %d times under load: %d transfers answered, %d receipts shown; nothing lost\n",
		count, answered, shown)
	return nil
}

// loadUntilKilled sends transfers and reads receipts until the plugin, which is
// killed after so long, answers no more. It gives those that were answered and
// had no receipt yet.
func (c *check) loadUntilKilled(ctx context.Context, after time.Duration) ([]mined, error) {
	killed := make(chan error, 1)
	time.AfterFunc(after, func() { killed <- c.net.KillPlugins() })
	limit := time.Now().Add(after + mineTimeout)
	var waiting []mined
	for {
		if time.Now().After(limit) {
			return nil, fmt.Errorf("a killed plugin still answers")
		}
		if len(waiting) < outstanding {
			m, err := c.send(ctx)
			if err != nil {
				return c.asKilled(waiting, err, killed)
			}
			waiting = append(waiting, m)
			continue
		}
		r, err := c.receipt(ctx, waiting[0].tx)
		if err != nil {
			return c.asKilled(waiting, err, killed)
		}
		if r != nil {
			m := waiting[0]
			m.block = r.BlockHash
			c.mined, waiting = append(c.mined, m), waiting[1:]
		}
	}
}

// asKilled says whether a request failed because of the kill.
func (c *check) asKilled(waiting []mined, failed error, killed <-chan error) ([]mined, error) {
	select {
	case err := <-killed:
		return waiting, err
	case <-time.After(5 * time.Second):
		return nil, fmt.Errorf("before the kill: %w", failed)
	}
}
