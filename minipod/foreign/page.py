"""A pod file as text, with a reason beside each line. It knows TOML's signs and nothing of what the lines mean."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from minipod.config.findings import visible
from minipod.quoting import quoted

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Line(NamedTuple):
    """``key = value``; ``value`` is TOML already. Without a key it is a comment of its own."""

    key: str
    value: str = ""
    note: str = ""


class Table(NamedTuple):
    """One table. ``off``: why the whole of it is commented out; "" if it is not."""

    head: str
    note: str
    lines: tuple[Line, ...]
    off: str = ""


def listed(texts: Iterable[str]) -> str:
    """A list of strings."""
    return "[" + ", ".join(map(quoted, texts)) + "]"


def table_of(values: Mapping[str, str]) -> str:
    """A table on one line; the values are TOML already."""
    return "{ " + ", ".join(f"{key_of(name)} = {value}" for name, value in values.items()) + " }" if values else "{}"


def key_of(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else quoted(name)


def remark(text: str) -> Line:
    """A comment on a line of its own."""
    return Line("", note=text)


def to_text(preface: Sequence[str], tables: Iterable[Table], rest: Sequence[str]) -> str:
    """The whole file: remarks, tables, remarks."""
    blocks = [_remarks(preface), *(_block(table) for table in tables), _remarks(rest)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _remarks(texts: Iterable[str]) -> str:
    return "\n".join(f"# {visible(text)}".rstrip() for text in texts)


def _block(table: Table) -> str:
    lines = [f"[{table.head}]" + _behind(table.note), *map(_line, table.lines)]
    if table.off:
        lines = [f"# {visible(table.off)}", *(line if line.startswith("#") else f"# {line}" for line in lines)]
    return "\n".join(lines)


def _line(line: Line) -> str:
    return f"# {visible(line.note)}" if not line.key else f"{key_of(line.key)} = {line.value}{_behind(line.note)}"


def _behind(note: str) -> str:
    return f"  # {visible(note)}" if note else ""
