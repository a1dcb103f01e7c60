package agree

import (
	"fmt"
	"io"
	"regexp"

	"pars.network/tests/host/internal/network"
)

// allowed are lines that the host writes for Go subnet-evm as well, in the same
// run with --go-peer, each with its reason.
var allowed = []struct {
	line   *regexp.Regexp
	reason string
}{}

// judge prints complaints of hosts and plugins, and fails for those that are
// not allowed.
func judge(complaints []network.Complaint, out io.Writer) error {
	counts := map[string]int{}
	var offences []network.Complaint
	for _, c := range complaints {
		reason := ""
		for _, a := range allowed {
			if a.line.MatchString(c.Line) {
				reason = a.reason
			}
		}
		if reason == "" {
			offences = append(offences, c)
		} else {
			counts[reason]++
		}
	}
	for _, a := range allowed {
		if counts[a.reason] > 0 {
			fmt.Fprintf(out, "  allowed, %d times: %s\n", counts[a.reason], a.reason)
		}
	}
	if len(offences) == 0 {
		fmt.Fprintln(out, "  no other ERROR or FATAL line of hosts and plugins")
		return nil
	}
	for _, c := range offences[:min(len(offences), 20)] {
		fmt.Fprintf(out, "  node%d %s: %.400s\n", c.Node, c.File, c.Line)
	}
	return fmt.Errorf("%d ERROR or FATAL lines", len(offences))
}
