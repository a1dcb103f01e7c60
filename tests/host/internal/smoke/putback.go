package smoke

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// putBackBlocks is how many blocks the chain has more than the hosts' databases.
var putBackBlocks = []int{1, 2, 100}

// tookBack is in the line of a plugin that takes blocks back.
const tookBack = "the host's database is behind the data folder"

// putBack gives the hosts the databases that they had some blocks before, as a
// backup does. The chain goes back with them and on from there, and what was
// mined meanwhile is mined again.
func (c *check) putBack(ctx context.Context) error {
	for _, blocks := range putBackBlocks {
		if err := c.putBackOnce(ctx, blocks); err != nil {
			return fmt.Errorf("databases of %d blocks before: %w", blocks, err)
		}
	}
	fmt.Fprintf(c.out, "  hosts' databases of %v blocks before put back: the chain went back with them, and on\n", putBackBlocks)
	return nil
}

func (c *check) putBackOnce(ctx context.Context, blocks int) error {
	before, err := c.head(ctx, 0)
	if err != nil {
		return err
	}
	if err := c.net.Stop(syscall.SIGTERM); err != nil {
		return err
	}
	if err := c.net.SaveDatabases(); err != nil {
		return err
	}
	if err := c.net.Start(ctx); err != nil {
		return err
	}
	kept := len(c.mined)
	for {
		head, err := c.head(ctx, 0)
		if err != nil {
			return err
		}
		if head.height() >= before.height()+uint64(blocks) {
			break
		}
		m, err := c.send(ctx)
		if err != nil {
			return err
		}
		if m, err = c.await(ctx, m); err != nil {
			return err
		}
		c.mined = append(c.mined, m)
	}
	if err := c.net.Stop(syscall.SIGTERM); err != nil {
		return err
	}
	if err := c.net.PutBackDatabases(); err != nil {
		return err
	}
	told := c.net.Told(tookBack)
	if err := c.net.Start(ctx); err != nil {
		return err
	}
	if told = c.net.Told(tookBack) - told; told != c.net.Nodes() {
		return fmt.Errorf("%d of %d plugins took blocks back", told, c.net.Nodes())
	}
	b, err := c.block(ctx, 0, "eth_getBlockByNumber", before.Number)
	if err != nil {
		return err
	}
	if b.Hash != before.Hash {
		return fmt.Errorf("block %d is now %s, it was %s", before.height(), b.Hash, before.Hash)
	}
	again := slices.Clone(c.mined[kept:])
	c.mined = c.mined[:kept]
	if err := c.kept(ctx, c.mined); err != nil {
		return err
	}
	for _, m := range again {
		m.sent = time.Now()
		if m, err = c.await(ctx, m); err != nil {
			return err
		}
		c.mined = append(c.mined, m)
	}
	return c.transfer(ctx, 1)
}
