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
	loads      = 10 // different ones
)

// killUnderLoad kills under load, again and again. Every receipt and every head
// that was shown stays, every transfer that was answered is mined, and the hosts
// never had to take back more than the block that was being accepted.
func (c *check) killUnderLoad(ctx context.Context, what string, count int, kill func() error) error {
	answered, shown, heads := 0, 0, 0
	for round := range count {
		before := len(c.mined)
		followed := c.follow(ctx)
		waiting, err := c.loadUntilKilled(ctx, kill, loadBefore+time.Duration(round%loads)*loadMore)
		if err != nil {
			return fmt.Errorf("kill %d of the %s: %w", round+1, what, err)
		}
		answered, shown = answered+len(waiting)+len(c.mined)-before, shown+len(c.mined)-before
		// A host whose plugin died does not stop in order.
		if err := c.net.Stop(syscall.SIGKILL); err != nil {
			return err
		}
		seen, err := followed()
		if err != nil {
			return err
		}
		heads += len(seen)
		if err := c.net.Start(ctx); err != nil {
			return fmt.Errorf("after kill %d of the %s: %w", round+1, what, err)
		}
		if err := c.allThere(ctx, seen, c.mined[before:], waiting); err != nil {
			return fmt.Errorf("after kill %d of the %s: %w", round+1, what, err)
		}
	}
	if count == 0 {
		return nil
	}
	if err := c.kept(ctx, c.mined); err != nil {
		return err
	}
	repairs, err := c.net.Repairs()
	if err != nil {
		return err
	}
	for _, r := range repairs {
		if r.Outer != r.Inner+1 {
			return fmt.Errorf("a host was at height %d and its plugin at %d: more than one block was lost", r.Outer, r.Inner)
		}
	}
	fmt.Fprintf(c.out, "  %s killed %d times under load: %d transfers answered, %d receipts and %d heads shown; nothing lost; so far the host took back its one unanswered block %d times\n",
		what, count, answered, shown, heads, len(repairs))
	if shown < count || heads < count {
		return fmt.Errorf("there was no load")
	}
	return nil
}

// allThere looks for what was shown and answered before a kill.
func (c *check) allThere(ctx context.Context, heads []block, shown, answered []mined) error {
	for _, head := range heads {
		b, err := c.block(ctx, 0, "eth_getBlockByNumber", head.Number)
		if err != nil {
			return err
		}
		if b.Hash != head.Hash {
			return fmt.Errorf("block %d is now %s, a subscriber was shown %s", head.height(), b.Hash, head.Hash)
		}
	}
	for _, m := range answered {
		m.sent = time.Now()
		m, err := c.await(ctx, m)
		if err != nil {
			return fmt.Errorf("an answered transfer: %w", err)
		}
		c.mined = append(c.mined, m)
	}
	if err := c.kept(ctx, shown); err != nil {
		return err
	}
	// The last one may have been taken without an answer.
	nonce, err := c.rpc.Quantity(ctx, "eth_getTransactionCount", c.from, "pending")
	c.nonce = nonce
	return err
}

// loadUntilKilled sends transfers and reads receipts until the chain, which is
// killed after so long, answers no more. It gives those that were answered and
// had no receipt yet.
func (c *check) loadUntilKilled(ctx context.Context, kill func() error, after time.Duration) ([]mined, error) {
	killed := make(chan error, 1)
	time.AfterFunc(after, func() { killed <- kill() })
	limit := time.Now().Add(after + mineTimeout)
	var waiting []mined
	for {
		if time.Now().After(limit) {
			return nil, fmt.Errorf("it still answers")
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
