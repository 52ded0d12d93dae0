"""What system tests share: minipod as PID 1 of a PID namespace, or as an ordinary process; pods compiled in process."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import dispositions
from knocking import near
from system_harness import Launcher, Stage
from terminals import Terminal


@pytest.fixture(scope="session", autouse=True)
def default_dispositions() -> None:
    """What minipod is given here does not depend on who runs the tests."""
    dispositions.restore()


@pytest.fixture
def launch(minipod: Path, tmp_path: Path) -> Iterator[Launcher]:
    """Starts pods as PID 1; whatever still runs when the test is over is killed."""
    with Launcher(minipod, tmp_path, Stage.INIT) as launcher:
        yield launcher


@pytest.fixture
def launch_as_child(minipod: Path, tmp_path: Path) -> Iterator[Launcher]:
    """The same, but minipod is not PID 1."""
    with Launcher(minipod, tmp_path, Stage.CHILD) as launcher:
        yield launcher


@pytest.fixture(params=list(Stage), ids=lambda stage: stage.value)
def launch_both(request: pytest.FixtureRequest, minipod: Path, tmp_path: Path) -> Iterator[Launcher]:
    """Both, one after the other."""
    with Launcher(minipod, tmp_path, request.param) as launcher:
        yield launcher


@pytest.fixture
def folder() -> Iterator[Path]:
    """One whose path is short enough for a socket in it."""
    with near() as found:
        yield found


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """One that nobody sits in front of yet."""
    one = Terminal()
    yield one
    one.close()


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """The test's folder, which other users may use, too: pytest's own let nobody pass."""
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    return tmp_path


@pytest.fixture
def write_script(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes an executable file."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    return write
