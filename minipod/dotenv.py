"""Files of variables, by the grammar that PID 1 reads them by (``csrc/dotenv.h``, docs/environment.md). Pure.

It must never put a line of a file into a message: any may hold a secret.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_EXPORT = re.compile(r"[ \t\r]*(?:export[ \t\r]+)?")
_LINE = re.compile(r"(?P<name>[A-Za-z0-9_.-]+)[ \t\r]*(?P<rest>.*)")
_BLANK = re.compile(r"[ \t\r]*(?:#.*)?")
_SINGLE = re.compile(r"'(?P<text>[^']*)'")
_DOUBLE = re.compile(r'"(?P<text>(?:\\[nrt"\\$]|\\(?![nrt"\\$])|[^"\\])*)"')
_BEHIND = re.compile(r"[ \t\r]*(?:[ \t\r]#[^\n]*)?(?=\n|\Z)")
_ESCAPE = re.compile(r'\\([nrt"\\$])')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_COMMENT = re.compile(r"(?:^|[ \t\r])#")
_REPLACED = re.compile(r"\$[({]")


class Entry(NamedTuple):
    """``value`` None: the name alone. Neither name nor value: the line is none. ``looks_replaced``: others would put
    something in the place of a part of it."""

    line: int
    name: str = ""
    value: str | None = None
    looks_replaced: bool = False


def entries(text: str) -> Iterator[Entry]:
    """In their order; lines without anything are passed over."""
    at, line = 0, 0
    while at < len(text):
        line += 1
        end = _end(text, at)
        if _BLANK.fullmatch(text, at, end):
            at = end + 1
            continue
        entry, behind = _entry(text, at, end, line)
        yield entry
        line += text.count("\n", at, behind)
        at = behind + 1


def _end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _entry(text: str, at: int, end: int, line: int) -> tuple[Entry, int]:
    """And where the line ends that its value ends on."""
    export = _EXPORT.match(text, at, end)
    match = _LINE.fullmatch(text, export.end() if export else at, end)
    if match is None:
        return Entry(line), end
    rest = match["rest"]
    if not rest or rest.startswith("#"):
        return Entry(line, match["name"]), end
    if not rest.startswith("="):
        return Entry(line), end
    begin = match.start("rest") + 1
    begin += len(text[begin:end]) - len(text[begin:end].lstrip(" \t\r"))
    if text[begin:begin + 1] not in ("'", '"') or begin >= end:
        value = _plain(text[begin:end])
        return Entry(line, match["name"], value, bool(_REPLACED.search(value))), end
    return _quoted(text, begin, end, Entry(line, match["name"]))


def _plain(text: str) -> str:
    comment = _COMMENT.search(text)
    return (text[: comment.start()] if comment else text).rstrip(" \t\r")


def _quoted(text: str, at: int, end: int, entry: Entry) -> tuple[Entry, int]:
    double = text[at] == '"'
    match = (_DOUBLE if double else _SINGLE).match(text, at)
    if match is None:
        return Entry(entry.line), end
    behind = _end(text, match.end())
    if not _BEHIND.fullmatch(text, match.end(), behind):
        return Entry(entry.line), behind
    raw = match["text"]
    if not double:
        return entry._replace(value=raw), behind
    value = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), raw)
    return entry._replace(value=value, looks_replaced=bool(_REPLACED.search(_ESCAPE.sub("", raw)))), behind
