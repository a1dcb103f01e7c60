# shellcheck shell=bash
# Packages of a folder of tests, kept outside the checkout. Behind lib/env.sh.

# npm_packages NAME NODE LIST...: in the folder of tests of this name, installs what its lists say and links node_modules.
# NODE is the oldest release of Node that does. What else is to be installed is done by install_more, where it is defined,
# into $folder. Checkouts with the same lists share a folder, others have one of their own.
npm_packages() {
    local name=$1 node=$2
    shift 2
    command -v npm > /dev/null || { echo "scripts/$name: Node is missing: install $node or newer" >&2 && exit 1; }
    folder="$PARS_CACHE/$name/$(cat "$@" | sha256sum | cut -c 1-16)"
    mkdir -p "$PARS_CACHE/$name"
    (flock 9 && npm_install "$name" "$@") 9> "$PARS_CACHE/$name/lock"
    ln -sfn "$folder/node_modules" node_modules
}

npm_install() {
    [ ! -e "$folder/installed" ] || return 0
    echo "installing the packages of tests/$1 into $folder"
    shift
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$@" "$folder"
    npm --prefix "$folder" ci --ignore-scripts --no-audit --no-fund --loglevel error
    if declare -F install_more > /dev/null; then install_more; fi
    touch "$folder/installed"
}
