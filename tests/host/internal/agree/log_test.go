package agree

import (
	"strings"
	"testing"
	"time"

	"github.com/ava-labs/libevm/common"
)

func entered(t *testing.T, l *log, node int, height uint64, b block) {
	t.Helper()
	if err := l.enter(node, height, b, time.Now()); err != nil {
		t.Fatal(err)
	}
}

func genesis() block { return block{Number: "0x0", Hash: common.Hash{1}} }

func child(state byte, txs ...common.Hash) block {
	return block{Number: "0x1", Hash: common.Hash{2}, ParentHash: common.Hash{1}, StateRoot: common.Hash{state}, Transactions: txs}
}

func TestNodesThatDisagreeAreNamed(t *testing.T) {
	l := newLog(2)
	for node := range 2 {
		entered(t, l, node, 0, genesis())
		entered(t, l, node, 1, child(byte(node)))
	}
	if _, err := l.agreed(); err == nil || !strings.HasPrefix(err.Error(), "block 1 is ") {
		t.Fatal(err)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	l, tx := newLog(2), common.Hash{7}
	entered(t, l, 0, 0, genesis())
	entered(t, l, 1, 0, genesis())
	l.give(tx, given{node: 1, at: time.Now()})
	entered(t, l, 0, 1, child(0, tx))
	if m := l.missing(); !strings.Contains(m, "is in no block of node1") {
		t.Fatal(m)
	}
	if len(l.waits(true)) != 0 {
		t.Fatal("it was given to another node")
	}
	entered(t, l, 1, 1, child(0, tx))
	if m := l.missing(); m != "" {
		t.Fatal(m)
	}
	if n, err := l.agreed(); n != 2 || err != nil || len(l.waits(true)) != 1 {
		t.Fatal(n, err, l.waits(true))
	}
}

func TestAChainWithAGapIsRefused(t *testing.T) {
	l := newLog(1)
	entered(t, l, 0, 0, genesis())
	stray := child(0)
	stray.ParentHash = common.Hash{9}
	if err := l.enter(0, 1, stray, time.Now()); err == nil {
		t.Fatal("it stands on nothing")
	}
	if err := l.enter(0, 1, block{Number: "0x2", ParentHash: common.Hash{1}}, time.Now()); err == nil {
		t.Fatal("a wrong number")
	}
}

func TestWhatOverlapsTheAbsenceIsCountedApart(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	l := newLog(1)
	l.gap = span{at(10), at(20)}
	for _, s := range []span{{at(1), at(2)}, {at(9), at(11)}, {at(12), at(15)}, {at(19), at(23)}, {at(21), at(26)}} {
		l.wait = append(l.wait, s)
	}
	if calm := l.waits(true); len(calm) != 2 || calm[0] != time.Second || calm[1] != 5*time.Second {
		t.Fatal(calm)
	}
	if away := l.waits(false); len(away) != 3 || away[2] != 4*time.Second {
		t.Fatal(away)
	}
}

func TestWhatANodeShowsLateIsNotCounted(t *testing.T) {
	tx := common.Hash{7}
	l := newLog(2)
	entered(t, l, 1, 0, genesis())
	l.give(tx, given{node: 1, at: time.Now().Add(-time.Minute)})
	l.setUp(1, false)
	l.setUp(1, true)
	entered(t, l, 1, 1, child(0, tx))
	l.together()
	if n := len(l.waits(true)) + len(l.waits(false)); n != 0 {
		t.Fatal(n)
	}
}
