"""What units write comes out as whole lines, whatever they write, in whatever pieces, and however slowly it is read.

Any bytes go through the pipes of two units; sinks of every type take any amount at a time. What must come out is worked
out from what went in. Our own words are off, so that all that is written is the units'.
"""

from stat import S_IFCHR, S_IFIFO, S_IFREG, S_IFSOCK

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from player import Answer, Player, request

from minipod.model import Log, Notify, Pod, Unit
from minipod.supervisor.vocabulary import Kind, LogMode
from minipod.supervisor.world import Behaviour, Fact, FactKind, Notice

SECOND = 1_000_000_000
MS = 1_000_000
NAMES = ["a", "longer"]
WIDTH = 6
ANY = -1
# How a sink may be given to us: its type, whether it can be opened anew, whether the kernel writes without waiting.
SINKS = {
    "pipe": (S_IFIFO, 1, 1), "terminal": (S_IFCHR, 1, 0), "file": (S_IFREG, 0, 0), "socket": (S_IFSOCK, 0, 0),
    "closed pipe": (S_IFIFO, 0, 1), "old kernel": (S_IFIFO, 0, 0), "old terminal": (S_IFCHR, 0, 0),
}
Written = dict[tuple[int, int], bytes]  # by unit and stream


def pod(mode: LogMode) -> Pod:
    return Pod("lines", tuple(Unit(name, Kind.SERVICE, ("true",), "never", log=Log(mode)) for name in NAMES))


def play(player: Player, mode: LogMode, writes: list[tuple[int, int, int, bytes]], sink: str = "pipe", *,
         room: int = ANY, most: int = ANY, rooms: list[tuple[int, int, int]] = (), last: int = 10_000) -> Answer:
    """``writes``: (ms, unit, stream, bytes); ``rooms``: (ms, sink, bytes of room more). All units end after ``last``
    ms, half a second later there is room for everything."""
    facts = [(last * MS, Fact(FactKind.ENDED, unit, 0)) for unit in range(2)]
    kind, reopens, has_nowait = SINKS[sink]
    answer = player.play([
        *request(pod(mode), facts=facts), "quiet",
        *(f"sink {which} {kind} {reopens} {has_nowait} {room} {most}" for which in range(2)),
        *(f"at {ms * MS} write {unit} {stream} {raw.hex()}" for ms, unit, stream, raw in writes if raw),
        *(f"at {ms * MS} room {which} {more}" for ms, which, more in rooms),
        *(f"at {(last + 500) * MS} room {which} 100000000" for which in range(2)),
    ])
    assert (answer.status, answer.exit_code) == (0, 0), answer.broken or answer.text[-2000:]
    return answer


def gathered(writes: list[tuple[int, int, int, bytes]]) -> Written:
    found = {(unit, stream): b"" for unit in range(2) for stream in range(2)}
    for _, unit, stream, raw in sorted(writes, key=lambda write: write[0]):
        found[unit, stream] += raw
    return found


def with_newline(raw: bytes) -> bytes:
    """The last line gets its newline, if there is one that lacks it."""
    return raw if not raw or raw.endswith(b"\n") else raw + b"\n"


def unprefixed(output: bytes) -> list[bytes]:
    """What each unit wrote to one stream, from prefixed lines: a line behind " + " goes on with the one before it."""
    found = [b"", b""]
    heads = [name.encode().ljust(WIDTH) for name in NAMES]
    lines = output.split(b"\n")
    assert lines.pop() == b"", "the output ends in the middle of a line"
    for line in lines:
        which, mark, text = heads.index(line[:WIDTH]), line[WIDTH:WIDTH + 3], line[WIDTH + 3:]
        assert mark in (b" | ", b" + ")
        if mark == b" + ":
            assert found[which].endswith(b"\n")
            found[which] = found[which][:-1]
        found[which] += text + b"\n"
    return found


def check_prefixed(answer: Answer, written: Written) -> None:
    for stream in range(2):
        assert unprefixed(answer.sinks[stream]) == [with_newline(written[unit, stream]) for unit in range(2)]


def check_raw(answer: Answer, written: Written) -> None:
    """One unit a stream: with two there would be no telling whose a line is."""
    for stream in range(2):
        assert answer.sinks[stream] == with_newline(written[stream, stream])


_text = st.one_of(
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"line\n", b"\n", b"half", b"a | b\n", b"\r\n", b"\0", b"\xff\n"]), max_size=8).map(
        b"".join),
    st.builds(lambda size, end: b"x" * size + end, st.sampled_from([4096, 16383, 16384, 16385, 40000]), st.sampled_from(
        [b"", b"\n", b"\ny"])),
    st.builds(lambda line, count: (line + b"\n") * count, st.binary(max_size=50), st.integers(0, 900)),
)
_which = st.integers(0, 1)
_writes = st.lists(st.tuples(st.integers(1, 20).map(lambda n: 100 * n), _which, _which, _text), max_size=12)
_rooms = st.lists(st.tuples(st.integers(1, 40).map(lambda n: 50 * n), st.integers(0, 1), st.sampled_from(
    [1, 7, 100, 4095, 4096, 9000, 70000])), max_size=8)
thorough = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow,
                                                            HealthCheck.data_too_large])


@thorough
@given(writes=_writes, rooms=_rooms, sink=st.sampled_from(sorted(SINKS)), room=st.sampled_from([0, 1, 5000, ANY]),
       most=st.sampled_from([ANY, 1000, 4096]))
def test_prefixed_lines(player, writes, rooms, sink, room, most):
    room, rooms = (ANY, []) if sink == "file" else (room, rooms)
    check_prefixed(play(player, LogMode.PREFIX, writes, sink, room=room, most=most, rooms=rooms), gathered(writes))


@thorough
@given(writes=_writes, rooms=_rooms, sink=st.sampled_from(sorted(SINKS)), room=st.sampled_from([0, 1, 5000, ANY]),
       most=st.sampled_from([ANY, 1000, 4096]))
def test_raw_bytes(player, writes, rooms, sink, room, most):
    room, rooms = (ANY, []) if sink == "file" else (room, rooms)
    own = [write for write in writes if write[1] == write[2]]
    check_raw(play(player, LogMode.RAW, own, sink, room=room, most=most, rooms=rooms), gathered(own))


@pytest.mark.parametrize("mode", [LogMode.PREFIX, LogMode.RAW])
def test_a_blocked_reader_holds_its_writers_and_nobody_else(player, mode):
    """200 kB to stdout, of which nobody reads a byte for a while: stderr flows, and then everything comes."""
    lines = b"to stdout, which is blocked\n" * 8000
    writes = [(100, 0, 0, lines), (200, 1, 1, b"to stderr\n")]
    answer = play(player, mode, writes, room=0, rooms=[(300, 1, 1000), (9000, 0, 10**7)])
    (check_prefixed if mode is LogMode.PREFIX else check_raw)(answer, gathered(writes))
    assert answer.dropped_lines == 0


def test_one_byte_at_a_time(player):
    text = b"one\ntwo\n\nthree"
    writes = [(10 * at + 1, 0, 0, text[at:at + 1]) for at in range(len(text))]
    answer = play(player, LogMode.PREFIX, writes, most=1)
    assert answer.sinks[0] == b"".join(b"a      | " + line + b"\n" for line in text.split(b"\n"))


def test_lines_of_two_units_do_not_interleave(player):
    writes = [(1, 0, 0, b"first "), (2, 1, 0, b"second "), (3, 0, 0, b"half\n"), (4, 1, 0, b"end\n")]
    answer = play(player, LogMode.PREFIX, writes)
    assert answer.sinks[0] == b"a      | first half\nlonger | second end\n"


def test_a_line_that_is_too_long_is_marked(player):
    answer = play(player, LogMode.PREFIX, [(1, 0, 0, b"x" * 16384 + b"end\nnext\n")])
    assert answer.sinks[0] == b"a      | " + b"x" * 16384 + b"\na      + end\na      | next\n"


def test_what_nobody_has_heard_does_not_cut_off_what_is_left_to_write(player):
    """The program's last words are more than are listened to, while its lines wait for a reader."""
    unit = Unit("web", Kind.SERVICE, ("true",), "never", notify=Notify())
    words = [Fact(FactKind.NOTIFIED, 0, Notice.READY)] * 99
    facts = [(2 * SECOND, fact) for fact in [*words, Fact(FactKind.ENDED, 0, 0)]]
    answer = player.play([
        *request(Pod("lines", (unit,)), [Behaviour(ready_after=None)], facts), "quiet", f"sink 0 {S_IFIFO} 1 1 0 -1",
        f"at {1500 * MS} write 0 0 {b'wait for me'.hex()}", f"at {2500 * MS} room 0 1000",
    ])
    assert (answer.status, answer.exit_code, answer.sinks[0]) == (0, 0, b"web | wait for me\n")
