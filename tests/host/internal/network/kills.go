package network

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// KillHosts ends every host by kill -9. The plugins notice.
func (n *Network) KillHosts() error {
	var errs []error
	for i := range n.nodes {
		errs = append(errs, syscall.Kill(n.nodes[i].process.cmd.Process.Pid, syscall.SIGKILL))
	}
	return errors.Join(errs...)
}

// KillPlugins ends the plugin of every host by kill -9. The hosts live on, and
// their chain is dead.
func (n *Network) KillPlugins() error {
	var errs []error
	for i := range n.nodes {
		pids, err := childrenOf(n.nodes[i].process.cmd.Process.Pid)
		if err == nil && len(pids) != 1 {
			err = fmt.Errorf("node%d has %d processes below it, expected the plugin alone", i, len(pids))
		}
		if err == nil {
			err = syscall.Kill(pids[0], syscall.SIGKILL)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// childrenOf lists the processes whose parent this one is, through /proc.
func childrenOf(parent int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		// The name stands in parentheses and may hold anything; behind it come the state and the parent.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) || fields[0] == "Z" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		children = append(children, pid)
	}
	return children, nil
}
