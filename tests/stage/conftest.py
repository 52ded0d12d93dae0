"""The core on stage and the puppet, built once for all workers; every scenario there is, each played once."""

import fcntl
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from minipod.supervisor.vocabulary import Handler

sys.path.insert(0, str(Path(__file__).parent))

from director import Director, Programs, Run
from repertoire import SCENARIOS

HERE = Path(__file__).parent
STRICT = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra", "-Wswitch-enum", "-Wconversion", "-Werror"]
STAGE = [HERE / name for name in ("wire.c", "seam.c", "gate.c")]
# What the files of STAGE put before the core's own functions.
WRAPPED = (
    "loop_run", "sys_now", "sys_epoll_wait", "timer_arm", "timer_pop_due", "spawn_unit", "spawn_errand", "sys_fork",
    "sys_share", "sys_reap", "sys_kill", "sys_pidfd", "sys_pidfd_signal", "stray_sweep", "notify_begin", "notify_read",
    "dial_begin", "dial_end", "errand_answer", "oom_count", "child_run",
)

@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "stage"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One worker at a time."""
    with open(path.with_name(path.name + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(program: Path, *words: str | Path) -> Path:
    """A program from words for the compiler; the first worker does it, the others wait for it."""
    with alone(program):
        if not program.exists():
            unfinished = program.with_name(program.name + ".new")
            subprocess.run(["gcc", *STRICT, "-o", unfinished, *words], check=True)
            unfinished.rename(program)
    return program


@pytest.fixture(scope="session")
def programs(root: Path, shared: Path) -> Programs:
    """All of the core behind the seam, and the puppet."""
    wrap = "-Wl," + ",".join(f"--wrap={name}" for name in WRAPPED)
    headers = [f"-I{root / 'csrc'}", f"-I{HERE}", "-include", HERE / "seam.h"]
    core = build(shared / "core-on-stage", *headers, wrap, *STAGE, *sorted((root / "csrc").glob("*.c")))
    return Programs(core, build(shared / "puppet", HERE / "puppet.c"))


@pytest.fixture(scope="session")
def run_of(programs: Programs, shared: Path) -> Callable[..., Run]:
    """What the core does with a scenario; played when first asked for, by whichever worker. ``handler``: how probes and
    hooks are asked."""

    def play_once(name: str, handler: Handler = Handler.EXEC) -> Run:
        folder = shared / f"{name}-{handler.word}"
        kept = folder / "run"
        with alone(folder):
            if not kept.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                run = Director(SCENARIOS[name], programs, folder, handler).play()
                kept.write_bytes(pickle.dumps(run))
        return pickle.loads(kept.read_bytes())

    return play_once
