package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"pars.network/tests/host/internal/load"
	"pars.network/tests/host/internal/profile"
)

// column is one number of a result.
type column struct {
	title string
	of    func(load.Result) float64
	sum   bool // of all rounds, where the others are medians; and without a ratio
}

var columns = []column{
	{title: "accepted/s", of: load.Result.Rate},
	{title: "plugin CPU µs/tx", of: func(r load.Result) float64 { return r.Each(micros(r.PluginCPU)) }},
	{title: "host CPU µs/tx", of: func(r load.Result) float64 { return r.Each(micros(r.HostCPU)) }},
	{title: "p50 ms", of: func(r load.Result) float64 { return millis(r.P50) }},
	{title: "p99 ms", of: func(r load.Result) float64 { return millis(r.P99) }},
	{title: "RSS MiB", of: func(r load.Result) float64 { return float64(r.PluginRSS) / (1 << 20) }},
	{title: "disk bytes/tx", of: func(r load.Result) float64 { return r.Each(float64(r.Disk)) }},
	{title: "lost", of: func(r load.Result) float64 { return float64(r.Lost) }, sum: true},
}

var hostColumns = []column{
	{title: "blocks/s", of: func(r load.Result) float64 { return float64(r.Blocks) / r.Length.Seconds() }},
	{title: "tx/block", of: func(r load.Result) float64 { return float64(r.Accepted) / float64(max(r.Blocks, 1)) }},
	{title: "build ms", of: func(r load.Result) float64 { return millis(r.Build.Mean()) }},
	{title: "verify ms", of: func(r load.Result) float64 { return millis(r.Verify.Mean()) }},
	{title: "accept ms", of: func(r load.Result) float64 { return millis(r.Accept.Mean()) }},
	{title: "others %", of: func(r load.Result) float64 { return 100 * r.Others }},
}

// Shares of a profile that are printed.
const (
	symbolsShown  = 30
	packagesShown = 20
	threadsShown  = 10
	symbolWidth   = 110
)

// writeTable writes three lines a workload: peer, ours, and ours as a multiple
// of the peer. It is Markdown, and lined up for terminals.
func writeTable(out io.Writer, rows []row, columns []column) {
	lines := [][]string{{"workload", "plugin"}}
	for _, c := range columns {
		lines[0] = append(lines[0], c.title)
	}
	for _, r := range rows {
		peer := []string{r.workload.Name, r.peer.plugin}
		ours := []string{"", r.ours.plugin}
		ratio := []string{"", r.ours.plugin + " / " + r.peer.plugin}
		for _, c := range columns {
			p, hasPeer := c.value(r.peer)
			o, hasOurs := c.value(r.ours)
			peer, ours = append(peer, c.number(p, hasPeer)), append(ours, c.number(o, hasOurs))
			if c.sum || !hasPeer || !hasOurs || p == 0 {
				ratio = append(ratio, "")
			} else {
				ratio = append(ratio, fmt.Sprintf("%.2f", o/p))
			}
		}
		lines = append(lines, peer, ours, ratio)
	}
	align(out, lines)
}

func (c column) value(m *measured) (float64, bool) {
	var values []float64
	var sum float64
	for _, r := range m.results {
		values = append(values, c.of(r))
		sum += c.of(r)
	}
	if c.sum {
		return sum, len(values) > 0
	}
	return median(values)
}

func (c column) number(v float64, has bool) string {
	switch {
	case !has:
		return "failed"
	case !c.sum && v < 100:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.0f", v)
	}
}

// align writes a table whose first two columns are text.
func align(out io.Writer, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, l := range lines {
		for i, cell := range l {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, l := range lines {
		for i, cell := range l {
			fill := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < 2 {
				cell += fill
			} else {
				cell = fill + cell
			}
			fmt.Fprintf(out, "| %s ", cell)
		}
		fmt.Fprintln(out, "|")
		if n > 0 {
			continue
		}
		for i, w := range widths {
			if i < 2 {
				fmt.Fprintf(out, "|%s", strings.Repeat("-", w+2))
			} else {
				fmt.Fprintf(out, "|%s:", strings.Repeat("-", w+1))
			}
		}
		fmt.Fprintln(out, "|")
	}
}

// formatProfile lists shares, and what they are of the microseconds that a
// transaction takes.
func formatProfile(title string, p profile.Profile, micros float64) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s, %.0f µs of plugin CPU a transaction\n", title, micros)
	for _, list := range []struct {
		name   string
		shares []profile.Share
		shown  int
	}{{"thread", p.Threads, threadsShown}, {"crate or library", p.Packages, packagesShown}, {"symbol", p.Symbols, symbolsShown}} {
		fmt.Fprintf(&s, "\n     %%  µs/tx  %s\n", list.name)
		for _, share := range list.shares[:min(list.shown, len(list.shares))] {
			part := float64(share.Samples) / float64(p.Samples)
			fmt.Fprintf(&s, "%6.1f %6.1f  %.*s\n", 100*part, part*micros, symbolWidth, share.Name)
		}
	}
	return s.String()
}
