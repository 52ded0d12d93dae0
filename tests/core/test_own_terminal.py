"""A terminal of a unit's own, on the fake kernel: what cannot be had is told, what is had is given back, and lines are
what the program wrote, however the terminal hands them out.
"""

import errno

import pytest
from applied import heard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from knockers import client
from player import Answer, Player, give, request

from minipod.model import Backoff, Log, Pod, Unit
from minipod.supervisor.vocabulary import Kind, LogMode, Outcome, PodEvent
from minipod.supervisor.world import Fact, FactKind

SECOND = 1_000_000_000
MS = 1_000_000
SET_UP_FAILED = 71
WEB = Unit("web", Kind.SERVICE, ("serve",), "always", own_terminal=True, log=Log(LogMode.RAW))
TOLD = Fact(FactKind.SAID, None, PodEvent.TOLD)


def play(player: Player, *lines: str, unit: Unit = WEB, crashes: int = 2) -> Answer:
    """It crashes every ten seconds, and is told to stop when it has."""
    facts = [(10 * at * SECOND, Fact(FactKind.ENDED, 0, 1)) for at in range(1, crashes + 1)]
    facts.append((10 * (crashes + 1) * SECOND, TOLD))
    answer = player.play([*request(Pod("p", (unit,)), facts=facts), *lines])
    assert answer.status in (0, SET_UP_FAILED), answer.broken or answer.text[-2000:]
    return answer


def pipes(answer: Answer) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of each kind, how many are open and how many of those are watched. Terminals are pipes here."""
    return answer.open["pipe_read"], answer.open["pipe_write"]


def said(answer: Answer) -> str:
    return answer.sinks[1].decode()


@pytest.fixture(scope="module")
def first(player: Player) -> dict[str, int]:
    """Which call of each kind is the first for a terminal."""
    calls = range(1, play(player).called["open"] + 1)
    hopeless = (play(player, f"fail open {n} 1 {errno.EACCES}") for n in calls)
    opens = next(n for n, answer in zip(calls, hopeless, strict=False) if "a terminal for serve" in said(answer))
    return {"open": opens, "lock": 1, "other_side": 1, "epoll_add": 1}


@pytest.mark.parametrize("call", ["open", "lock", "other_side"])
@pytest.mark.parametrize(
    ("error", "why"),
    [
        (errno.EACCES, "permission denied"),
        (errno.ENOENT, "/dev/ptmx or /dev/pts is missing here"),
        (errno.ENODEV, "/dev/ptmx or /dev/pts is missing here"),
        (errno.ENOTTY, "what is at /dev/ptmx makes none"),
    ],
)
def test_what_cannot_be_had_fails_the_start(player: Player, first: dict, call: str, error: int, why: str) -> None:
    answer = play(player, f"fail {call} {first[call]} 1 {error}")
    assert f"minipod: web: cannot execute: a terminal for serve: {why}\n" in said(answer)
    assert (answer.exit_code, answer.phase, answer.units[0].outcome) == (126, "Failed", Outcome.UNRUNNABLE)
    assert pipes(answer) == ((0, 0), (0, 0))


@pytest.mark.parametrize("call", ["open", "lock", "other_side", "epoll_add"])
@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EAGAIN])
def test_what_is_lacking_for_a_while_is_tried_again(player: Player, first: dict, call: str, error: int) -> None:
    """At each of three starts."""
    healthy = play(player)
    calls = range(first[call], healthy.called[call] + 1)
    answers = [play(player, f"fail {call} {n} 1 {error}") for n in calls]
    told = [answer for answer in answers if "web: cannot start now: its terminal: " in said(answer)]
    assert len(told) >= 3
    for answer in told:
        assert (answer.exit_code, answer.units[0].restarts, len(answer.forks)) == (143, 2, 3)
        assert pipes(answer) == pipes(healthy)


def test_each_start_has_a_new_one_and_none_is_left(player: Player) -> None:
    once, often = play(player, crashes=1), play(player, unit=WEB._replace(backoff=Backoff(0, 0)), crashes=100)
    assert (once.called["other_side"], often.called["other_side"]) == (2, 101)
    assert pipes(once) == pipes(often) == ((1, 1), (1, 0))


@pytest.fixture(scope="module")
def reads(player: Player) -> list[int]:
    """Those that tell whether anybody still has the one before, if they tell nothing."""
    calls = play(player).called
    answers = {n: play(player, f"fail read {n} 1 {errno.EINTR}") for n in range(1, calls["read"] + 1)}
    return [n for n, answer in answers.items() if answer.called["fork"] == calls["fork"] + 1]


def test_who_still_has_the_one_before_is_hung_up_on_by_a_child(player: Player, reads: list[int]) -> None:
    healthy = play(player)
    assert len(reads) == 2  # of two restarts
    for n in reads:
        answer = play(player, f"fail read {n} 1 {errno.EINTR}")
        assert (answer.exit_code, answer.units[0].restarts, answer.orphans) == (143, 2, healthy.orphans)
        assert pipes(answer) == pipes(healthy)


@pytest.mark.parametrize("call, error", [("fork", errno.EAGAIN), ("pipe", errno.EMFILE)])
def test_without_a_child_it_is_closed_before_there_is_another(
    player: Player, reads: list[int], call: str, error: int
) -> None:
    healthy = play(player, crashes=3)
    for n in reads:
        for first in range(1, healthy.called[call] + 1):
            faults = f"fail read {n} 2 {errno.EINTR}", f"fail {call} {first} 2 {error}"
            answer = play(player, *faults, crashes=3)
            if answer.status == 0:
                assert (answer.exit_code, answer.units[0].restarts) == (143, 3), (n, first)
                assert (pipes(answer), answer.orphans) == (pipes(healthy), healthy.orphans), (n, first)


# --- lines ---


PIECES = st.lists(st.binary(max_size=4) | st.sampled_from([b"\r", b"\n", b"\r\n", b"ab", b"\r\r\n"]), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=PIECES.map(b"".join), cuts=st.lists(st.integers(0, 60), max_size=6),
       rooms=st.lists(st.tuples(st.integers(1, 900), st.integers(1, 9)), max_size=4), room=st.sampled_from([-1, 0, 3]))
def test_lines_are_what_the_program_wrote(player: Player, written: bytes, cuts, rooms, room: int) -> None:
    """The terminal puts a CR before each newline, and what it hands out may be cut anywhere; who reads may be slow."""
    shown = written.replace(b"\n", b"\r\n")
    ends = sorted({min(cut, len(shown)) for cut in cuts} | {len(shown)})
    parts = [shown[begin:end] for begin, end in zip([0, *ends], ends, strict=False) if end > begin]
    answer = player.play([
        *request(Pod("p", (WEB._replace(restart="never"),)), facts=[(SECOND, Fact(FactKind.ENDED, 0, 0))]), "quiet",
        f"sink 0 4096 1 1 {room} -1",
        *(f"at {(10 + 100 * at) * MS} write 0 0 {part.hex()}" for at, part in enumerate(parts)),
        *(f"at {ms * MS} room 0 {more}" for ms, more in rooms), f"at {2 * SECOND} room 0 100000",
    ])
    assert (answer.status, answer.exit_code) == (0, 0), answer.broken or answer.text[-2000:]
    assert answer.sinks[0] == written + b"\n" * bool(written and not written.endswith(b"\n"))
    assert answer.logs[0][1] == len(written)


def test_what_the_one_before_still_holds_is_read(player: Player) -> None:
    """Somebody writes when the program has ended, and nobody reads us then; the next one has another terminal."""
    unit = WEB._replace(backoff=Backoff(2 * SECOND, 2 * SECOND))
    facts = [(SECOND, Fact(FactKind.ENDED, 0, 1)), (3 * SECOND, Fact(FactKind.ENDED, 0, 1)), (9 * SECOND, TOLD)]
    words = [b"first\r\n", b"half", b" a line\r\nthen", b"next\r\n"]
    answer = player.play([
        *request(Pod("p", (unit,)), facts=facts), "quiet", "sink 0 4096 1 1 0 -1",
        *(f"at {int(at * SECOND)} write 0 0 {word.hex()}"
          for at, word in zip((0.5, 2.9, 4.5, 6), words, strict=True)),
        f"at {8 * SECOND} room 0 1000",
    ])
    assert (answer.status, answer.exit_code) == (0, 143), answer.broken or answer.text[-2000:]
    assert answer.sinks[0] == b"first\nhalf\n a line\nthen\nnext\n"


def test_none_is_given_up_before_it_is_read_to_its_end(player: Player) -> None:
    """Nobody reads us, and there is no room for what it holds: the next instance waits, as who writes to a pipe."""
    unit, times = WEB._replace(backoff=Backoff(0, 0)), 9
    facts = [(at * SECOND, Fact(FactKind.ENDED, 0, 1)) for at in range(1, times)] + [(60 * SECOND, TOLD)]
    text = [f"line {at}\r\n" * 4500 for at in range(times)]
    answer = player.play([
        *request(Pod("p", (unit,)), facts=facts), "quiet", "sink 0 4096 1 1 0 -1", f"at {20 * SECOND} room 0 10000000",
        *(f"at {at * SECOND + SECOND // 2} write 0 0 {part.encode().hex()}" for at, part in enumerate(text)),
    ])
    assert (answer.status, answer.exit_code) == (0, 143), answer.broken or answer.text[-2000:]
    assert answer.sinks[0].decode() == "".join(text).replace("\r", "")
    assert said(answer).count("web: cannot start now: its terminal: nobody reads it; trying again\n") == 1


# --- another plan ---


def test_another_plan_gives_it_one_and_takes_it(player: Player) -> None:
    plain = Pod("p", (WEB._replace(own_terminal=False),))
    own = Pod("p", (WEB,))
    answer = player.play([
        *request(own, facts=[(20 * SECOND, TOLD)]), "quiet",
        *(f"at {at * SECOND} write 0 0 {word.hex()}"
          for at, word in ((1, b"a\r\n"), (7, b"b\r\n"), (13, b"c\r\n"))),
        f"at {8 * SECOND} write 0 1 {b'err'.hex()}",
        *client(0, 5, give(plain)), *client(1, 11, give(own)), *client(2, 16, give(own)),
    ])
    assert (answer.status, answer.exit_code) == (0, 143), answer.broken or answer.text[-2000:]
    assert answer.sinks[0] == b"a\nb\r\nc\n" and answer.sinks[1] == b"err\n"
    assert len(answer.forks) == 3
    assert [heard(answer, number)[0] for number in range(3)] == [202, 202, 200]
