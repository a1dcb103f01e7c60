// Package profile says where a program spends its time, by perf's samples.
package profile

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// samples a second and thread; no divisor of what a program does regularly.
const frequency = 499

// Share is a part of the samples.
type Share struct {
	Name    string
	Samples int
}

// Profile is what was sampled, each list with the largest share first.
type Profile struct {
	Samples                    int
	Symbols, Packages, Threads []Share
}

// Available says whether the machine has perf.
func Available() bool {
	_, err := exec.LookPath("perf")
	return err == nil
}

// Record samples a process.
func Record(ctx context.Context, pid int, length time.Duration) (p Profile, err error) {
	dir, err := os.MkdirTemp("", "pars-profile-")
	if err != nil {
		return p, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "perf.data")
	if _, err := perf(ctx, "record", "--quiet", "--freq", strconv.Itoa(frequency), "--output", file, "--pid", strconv.Itoa(pid),
		"--", "sleep", fmt.Sprintf("%.3f", length.Seconds())); err != nil {
		return p, err
	}
	// In perf's fields, a column of samples comes first.
	symbols, err := report(ctx, file, "dso,sym")
	if err != nil {
		return p, err
	}
	threads, err := report(ctx, file, "comm")
	if err != nil {
		return p, err
	}
	byName, byPackage := map[string]int{}, map[string]int{}
	for _, l := range symbols {
		if len(l.columns) < 2 {
			return p, fmt.Errorf("perf report: no symbol in %q", l.columns)
		}
		symbol := strings.TrimPrefix(strings.TrimPrefix(l.columns[1], "[.] "), "[k] ")
		p.Samples += l.samples
		byPackage[Package(l.columns[0], symbol)] += l.samples
		byName[symbol] += l.samples
	}
	byThread := map[string]int{}
	for _, l := range threads {
		byThread[l.columns[0]] += l.samples
	}
	if p.Samples == 0 {
		return p, fmt.Errorf("perf has no samples of process %d", pid)
	}
	p.Symbols, p.Packages, p.Threads = sorted(byName), sorted(byPackage), sorted(byThread)
	return p, nil
}

type line struct {
	samples int
	columns []string
}

func report(ctx context.Context, file, fields string) ([]line, error) {
	out, err := perf(ctx, "report", "--stdio", "--quiet", "--input", file, "--fields", "sample,"+fields, "--field-separator", "|")
	if err != nil {
		return nil, err
	}
	return parse(out)
}

func parse(report string) (lines []line, err error) {
	for text := range strings.Lines(report) {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		columns := strings.Split(text, "|")
		for i := range columns {
			columns[i] = strings.TrimSpace(columns[i])
		}
		samples, err := strconv.Atoi(columns[0])
		if err != nil || len(columns) < 2 {
			return nil, fmt.Errorf("perf report: no number of samples in %q", text)
		}
		lines = append(lines, line{samples, columns[1:]})
	}
	return lines, nil
}

func perf(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "perf", args...)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("perf %s: %w: %s", args[0], err, strings.TrimSpace(complaint.String()))
	}
	return string(out), err
}

func sorted(counts map[string]int) (shares []Share) {
	for name, n := range counts {
		shares = append(shares, Share{name, n})
	}
	slices.SortFunc(shares, func(a, b Share) int {
		if a.Samples != b.Samples {
			return b.Samples - a.Samples
		}
		return strings.Compare(a.Name, b.Name)
	})
	return shares
}
