//go:build tools

// Package host pins the programs that the kit builds but does not import.
package host

import _ "github.com/ava-labs/avalanchego/main"
