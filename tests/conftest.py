"""Where tests find what is tested: the installed command, its sanitized twin, the interpreter of the environment.

Nothing here builds anything (scripts/set_up.sh does); a thing that is not there fails the test that asks for it.
"""

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples each time, however slow the machine is.
settings.register_profile("tests", derandomize=True, database=None, deadline=None,
                          suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

ROOT = Path(__file__).parents[1]


def find(variable: str, usual: Path) -> Path:
    """The path in an environment variable, else the usual one; fails the test unless it is an executable file."""
    path = Path(os.environ.get(variable) or usual).absolute()
    if not os.access(path, os.X_OK):
        pytest.fail(f"no executable file {path}; `make dev` makes it, {variable} may name another")
    return path


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter that minipod is installed for."""
    return Path(sys.executable)


@pytest.fixture(scope="session")
def minipod() -> Path:
    """The installed static command."""
    return find("MINIPOD_TEST_COMMAND", Path(sysconfig.get_path("scripts"), "minipod"))


@pytest.fixture(scope="session")
def minipod_asan() -> Path:
    """The command with address and undefined-behaviour checks."""
    return find("MINIPOD_TEST_SANITIZED", ROOT / "build/sanitize/csrc/minipod")


@pytest.fixture(scope="session", autouse=True)
def neutral_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All tests run in an empty directory: there, `python -m minipod` is the installed one, not the checkout's."""
    before = Path.cwd()
    directory = tmp_path_factory.mktemp("cwd")
    os.chdir(directory)
    yield directory
    os.chdir(before)
