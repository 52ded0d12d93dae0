"""$(VAR) expansion as Kubernetes does it (expansion.json), in the core's own code."""

import json
from pathlib import Path

import pytest

from minipod.reaper.layout import ffi, lib

VECTORS = json.loads(Path(__file__).with_name("expansion.json").read_text(encoding="utf-8"))
CASES = [
    pytest.param(text, expected, id=f"{rule}: {text}")
    for rule, cases in VECTORS["rules"].items()
    for text, expected in cases
]


def expand(text: bytes, *maps: list[bytes], room: int = 4096) -> tuple[bytes, int]:
    """What was written, and how long it would have been. ``maps`` are lists of NAME=value."""
    kept = [[ffi.new("char[]", entry) for entry in entries] for entries in maps]
    lists = [ffi.new("char *[]", [*entries, ffi.NULL]) for entries in kept]
    out = ffi.new("char[]", room + 1)
    size = lib.expand_text(text, len(text), ffi.new("char **[]", [*lists, ffi.NULL]), out, room)
    assert out[room] == b"\0", "more than room was written"
    return ffi.buffer(out)[:min(size, room)], size


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_rules(text: str, expected: str) -> None:
    maps = [[f"{name}={value}".encode() for name, value in variables.items()] for variables in VECTORS["variables"]]
    assert expand(text.encode(), *maps)[0].decode() == expected


def test_in_one_list_the_last_entry_wins() -> None:
    assert expand(b"$(A)", [b"A=1", b"AB=2", b"A=3"])[0] == b"3"


def test_a_name_is_compared_whole() -> None:
    assert expand(b"$(A)$(AB)$(ABC)", [b"AB=x"])[0] == b"$(A)x$(ABC)"


def test_bytes_pass_through() -> None:
    assert expand(b"\xff$(A)\x00", [b"A=\xfe"])[0] == b"\xff\xfe\x00"


@pytest.mark.parametrize("room", range(9))
def test_no_more_than_room_is_written_and_the_whole_length_told(room: int) -> None:
    assert expand(b"a$(B)$$c", [b"B=xyz"], room=room) == (b"axyz$c"[:room], 6)


def test_a_million_open_brackets_are_no_matter() -> None:
    text = b"$(" * 1_000_000
    assert expand(text, [b"A=1"], room=0) == (b"", len(text))
