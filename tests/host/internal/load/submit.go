package load

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"time"
)

const (
	// WindowMin is the least window: a whole batch.
	WindowMin   = batchSize
	batchSize   = 100
	connections = 32
	// How long a submitter waits while the window is full.
	windowPause = 2 * time.Millisecond
)

const sendMethod = "eth_sendRawTransaction"

// closed keeps a number of transactions outstanding until ctx for sending ends.
// Answers are awaited under ctx, so that nothing is left half sent.
func (r *run) closed(ctx, sending context.Context, window int) error {
	var wg sync.WaitGroup
	errs := make(chan error, connections)
	for c := range connections {
		// A connection has senders of its own, so their nonces stay in order.
		var queues [][]signed
		for i := c; i < len(r.plan.senders); i += connections {
			queues = append(queues, r.plan.senders[i])
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			errs <- r.feed(ctx, sending, queues, window)
		}()
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// feed sends one transaction of each queue, then the next of each. Where a
// queue has no more, measuring ends.
func (r *run) feed(ctx, sending context.Context, queues [][]signed, window int) error {
	for next, batch := 0, []signed(nil); ; batch = batch[:0] {
		for ; len(batch) < batchSize; next++ {
			queue, turn := queues[next%len(queues)], next/len(queues)
			if turn == len(queue) {
				r.exhaust()
				return nil
			}
			batch = append(batch, queue[turn])
		}
		for !r.books.send(batch, window) {
			if pause(sending, windowPause); sending.Err() != nil {
				return nil
			}
		}
		if err := r.sendBatch(ctx, batch); err != nil || sending.Err() != nil {
			return err
		}
	}
}

// sendBatch fails when a transaction is refused: those of the same sender
// behind it could never be mined, so the run would measure something else.
func (r *run) sendBatch(ctx context.Context, batch []signed) error {
	params := make([][]byte, len(batch))
	for i, tx := range batch {
		params[i] = tx.param
	}
	ends, err := r.rpc.Batch(ctx, sendMethod, params)
	if err != nil {
		return err
	}
	for _, end := range ends {
		if end != nil {
			return fmt.Errorf("a transaction was refused: %w", end)
		}
	}
	return nil
}

// open sends a number of transactions a second, whatever becomes of them. They
// go out one by one, from each sender in turn.
func (r *run) open(ctx, sending context.Context, rate int) error {
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	start := time.Now()
	for n := range r.plan.Count() {
		due := start.Add(time.Duration(n) * time.Second / time.Duration(rate))
		if pause(sending, time.Until(due)); sending.Err() != nil {
			break
		}
		tx := r.plan.senders[n%len(r.plan.senders)][n/len(r.plan.senders)]
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := r.sendOne(ctx, tx); err != nil {
				once.Do(func() { first = err })
			}
		}()
	}
	if sending.Err() == nil {
		r.exhaust()
	}
	wg.Wait()
	return first
}

func (r *run) sendOne(ctx context.Context, tx signed) error {
	r.books.send([]signed{tx}, math.MaxInt)
	var hash string
	return r.rpc.Call(ctx, &hash, sendMethod, json.RawMessage(tx.param))
}
