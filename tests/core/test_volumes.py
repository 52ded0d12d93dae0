"""The core's half of volumes: who waits for them, what becomes of the pod without them, how often they are looked at.
"""

import errno

import pytest
from player import Answer, Player, request

from minipod.model import Kind, Mount, Pod, Unit, Volume
from minipod.supervisor.vocabulary import PodEvent
from minipod.supervisor.world import Fact, FactKind

SECOND = 10**9
POD = Pod(
    "job",
    (
        Unit("setup", Kind.INIT, ("a",), "never"),
        Unit("web", Kind.SERVICE, ("b",), "always", mounts=(Mount("data", "/data"),)),
    ),
    volumes=(Volume("data", "empty_dir", size_limit=1 << 20),),
    termination_grace_period=30 * SECOND,
)
THERE = ["at 0 volume holds /run/minipod/volumes/1", "at 5000000000 volume done", "at 5000000000 volume ends"]
SET_UP = (6 * SECOND, Fact(FactKind.ENDED, 0, 0))


def play(player: Player, *lines: str, facts: tuple = (SET_UP,), until: int = 9 * SECOND) -> Answer:
    answer = player.play([*request(POD, (), facts, until=until), *lines])
    assert answer.status == 0 and answer.impossible == []
    return answer


def test_nothing_starts_before_volumes_are_there(player: Player) -> None:
    answer = play(player, *THERE, "at 1 volume warns of something")
    assert [(at // SECOND, unit) for at, unit, _ in answer.forks] == [(5, 0), (6, 1)]
    assert b"minipod: of something\n" in answer.sinks[1]
    assert b"minipod: volumes are in /run/minipod/volumes/1, linked\n" in answer.sinks[1]


WITHOUT = {
    "it fails": ["at 1 volume failed data: no room", "at 1 volume ends"],
    "it dies": ["at 1 volume ends"],
    "no process": [f"fail fork_apart 1 1 {errno.EAGAIN}"],
    "no pipe": [f"fail pipe 1 1 {errno.EMFILE}"],
    "no watch": [f"fail epoll_add 2 1 {errno.ENOMEM}"],
}


@pytest.mark.parametrize("name", WITHOUT)
def test_without_volumes_nothing_starts(player: Player, name: str) -> None:
    answer = play(player, *WITHOUT[name], facts=())
    assert (answer.exit_code, answer.phase, answer.forks) == (71, "Failed", [])
    assert b"minipod: cannot prepare the pod: " in answer.sinks[1]
    assert name != "it fails" or b"ending: data: no room\n" in answer.sinks[1]


def test_told_to_stop_before_they_are_there(player: Player) -> None:
    answer = play(player, facts=((2 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD)),))
    assert (answer.exit_code, answer.ended_at, answer.forks) == (143, 2 * SECOND, [])


def test_what_they_hold_is_looked_at_every_ten_seconds(player: Player) -> None:
    """One that hangs is the last: no second one hangs beside it."""
    lines = [f"at {at * SECOND} volume ends" for at in (16, 27)]
    answer = play(player, *THERE, *lines, until=99 * SECOND)
    moments = [int(line.split()[0]) // SECOND for line in answer.text.splitlines() if " keeper " in line]
    assert moments == [0, 15, 26, 37]


def test_one_that_holds_too_much(player: Player) -> None:
    answer = play(player, *THERE, f"at {16 * SECOND} volume over", until=99 * SECOND)
    assert (answer.exit_code, answer.phase) == (1, "Failed")
    assert b'Usage of EmptyDir volume "data" exceeds the limit "1Mi".\n' in answer.sinks[1]
    assert answer.ended_at < 17 * SECOND
