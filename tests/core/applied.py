"""Pods that are given another plan on the fake kernel: units, and what was answered and started then."""

import json

from player import Answer, Player, request

from minipod.model import Ask, Pod, Probe, Unit
from minipod.supervisor.vocabulary import Handler, Kind, Life, Milestone, PodEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind

SECOND = 1_000_000_000
WEB = Unit("web", Kind.SERVICE, ("web",), "always")
DB = Unit("db", Kind.SERVICE, ("db",), "always")
CACHE = Unit("cache", Kind.SERVICE, ("cache",), "always", after={"db": Milestone.STARTED})
SEED = Unit("seed", Kind.INIT, ("seed",), "never")
ASKED = Probe(Ask(Handler.EXEC, ("ask",)), period=4 * SECOND)


def pod(*units: Unit, **keys: object) -> Pod:
    return Pod("shop", units, **keys)


def play(player: Player, old: Pod, *lines: str, behaviours: tuple[Behaviour, ...] = (), until: int = 60) -> Answer:
    """It is told to stop at the end."""
    told = [((until - 20) * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    inits = [(SECOND // 2, Fact(FactKind.ENDED, at, 0)) for at, unit in enumerate(old.units) if unit.kind is Kind.INIT]
    answer = player.play([*request(old, behaviours, [*inits, *told], until=until * SECOND), *lines])
    assert (answer.status, answer.broken, answer.impossible) == (0, None, []), answer.text[-3000:]
    assert answer.lost_events == 0
    return answer


def heard(answer: Answer, number: int) -> tuple[int, dict]:
    head, _, body = answer.heard[number].partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def starts(answer: Answer, since: int = 2) -> list[tuple[int, int]]:
    """(s, slot) of what was started later than that."""
    return [(step.at // SECOND, step.unit) for step in answer.steps
            if step.next is Life.SPAWNING and step.at >= since * SECOND]
