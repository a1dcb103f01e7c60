package load

import (
	"slices"
	"sync"
	"time"

	"github.com/ava-labs/libevm/common"
)

// ledger knows what became of every transaction.
type ledger struct {
	mu       sync.Mutex
	waiting  map[common.Hash]time.Time // sent, not yet in a block
	sent     int
	accepted []accepted
	blocks   []time.Time // of blocks with transactions of ours, when each was seen
}

// accepted is a transaction that was seen in a block.
type accepted struct {
	hash common.Hash
	at   time.Time
	wait time.Duration
}

func newLedger(size int) *ledger {
	return &ledger{waiting: make(map[common.Hash]time.Time, size), accepted: make([]accepted, 0, size)}
}

// send enters what is about to be sent: the block may come before the answer.
// It refuses what would make more than a number of transactions wait.
func (l *ledger) send(txs []signed, most int) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting)+len(txs) > most {
		return false
	}
	for _, tx := range txs {
		l.waiting[tx.hash] = now
	}
	l.sent += len(txs)
	return true
}

func (l *ledger) block(seen time.Time, txs []common.Hash) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.accepted)
	for _, hash := range txs {
		if sent, ok := l.waiting[hash]; ok {
			l.accepted = append(l.accepted, accepted{hash, seen, seen.Sub(sent)})
			delete(l.waiting, hash)
		}
	}
	if len(l.accepted) > before {
		l.blocks = append(l.blocks, seen)
	}
}

func (l *ledger) outstanding() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// between is what was seen in a span of time: how many blocks, and how long
// each of their transactions took, sorted.
func (l *ledger) between(from, to time.Time) (blocks int, waits []time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	in := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	for _, t := range l.blocks {
		if in(t) {
			blocks++
		}
	}
	for _, a := range l.accepted {
		if in(a.at) {
			waits = append(waits, a.wait)
		}
	}
	slices.Sort(waits)
	return blocks, waits
}
