"""One subject running as PID 1 of a PID namespace of its own, and what /proc tells of it.

Leaving an arena kills the whole namespace and waits until nothing of it is left. It must never outlive its ``with``.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.board import Board, Silence

PATIENCE = 20.0
_CALM_LOOKS = 3
_LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Launch:
    """How a subject is started: PID 1's words (the first an absolute path) and what is bound over what before that; and
    the words that ask it the job's question while it runs, at ``socket``."""

    argv: list[str]
    binds: tuple[tuple[str, str], ...] = ()
    asks: tuple[str, ...] = ()
    socket: str = ""


class Arena:
    """Start ``launch`` (``enter`` does the namespaces); the board awaits ``posts``."""

    def __init__(self, enter: Path, launch: Launch, posts: int, *, output: int = subprocess.DEVNULL,
                 wrap: tuple[str, ...] = (), errors: int | None = subprocess.DEVNULL):
        self.launch = launch
        self._folder = Path(tempfile.mkdtemp(prefix="bench-", dir=_memory_folder()))
        self.board = Board(self._folder)
        self.board.await_posts(posts)
        binds = [word for source, target in launch.binds for word in ("-b", source, target)]
        self.process = subprocess.Popen(
            [*wrap, str(enter), str(self.board.path), *binds, "--", *launch.argv], stdin=subprocess.DEVNULL,
            stdout=output, stderr=errors, start_new_session=True, cwd="/",
            env=_environment(self.board))

    def __enter__(self) -> "Arena":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self.process.poll() is None and self.pid1:
                os.kill(self.pid1, signal.SIGKILL)
            elif self.process.poll() is None:
                self.process.kill()
        self.process.wait()
        self.board.close()
        shutil.rmtree(self._folder)

    @property
    def pid1(self) -> int:
        return self.board.get("pid1")

    def wait_posts(self) -> list[int]:
        return self.board.wait_bell(PATIENCE)

    def wait_end(self) -> None:
        """Wait until PID 1 is reaped. Silence if it does not end."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Silence(f"PID 1 did not end within {PATIENCE:g} s") from None

    def members(self) -> list[int]:
        """All processes of the namespace, PID 1 too, as the harness numbers them."""
        home = os.readlink(f"/proc/{self.pid1}/ns/pid")
        return [pid for pid in _all_pids() if _link(pid, "ns/pid") == home]

    def services(self, program: Path) -> list[int]:
        return [pid for pid in self.members() if _link(pid, "exe") == str(program)]

    def helpers(self, program: Path) -> list[int]:
        """PID 1 and everything else that is not a service."""
        return [pid for pid in self.members() if _link(pid, "exe") != str(program)]

    def settle(self) -> None:
        """Wait until no member has been switched for a few looks in a row, or patience ends (some never rest)."""
        end, calm, before = time.monotonic() + PATIENCE, 0, -1
        while calm < _CALM_LOOKS and time.monotonic() < end:
            time.sleep(_LOOK_EVERY)
            switches = sum(map(count_switches, self.members()))
            calm, before = (calm + 1 if switches == before else 0), switches


def _memory_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _environment(board: Board) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/", **board.environment}


def _all_pids() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _link(pid: int, name: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/{name}")
    except OSError:
        return ""


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def count_switches(pid: int) -> int:
    """Context switches of a process so far, voluntary and not; 0 when it is gone."""
    return sum(int(line.split()[1]) for line in _read(pid, "status").splitlines() if "ctxt_switches" in line)


def measure_pss(pid: int) -> int:
    """Proportional set size in bytes; 0 when the process is gone."""
    sizes = [line.split()[1] for line in _read(pid, "smaps_rollup").splitlines() if line.startswith("Pss:")]
    return 1024 * sum(map(int, sizes))


def measure_cpu(pid: int) -> int:
    """CPU time in ns, exact for a process that sleeps (schedstat); 0 when it is gone."""
    return int((_read(pid, "schedstat") or "0").split()[0])
