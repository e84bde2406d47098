# Sourced by the Makefile and the scripts: puts a good Go and a good Node first on PATH, if this machine has them.
# shellcheck shell=bash

# Any Go from 1.21 on fetches the very release that go.mod asks for. Node must be what the web's build tools ask for.
GO_LEAST=1.21
NODE_LEAST=20.19
export GOTOOLCHAIN=auto

# Node trusts whom this machine trusts, such as the authority of a network that reads along.
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi

toolchain_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# at_least HAVE WANT: whether version HAVE, such as 1.23.5, is WANT or newer.
at_least() {
    local have_major=${1%%.*} have_minor=${1#*.} want_major=${2%%.*} want_minor=${2#*.}
    have_minor=${have_minor%%[!0-9]*} want_minor=${want_minor%%[!0-9]*}
    [ "$have_major" -gt "$want_major" ] || { [ "$have_major" -eq "$want_major" ] && [ "$have_minor" -ge "$want_minor" ]; }
} 2>/dev/null

# find_go and find_node print the folder of the first program that is new enough, or fail.
find_go() {
    local dir version
    for dir in "$(dirname "$(command -v go 2>/dev/null)" 2>/dev/null)" /usr/local/go/bin /usr/bin /usr/lib/go-*/bin; do
        [ -x "$dir/go" ] || continue
        version=$(cd / && GOTOOLCHAIN=local "$dir/go" env GOVERSION 2>/dev/null) || continue
        at_least "${version#go}" "$GO_LEAST" && { echo "$dir"; return; }
    done
    return 1
}

find_node() {
    local dir version
    for dir in "$(dirname "$(command -v node 2>/dev/null)" 2>/dev/null)" "$toolchain_root/bin/tools/node/bin" /usr/bin; do
        [ -x "$dir/node" ] && [ -x "$dir/npm" ] || continue
        version=$("$dir/node" --version 2>/dev/null) || continue
        at_least "${version#v}" "$NODE_LEAST" && { echo "$dir"; return; }
    done
    return 1
}

# use PROGRAM FOLDER: makes FOLDER's PROGRAM the one that is found, changing PATH only where it must.
use() {
    [ -z "$2" ] || [ "$(command -v "$1")" = "$2/$1" ] || PATH=$2:$PATH
}
use node "$(find_node)"
use go "$(find_go)"
export PATH
