"""The core's JSON against Python's: any bytes in, the same values out; what does not fit is never half there."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOM = 60_000
NONE = "."
quick = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])

_keys = st.text(max_size=8).filter(lambda key: "\0" not in key)
_leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1), st.binary(max_size=40),
    st.text(max_size=20),
)
_values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4), max_leaves=20
)
# Bytes that meet in UTF-8: leads, continuations, the edges of what is allowed behind each lead.
_EDGES = bytes.fromhex("00 1f 41 22 5c 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff")
_edges = st.lists(st.sampled_from(list(_EDGES)), max_size=24).map(bytes)


def encode(data: bytes) -> str:
    return data.hex() or "-"


def orders(value: object, key: str | None = None) -> list[str]:
    """What to tell pieces.c for this value; texts are bytes."""
    name = NONE if key is None else encode(key.encode())
    if value is None:
        return ["0", name]
    if isinstance(value, bool):
        return ["b", name, str(int(value))]
    if isinstance(value, int):
        return ["i" if value < 0 else "n", name, str(value)]
    if isinstance(value, (bytes, str)):
        return ["t", name, encode(value if isinstance(value, bytes) else value.encode())]
    if isinstance(value, list):
        return ["[", name, *(word for each in value for word in orders(each)), "]"]
    return ["{", name, *(word for name, each in value.items() for word in orders(each, name)), "}"]


def as_read(value: object) -> object:
    """The value as its reader has it: bytes are text, as far as they are UTF-8."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, list):
        return [as_read(each) for each in value]
    return {name: as_read(each) for name, each in value.items()} if isinstance(value, dict) else value


def written(pieces, words: list[str], room: int = ROOM) -> tuple[bool, bytes, list[int]]:
    """Whether it broke, the bytes, and how many bytes each "some" took."""
    *taken, broken, text = pieces("json", room, *words).split()
    return broken == "1", bytes.fromhex(text.strip("-")), [int(each) for each in taken]


@quick
@given(value=_values)
def test_any_value(pieces, value):
    broken, text, _ = written(pieces, orders(value))
    assert not broken and json.loads(text) == as_read(value)


@settings(quick, max_examples=1000)
@given(data=st.binary(max_size=40) | _edges)
def test_any_bytes_are_text(pieces, data):
    broken, text, _ = written(pieces, orders(data))
    assert not broken and json.loads(text) == data.decode(errors="replace")


@quick
@given(data=st.binary(max_size=40) | st.text(max_size=20).map(str.encode))
def test_a_terminal_obeys_nothing_of_it(pieces, data):
    _, text, _ = written(pieces, orders(data))
    assert not re.search("[\0-\x1f\x7f-\x9f]", text.decode())


@quick
@given(value=_values, data=st.data())
def test_too_little_room_is_said_and_kept(pieces, value, data):
    _, whole, _ = written(pieces, orders(value))
    room = data.draw(st.integers(0, len(whole) + 1))
    broken, text, _ = written(pieces, orders(value), room)
    assert broken == (room < len(whole)) and len(text) <= room
    assert broken or text == whole


@quick
@given(data=st.binary(max_size=60) | _edges, room=st.integers(2, 80), reserve=st.integers(0, 20))
def test_some_of_a_text(pieces, data, room, reserve):
    words = ["some", NONE, encode(data), str(reserve)]
    broken, text, (taken,) = written(pieces, words, room)
    assert broken == (room < reserve + 2)
    if broken:
        return
    assert json.loads(text) == data[:taken].decode(errors="replace")
    assert len(text) <= room - reserve
    if taken < len(data):
        _, more, _ = written(pieces, orders(data[:taken + 4]))
        assert len(more) > room - reserve  # one character more, of four bytes at most, has no room


@quick
@given(text=st.text(max_size=40), room=st.integers(2, 60))
def test_some_of_a_text_ends_with_a_whole_character(pieces, text, room):
    data = text.encode()
    *_, (taken,) = written(pieces, ["some", NONE, encode(data), "0"], room)
    data[:taken].decode()


def test_gaps_and_lines_are_white_space(pieces):
    line = ["{", NONE, "g", encode(b"\n "), "n", "61", "1", "n", "62", "2", "g", encode(b"\n"), "}", "line"]
    _, text, _ = written(pieces, [*line, "[", NONE, "]", "line"])
    assert text == b'{\n "a":1,"b":2\n}\n[]\n'


@quick
@given(moment=st.integers(1, 2**64 - 1))
def test_any_moment(pieces, moment):
    _, text, _ = written(pieces, ["@", NONE, str(moment)])
    expected = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=moment // 1000)
    assert json.loads(text) == expected.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize("day", ["1972-02-29", "1999-12-31", "2000-02-29", "2000-03-01", "2100-02-28", "2100-03-01"])
def test_days_that_calendars_get_wrong(pieces, day):
    moment = int(datetime.fromisoformat(day + "T23:59:59.999999+00:00").timestamp()) * 10**9
    _, text, _ = written(pieces, ["@", NONE, str(moment + 999_999_999)])
    assert json.loads(text) == day + "T23:59:59.999999Z"


def test_what_never_was(pieces):
    assert written(pieces, ["@", NONE, "0"])[1] == b"null"
