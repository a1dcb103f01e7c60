package smoke

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"github.com/ava-labs/libevm/common"
	"github.com/ava-labs/libevm/common/hexutil"

	"pars.network/tests/host/internal/wait"
)

const (
	cutTransfers = 30  // mined between two cuts at most
	cutKept      = 200 // transfers that are looked for after each
)

// cutLogs kills the host and takes the end from the write-ahead log of its
// plugin, again and again. What is opened then is an earlier block of the chain,
// and the host goes on from it.
func (c *check) cutLogs(ctx context.Context, count int) error {
	if count == 0 {
		return nil
	}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	known := map[uint64]common.Hash{}
	var lost []uint64
	for round := range count {
		if err := c.transfer(ctx, 1+random.IntN(cutTransfers)); err != nil {
			return err
		}
		head, err := c.learn(ctx, known)
		if err != nil {
			return err
		}
		if err := c.net.Stop(syscall.SIGKILL); err != nil {
			return err
		}
		if err := c.net.CutLog(0, random); err != nil {
			return err
		}
		if err := c.net.Start(ctx); err != nil {
			return fmt.Errorf("cut %d, seed %d: %w", round+1, seed, err)
		}
		height, id, err := c.net.Opened(0)
		if err != nil {
			return err
		}
		if height > head || known[height].Hex() != id {
			return fmt.Errorf("cut %d, seed %d: it opened block %s at %d, which was %s; the head was at %d", round+1, seed, id, height, known[height], head)
		}
		lost = append(lost, head-height)
		left := map[common.Hash]bool{}
		for h, hash := range known {
			if h > height {
				delete(known, h)
			} else {
				left[hash] = true
			}
		}
		c.mined = slices.DeleteFunc(c.mined, func(m mined) bool { return !left[m.block] })
		// Those nearest to the cut; all of them are looked for at the end.
		if err := c.kept(ctx, c.mined[max(0, len(c.mined)-cutKept):]); err != nil {
			return fmt.Errorf("cut %d, seed %d: %w", round+1, seed, err)
		}
		if err := c.settle(ctx); err != nil {
			return fmt.Errorf("cut %d, seed %d: %w", round+1, seed, err)
		}
	}
	if err := c.kept(ctx, c.mined); err != nil {
		return fmt.Errorf("after the cuts, seed %d: %w", seed, err)
	}
	slices.Sort(lost)
	fmt.Fprintf(c.out, "  write-ahead log cut %d times: an earlier block each time (blocks lost: median %d, most %d), and the host went on from it\n",
		count, lost[len(lost)/2], lost[len(lost)-1])
	return nil
}

// learn notes the id of every block that is not known yet; the head's height.
func (c *check) learn(ctx context.Context, known map[uint64]common.Hash) (uint64, error) {
	head, err := c.head(ctx, 0)
	if err != nil {
		return 0, err
	}
	for h := head.height(); ; h-- {
		if _, ok := known[h]; !ok {
			b, err := c.block(ctx, 0, "eth_getBlockByNumber", hexutil.EncodeUint64(h))
			if err != nil {
				return 0, err
			}
			known[h] = b.Hash
		}
		if h == 0 {
			return head.height(), nil
		}
	}
}

// settle waits until the pool has given back what blocks were lost with.
func (c *check) settle(ctx context.Context) error {
	for start := time.Now(); ; {
		mined, err := c.rpc.Quantity(ctx, "eth_getTransactionCount", c.from, "latest")
		if err != nil {
			return err
		}
		pending, err := c.rpc.Quantity(ctx, "eth_getTransactionCount", c.from, "pending")
		if err != nil {
			return err
		}
		if c.nonce = pending; mined == pending {
			return nil
		}
		if time.Since(start) > mineTimeout {
			return fmt.Errorf("transactions wait in the pool: the next nonce is %d, and with them %d", mined, pending)
		}
		if err := wait.For(ctx, pollEvery); err != nil {
			return err
		}
	}
}
