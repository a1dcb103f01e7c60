// Command subnet-evm is the Go peer of our plugin: the same VM as upstream's
// plugin, without its check of the open-file limit, which refuses to start
// where the hard limit is below 32768.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ava-labs/avalanchego/graft/subnet-evm/plugin/evm"
	"github.com/ava-labs/avalanchego/vms/rpcchainvm"
)

func main() {
	evm.RegisterAllLibEVMExtras()
	if err := rpcchainvm.Serve(context.Background(), &evm.VM{}); err != nil {
		fmt.Fprintln(os.Stderr, "subnet-evm:", err)
		os.Exit(1)
	}
}
