package load

import (
	"runtime"
	"time"
)

// Result is what one run measured. All but the last two are about the
// measured time alone.
type Result struct {
	Length                time.Duration
	Accepted              int
	Blocks                int
	P50, P99              time.Duration // from sending until seen in a block
	PluginCPU, HostCPU    time.Duration
	PluginRSS             int64   // bytes, the most since the start
	Disk                  int64   // bytes by which the folders of host and plugin grew
	Build, Verify, Accept Call    // what the host waited for: a block built, verified, accepted
	Others                float64 // part of the processors that was neither node nor kit

	Sent, Lost int
}

// Call is a method of the plugin as the host saw it.
type Call struct {
	Count int
	Total time.Duration
}

// Mean is the time of one call.
func (c Call) Mean() time.Duration { return c.Total / time.Duration(max(c.Count, 1)) }

// Rate is the number of transactions accepted in a second.
func (r Result) Rate() float64 { return float64(r.Accepted) / r.Length.Seconds() }

// Each divides a cost among the accepted transactions.
func (r Result) Each(cost float64) float64 { return cost / float64(max(r.Accepted, 1)) }

func (l *ledger) result(s span) Result {
	blocks, waits := l.between(s.from.at, s.to.at)
	a, b := s.from.node, s.to.node
	r := Result{
		Length: s.to.at.Sub(s.from.at), Accepted: len(waits), Blocks: blocks,
		PluginCPU: b.Plugin.CPU - a.Plugin.CPU, HostCPU: b.Host.CPU - a.Host.CPU,
		PluginRSS: b.Plugin.RSSPeak, Disk: b.Disk - a.Disk,
		Sent: l.sent, Lost: l.outstanding(),
	}
	if len(waits) > 0 {
		r.P50, r.P99 = waits[len(waits)/2], waits[len(waits)*99/100]
	}
	for _, c := range []struct {
		into  *Call
		names []string
	}{
		{&r.Build, []string{"build_block", "build_block_with_context"}},
		{&r.Verify, []string{"verify", "verify_with_context"}},
		{&r.Accept, []string{"accept"}},
	} {
		for _, name := range c.names {
			c.into.Count += b.Calls[name].Count - a.Calls[name].Count
			c.into.Total += b.Calls[name].Total - a.Calls[name].Total
		}
	}
	known := r.PluginCPU + r.HostCPU + s.to.ours - s.from.ours
	rest := s.to.busy - s.from.busy - known
	r.Others = max(0, rest.Seconds()/r.Length.Seconds()/float64(runtime.NumCPU()))
	return r
}
