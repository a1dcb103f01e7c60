package bench

import (
	"fmt"
	"strings"
	"time"

	"pars.network/tests/host/internal/load"
)

// Workload is a row of the table.
type Workload struct {
	Name string
	Mode load.Mode
	Rate int // transactions a second; 0: as many as the chain takes
}

// Workloads are all that there are.
var Workloads = []Workload{
	{"transfer", load.Transfer, 0},
	{"erc20", load.Token, 0},
	{"transfer-100", load.Transfer, 100},
	{"erc20-100", load.Token, 100},
}

// Find gives the workloads of these names; all, where there are none.
func Find(names []string) (found []Workload, err error) {
	if len(names) == 0 {
		return Workloads, nil
	}
	for _, name := range names {
		before := len(found)
		for _, w := range Workloads {
			if w.Name == name {
				found = append(found, w)
			}
		}
		if len(found) == before {
			return nil, fmt.Errorf("no workload %q; there are: %s", name, strings.Join(Names(), ", "))
		}
	}
	return found, nil
}

// Names are the names of all workloads.
func Names() (names []string) {
	for _, w := range Workloads {
		names = append(names, w.Name)
	}
	return names
}

// transactions is how many a run may need.
func (w Workload) transactions(o Options) int {
	rate := w.Rate
	if rate == 0 {
		rate = o.RateMax
	}
	// The last second is for sending that stops late.
	return rate * int((o.Warmup + o.Length + time.Second).Seconds())
}
