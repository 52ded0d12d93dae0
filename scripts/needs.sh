# What the machine must have before anything can be built, and which Python to build with. Sourced, not run.
# Names Debian's packages; must never install a package for anybody but root, nor ask a question.

compiler=${CC:-gcc}  # may be several words

preprocesses() {  # does the compiler find the headers that the text on stdin includes?
    $compiler -E -x c - >/dev/null 2>&1
}

python_lacks() {  # PYTHON : the package names that this interpreter still needs; nothing when it is fit
    "$1" - <<'END'
import importlib.util, os, sysconfig
if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
    print("python3-venv")
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    print("python3-dev")
END
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

find_python() {  # sets python: $PYTHON, else the first fit one, else the first new enough, else empty
    python=
    for candidate in ${PYTHON:-python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11 python3.10}; do
        new_enough "$candidate" || continue
        python=${python:-$candidate}
        if [ -z "$(python_lacks "$candidate")" ]; then
            python=$candidate
            return
        fi
    done
}

find_missing() {  # WHAT : sets missing, the packages that are not there; WHAT is build or test
    missing=
    if ! command -v ${compiler%% *} >/dev/null; then
        missing="gcc libc6-dev"
    elif ! echo '#include <stdio.h>' | preprocesses; then
        missing=libc6-dev
    fi
    find_python
    if [ -n "$python" ]; then
        missing="$missing $(python_lacks "$python" | tr '\n' ' ')"
    else
        missing="$missing python3 python3-venv python3-dev"
    fi
    if [ "$1" = test ]; then
        command -v musl-gcc >/dev/null || missing="$missing musl-tools"
        echo '#include <sys/capability.h>' | preprocesses || missing="$missing libcap-dev"
        command -v unshare >/dev/null && command -v setpriv >/dev/null || missing="$missing util-linux"
        command -v zsh >/dev/null || missing="$missing zsh"
        command -v fish >/dev/null || missing="$missing fish"
    fi
    missing=$(echo $missing)
}

explain() {  # PACKAGE : what its absence means, in words
    case $1 in
    gcc) echo "no C compiler ($compiler)" ;;
    libc6-dev) echo "no headers of the C library" ;;
    python3) echo "no Python of 3.10 or later${PYTHON:+ (PYTHON=$PYTHON)}" ;;
    python3-venv) echo "no venv module for ${python:-Python}" ;;
    python3-dev) echo "no Python.h for ${python:-Python}" ;;
    musl-tools) echo "no musl-gcc" ;;
    libcap-dev) echo "no headers of libcap" ;;
    util-linux) echo "no unshare and setpriv" ;;
    zsh | fish) echo "no $1" ;;
    esac
}

install_missing() {
    echo "installing $missing" >&2
    apt-get -qq update >&2
    # $missing is a list of words
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >&2 </dev/null
}

refuse() {
    why=
    for package in $missing; do
        why="$why${why:+, }$(explain "$package")"
    done
    echo "cannot set up minipod: $why; on Debian: apt-get install $missing" >&2
    exit 1
}

require() {  # build | test : returns when all is there, else says what is not. Tests may install it
    find_missing "$1"
    if [ -n "$missing" ] && [ "$1" = test ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        install_missing
        find_missing "$1"
    fi
    [ -z "$missing" ] || refuse
}
