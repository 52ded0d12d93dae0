"""What was found wrong, by key path: cheap to collect, because nobody knows yet whether there is anything to report.

A path is a tuple of keys and of positions in arrays. Lines and columns come later, in ``locate``.
"""

import datetime
from typing import Any, NamedTuple

from minipod.errors import ERROR, NOTE, WARNING

Path = tuple[str | int, ...]

_LONGEST_WORD = 60


class Finding(NamedTuple):
    """``on_key``: the key is meant, not its value. ``also``: further (path, what is there). ``near``: the misspelt word
    and what it may have been; its nearest goes before ``help``. ``once``: of several that say the same the first is
    told, with the places of the others."""

    severity: str
    at: Path
    message: str
    why: str = ""
    help: str = ""
    on_key: bool = False
    also: tuple[tuple[Path, str], ...] = ()
    near: tuple[str, tuple[str, ...]] | None = None
    once: bool = False


class Limits(NamedTuple):
    """A whole number's smallest and largest value."""

    low: int
    high: int


class Findings:
    """A list that remembers whether there was an error."""

    def __init__(self) -> None:
        self.all: list[Finding] = []
        self.failed = False

    def error(self, at: Path, message: str, **more: Any) -> None:
        """An error; ``more`` are the other fields of Finding. Returns None: a reader's "no value"."""
        self.failed = True
        self.all.append(Finding(ERROR, at, message, **more))

    def warn(self, at: Path, message: str, **more: Any) -> None:
        self.all.append(Finding(WARNING, at, message, **more))

    def note(self, at: Path, message: str, **more: Any) -> None:
        self.all.append(Finding(NOTE, at, message, **more))

    def mismatch(self, at: Path, value: object, want: str, **more: Any) -> None:
        """The value has the wrong type; ``want`` says what would be right, with its article."""
        self.error(at, f"`{key_of(at)}` must be {want}, not {type_of(value)}", **more)


def visible(text: str) -> str:
    """``text`` with everything that a terminal would act on, or not show, as an escape."""
    return text if text.isprintable() else "".join(c if c.isprintable() else escape(c) for c in text)


def escape(character: str) -> str:
    """A character that must not reach a terminal, as TOML or Python would write it."""
    code = ord(character)
    return {9: "\\t", 10: "\\n", 13: "\\r"}.get(code) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def word(text: object) -> str:
    """A word of the user, fit to be quoted in a message."""
    if text == "":
        return '`""`'
    shown = visible(str(text)[: _LONGEST_WORD + 1])
    return f"`{shown[:_LONGEST_WORD]}…`" if len(shown) > _LONGEST_WORD else f"`{shown}`"


def key_of(at: Path) -> str:
    """The last key of a path, with the position in its array if there is one: ``command[2]``."""
    tail = ""
    for part in reversed(at):
        if isinstance(part, str):
            return word(part)[1:-1] + tail
        tail = f"[{part}]{tail}"
    return tail


def type_of(value: object) -> str:
    """A TOML value's type in plain words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    names = {str: "a string", int: "a number", float: "a fraction", list: "a list", dict: "a table"}
    if isinstance(value, (datetime.date, datetime.time)):
        return "a date or time"
    return names[type(value)]
