package load

import (
	"testing"
	"time"

	"github.com/ava-labs/libevm/common"
)

func TestLedgerCountsWhatIsInNoBlock(t *testing.T) {
	l := newLedger(3)
	txs := []signed{{hash: common.Hash{1}}, {hash: common.Hash{2}}, {hash: common.Hash{3}}}
	if !l.send(txs[:2], 2) || l.send(txs[2:], 2) {
		t.Fatal("the window is two")
	}
	start := time.Now()
	l.block(start, []common.Hash{{9}})
	l.block(start.Add(time.Second), []common.Hash{{1}, {9}})
	l.block(start.Add(2*time.Second), []common.Hash{{1}})
	blocks, waits := l.between(start, start.Add(3*time.Second))
	if blocks != 1 || len(waits) != 1 || l.outstanding() != 1 || l.sent != 2 {
		t.Fatalf("%d blocks, %d accepted, %d waiting, %d sent", blocks, len(waits), l.outstanding(), l.sent)
	}
	if blocks, waits = l.between(start, start.Add(time.Second)); blocks != 0 || len(waits) != 0 {
		t.Fatal("the end of a span belongs to the next one")
	}
}
