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
