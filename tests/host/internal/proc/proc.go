// Package proc reads what Linux accounts for processes and folders.
package proc

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times: USER_HZ is 100 on all that we run on.
const tick = 10 * time.Millisecond

// Usage is what a process has used so far.
type Usage struct {
	CPU     time.Duration // user and system, all threads
	RSSPeak int64         // bytes
}

// Of reads the usage of a process.
func Of(pid int) (u Usage, err error) {
	stat, err := readStat(pid)
	if err != nil {
		return u, err
	}
	if u.CPU, err = ticks(stat[11:13]); err != nil {
		return u, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.Fields(kib)[0], 10, 64)
			u.RSSPeak = n << 10
			return u, err
		}
	}
	return u, fmt.Errorf("process %d has ended", pid)
}

// Child is the only child of a process.
func Child(parent int) (int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	child := 0
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// Processes end while we read.
		if stat, err := readStat(pid); err == nil && stat[1] == strconv.Itoa(parent) && stat[0] != "Z" {
			if child != 0 {
				return 0, fmt.Errorf("process %d has several children, %d and %d", parent, child, pid)
			}
			child = pid
		}
	}
	if child == 0 {
		return 0, fmt.Errorf("process %d has no child", parent)
	}
	return child, nil
}

// Busy is the time that all processors have spent working.
func Busy() (time.Duration, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	// cpu user nice system idle iowait irq softirq steal
	f := strings.Fields(strings.SplitN(string(b), "\n", 2)[0])
	if len(f) < 9 {
		return 0, fmt.Errorf("/proc/stat begins with %q", f)
	}
	return ticks(append(f[1:4:4], f[6:9]...))
}

// Size adds up the sizes of the files in a folder. Blocks on disk are not
// counted, because a database may reserve them before it needs them.
func Size(folder string) (total int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		// A database removes files while we read.
		if os.IsNotExist(err) || err == nil && d.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		} else if os.IsNotExist(err) {
			err = nil
		}
		return err
	})
	return total, err
}

// readStat gives the fields of /proc/PID/stat behind the name: state, parent,
// and so on.
func readStat(pid int) ([]string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	// The name stands in brackets and may hold anything.
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 22 {
		return nil, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(f))
	}
	return f, nil
}

func ticks(fields []string) (sum time.Duration, err error) {
	for _, f := range fields {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}
