#!/bin/sh
# Installs what bench compares minipod with: the inits and supervisors that Debian has, supervisord from PyPI (into
# .cache/bench), and what the harness itself needs. It must never stop half-way: a peer that cannot be had is named in
# one line and left out of the table.
set -u
cd "$(dirname "$0")/.." || exit 1
needs="gcc musl-tools strace curl"
peers="tini dumb-init catatonit busybox-static runit s6 dinit"

install_package() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q "ok installed" && return 0
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1" >/dev/null 2>&1
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq >/dev/null 2>&1
    for package in $needs $peers; do
        install_package "$package" || echo "bench: $package is not to be had here; left out"
    done
else
    echo "bench: not root, or no apt: only the peers that are installed already are compared"
fi

if ! [ -x .cache/bench/bin/supervisord ]; then
    python3 -m venv .cache/bench && .cache/bench/bin/pip install -q supervisor setuptools ||
        echo "bench: supervisord is not to be had here; left out"
fi
if ! [ -x .cache/bench/bin/honcho ]; then
    .cache/bench/bin/pip install -q honcho || echo "bench: honcho is not to be had here; left out"
fi
