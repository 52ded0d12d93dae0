"""A real terminal from the side of who sits in front of it, and pods before it, with a shell above them or without.

What is typed comes back as an echo, so commands spell what they will print in another way.
"""

import os
import pty
import re
import select
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from system_harness import IMPOSSIBLE, PATIENCE, Launcher, Running, descendants, status, tool, wait_until

CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x04", "\x1a", "\x1c"
PROMPT = "outer> "
FG = r'fg\r\n"\$@"\r\n'  # what it was called by
# No line editing: what is typed is echoed by the terminal alone.
BASH = ("bash", "--norc", "--noprofile", "--noediting", "-i")
SHELL_ENV = {"PS1": PROMPT, "TERM": "dumb", "NO_COLOR": "1"}
INNER = {"PS1": "inner> ", "TERM": "dumb"}
APART = ("unshare", "-pf", "--mount-proc", "--kill-child")
TIGHT = {"initial": "1ms", "max": "1ms"}


@contextmanager
def both_ends() -> Iterator[tuple[int, int]]:
    """A terminal that nobody sits in front of: our end, and the program's."""
    ours, its = pty.openpty()
    yield ours, its
    os.close(its)
    os.close(ours)


class Terminal:
    """A terminal from the side of who sits in front of it. ``patience``: how long anything is waited for, in s."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.ours, self.its = pty.openpty()
        self.name = os.ttyname(self.its)
        self.text = b""
        self._cursor = 0

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def expect(self, pattern: str) -> re.Match:
        """The next match on the screen, after the one before."""
        wanted, end = re.compile(pattern.encode(), re.MULTILINE), time.monotonic() + self.patience
        while not (found := wanted.search(self.text, self._cursor)):
            rest = max(0.0, end - time.monotonic())
            assert select.select([self.ours], [], [], rest)[0], f"no {pattern!r}: {self.text!r}"
            self.text += os.read(self.ours, 65536)
        self._cursor = found.end()
        return found

    def take_rest(self) -> bytes:
        while select.select([self.ours], [], [], 0)[0]:
            self.text += os.read(self.ours, 65536)
        return self.text

    def flags(self) -> list:
        """Input, output, control and local modes as they are set."""
        return termios.tcgetattr(self.its)[:4]

    def front(self) -> int:
        """The group in the foreground, as the test sees it."""
        return os.tcgetpgrp(self.ours)

    def streams(self) -> dict[str, int]:
        """Those of a program in front of it."""
        return {"stdin": self.its, "stdout": self.its, "stderr": self.its}

    def hang_up(self) -> None:
        if self.ours >= 0:
            os.close(self.ours)
        self.ours = -1

    def let_go(self) -> None:
        """Only who was started on it has it open now."""
        if self.its >= 0:
            os.close(self.its)
        self.its = -1

    def close(self) -> None:
        self.hang_up()
        self.let_go()


def sit(launch: Launcher, terminal: Terminal, pod: dict, *words: str, above: tuple = ()) -> Running:
    """The pod in front of the terminal, as `docker run -it` has it; ``above`` becomes or starts minipod."""
    wrap = (*tool("on_terminal", terminal.name), *above)
    return launch.start(pod, *words, wrap=wrap, env=SHELL_ENV, **terminal.streams())


def sit_at_shell(launch: Launcher, terminal: Terminal, pod: dict, above: tuple = ()) -> Running:
    """An interactive shell in front of the terminal, whose words are minipod's command line."""
    running = sit(launch, terminal, pod, above=(*BASH, "-s", *above))
    terminal.expect(PROMPT)
    return running


def leave(terminal: Terminal, running: Running) -> int:
    """The exit code of minipod, or of the shell above, at its end; nothing impossible was ever said."""
    code = running.wait().code
    assert IMPOSSIBLE not in terminal.take_rest()
    return code


def one(command: list[str], **keys: object) -> dict:
    return {"pod": {"main": "it"}, "service.it": {"command": command, "tty": True, **keys}}


def process_named(running: Running, name: str, patience: float = PATIENCE) -> int:
    """The process of this name below whatever was started."""

    def find() -> int:
        return next((pid for pid in descendants(running.process.pid) if status(pid).get("Name") == name), 0)

    return wait_until(find, f"{name} runs", patience)


def waits_for_input(pid: int) -> bool:
    """Whether it is in the middle of a read."""
    return Path(f"/proc/{pid}/syscall").read_text().startswith("0 ") and status(pid)["State"].startswith("S")


def is_stopped(pid: int) -> bool:
    return status(pid).get("State", "").startswith("T")
