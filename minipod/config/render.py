"""Problems as text for people: the place, the line, a caret, why, and one next step. Colours when asked, never else."""

import os
import unicodedata
from collections.abc import Iterable
from typing import TextIO

from minipod.config.findings import escape, visible
from minipod.errors import ERROR, NOTE, WARNING, ConfigError, Place, Problem

WIDTH = 100  # characters of a source line that are shown
_BEFORE = 40  # of them, at most, before the caret
_COLOURS = {ERROR: "31;1", WARNING: "33;1", NOTE: "36;1", "place": "1", "caret": "32;1"}


def wants_colour(stream: TextIO) -> bool:
    """A terminal that has not asked to be left alone (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def render(problems: Iterable[Problem], *, colour: bool = False, omitted: int = 0) -> str:
    """All problems, an empty line between two; ends with a line feed unless there is none."""
    blocks = ["\n".join(_render_one(problem, colour)) for problem in problems]
    if omitted:
        blocks.append(f"… and {omitted} more")
    return "\n\n".join(blocks) + "\n" if blocks else ""


def render_error(error: ConfigError, *, colour: bool = False) -> str:
    """All that an error holds, and how much more there was."""
    return render(error.problems, colour=colour, omitted=error.omitted)


def _render_one(problem: Problem, colour: bool) -> list[str]:
    lines = [_head(problem.place, problem.severity, problem.message, colour), *_excerpt(problem.place, colour)]
    for place, label in problem.also:
        lines += [_head(place, NOTE, label, colour), *_excerpt(place, colour)]
    lines += [f"  why: {visible(problem.why)}"] if problem.why else []
    lines += [f"  help: {visible(problem.help)}"] if problem.help else []
    return lines


def _paint(text: str, what: str, colour: bool) -> str:
    return f"\x1b[{_COLOURS[what]}m{text}\x1b[0m" if colour else text


def _head(place: Place, severity: str, message: str, colour: bool) -> str:
    where = visible(place.name) + (f":{place.line}:{place.column}" if place.line else "")
    return f"{_paint(where + ':', 'place', colour)} {_paint(severity + ':', severity, colour)} {visible(message)}"


def _excerpt(place: Place, colour: bool) -> list[str]:
    if not place.source:
        return []
    gutter = str(place.line or "")
    text, begin, width = window(place.source, place.column - 1, place.width)
    blank = " " * len(gutter)
    return [f"  {gutter} | {text}", f"  {blank} | {' ' * begin}{_paint('^' * width, 'caret', colour)}"]


def window(source: str, at: int, width: int) -> tuple[str, int, int]:
    """The part of a line around ``at`` that is shown, and where its caret begins and how wide it is, in columns of a
    terminal. Control characters become escapes, a tab one blank."""
    begin = max(0, min(at - _BEFORE, len(source) - WIDTH)) if len(source) > WIDTH else 0
    end = min(len(source), begin + WIDTH)
    left, right = "…" * (begin > 0), "…" * (end < len(source))
    before = "".join(_shown(c) for c in source[begin:at])
    marked = "".join(_shown(c) for c in source[at : min(at + width, end)])
    after = "".join(_shown(c) for c in source[min(at + width, end) : end])
    return f"{left}{before}{marked}{after}{right}".rstrip(), len(left) + columns(before), max(1, columns(marked))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character == "\t" else escape(character)


def columns(text: str) -> int:
    """How many columns a terminal gives to a text."""
    return sum(_column(c) for c in text)


def _column(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
