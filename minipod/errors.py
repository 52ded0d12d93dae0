"""Mistakes as data: where, what, why and one next step. Commands raise them; ``cli.main`` alone turns them into an exit
code (DESIGN.md section 6). Nothing here reads or prints.
"""

from typing import NamedTuple

FAILED = 1
NOT_RUNNING = 3  # as systemctl and the init scripts of the LSB say it; so is the next one
UNKNOWN = 4
USAGE = 64
CONFIG = 78
INTERNAL = 70
SETUP = 71
WRITE = 74  # sysexits.h EX_IOERR: our own output could not be written
INTERRUPTED = 130
BROKEN_PIPE = 141
TIMED_OUT = 124  # as timeout(1)

ERROR, WARNING, NOTE = "error", "warning", "note"


class Place(NamedTuple):
    """A spot in a file or on the command line. ``line`` and ``column`` count characters from 1; 0 means all of it.
    ``source`` is that line, ``width`` how many of its characters are meant."""

    name: str
    line: int = 0
    column: int = 0
    source: str = ""
    width: int = 1


class Problem(NamedTuple):
    """One mistake (or warning, or note). ``also`` are further places, each with what is to be seen there."""

    severity: str
    place: Place
    message: str
    why: str = ""
    help: str = ""
    also: tuple[tuple[Place, str], ...] = ()


class UsageError(Exception):
    """A mistake on the command line: one line for people, exit code 64."""


class PodError(Exception):
    """A running pod that cannot be asked, or that said no: one line for people. ``exit_code`` is 1, 3 when nothing runs
    that could be asked, 4 for a unit that nobody knows, 124 when it took too long."""

    def __init__(self, message: str, exit_code: int = FAILED):
        super().__init__(message)
        self.exit_code = exit_code


class ConfigError(Exception):
    """A pod that cannot be had. ``problems`` are in file order; ``omitted`` more were found. ``exit_code`` is 78, or 64
    when the command line alone is to blame."""

    def __init__(self, problems: tuple[Problem, ...], *, omitted: int = 0, exit_code: int = CONFIG):
        super().__init__(problems[0].message if problems else "")
        self.problems = problems
        self.omitted = omitted
        self.exit_code = exit_code
