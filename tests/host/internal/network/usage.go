package network

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pars.network/tests/host/internal/proc"
)

// Usage is what a node has used so far, the host and its plugin apart.
type Usage struct {
	Host, Plugin proc.Usage
	Disk         int64           // bytes of the host's database and of the plugin's folder
	Calls        map[string]Call // by name, such as build_block
}

// Call is how often and how long the host has waited for one of the plugin's
// methods.
type Call struct {
	Count int
	Total time.Duration
}

// meter begins the names of the host's metrics about calls of a chain's VM.
const meter = "avalanche_meterchainvm_"

// PluginPID is the plugin's process at a node.
func (n *Network) PluginPID(i int) (int, error) {
	return proc.Child(n.nodes[i].process.cmd.Process.Pid)
}

// Usage reads the accounts of a node.
func (n *Network) Usage(ctx context.Context, i int) (u Usage, err error) {
	plugin, err := n.PluginPID(i)
	if err != nil {
		return u, err
	}
	if u.Plugin, err = proc.Of(plugin); err != nil {
		return u, err
	}
	if u.Host, err = proc.Of(n.nodes[i].process.cmd.Process.Pid); err != nil {
		return u, err
	}
	for _, d := range []string{"db", "chainData"} {
		size, err := proc.Size(filepath.Join(n.dir(i), d))
		if err != nil {
			return u, err
		}
		u.Disk += size
	}
	u.Calls, err = n.calls(ctx, i)
	return u, err
}

func (n *Network) calls(ctx context.Context, i int) (map[string]Call, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.uri(i)+"/ext/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	calls := map[string]Call{}
	for line := range strings.Lines(string(b)) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), meter)
		if !ok || !strings.Contains(line, n.ChainID.String()) {
			continue
		}
		name, rest, _ := strings.Cut(line, "{")
		_, text, _ := strings.Cut(rest, "} ")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("/ext/metrics: %s: %w", line, err)
		}
		if method, ok := strings.CutSuffix(name, "_count"); ok {
			c := calls[method]
			c.Count = int(value)
			calls[method] = c
		} else if method, ok := strings.CutSuffix(name, "_sum"); ok {
			c := calls[method]
			c.Total = time.Duration(value) // the host counts nanoseconds
			calls[method] = c
		}
	}
	return calls, nil
}
