"""What units write comes out as whole lines, whatever they write, in whatever pieces, and however slowly it is read.

Any bytes go through the pipes of two units; sinks of every type take any amount at a time. What must come out is worked
out from what went in. Our own words are off, so that all that is written is the units'.
"""

import json
import re
from datetime import datetime
from stat import S_IFCHR, S_IFIFO, S_IFREG, S_IFSOCK

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from player import Answer, Player, request

from minipod.model import Backoff, Log, Notify, Pod, Unit
from minipod.supervisor.vocabulary import Kind, LogMode, Overflow, PodEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind, Notice

SECOND = 1_000_000_000
MS = 1_000_000
NAMES = ["a", "longer"]
WIDTH = 6
LONGEST = 16384  # csrc/log.h, LINE_ROOM
ANY = -1
RING = 16384  # csrc/ring.h
STREAMS = ["stdout", "stderr"]
# How a sink may be given to us: its type, whether it can be opened anew, whether the kernel writes without waiting.
SINKS = {
    "pipe": (S_IFIFO, 1, 1), "terminal": (S_IFCHR, 1, 0), "file": (S_IFREG, 0, 0), "socket": (S_IFSOCK, 0, 0),
    "closed pipe": (S_IFIFO, 0, 1), "old kernel": (S_IFIFO, 0, 0), "old terminal": (S_IFCHR, 0, 0),
}
Written = dict[tuple[int, int], bytes]  # by unit and stream


def pod(log: Log | LogMode, own: LogMode = LogMode.PREFIX) -> Pod:
    log = Log(log) if isinstance(log, LogMode) else log
    return Pod("lines", tuple(Unit(name, Kind.SERVICE, ("true",), "never", log=log) for name in NAMES), log=Log(own))


def play(player: Player, log: Log | LogMode, writes: list[tuple[int, int, int, bytes]], sink: str = "pipe", *,
         room: int = ANY, most: int = ANY, rooms: list[tuple[int, int, int]] = (), last: int = 10_000,
         more: tuple[str, ...] = ()) -> Answer:
    """``writes``: (ms, unit, stream, bytes); ``rooms``: (ms, sink, bytes of room more). All units end after ``last``
    ms, half a second later there is room for everything. ``more``: lines of the request."""
    facts = [(last * MS, Fact(FactKind.ENDED, unit, 0)) for unit in range(2)]
    kind, reopens, has_nowait = SINKS[sink]
    answer = player.play([
        *request(pod(log), facts=facts), "quiet",
        *(f"sink {which} {kind} {reopens} {has_nowait} {room} {most}" for which in range(2)),
        *(f"at {ms * MS} write {unit} {stream} {raw.hex()}" for ms, unit, stream, raw in writes if raw),
        *(f"at {ms * MS} room {which} {more}" for ms, which, more in rooms),
        *(f"at {(last + 500) * MS} room {which} 100000000" for which in range(2)),
        *(f"at 0 {line}" for line in more),
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


def check_books(answer: Answer, written: Written) -> None:
    """Whatever became of the lines outside, a reader finds the last ones, and every byte was counted."""
    for unit in range(2):
        streams = [with_newline(written[unit, stream]) for stream in range(2)]
        lines, _, _ = answer.logs[unit]
        assert answer.logs[unit][1] == sum(len(written[unit, stream]) for stream in range(2))
        assert lines == sum(text.count(b"\n") for text in streams)
        for stream, text in enumerate(streams):
            kept = b"".join(line.text + b"\n" * (not line.flags) for line in answer.lines
                            if (line.unit, line.stream) == (unit, stream))
            assert text.endswith(kept)
        assert sum(len(line.text) for line in answer.lines if line.unit == unit) >= min(
            sum(map(len, streams)) - lines, RING // 4)


def check_objects(answer: Answer, written: Written) -> None:
    """A line is text, bytes that are none are U+FFFD; one that is too long is in several objects."""
    found = {at: [""] for at in written}
    for stream in range(2):
        for line in answer.sinks[stream].splitlines():
            told = json.loads(line)
            assert list(told)[:4] == ["time", "unit", "stream", "line"] and told["stream"] == STREAMS[stream]
            assert datetime.fromisoformat(told["time"].replace("Z", "+00:00"))
            lines = found[NAMES.index(told["unit"]), stream]
            lines[-1] += told["line"]
            if not told.get("partial"):
                lines.append("")
    assert found == {at: with_newline(raw).decode(errors="replace").split("\n") for at, raw in written.items()}


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
    answer = play(player, LogMode.PREFIX, writes, sink, room=room, most=most, rooms=rooms)
    check_prefixed(answer, gathered(writes))
    check_books(answer, gathered(writes))


@thorough
@given(writes=_writes, rooms=_rooms, sink=st.sampled_from(sorted(SINKS)), room=st.sampled_from([0, 1, 5000, ANY]),
       most=st.sampled_from([ANY, 1000, 4096]))
def test_objects(player, writes, rooms, sink, room, most):
    room, rooms = (ANY, []) if sink == "file" else (room, rooms)
    answer = play(player, LogMode.JSON, writes, sink, room=room, most=most, rooms=rooms)
    check_objects(answer, gathered(writes))
    check_books(answer, gathered(writes))


@thorough
@given(writes=_writes, rooms=_rooms, sink=st.sampled_from(sorted(SINKS)), room=st.sampled_from([0, 1, 5000, ANY]),
       most=st.sampled_from([ANY, 1000, 4096]))
def test_raw_bytes(player, writes, rooms, sink, room, most):
    room, rooms = (ANY, []) if sink == "file" else (room, rooms)
    own = [write for write in writes if write[1] == write[2]]
    answer = play(player, LogMode.RAW, own, sink, room=room, most=most, rooms=rooms)
    check_raw(answer, gathered(own))
    check_books(answer, gathered(own))


def dropped(answer: Answer) -> list[int]:
    """Lines that each unit lost, as we said it."""
    said = re.findall(rb"^minipod: (\w+): (\d+) lines? dropped$", answer.sinks[1], re.MULTILINE)
    return [sum(int(count) for name, count in said if name == each.encode()) for each in NAMES]


def is_part(some: list[bytes], every: list[bytes]) -> bool:
    """All of ``some`` are in ``every``, in that order."""
    rest = iter(every)
    return all(line in rest for line in some)


def whole_lines(raw: bytes) -> list[bytes]:
    return raw.split(b"\n")[:-1]


@thorough
@given(writes=_writes, rooms=_rooms, room=st.sampled_from([0, 1, 5000]), most=st.sampled_from([ANY, 1000]),
       mode=st.sampled_from([LogMode.PREFIX, LogMode.RAW]))
def test_who_may_drop_never_waits_and_drops_whole_lines(player, writes, rooms, room, most, mode):
    """To stdout alone: our own words about it go to stderr, which has room."""
    writes = [(ms, unit, 0, raw) for ms, unit, _, raw in writes if unit == 0]
    rooms = [(ms, 0, more) for ms, _, more in rooms]
    answer = play(player, Log(mode, Overflow.DROP), writes, room=room, most=most, rooms=rooms, more=("room 1 1000000",))
    every = whole_lines(with_newline(gathered(writes)[0, 0]))
    came = whole_lines(unprefixed(answer.sinks[0])[0] if mode is LogMode.PREFIX else answer.sinks[0])
    lines, _, lost = answer.logs[0]
    assert lost == dropped(answer)[0] == answer.dropped_lines
    assert lines == len(every) and len(came) >= lines - lost
    whole = [line for line in came if len(line) <= LONGEST]
    assert is_part([line for line in whole if line in every], every) and len(whole) - sum(
        line in every for line in whole) <= sum(len(line) > LONGEST for line in every)
    check_books(answer, gathered(writes))


def test_what_is_dropped_is_said_now_and_then(player):
    """Once a second at first, and less and less often while it goes on."""
    writes = [(100 * at, 0, 0, b"a line of text\n" * 4000) for at in range(1, 90)]
    answer = play(player, Log(LogMode.PREFIX, Overflow.DROP), writes, room=0, more=("room 1 1000000",), last=10_000)
    said = answer.sinks[1].count(b" dropped\n")
    assert 3 <= said <= 6 and sum(dropped(answer)) == answer.logs[0][2] > 300_000


@pytest.mark.parametrize("mode", [LogMode.PREFIX, LogMode.RAW])
def test_a_blocked_reader_holds_its_writers_and_nobody_else(player, mode):
    """200 kB to stdout, of which nobody reads a byte for a while: stderr flows, and then everything comes."""
    lines = b"to stdout, which is blocked\n" * 8000
    writes = [(100, 0, 0, lines), (200, 1, 1, b"to stderr\n")]
    answer = play(player, mode, writes, room=0, rooms=[(300, 1, 1000), (9000, 0, 10**7)])
    (check_prefixed if mode is LogMode.PREFIX else check_raw)(answer, gathered(writes))
    assert answer.dropped_lines == 0


@pytest.mark.parametrize("mode", list(LogMode)[:3])
def test_what_waits_of_several_instances_comes_when_somebody_reads(player, mode):
    """More than an empty sink has room for: each instance leaves a pipe that is full."""
    unit = Unit("web", Kind.SERVICE, ("true",), "always", log=Log(mode), backoff=Backoff(0, 0))
    facts = [(at * SECOND, Fact(FactKind.ENDED, 0, 1)) for at in range(1, 7)]
    facts.append((60 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD)))
    text = b"".join(b"%d of a line\n" % at for at in range(4000))
    answer = player.play([
        *request(Pod("lines", (unit,)), facts=facts), "quiet", f"sink 0 {S_IFIFO} 1 1 0 -1",
        f"at {20 * SECOND} room 0 10000000",
        *(f"at {at * SECOND - SECOND // 2} write 0 0 {text.hex()}" for at in range(1, 7)),
    ])
    assert (answer.status, answer.exit_code) == (0, 143), answer.broken or answer.text[-2000:]
    assert answer.sinks[0].count(b" of a line") == 6 * 4000 and answer.dropped_lines == 0


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


def test_a_character_is_not_cut_in_two(player):
    """Where a line is too long, before the character that would not fit."""
    text = "x" * 16383 + "€" + "y" * 10
    answer = play(player, LogMode.PREFIX, [(1, 0, 0, text.encode() + b"\n")])
    assert answer.sinks[0].decode() == f"a      | {'x' * 16383}\na      + €{'y' * 10}\n"


def test_objects_of_a_line_that_is_too_long(player):
    answer = play(player, LogMode.JSON, [(1, 0, 1, b"x" * 16384 + b"end\n\xff\0\n")])
    first, second, third = map(json.loads, answer.sinks[1].splitlines())
    assert (first["line"], first["partial"]) == ("x" * 16384, True)
    assert second["line"] == "end" and "partial" not in second
    assert third["line"] == "\ufffd\0" and third["unit"] == "a" and third["stream"] == "stderr"


def test_our_own_words_are_objects_where_the_pod_says_so(player):
    facts = [(SECOND, Fact(FactKind.ENDED, unit, 0)) for unit in range(2)]
    answer = player.play(request(pod(LogMode.JSON, LogMode.JSON), facts=facts))
    said = [json.loads(line) for line in answer.sinks[1].splitlines()]
    assert {(each["unit"], each["stream"]) for each in said} == {(None, "stderr")}
    assert "a: started" in [each["line"] for each in said]
    assert not any(each["line"].startswith("minipod: ") for each in said)


def test_a_long_raw_line_is_broken_where_another_unit_writes(player):
    """Two lines never mix: what comes of the first one later begins a new line."""
    answer = play(player, LogMode.RAW, [(1, 0, 0, b"x" * 20_000), (2, 1, 0, b"other\n"), (3, 0, 0, b"xx\n")])
    assert answer.sinks[0] == b"x" * 16384 + b"\nother\n" + b"x" * 3618 + b"\n"


def test_names_are_coloured_on_a_terminal(player):
    answer = play(player, LogMode.PREFIX, [(1, 0, 0, b"one\n"), (2, 1, 0, b"two\n"), (3, 0, 1, b"three\n")])
    assert b"\033" not in answer.sinks[0]
    both = [(SECOND, Fact(FactKind.ENDED, unit, 0)) for unit in (0, 1)]
    writes = [f"at {at * MS} write {unit} {at % 2} {b'text'.hex()}0a" for at in (2, 3, 4) for unit in (0, 1)]
    out, err = player.play([*request(pod(LogMode.PREFIX), facts=both), "terminal 0", *writes]).sinks
    colours = [re.fullmatch(rb"\033\[0;(\d\d)m(\w+ *) \|\033\[0m text", line).groups()
               for line in out.splitlines()]
    assert len(set(colours)) == 2 and {name for _, name in colours} == {b"a     ", b"longer"}
    assert b"\033" not in err


# --- files

FILE = Log(LogMode.RAW, file="/log/lines")


def test_two_units_share_a_file(player):
    writes = [(1, 0, 0, b"one\n"), (2, 1, 1, b"two\n"), (3, 0, 1, b"three\nhalf")]
    answer = play(player, FILE, writes)
    assert answer.files == {0: b"one\ntwo\nthree\nhalf\n"} and answer.sinks[0] == b""
    check_books(answer, gathered(writes))


def test_a_writer_that_dies_is_followed_by_another_and_nothing_is_lost(player):
    writes = [(ms, 0, 0, b"line %d\n" % ms) for ms in range(1, 5000, 50)]
    kills = [f"at {ms * MS} file 0 kill 9" for ms in (1000, 1010, 2000)]
    answer = player.play([*request(pod(FILE), facts=[(9 * SECOND, Fact(FactKind.ENDED, unit, 0)) for unit in (0, 1)]),
                          *kills, *(f"at {ms * MS} write 0 0 {raw.hex()}" for ms, _, _, raw in writes)])
    assert (answer.status, answer.exit_code) == (0, 0), answer.broken or answer.text[-2000:]
    assert b"".join(raw for *_, raw in writes) == answer.files[0]
    assert answer.sinks[1].count(b"minipod: a: the writer of /log/lines was ended by SIGKILL") == 3


@pytest.mark.parametrize("overflow", Overflow)
def test_a_disk_that_hangs(player, overflow):
    """The writer does not read: the unit waits, or loses lines; and then everything that is left comes."""
    writes = [(10 * at, 0, 0, b"x" * 999 + b"\n") for at in range(1, 600)]
    stuck = [f"at {MS} file 0 stuck", f"at {8 * SECOND} file 0 goes"]
    facts = [(9 * SECOND, Fact(FactKind.ENDED, unit, 0)) for unit in (0, 1)]
    answer = player.play([
        *request(pod(FILE._replace(overflow=overflow)), facts=facts), *stuck,
        *(f"at {ms * MS} write 0 0 {raw.hex()}" for ms, _, _, raw in writes),
    ])
    assert (answer.status, answer.exit_code) == (0, 0), answer.broken or answer.text[-2000:]
    lost = answer.logs[0][2]
    assert answer.files[0].count(b"\n") == 599 - lost and dropped(answer)[0] == lost
    assert (lost > 300) == (overflow is Overflow.DROP)


def test_a_disk_that_hangs_to_the_end_holds_the_end_up_no_longer_than_the_budget(player):
    facts = [(SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    behaviours = (Behaviour(stop_after=MS), Behaviour(stop_after=MS))
    answer = player.play([*request(pod(FILE), behaviours, facts), f"at {MS} file 0 stuck",
                          f"at {2 * MS} write 0 0 {b'lost'.hex()}0a"])
    assert answer.status == 0 and answer.exit_code == 143, answer.broken or answer.text[-2000:]
    assert 10 * SECOND < answer.ended_at < 11 * SECOND, "before somebody kills us, ten seconds after the word to stop"


def test_what_a_writer_tells(player):
    news = [(1, "news 0 28 2"), (2, "news 5 28 2"), (3, "news 1000 28 2"), (4, "news 1 0 0")]
    answer = player.play([*request(pod(FILE), facts=[(9 * SECOND, Fact(FactKind.ENDED, unit, 0)) for unit in (0, 1)]),
                          *(f"at {at * SECOND} file 0 {what}" for at, what in news)])
    said = [line for line in answer.sinks[1].splitlines() if b"/log/lines" in line or b"dropped" in line]
    assert said[0] == (b"minipod: a: cannot write /log/lines: no space left on device; what it writes is dropped until "
                       b"that can be done")
    assert said.count(said[0]) == 1 and b"minipod: a: /log/lines is written again" in said
    assert dropped(answer)[0] == answer.logs[0][2] == 1006
