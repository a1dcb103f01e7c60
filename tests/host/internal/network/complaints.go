package network

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Complaint is a line of ERROR or FATAL in a log of a node.
type Complaint struct {
	Node int
	File string
	Line string
}

// lineMax is the longest line that is looked at whole.
const lineMax = 1 << 20

// Complaints are all such lines, of hosts and plugins, since the nodes were made.
func (n *Network) Complaints() ([]Complaint, error) {
	var all []Complaint
	for i := range n.nodes {
		files, err := filepath.Glob(filepath.Join(n.dir(i), "logs", "*.log"))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, errors.New("a node has no logs")
		}
		for _, file := range files {
			lines, err := complaintsIn(file)
			if err != nil {
				return nil, err
			}
			for _, line := range lines {
				all = append(all, Complaint{Node: i, File: filepath.Base(file), Line: line})
			}
		}
	}
	return all, nil
}

func complaintsIn(file string) (lines []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, lineMax)
	for s.Scan() {
		if line := s.Text(); strings.Contains(line, "ERROR") || strings.Contains(line, "FATAL") || strings.Contains(line, "panic") {
			lines = append(lines, line)
		}
	}
	return lines, s.Err()
}
