package load

import (
	"context"
	"fmt"
	"time"

	"github.com/ava-labs/libevm/common"
	"github.com/ava-labs/libevm/common/hexutil"
)

// fund mines what the plan needs beforehand, a few at a time.
func (r *run) fund(ctx context.Context) error {
	for todo := r.plan.funding; len(todo) > 0; {
		batch := todo[:min(fundBatch, len(todo))]
		todo = todo[len(batch):]
		if err := r.sendBatch(ctx, batch); err != nil {
			return err
		}
		for _, tx := range batch {
			if err := r.awaitReceipt(ctx, tx.hash); err != nil {
				return err
			}
		}
	}
	return nil
}

// check reads receipts of accepted transactions here and there: a transaction
// that failed is in a block as well, and says nothing of what a good one costs.
func (r *run) check(ctx context.Context) error {
	for i := 0; i < len(r.books.accepted); i += max(1, len(r.books.accepted)/checked) {
		if err := r.awaitReceipt(ctx, r.books.accepted[i].hash); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) awaitReceipt(ctx context.Context, tx common.Hash) error {
	for start := time.Now(); ; pause(ctx, pollEvery) {
		var receipt *struct{ Status string }
		if err := r.rpc.Call(ctx, &receipt, "eth_getTransactionReceipt", tx); err != nil {
			return err
		}
		if receipt != nil && receipt.Status == "0x1" {
			return nil
		}
		if receipt != nil {
			return fmt.Errorf("transaction %s has status %s", tx, receipt.Status)
		}
		if time.Since(start) > fundTimeout {
			return fmt.Errorf("transaction %s has no receipt after %s", tx, fundTimeout)
		}
	}
}

// watch enters every block from a height into the books.
func (r *run) watch(ctx context.Context, next uint64) error {
	for ; ctx.Err() == nil; pause(ctx, pollEvery) {
		// Where nothing is awaited, asking would only cost what is measured.
		if r.books.outstanding() == 0 {
			continue
		}
		head, err := r.rpc.Quantity(ctx, "eth_blockNumber")
		for seen := time.Now(); err == nil && next <= head; next++ {
			var block *struct{ Transactions []common.Hash }
			err = r.rpc.Call(ctx, &block, "eth_getBlockByNumber", hexutil.EncodeUint64(next), false)
			if err == nil && block == nil {
				err = fmt.Errorf("the head is %d, and there is no block %d", head, next)
			}
			if err == nil {
				r.books.block(seen, block.Transactions)
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}
