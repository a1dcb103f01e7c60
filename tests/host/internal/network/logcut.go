package network

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// CutLog takes the end from the newest write-ahead log of node i's plugin, which
// is stopped, at a random byte.
func (n *Network) CutLog(i int, random *rand.Rand) error {
	folder := filepath.Join(n.dir(i), "chainData", n.ChainID.String(), "pars")
	logs, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil {
		return err
	}
	if len(logs) == 0 {
		return fmt.Errorf("%s has no write-ahead log", folder)
	}
	newest := slices.Max(logs) // their names are numbers of equal length
	stat, err := os.Stat(newest)
	if err != nil {
		return err
	}
	return os.Truncate(newest, random.Int64N(stat.Size()+1))
}

// Opened is the last accepted block of node i's plugin when it was started last.
func (n *Network) Opened(i int) (height uint64, id string, err error) {
	b, err := os.ReadFile(filepath.Join(n.dir(i), "logs", n.ChainID.String()+".log"))
	if err != nil {
		return 0, "", err
	}
	lines := openedLine.FindAllSubmatch(b, -1)
	if len(lines) == 0 {
		return 0, "", errors.New("the plugin has not said what it opened")
	}
	last := lines[len(lines)-1]
	height, err = strconv.ParseUint(string(last[2]), 10, 64)
	return height, string(last[1]), err
}

var openedLine = regexp.MustCompile(` opened .* head=(0x[0-9a-f]{64}) height=(\d+)`)
