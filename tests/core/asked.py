"""Random probes, hooks and notify of a unit, and how they are answered.

As in ``pods``: no two things of different origin fall on one moment. Each kind of probe of each unit has a remainder of
its own, by its initial delay.
"""

from collections.abc import Mapping
from random import Random

from minipod.model import Ask, Notify, Probe, RestartRule
from minipod.supervisor.vocabulary import Errand, Handler, Kind
from minipod.supervisor.world import Answer, Fact, FactKind, Notice, Reply

MS = 1_000_000
SECOND = 1000 * MS
HOOKS = (Errand.POST_START, Errand.PRE_STOP)
PROBES = {
    Errand.STARTUP: "startup_probe", Errand.LIVENESS: "liveness_probe", Errand.READINESS: "readiness_probe",
}
DIALED = [Handler.HTTP_GET, Handler.TCP_SOCKET, Handler.GRPC]
REPLIES = [*[Reply.WELL] * 5, *[Reply.BADLY] * 3, Reply.ERROR, Reply.NEVER]
NOTICES = [Notice.READY, Notice.READY, *Notice]


def seconds(dice: Random, *numbers: float) -> int:
    """One of them, in ns."""
    return int(dice.choice(numbers) * SECOND)


def _ask(dice: Random, at: int, kind: Errand, handlers: list[Handler]) -> Ask:
    """Each errand has a port of its own."""
    return Ask(dice.choice(handlers), command=("true",), port=1000 + 8 * at + kind.number)


def _probe(dice: Random, at: int, kind: Errand) -> Probe:
    return Probe(
        _ask(dice, at, kind, [*[Handler.EXEC] * 3, *DIALED]),
        initial_delay=seconds(dice, 0, 0, 0.6, 3) + (7 * at + kind.number) % 50 * MS,
        period=seconds(dice, 1, 1, 3.05, 10),
        timeout=seconds(dice, 1, 0.4, 2.5),
        success_threshold=dice.randint(1, 3) if kind is Errand.READINESS else 1,
        failure_threshold=dice.randint(1, 3),
        termination_grace_period=dice.choice([None, 0, SECOND, 4 * SECOND]),
    )


def _hook(dice: Random, at: int, kind: Errand) -> Ask:
    ask = _ask(dice, at, kind, [Handler.EXEC, Handler.HTTP_GET, Handler.SLEEP])
    return ask._replace(sleep=seconds(dice, 0, 0.75, 2.6)) if ask.handler is Handler.SLEEP else ask


def _notify(dice: Random) -> dict[str, object]:
    """Keys of a unit that speaks for itself, or not."""
    notify = dice.choice([None, None, Notify(), Notify(fd=3)])
    if notify is None:
        return {}
    watchdog = dice.choice([None, 2100 * MS, 6400 * MS]) if notify.fd is None else None
    return {"notify": notify, "start_timeout": dice.choice([None, 2700 * MS]), "watchdog": watchdog}


def _rule(dice: Random) -> RestartRule:
    return RestartRule(dice.choice([(1,), (3, 77), (137,), (0,)]), dice.random() < 0.3, dice.random() < 0.6)


def asked_of(dice: Random, at: int, kind: Kind) -> dict[str, object]:
    """Keys of a unit."""
    keys: dict[str, object] = {"restart_rules": tuple(_rule(dice) for _ in range(dice.choice([0, 0, 1, 2])))}
    if kind is Kind.INIT:
        return keys
    keys |= _notify(dice)
    for probe, name in PROBES.items():
        if dice.random() < 0.4 and not (probe is Errand.STARTUP and "notify" in keys):
            keys[name] = _probe(dice, at, probe)
    for hook, name in ((Errand.POST_START, "post_start"), (Errand.PRE_STOP, "pre_stop")):
        if dice.random() < 0.3:
            keys[name] = _hook(dice, at, hook)
    return keys


def _answer(dice: Random) -> Answer:
    return Answer(dice.choice(REPLIES), seconds(dice, 0, 0, 0.3, 1, 2.2))


def _beat(dice: Random, watchdog: int) -> Answer:
    """How a program says that it lives: in time, or not."""
    return Answer(dice.choice([*[Reply.WELL] * 4, Reply.NEVER, Reply.BADLY]), watchdog // 2)


def answers_of(dice: Random, watchdog: int | None) -> Mapping[Errand, Answer]:
    """By errand, for those that a unit may have."""
    said = {kind: _answer(dice) for kind in (*PROBES, *HOOKS)}
    return said if watchdog is None else {**said, Errand.WATCHDOG: _beat(dice, watchdog)}


def ready_after(dice: Random) -> int | None:
    """When an instance says that it is ready."""
    return dice.choice([None, 0, 370 * MS, 4130 * MS])


def happens(dice: Random, at: int, watchdog: int | None) -> Fact:
    """A probe of a unit turns, its program speaks, or the kernel ends it for want of memory."""
    kind = dice.choice([FactKind.TURNED] * 4 + [FactKind.NOTIFIED] * 3 + [FactKind.OOM_KILLED])
    if kind is FactKind.OOM_KILLED:
        return Fact(kind, at)
    if kind is FactKind.NOTIFIED:
        return Fact(kind, at, dice.choice(NOTICES))
    if watchdog is not None and dice.random() < 0.3:
        return Fact(kind, at, (Errand.WATCHDOG, _beat(dice, watchdog)))
    return Fact(kind, at, (dice.choice([*PROBES, *HOOKS]), _answer(dice)))
