package network

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Repair is a record of a host that was ahead of its plugin after a start, and
// that the host took back.
type Repair struct {
	Outer uint64 `json:"outerHeight"` // the host's
	Inner uint64 `json:"innerHeight"` // the plugin's
}

// Told is how often the hosts and plugins have said something in the chain's
// logs so far.
func (n *Network) Told(words string) int {
	count := 0
	for i := range n.nodes {
		logs, _ := filepath.Glob(filepath.Join(n.dir(i), "logs", n.ChainID.String()+"*.log"))
		for _, log := range logs {
			b, err := os.ReadFile(log)
			if err == nil { // else it was rotated away
				count += strings.Count(string(b), words)
			}
		}
	}
	return count
}

// Repairs are those that the hosts have told of in their logs so far.
func (n *Network) Repairs() ([]Repair, error) {
	var repairs []Repair
	for i := range n.nodes {
		logs, err := filepath.Glob(filepath.Join(n.dir(i), "logs", n.ChainID.String()+"*.log"))
		if err != nil {
			return nil, err
		}
		for _, log := range logs {
			b, err := os.ReadFile(log)
			if err != nil {
				return nil, err
			}
			for _, line := range strings.Split(string(b), "\n") {
				if !strings.Contains(line, "repairing accepted chain by height") {
					continue
				}
				var r Repair
				if err := json.Unmarshal([]byte(line[max(0, strings.IndexByte(line, '{')):]), &r); err != nil {
					return nil, fmt.Errorf("%s: %q: %w", log, line, err)
				}
				repairs = append(repairs, r)
			}
		}
	}
	return repairs, nil
}
