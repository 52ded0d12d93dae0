"""The set-up scripts: what is missing is said in one sentence, with the package that has it."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

FIT_BUT = """#!/bin/sh
case $1 in
-c) exit 0 ;;
*) echo {} ;;
esac
"""


def require(root: Path, what: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the check of the machine with ``environment`` added to our own."""
    script = f". {shlex.quote(str(root / 'scripts/needs.sh'))}; require {what}; echo with $python"
    return subprocess.run(
        ["sh", "-euc", script], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def fake(path: Path, text: str) -> str:
    """An executable script at ``path``."""
    path.write_text(text, encoding="ascii")
    path.chmod(0o755)
    return str(path)


def test_this_machine_has_all(root: Path, python: Path) -> None:
    done = require(root, "test", PYTHON=str(python))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"with {python}\n", "")


def test_no_compiler(root: Path) -> None:
    done = require(root, "build", CC="/nowhere/cc")
    assert done.returncode == 1
    assert done.stderr == (
        "cannot set up minipod: no C compiler (/nowhere/cc), no headers of the C library; "
        "on Debian: apt-get install gcc libc6-dev\n"
    )


def test_compiler_without_headers(root: Path, tmp_path: Path) -> None:
    done = require(root, "build", CC=fake(tmp_path / "cc", "#!/bin/sh\nexit 1\n"))
    assert done.stderr == (
        "cannot set up minipod: no headers of the C library; on Debian: apt-get install libc6-dev\n"
    )


def test_python_too_old(root: Path, tmp_path: Path) -> None:
    old = fake(tmp_path / "old", "#!/bin/sh\nexit 1\n")
    done = require(root, "build", PYTHON=old)
    assert done.returncode == 1
    assert done.stderr.startswith(f"cannot set up minipod: no Python of 3.10 or later (PYTHON={old}), ")


@pytest.mark.parametrize(
    ("package", "words"), [("python3-venv", "no venv module for"), ("python3-dev", "no Python.h for")]
)
def test_python_lacks(root: Path, tmp_path: Path, package: str, words: str) -> None:
    poor = fake(tmp_path / "poor", FIT_BUT.format(package))
    done = require(root, "build", PYTHON=poor)
    assert done.stderr == f"cannot set up minipod: {words} {poor}; on Debian: apt-get install {package}\n"


def test_unknown_step_is_a_usage_error(root: Path) -> None:
    done = subprocess.run([root / "scripts/set_up.sh", "all"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (64, "usage: set_up.sh build | test | sanitize\n")
