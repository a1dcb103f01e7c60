// Package bench compares plugins: each workload runs on all of them in turn,
// several rounds, every run on a fresh network of one node, and the medians
// become a table.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"syscall"
	"time"

	"pars.network/tests/host/internal/load"
	"pars.network/tests/host/internal/network"
	"pars.network/tests/host/internal/profile"
)

// Options say what is compared.
type Options struct {
	Network    network.Options // but for folder, plugin and VM
	Peer, Ours Plugin
	Workloads  []Workload
	Rounds     int
	Warmup     time.Duration
	Length     time.Duration // of what is measured in a run
	Window     int           // transactions outstanding
	RateMax    int           // transactions a second that are signed for
	Profile    bool          // also say where the time of ours goes
}

// Plugin is a program and the name of its VM.
type Plugin struct{ Name, File, VM string }

var errStopped = errors.New("stopped")

// measured are the results of a plugin with a workload.
type measured struct {
	plugin  string
	results []load.Result
	failed  int
}

// row is a workload with what each plugin did.
type row struct {
	workload   Workload
	peer, ours *measured
}

// Run prints the tables. It fails if a run fails or anything is lost.
func Run(ctx context.Context, o Options, out io.Writer) error {
	chainID, err := chainID(o.Network.Genesis)
	if err != nil {
		return err
	}
	b := bench{o: o, out: out}
	var rows []row
	for _, w := range o.Workloads {
		plan, err := load.Sign(chainID, w.Mode, w.transactions(o))
		if err != nil {
			return err
		}
		r := row{w, &measured{plugin: o.Peer.Name}, &measured{plugin: o.Ours.Name}}
		for round := range o.Rounds {
			if ctx.Err() != nil {
				return errStopped
			}
			fmt.Fprintf(out, "%s, round %d of %d\n", w.Name, round+1, o.Rounds)
			b.run(ctx, plan, w, o.Peer, r.peer)
			b.run(ctx, plan, w, o.Ours, r.ours)
		}
		rows = append(rows, r)
		if o.Profile && w.Rate == 0 {
			b.profile(ctx, plan, w)
		}
		if ctx.Err() != nil {
			return errStopped
		}
	}
	fmt.Fprintf(out, "\nMedians of %d round(s) of %s; lost is a sum, RSS a peak.\n\n", o.Rounds, o.Length)
	writeTable(out, rows, columns)
	fmt.Fprintf(out, "\nWhat the host waited for, and which part of the processors others took:\n\n")
	writeTable(out, rows, hostColumns)
	for _, p := range b.profiles {
		fmt.Fprintf(out, "\n%s", p)
	}
	if b.failed > 0 || b.lost > 0 {
		return fmt.Errorf("%d run(s) failed, %d transaction(s) lost", b.failed, b.lost)
	}
	return nil
}

type bench struct {
	o            Options
	out          io.Writer
	failed, lost int
	profiles     []string
}

// run is one run on a network of its own. What fails is printed and counted,
// and the others go on.
func (b *bench) run(ctx context.Context, plan *load.Plan, w Workload, p Plugin, into *measured) {
	res, err := b.onNetwork(ctx, plan, w, p, nil)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		b.failed++
		into.failed++
		fmt.Fprintf(b.out, "  %-5s FAILED: %v\n", p.Name, err)
		return
	}
	b.lost += res.Lost
	into.results = append(into.results, res)
	early := ""
	if res.Length < b.o.Length-time.Second {
		early = fmt.Sprintf("; all that was signed was sent after %.1f s", res.Length.Seconds())
	}
	fmt.Fprintf(b.out, "  %-5s %7.1f accepted/s, plugin %6.1f µs/tx, p50 %4d ms, lost %d; others took %.0f %% of the processors%s\n",
		p.Name, res.Rate(), res.Each(micros(res.PluginCPU)), res.P50.Milliseconds(), res.Lost, 100*res.Others, early)
}

// profile samples ours in a run that does not count.
func (b *bench) profile(ctx context.Context, plan *load.Plan, w Workload) {
	if ctx.Err() != nil {
		return
	}
	if !profile.Available() {
		b.profiles = append(b.profiles, "No profile: perf is not installed.\n")
		return
	}
	var p profile.Profile
	res, err := b.onNetwork(ctx, plan, w, b.o.Ours, func(ctx context.Context, pid int, length time.Duration) (err error) {
		p, err = profile.Record(ctx, pid, length)
		return err
	})
	if err != nil {
		b.failed++
		fmt.Fprintf(b.out, "  profile of %s FAILED: %v\n", b.o.Ours.Name, err)
		return
	}
	b.lost += res.Lost
	title := fmt.Sprintf("Where the time of %s goes, %s: perf, %d samples", b.o.Ours.Name, w.Name, p.Samples)
	b.profiles = append(b.profiles, formatProfile(title, p, res.Each(micros(res.PluginCPU))))
}

func (b *bench) onNetwork(ctx context.Context, plan *load.Plan, w Workload, p Plugin,
	during func(context.Context, int, time.Duration) error,
) (res load.Result, err error) {
	if ctx.Err() != nil {
		return res, errStopped
	}
	o := b.o.Network
	o.Plugin, o.VM, o.Nodes = p.File, p.VM, 1
	if o.Dir, err = os.MkdirTemp("", "pars-bench-"); err != nil {
		return res, err
	}
	defer os.RemoveAll(o.Dir)
	n, err := network.Up(ctx, o)
	if n == nil {
		return res, err
	}
	if err == nil {
		res, err = load.Run(ctx, n, plan, load.Options{
			Rate: w.Rate, Window: b.o.Window, Warmup: b.o.Warmup, Length: b.o.Length, During: during,
		})
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprint(b.out, n.Logs())
	}
	return res, errors.Join(err, n.Stop(syscall.SIGTERM))
}

func chainID(genesis []byte) (*big.Int, error) {
	var g struct {
		Config struct{ ChainID *big.Int }
	}
	if err := json.Unmarshal(genesis, &g); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	if g.Config.ChainID == nil {
		return nil, errors.New("genesis: config.chainId is missing")
	}
	return g.Config.ChainID, nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// median is the middle value, or the mean of the two in the middle; false where
// there is none.
func median(values []float64) (float64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2, true
}
