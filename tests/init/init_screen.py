"""A terminal from the side of who sits in front of it. What is typed comes back as an echo, so commands spell what they
will print in another way.
"""

import os
import pty
import re
import select
import termios
import time
from contextlib import suppress
from typing import Any

from init_trial import Run, Trial, program
from system_harness import descendants, status

CTRL_C, CTRL_Z, CTRL_BACKSLASH, CTRL_D = "\x03", "\x1a", "\x1c", "\x04"
PROMPT = "outer> "
# No line editing: what is typed is echoed by the terminal alone.
BASH = ("bash", "--norc", "--noprofile", "--noediting", "-i")
_ENVIRONMENT = {"PS1": PROMPT, "TERM": "dumb", "MINIPOD_GRACE": "5s"}


class Screen:
    """A terminal, and the init in front of it or below a shell."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.ours, self.its = pty.openpty()
        self.name = os.ttyname(self.its)
        self.text = b""
        self._cursor = 0

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self.let_go()

    def start(self, *words: object, above: tuple = (), under: tuple = (), **how: Any) -> Run:
        """The init as leader of the terminal's session, as `docker run -it` has it; ``above`` becomes or starts it;
        ``under`` becomes or starts the session's leader."""
        streams = {"stdin": self.its, "stdout": self.its, "stderr": self.its}
        wrap = [*under, *program("on_terminal", self.name), *above]
        return self.trial.start(*words, wrap=wrap, env=_ENVIRONMENT, **{**streams, **how})

    def start_shell(self, *words: object, **how: Any) -> Run:
        """An interactive shell in front, whose words ("$@") are the init's command line."""
        run = self.start(*words, above=(*BASH, "-s"), **how)
        self.expect(PROMPT)
        return run

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def expect(self, pattern: str) -> re.Match:
        """The next match on the screen, after the one before."""
        wanted, end = re.compile(pattern.encode(), re.MULTILINE), time.monotonic() + self.trial.patience
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

    def front(self) -> int:
        """The group in the foreground, as the test sees it."""
        return os.tcgetpgrp(self.ours)

    def flags(self) -> list:
        """Input, output, control and local modes as they are set."""
        return termios.tcgetattr(self.its)[:4]

    def hang_up(self) -> None:
        if self.ours >= 0:
            os.close(self.ours)
        self.ours = -1

    def let_go(self) -> None:
        """Only the trial's processes have it open now."""
        with suppress(OSError):
            os.close(self.its)


def named(run: Run, name: str) -> int:
    """The process of this name below whatever was started."""

    def find() -> int:
        return next((pid for pid in descendants(run.process.pid) if status(pid).get("Name") == name), 0)

    return run.until(find, f"{name} runs")


