"""The ring of last lines against a list in Python: what it gives is the end of what went in, line by line."""

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOM, RECORD, LINE = 16384, 1024, 4096  # csrc/ring.h
HEAD = 16
PARTIAL, AFTER_GAP = 1, 2
thorough = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow,
                                                             HealthCheck.data_too_large])


class Put(NamedTuple):
    """What was read at one moment; ``ends``: nothing more comes of this stream."""

    stream: int
    ends: bool
    text: bytes


class Line(NamedTuple):
    stream: int
    flags: int
    at: int
    text: bytes


def words_of(puts: list[Put]) -> list[str]:
    return [word for at, put in enumerate(puts)
            for word in ("put", str(put.stream), str(at), str(int(put.ends)), put.text.hex())]


def ask(pieces, *words: object) -> list[list[Line]]:
    """What it gives for each word that asks for lines."""
    answers = []
    for listing in pieces("ring", *words).split("=")[1:]:
        fields = listing.split()
        answers.append([Line(int(a), int(b), int(c), bytes.fromhex(text.strip("-")))
                        for a, b, c, text in zip(*[iter(fields)] * 4, strict=True)])
    return answers


def reference(puts: list[Put]) -> list[Line]:
    """All lines that went in, long ones in pieces. The size of the pieces is the ring's own business: whoever reads
    them puts them together (joined)."""
    lines = []
    for at, put in enumerate(puts):
        for text in put.text.splitlines(keepends=True) if b"\r" not in put.text else split(put.text):
            is_over = text.endswith(b"\n") or put.ends
            lines.append(Line(put.stream, 0 if is_over else PARTIAL, at, text.removesuffix(b"\n")))
    return lines


def split(text: bytes) -> list[bytes]:
    *whole, rest = text.split(b"\n")
    return [line + b"\n" for line in whole] + [rest] * bool(rest)


def joined(lines: list[Line]) -> list[tuple[int, int, bytes]]:
    """Stream, moment and text of each line, pieces of one moment together; the first may lack its beginning."""
    found: list[tuple[int, int, bytes]] = []
    goes_on = False
    for line in lines:
        if goes_on and found[-1][:2] == (line.stream, line.at):
            found[-1] = (line.stream, line.at, found[-1][2] + line.text)
        else:
            found.append((line.stream, line.at, line.text))
        goes_on = bool(line.flags & PARTIAL)
    return found


def cost(puts: list[Put]) -> int:
    """At most so many bytes of the ring: a head for each record, and a record for each KiB that is begun, at most one
    for each line."""
    return sum(len(put.text) + HEAD * max(1, min(len(split(put.text)), 2 * len(put.text) // RECORD + 1) +
                                          len(put.text) // RECORD) for put in puts)


_lines = st.lists(st.one_of(
    st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"") + b"\n"),
    st.builds(lambda size: b"x" * size + b"\n", st.sampled_from([0, 1023, 1024, 1025, 4095, 4096, 4097, 9000, 16384])),
    st.builds(lambda count: b"0123456789\n" * count, st.integers(1, 200)),
), min_size=1, max_size=5).map(b"".join)
_puts = st.lists(st.builds(
    lambda stream, text, tail, ends: Put(stream, ends, text + tail), st.integers(0, 1), _lines,
    st.sampled_from([b"", b"", b"half"]), st.booleans()), min_size=1, max_size=12)


@thorough
@given(puts=_puts)
def test_what_is_there_is_the_end_of_what_went_in(pieces, puts):
    (lines,) = ask(pieces, *words_of(puts), "all")
    found, wanted = joined(lines), joined(reference(puts))
    assert found and len(found) <= len(wanted)
    first, *rest = found
    assert rest == wanted[len(wanted) - len(rest):]
    whole = wanted[len(wanted) - len(found)]
    assert first[:2] == whole[:2] and whole[2].endswith(first[2])
    assert all(not line.flags & AFTER_GAP for line in lines)
    if cost(puts) <= ROOM:
        assert found == wanted
    else:
        assert sum(len(line.text) + 1 for line in lines) > ROOM // 2 - LINE


@thorough
@given(puts=_puts, wanted=st.integers(0, 40))
def test_the_tail(pieces, puts, wanted):
    every, tail = ask(pieces, *words_of(puts), "all", "tail", wanted)
    whole = sum(not line.flags & PARTIAL for line in every)
    assert every[len(every) - len(tail):] == tail
    assert sum(not line.flags & PARTIAL for line in tail) == min(wanted, whole)
    if tail and len(tail) < len(every):
        assert not every[len(every) - len(tail) - 1].flags & PARTIAL, "it begins in the middle of a line"


@thorough
@given(puts=_puts, moment=st.integers(0, 12))
def test_since_a_moment(pieces, puts, moment):
    every, later = ask(pieces, *words_of(puts), "all", "since", moment)
    assert later == [line for line in every if line.at >= moment]


@thorough
@given(puts=_puts)
def test_who_follows_gets_each_line_once(pieces, puts):
    words = [word for at, put in enumerate(puts) for word in (
        "put", str(put.stream), str(at), str(int(put.ends)), put.text.hex(), "more")]
    seen = [line for lines in ask(pieces, *words) for line in lines]
    if max(len(put.text) for put in puts) + 30 * HEAD < ROOM:
        assert joined(seen) == joined(reference(puts))
    else:
        assert joined(reference(puts))[-1][2].endswith(joined(seen)[-1][2])


def test_who_is_late_is_told(pieces):
    line = "put 0 7 0 " + (b"x" * 99 + b"\n").hex()
    first, later, none = ask(pieces, line, "more", *([line] * 300), "more", "more")
    assert [each.flags for each in first] == [0] and none == []
    assert later[0].flags == AFTER_GAP and {each.flags for each in later[1:]} == {0}
    assert 100 < len(later) < 164


def test_the_next_instance_begins_empty_and_positions_go_on(pieces):
    line = ["put", 0, 7, 0, b"one\n".hex()]
    before, after, more = ask(pieces, *line, *line, "more", "turn", "all", *line, "more")
    assert len(before) == 2 and after == [] and [each.text for each in more] == [b"one"]
    assert more[0].flags == 0, "nothing was lost between the two"


@pytest.mark.parametrize("size", [4096, 4097, 10000])
def test_a_long_line_comes_in_marked_pieces(pieces, size):
    (lines,) = ask(pieces, "put", 1, 5, 0, (b"y" * size + b"\nend\n").hex(), "all")
    *cut, last = [line for line in lines if line.text != b"end"]
    assert all(line.flags == PARTIAL and len(line.text) == LINE for line in cut) and last.flags == 0
    assert b"".join(line.text for line in (*cut, last)) == b"y" * size


def test_a_long_line_is_cut_between_characters(pieces):
    for text in ("é" * 5000, "a" + "é" * 5000, "ab" + "😀" * 3000, "a" + "中" * 4000):
        (lines,) = ask(pieces, "put", 0, 5, 0, (text + "\n").encode().hex(), "all")
        assert "".join(line.text.decode() for line in lines) == text
        assert [line.flags for line in lines] == [PARTIAL] * (len(lines) - 1) + [0]


def test_last_words_without_a_newline_are_a_line(pieces):
    half, over = ask(pieces, "put", 0, 1, 0, b"half".hex(), "all", "put", 0, 2, 1, b"over".hex(), "more")
    assert [line.flags for line in half] == [PARTIAL]
    assert [(line.text, line.flags) for line in over] == [(b"half", PARTIAL), (b"over", 0)]
