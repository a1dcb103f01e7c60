package profile

import (
	"regexp"
	"strings"
)

var path = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)::`)

// standard are the packages that do work for others: a vector of blocks is
// counted with the blocks.
var standard = map[string]bool{"core": true, "alloc": true, "std": true}

// plain are libraries in C and assembly, whose names have no paths.
var plain = []struct{ prefix, library string }{
	{"rustsecp256k1_", "secp256k1"},
	{"mi_", "mimalloc"},
	{"_mi_", "mimalloc"},
	{"KECCAK", "keccak"},
	{"__Keccak", "keccak"},
	{"Keccak", "keccak"},
	{"LZ4_", "lz4"},
	{"ZSTD_", "zstd"},
	{"blst_", "blst"},
	{"__rust", "std"},
	{"rust_", "std"},
}

// Package is the crate or library that a symbol belongs to: of a path, or of
// several in type arguments, the first that is not the standard library.
func Package(object, symbol string) string {
	if strings.HasPrefix(object, "[") {
		return "kernel"
	}
	if name, _, ok := strings.Cut(object, ".so"); ok {
		return name
	}
	for _, p := range plain {
		if strings.HasPrefix(symbol, p.prefix) {
			return p.library
		}
	}
	found := ""
	for _, m := range path.FindAllStringSubmatchIndex(symbol, -1) {
		// A part in the middle of a path stands behind colons.
		if m[0] >= 2 && symbol[m[0]-2:m[0]] == "::" {
			continue
		}
		name := symbol[m[2]:m[3]]
		if !standard[name] {
			return name
		}
		found = "std"
	}
	if found == "" {
		return "without a path"
	}
	return found
}
