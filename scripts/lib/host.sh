# shellcheck shell=bash
# Sourced after env.sh by the scripts that run a real host: where its programs are, and how they are built.

command -v go > /dev/null || { echo "$0: Go is missing: install 1.25.8 or newer" >&2 && exit 1; }

host_kit="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tests/host" && pwd)"
bin="$PARS_CACHE/host"
mkdir -p "$bin"

# Go has a cache of its own, keyed by the compiler's name, so ccache stays out of it. Upstream's profile for the host
# would compile everything that the kit shares with it a second time.
go_kit() { # go_kit COMMAND ARGUMENT...
    (cd "$host_kit" && env -u CC -u CXX CGO_ENABLED=1 go "$1" -buildvcs=false -pgo=off "${@:2}")
}

go_build() { # go_build OUTPUT PACKAGE
    go_kit build -o "$bin/$1" "$2"
}
