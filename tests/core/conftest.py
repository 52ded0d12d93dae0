"""The programs that tests ask, each built once for all workers under sanitizers; the scenarios of tests/policy."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from minipod.config.toml import loads
from minipod.reading import read_pod
from minipod.supervisor.scenario import Scenario, parse

sys.path.insert(0, str(Path(__file__).parent))

from player import Player
from protocol_asker import Asker
from witness import SCENARIOS
from workshop import Workshop

HERE = Path(__file__).parent
# What stays off the fake kernel: the core's first and last words, the child's side of a fork, the door and the client's
# side of the control socket, and the kernel itself.
NOT_ON_FAKE = {"child", "file", "footprint", "front", "given", "identity", "lookup", "main", "report", "run", "sys",
               "user", "one", "one_amend", "one_options", "one_value", "pause", "ask", "client", "door", "seek",
               "rights", "mount", "message_file", "beneath", "hosts", "journal", "keeper", "keeper_place", "listing",
               "tree", "volume_files", "volume_make", "volume_show", "root", "fetcher", "tell",
               "step"}  # which is there with its witness
WRAPPED = ["-Wl,--wrap=timer_arm,--wrap=timer_pop_due,--wrap=arena_map"]

PHASES = [Phase.explicit, Phase.generate, Phase.shrink]
settings.register_profile("core", phases=PHASES, derandomize=True, database=None, deadline=None, print_blob=False)
settings.load_profile("core")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """One for all workers."""
    base = tmp_path_factory.getbasetemp()
    return Workshop(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(scope="session")
def build(workshop: Workshop) -> Callable[[str, list[str]], Path]:
    """Builds a program of a name from sources and words for the linker."""
    return workshop.build


@pytest.fixture(scope="session")
def player(root: Path, build: Callable[[str, list[str]], Path]) -> Iterator[Player]:
    """The core on the fake kernel."""
    own = [str(HERE / name) for name in ("driver.c", "script.c", "sight.c", "traced_step.c")]
    own += [str(path) for path in sorted(HERE.glob("fake_*.c"))]
    core = [str(path) for path in sorted((root / "csrc").glob("*.c")) if path.stem not in NOT_ON_FAKE]
    running = Player(build("core-on-fake", [*WRAPPED, *own, *core]))
    yield running
    running.close()


@pytest.fixture(scope="session")
def pieces(root: Path, build: Callable[[str, list[str]], Path]) -> Iterator[Callable[..., str]]:
    """Asks pieces.c: words in, its answer out; fails the test when it died of what it was asked."""
    core = [str(path) for path in sorted((root / "csrc").glob("*.c")) if path.name != "main.c"]
    program = build("pieces", [str(HERE / "pieces.c"), *core])
    running = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(*words: object) -> str:
        running.stdin.write(" ".join(map(str, words)) + "\n")
        running.stdin.flush()
        answer = running.stdout.readline()
        assert answer.endswith("\n"), f"it died of {words}"
        return answer.strip()

    yield ask
    running.communicate()


@pytest.fixture(scope="module")
def ask(root: Path, build: Callable[[str, list[str]], Path]) -> Iterator[Asker]:
    """Asks protocols.c, where a file of tests has nobody of its own to ask."""
    asker = Asker(build, root)
    yield asker
    asker.close()


@pytest.fixture(scope="session")
def scenarios() -> dict[str, Scenario]:
    """Every scenario of the policy by its name."""
    return {path.stem: _read(path) for path in SCENARIOS}


def _read(path: Path) -> Scenario:
    """Its pod is a table, or a manifest beside it."""
    document = loads(path.read_text(encoding="utf-8"))
    given = document["given"]
    return parse(document, read_pod(str(path.with_name(given))).pod if isinstance(given, str) else None)
