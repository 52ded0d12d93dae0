"""What tests of the commands that ask a pod share: a pod that is none, and the command line against it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent))

sys.path.append(str(Path(__file__).parents[1] / "system"))

from fake_pod import FakePod
from system_harness import Launcher, Stage

from minipod import cli


class Said(NamedTuple):
    """What a command line came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def fake_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePod]:
    """A server with PID 1's contract, which the commands find by MINIPOD_SOCKET."""
    with FakePod(str(tmp_path / "pod.sock")) as pod:
        monkeypatch.setenv("MINIPOD_SOCKET", pod.path)
        yield pod


@pytest.fixture(params=list(Stage), ids=lambda stage: stage.value)
def launch_named(request: pytest.FixtureRequest, minipod: Path, tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """Starts the command by another name, a link's, as PID 1 and as an ordinary process."""
    launchers = []

    def make(name: str = "minipod") -> Launcher:
        link = tmp_path / name
        if not link.is_symlink():
            link.symlink_to(minipod)
        launchers.append(Launcher(link, tmp_path, request.param))
        return launchers[-1]

    yield make
    for launcher in launchers:
        launcher.close()


@pytest.fixture(autouse=True)
def universal_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day do not depend on where the tests run."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command line."""

    def run(*words: str) -> Said:
        code = cli.main(list(words))
        return Said(code, *capfd.readouterr())

    return run
