#!/bin/sh
# Makes the checkout's own environment, .venv, with minipod installed in it; does nothing when that is there already.
#
#     set_up.sh build | test | sanitize
#
# build: the package. test: what the tests need as well, the machine's packages included. sanitize: the command with
# address and undefined-behaviour checks, build/sanitize/csrc/minipod. Nothing outside the checkout is touched but those
# packages. .venv is made anew when pyproject.toml, these scripts, the interpreter or the checkout's place change.

set -eu
cd "$(dirname "$0")/.."
. scripts/needs.sh

install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" </dev/null
}

digest() {  # of the text on stdin
    sha256sum | cut -d ' ' -f 1
}

is_done() {  # STEP KEY
    [ "$(cat ".venv/$1.done" 2>/dev/null)" = "$2" ]
}

make_environment() {
    key=$({ pwd; cat pyproject.toml scripts/*; "$python" -c 'import sys; print(sys.version, sys.base_prefix)'; } | digest)
    is_done environment "$key" && return
    echo "making .venv with $("$python" -V)" >&2
    rm -rf .venv build
    "$python" -m venv .venv
    { .venv/bin/python scripts/requirements.py build; echo ninja; } >.venv/build.txt
    install -r .venv/build.txt
    echo "$key" >.venv/environment.done
}

add_test_requirements() {
    is_done test yes && return
    echo "installing what the tests need" >&2
    .venv/bin/python scripts/requirements.py test >.venv/test.txt
    install --use-pep517 -r .venv/test.txt
    echo yes >.venv/test.done
}

install_package() {
    key=$({
        find meson.build meson.options csrc minipod -name __pycache__ -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
        command -v musl-gcc || true
    } | digest)
    is_done package "$key" && return
    echo "building and installing minipod" >&2
    PATH=$PWD/.venv/bin:$PATH install --no-build-isolation --config-settings=build-dir=build/wheel .
    echo "$key" >.venv/package.done
}

build_sanitized() {
    export PATH="$PWD/.venv/bin:$PATH"
    [ -f build/sanitize/build.ninja ] || quietly meson setup -Dsanitize=true build/sanitize
    quietly meson compile -C build/sanitize minipod
}

quietly() {  # COMMAND : its output only when it fails
    "$@" >build/log 2>&1 </dev/null || { cat build/log >&2; exit 1; }
}

case ${1-} in
build | sanitize) require build ;;
test) require test ;;
*) echo "usage: set_up.sh build | test | sanitize" >&2; exit 64 ;;
esac

exec 9<pyproject.toml  # any file would do: two at once would build in one directory
flock 9
make_environment
[ "$1" != test ] || add_test_requirements
install_package
[ "$1" = build ] || build_sanitized
