"""Whose a process is: by its session, by having been seen below a leader that is stopped, by the mark in its
environment. Names and environments are whatever a program made of them. Who is nobody's lives until the pod's end, and
no longer.
"""

import pytest
from player import Answer, Player, request

from minipod.model import Ask, Pod, Probe, Unit
from minipod.supervisor.vocabulary import Errand, Handler, Kind, PodEvent, WantEvent
from minipod.supervisor.world import Answer as Said
from minipod.supervisor.world import Behaviour, Fact, FactKind, Reply

SECOND = 1_000_000_000
MARK = b"MINIPOD_INSTANCE=7001."  # the driver's
HEEDS, IGNORES = 0, 1
KILL = 9
POD = Pod("strays", tuple(Unit(f"u{i}", Kind.SERVICE, ("true",), "always") for i in range(3)))


def process(key: str, parent: str = "u1", session: str = "own", name: bytes = b"sh", environment: bytes = b"",
            reaction: int = IGNORES) -> str:
    """One that appears after 1 s. ``environment`` b"-": it may not be read."""
    return f"at {SECOND} process {reaction} {environment.hex() or '00'} {key} {parent} {session} {name.hex()}"


def play(player: Player, lines: list[str], *, restarted: bool) -> Answer:
    """Unit u1 crashes after 5 s, or is restarted by hand; the pod is told to stop after 60 s."""
    end = Fact(FactKind.SAID, 1, WantEvent.ORDER_RESTART) if restarted else Fact(FactKind.ENDED, 1, 1)
    facts = [(5 * SECOND, end), (60 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    answer = player.play([*request(POD, facts=facts), *lines])
    assert (answer.status, answer.exit_code) == (0, 143), answer.broken or answer.text[-3000:]
    return answer


def killed_at(answer: Answer, key: str) -> float | None:
    """When it was killed first, in s."""
    pid = answer.processes[key]
    return min((kill.at / SECOND for kill in answer.kills if kill.signal == KILL and kill.pid == pid), default=None)


MARKED = [
    b"A=1\0" + MARK + b"1\0B=2\0",
    MARK + b"1\0",
    b"X" * 5000 + b"=1\0" + MARK + b"1\0",  # across two reads
    MARK[:-1] + b"\0" + MARK + b"1\0",
    b"MINIPOD_INSTANCE=1.2\0" + MARK + b"1\0",
    MARK + b"7x\0" + MARK + b"1\0",
    b"MINIPOD_MINIPOD_INSTANCE=7001.1\0" + MARK + b"1\0",
]
UNMARKED = [
    b"",
    b"-",
    MARK,
    MARK + b"\0",
    MARK + b"1x\0",
    MARK + b"11\0",
    MARK + b"4294967297\0",  # 1, were it cut to 32 bits
    MARK + b"18446744073709551617\0",
    b"MINIPOD_INSTANCE=70011\0",
    b"MINIPOD_INSTANCE=9999.1\0",
    b"XMINIPOD_INSTANCE=7001.1\0",
    b"A=MINIPOD_INSTANCE=7001.1\0",
    MARK + b"0x\0" + MARK + b"\0",
]
NAMES = [b"sh", b") (", b"a) S 1 1 1", b"x\ny", b"()", b"))))", b" ", b") Z 0 0 0 0", b"\xff\xfe"]


@pytest.mark.parametrize("environment", MARKED)
def test_the_mark_attributes(environment, player):
    answer = play(player, [process("p", environment=environment)], restarted=False)
    assert killed_at(answer, "p") == 5


@pytest.mark.parametrize("environment", UNMARKED)
def test_what_is_no_mark_of_ours_does_not(environment, player):
    answer = play(player, [process("p", environment=environment)], restarted=False)
    assert killed_at(answer, "p") > 60


@pytest.mark.parametrize("environment", [MARK + b"0\0", MARK + b"2\0"])
def test_another_units_is_left_alone(environment, player):
    answer = play(player, [process("p", environment=environment)], restarted=False)
    assert killed_at(answer, "p") > 60


@pytest.mark.parametrize("name", NAMES)
def test_no_name_hides_or_gives_away(name, player):
    marked, other = MARK + b"1\0", MARK + b"0\0"
    lines = [process("own", name=name, environment=marked), process("not", name=name, environment=other)]
    answer = play(player, lines, restarted=False)
    assert killed_at(answer, "own") == 5
    assert killed_at(answer, "not") > 60


def test_the_session_is_killed_with_its_leader(player):
    answer = play(player, [process("p", session="u1")], restarted=False)
    leader = next(pid for _, unit, pid in answer.forks if unit == 1)
    assert [(kill.at, kill.pid) for kill in answer.kills][0] == (5 * SECOND, -leader)
    assert [at for at, unit, _ in answer.forks if unit == 1] == [0, 5 * SECOND]
    assert answer.orphans == 1


def test_seen_below_a_leader_that_is_stopped(player):
    """No mark, no session of its unit: its parent gives it away, while there is one."""
    lines = [process("child"), process("grandchild", parent="child"), process("other", parent="u2")]
    answer = play(player, lines, restarted=True)
    assert killed_at(answer, "child") == killed_at(answer, "grandchild") == 15  # with the grace of 10 s
    assert killed_at(answer, "other") > 60


def test_a_crash_leaves_those_that_nothing_gives_away(player):
    answer = play(player, [process("child")], restarted=False)
    assert killed_at(answer, "child") > 60


def test_those_that_heed_are_asked_before(player):
    answer = play(player, [process("child", reaction=HEEDS)], restarted=False)
    assert killed_at(answer, "child") is None
    assert answer.orphans == 1


def test_nobody_is_left(player):
    """Also those below strays, whom only a pidfd reaches."""
    lines = [process("a"), process("b", parent="a"), process("c", parent="b"), process("d", parent="self")]
    answer = play(player, lines, restarted=False)
    assert {killed_at(answer, key) for key in "abcd"} == {69.5}
    assert answer.orphans == 4


# --- the commands of probes ---

HANGS = Behaviour(answers={Errand.LIVENESS: Said(Reply.NEVER)}, rest=SECOND)


def play_asked(player: Player, *facts: tuple[int, Fact]) -> Answer:
    """Two services, each with a command that asks it and never ends."""
    probe = Probe(Ask(Handler.EXEC, ("probe",)), timeout=1000 * SECOND)
    units = tuple(Unit(f"u{i}", Kind.SERVICE, ("true",), "always", liveness_probe=probe) for i in range(2))
    answer = player.play(request(Pod("asked", units), [HANGS, HANGS], facts, until=100 * SECOND))
    assert answer.status == 0, answer.broken or answer.text[-2000:]
    return answer


def test_a_probes_command_goes_with_its_unit_alone(player):
    answer = play_asked(player, (5 * SECOND, Fact(FactKind.ENDED, 0, 1)))
    commands = [pid for _, _, pid in answer.errands]
    killed = {(kill.at, abs(kill.pid)) for kill in answer.kills if abs(kill.pid) in commands}
    assert killed == {(5 * SECOND, commands[0])}
    assert [at for at, unit, _ in answer.forks if unit == 0] == [0, 5 * SECOND]


def test_a_command_that_nobody_waits_for_is_no_orphan(player):
    answer = play_asked(player, (5 * SECOND, Fact(FactKind.ENDED, 0, 1)))
    assert (len(answer.errands), answer.orphans) == (3, 1)  # what the unit left behind


def test_commands_hold_nobody_up_at_the_end(player):
    answer = play_asked(player, (5 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD)))
    assert (answer.exit_code, answer.steps[-1].at) == (143, 6 * SECOND)
