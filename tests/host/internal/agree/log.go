package agree

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ava-labs/libevm/common"
	"github.com/ava-labs/libevm/common/hexutil"

	"pars.network/tests/host/internal/rpc"
)

// pollEvery is how exactly acceptance is seen.
const pollEvery = 20 * time.Millisecond

// block is what nodes must agree on, and when it was made.
type block struct {
	Number                string
	Hash, StateRoot       common.Hash
	ParentHash            common.Hash
	Timestamp             string
	TimestampMilliseconds string
	Transactions          []common.Hash
}

// log is what was sent, and what every node has accepted.
type log struct {
	lock  sync.Mutex
	sent  map[common.Hash]given
	wait  []span
	known []time.Duration
	nodes []accepted
	// While one node was away, and which.
	gap  span
	gone int
}

// span is from a time to another.
type span struct{ from, to time.Time }

func (s span) length() time.Duration { return s.to.Sub(s.from) }

func (s span) overlaps(o span) bool { return s.from.Before(o.to) && o.from.Before(s.to) }

// given is a transaction that a node took.
type given struct {
	node int
	at   time.Time
}

// accepted is what one node has shown.
type accepted struct {
	up     bool
	blocks []block
	in     map[common.Hash]struct{}
}

func newLog(nodes int) *log {
	l := &log{sent: map[common.Hash]given{}, nodes: make([]accepted, nodes)}
	for i := range l.nodes {
		l.nodes[i] = accepted{up: true, in: map[common.Hash]struct{}{}}
	}
	return l
}

// watch enters every block of a node, from genesis on. A node that is away is
// asked again when it is back.
func (r *run) watch(ctx context.Context, node int) error {
	for ctx.Err() == nil {
		if r.log.isUp(node) {
			err := r.look(ctx, node)
			if err != nil && ctx.Err() == nil && r.log.isUp(node) {
				return err
			}
		}
		_ = pause(ctx)
	}
	return nil
}

func (r *run) look(ctx context.Context, node int) error {
	head, err := r.clients[node].Quantity(ctx, "eth_blockNumber")
	seen := time.Now()
	for next := r.log.next(node); err == nil && next <= head; next++ {
		var b *block
		err = r.clients[node].Call(ctx, &b, "eth_getBlockByNumber", hexutil.EncodeUint64(next), false)
		if err == nil && b == nil {
			err = fmt.Errorf("the head is %d, and there is no block %d", head, next)
		}
		if err == nil {
			err = r.log.enter(node, next, *b, seen)
		}
	}
	return err
}

func (l *log) setUp(node int, up bool) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.nodes[node].up = up
	if !up {
		l.gap.from, l.gone = time.Now(), node
	}
}

// together says that all nodes are where the others are again.
func (l *log) together() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.gap.to = time.Now()
}

func (l *log) isUp(node int) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.nodes[node].up
}

func (l *log) next(node int) uint64 {
	l.lock.Lock()
	defer l.lock.Unlock()
	return uint64(len(l.nodes[node].blocks))
}

// height is what a node is known to have accepted.
func (l *log) height(node int) uint64 {
	if next := l.next(node); next > 0 {
		return next - 1
	}
	return 0
}

func (l *log) enter(node int, height uint64, b block, seen time.Time) error {
	if n, err := rpc.ParseQuantity(b.Number); err != nil || n != height {
		return fmt.Errorf("block %d has number %q", height, b.Number)
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	a := &l.nodes[node]
	if height > 0 && a.blocks[height-1].Hash != b.ParentHash {
		return fmt.Errorf("block %d stands on %s, block %d is %s", height, b.ParentHash, height-1, a.blocks[height-1].Hash)
	}
	a.blocks = append(a.blocks, b)
	for _, tx := range b.Transactions {
		a.in[tx] = struct{}{}
		// A node that was away shows late what it was given before, which says nothing.
		late := node == l.gone && l.gap.from.After(l.sent[tx].at) && seen.After(l.gap.from)
		if g, ok := l.sent[tx]; ok && g.node == node && !late {
			l.wait = append(l.wait, span{g.at, seen})
		}
	}
	return nil
}

func (l *log) give(tx common.Hash, g given) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.sent[tx] = g
}

// mined says whether a running node has accepted a transaction.
func (l *log) mined(tx common.Hash) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	_, ok := l.nodes[0].in[tx]
	return ok
}

// missing says what some node lacks.
func (l *log) missing() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	most := 0
	for i := range l.nodes {
		most = max(most, len(l.nodes[i].blocks))
	}
	for i := range l.nodes {
		for tx := range l.sent {
			if _, ok := l.nodes[i].in[tx]; !ok {
				return fmt.Sprintf("transaction %s, given to node%d, is in no block of node%d", tx, l.sent[tx].node, i)
			}
		}
		if len(l.nodes[i].blocks) < most {
			return fmt.Sprintf("node%d has %d blocks, another has %d", i, len(l.nodes[i].blocks), most)
		}
	}
	return ""
}

// agreed compares every block of every node with node 0's, and counts them.
func (l *log) agreed() (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	first := l.nodes[0].blocks
	for i := 1; i < len(l.nodes); i++ {
		for h, b := range l.nodes[i].blocks {
			if h < len(first) && (b.Hash != first[h].Hash || b.StateRoot != first[h].StateRoot) {
				return 0, fmt.Errorf("block %d is %s with state %s at node%d, and %s with state %s at node0",
					h, b.Hash, b.StateRoot, i, first[h].Hash, first[h].StateRoot)
			}
		}
	}
	return len(first), nil
}

// waits are from sending to acceptance at the node that was given it; calm:
// while all nodes were there.
func (l *log) waits(calm bool) []time.Duration {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.lengths(l.wait, calm)
}

func (l *log) lengths(spans []span, calm bool) (all []time.Duration) {
	for _, s := range spans {
		if l.gap.overlaps(s) != calm {
			all = append(all, s.length())
		}
	}
	return all
}

func (l *log) spread(d time.Duration) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.known = append(l.known, d)
}

func (l *log) spreads() []time.Duration {
	l.lock.Lock()
	defer l.lock.Unlock()
	return append([]time.Duration(nil), l.known...)
}

// intervals are the times between blocks above a height, as their headers say.
func (l *log) intervals(above uint64, calm bool) []time.Duration {
	l.lock.Lock()
	defer l.lock.Unlock()
	var spans []span
	blocks := l.nodes[0].blocks
	for h := int(above) + 2; h < len(blocks); h++ {
		spans = append(spans, span{blocks[h-1].time(), blocks[h].time()})
	}
	return l.lengths(spans, calm)
}

// count is how many transactions were given.
func (l *log) count() int {
	l.lock.Lock()
	defer l.lock.Unlock()
	return len(l.sent)
}

func (b *block) time() time.Time {
	if ms, err := rpc.ParseQuantity(b.TimestampMilliseconds); err == nil {
		return time.UnixMilli(int64(ms))
	}
	s, _ := rpc.ParseQuantity(b.Timestamp)
	return time.Unix(int64(s), 0)
}
