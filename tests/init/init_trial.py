"""Where a check's init runs: as PID 1 of a namespace of its own, or below a shell that is. Any init, by its command
line; nothing here knows one from another, and nothing outlives a trial.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system_harness import Result, Running, Stage, children, descendants, status, wait_until, watch

PROGRAMS = Path(__file__).with_name("init_programs.py")
_SENT_IN = '*") "?" 0 "*'  # whose parent is out of sight: the test's own, sent in from outside


@dataclass(frozen=True)
class Init:
    """An init's column and its command lines: ``as_init`` and ``as_child`` ask for all that it offers, ``bare`` is the
    least that it needs before a program."""

    name: str
    as_init: tuple[str, ...]
    as_child: tuple[str, ...]
    bare: tuple[str, ...]


def program(name: str, *args: object) -> list[str]:
    """The command of one of the helper programs of init_programs.py."""
    return [sys.executable, "-IS", str(PROGRAMS), name, *map(str, args)]


@dataclass
class Run(Running):
    """An init that runs. ``patience``: how long anything is waited for, in s."""

    name: str = ""
    patience: float = 0.0

    def _find(self) -> int:
        assert self.process.poll() is None, f"it is over: {self.read_rest()}"
        below = descendants(self.process.pid)
        return next((pid for pid in below if status(pid).get("Name") == self.name), 0)

    def _await(self, buffer: bytearray, pattern: str, start: int, patience: float) -> Any:
        return super()._await(buffer, pattern, start, self.patience)

    def until(self, happened: Callable[[], Any], what: str) -> Any:
        """The first true answer of ``happened``; fails the check when there is none in time."""
        return wait_until(happened, what, self.patience)

    def end(self) -> Result:
        """How it ended. Who was left behind is in ``err``."""
        return self.wait(self.patience, others=True)

    def program(self, name: str = "") -> int:
        """The init's first child, as seen from the test, once it goes by ``name``."""

        def find() -> int:
            found = (pid for pid in children(self.pid) if status(pid).get("Name", self.name) != self.name)
            return next((pid for pid in found if not name or status(pid).get("Name") == name), 0)

        return self.until(find, f"the program {name} runs")


class Trial:
    """One check with one init: starts it as often as the check likes, kills what is left when it is closed."""

    def __init__(self, init: Init, stage: Stage, folder: Path, patience: float):
        self.init = init
        self.stage = stage
        self.folder = folder
        self.patience = patience
        self._runs: list[Run] = []

    def __enter__(self) -> "Trial":
        return self

    def __exit__(self, *_: object) -> None:
        while self._runs:
            self._runs.pop().kill()

    @property
    def command(self) -> tuple[str, ...]:
        """The init with all that it offers; a program follows."""
        return self.init.as_init if self.stage is Stage.INIT else self.init.as_child

    @property
    def is_init(self) -> bool:
        return self.stage is Stage.INIT

    def start(self, *words: object, wrap: Iterable[object] = (), env: Mapping[str, str] | None = None,
              command: tuple[str, ...] | None = None, **how: Any) -> Run:
        """The init with a program. ``wrap`` is a command that becomes the init by exec, or is somewhere above it;
        ``env`` are variables more, ``how`` is Popen's."""
        own = [] if os.geteuid() == 0 else ["-Ur"]
        above = () if self.is_init else watch(_SENT_IN)
        line = ["unshare", *own, "-pf", "--mount-proc", "--kill-child", *above, *wrap]
        line += [*(command or self.command), *words]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
        options = {"cwd": self.folder, "env": {**os.environ, **(env or {})}, **streams, **how}
        process = subprocess.Popen([word if isinstance(word, bytes) else str(word) for word in line], **options)
        name = Path(self.command[0]).name[:15]
        run = Run(process, self.stage, name=name, patience=self.patience)
        self._runs.append(run)
        return run

    def run(self, *words: object, **how: Any) -> Result:
        """The same, to its end."""
        return self.start(*words, **how).end()


def state(pid: int) -> str:
    """R, S, T, Z …; "" once it is gone."""
    return status(pid).get("State", "")[:1]


def is_alive(pid: int) -> bool:
    return state(pid) not in ("", "Z", "X")


def mask(pid: int | str, line: str) -> set[int]:
    """The signals that a line of /proc/PID/status names: SigBlk, SigIgn, SigCgt, SigPnd, ShdPnd."""
    bits = int(status(pid).get(line, "0"), 16)
    return {number for number in range(1, 65) if bits >> (number - 1) & 1}


def handles_term(pid: int) -> bool:
    """From here on a TERM is not simply the kernel's."""
    return signal.SIGTERM in mask(pid, "SigBlk") | mask(pid, "SigCgt")
