# shellcheck shell=bash
# Sourced by every script, and by a shell that calls cargo itself:
#     . scripts/lib/env.sh
# Cargo compiles RocksDB again whenever CC, CXX or BINDGEN_EXTRA_CLANG_ARGS change, so all builds should share these.

PARS_CACHE="${PARS_CACHE:-$HOME/.cache/pars}"
export PARS_CACHE
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PARS_CACHE/target}"
case "$CARGO_TARGET_DIR" in
    /*) ;;
    *) CARGO_TARGET_DIR="$PWD/$CARGO_TARGET_DIR" ;;
esac

# Programs that scripts/setup installs.
case ":$PATH:" in
    *":$PARS_CACHE/tools/bin:"*) ;;
    *) export PATH="$PARS_CACHE/tools/bin:$PATH" ;;
esac

if [ -z "${CC:-}" ] && [ -z "${CXX:-}" ] && command -v ccache > /dev/null; then
    export CC="ccache gcc" CXX="ccache g++"
fi

# libclang, which reads RocksDB's header, does not bring stddef.h and friends: gcc's serve.
if [ -z "${BINDGEN_EXTRA_CLANG_ARGS:-}" ] && command -v gcc > /dev/null; then
    BINDGEN_EXTRA_CLANG_ARGS="-I$(gcc -print-file-name=include)"
    export BINDGEN_EXTRA_CLANG_ARGS
fi

# Cargo knows a workspace's own packages by their place inside it and by file times, so a target directory that another
# checkout used last looks fresh when it is not. Touching the sources rebuilds them and leaves the dependencies alone.
pars_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
pars_stamp="$CARGO_TARGET_DIR/last-checkout"
if [ "$(cat "$pars_stamp" 2> /dev/null)" != "$pars_root" ]; then
    git -C "$pars_root" ls-files -z -- '*.rs' '*.proto' '*Cargo.toml' | (cd "$pars_root" && xargs -0r touch -c)
    mkdir -p "$CARGO_TARGET_DIR"
    printf '%s' "$pars_root" > "$pars_stamp"
fi
unset pars_root pars_stamp
