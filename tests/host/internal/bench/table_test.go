package bench

import (
	"strings"
	"testing"
	"time"

	"pars.network/tests/host/internal/load"
)

func TestMedianIsTheMiddleOne(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
		has    bool
	}{{nil, 0, false}, {[]float64{7}, 7, true}, {[]float64{9, 1}, 5, true}, {[]float64{9, 1, 5}, 5, true}} {
		if got, has := median(c.values); got != c.want || has != c.has {
			t.Errorf("median of %v is %v, %v", c.values, got, has)
		}
	}
}

func TestTableHasMediansRatiosAndSums(t *testing.T) {
	result := func(accepted, lost int) load.Result {
		return load.Result{Length: 10 * time.Second, Accepted: accepted, PluginCPU: 4 * time.Second, Lost: lost}
	}
	rows := []row{{
		Workload{Name: "transfer"},
		&measured{plugin: "peer", results: []load.Result{result(40_000, 1), result(10_000, 2), result(20_000, 0)}},
		&measured{plugin: "ours", results: []load.Result{result(50_000, 0)}},
	}, {
		Workload{Name: "erc20"}, &measured{plugin: "peer", failed: 1}, &measured{plugin: "ours", results: []load.Result{result(1, 0)}},
	}}
	var out strings.Builder
	writeTable(&out, rows, []column{columns[0], columns[1], columns[7]})
	want := `
| workload | plugin      | accepted/s | plugin CPU µs/tx |   lost |
|----------|-------------|-----------:|-----------------:|-------:|
| transfer | peer        |       2000 |              200 |      3 |
|          | ours        |       5000 |             80.0 |      0 |
|          | ours / peer |       2.50 |             0.40 |        |
| erc20    | peer        |     failed |           failed | failed |
|          | ours        |        0.1 |          4000000 |      0 |
|          | ours / peer |            |                  |        |
`
	if out.String() != want[1:] {
		t.Fatalf("got\n%swant%s", out.String(), want)
	}
}
