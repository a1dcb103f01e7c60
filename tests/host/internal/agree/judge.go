package agree

import (
	"fmt"
	"io"

	"pars.network/tests/host/internal/network"
)

// complaintsShown is how many are printed.
const complaintsShown = 20

// judge fails for every complaint of a host or plugin. Hosts have none in such a
// run, with our plugin or Go subnet-evm, so there is nothing to allow.
func judge(complaints []network.Complaint, out io.Writer) error {
	if len(complaints) == 0 {
		fmt.Fprintln(out, "  no line of ERROR, FATAL or panic in any log of hosts and plugins")
		return nil
	}
	for _, c := range complaints[:min(len(complaints), complaintsShown)] {
		fmt.Fprintf(out, "  node%d %s: %.400s\n", c.Node, c.File, c.Line)
	}
	return fmt.Errorf("%d lines of ERROR, FATAL or panic", len(complaints))
}
