"""Random pods and random worlds, by number.

Times are drawn so that no two of different origin fall on one moment: there, either order would be right. Durations are
multiples of 50 ms, and what comes from outside each has a remainder of its own.
"""

from dataclasses import dataclass, replace
from random import Random

from asked import MS, SECOND, answers_of, asked_of, happens, ready_after, seconds

from minipod.model import Backoff, Pod, Unit
from minipod.supervisor.vocabulary import Kind, Milestone, PodEvent, StopScope, WantEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind, Start, Stray

ORDERS = [WantEvent.ORDER_START, WantEvent.ORDER_STOP, WantEvent.ORDER_RESTART]
GATES = [Milestone.STARTED, Milestone.READY, Milestone.COMPLETED]
CODES = [0, 0, 1, 3, 77, 137, 139]
STEPS = 200  # of 50 ms, in which things happen
UNTIL = 200 * SECOND


@dataclass(frozen=True)
class Play:
    """One pod, its world, and what happens."""

    pod: Pod
    behaviours: tuple[Behaviour, ...]
    facts: tuple[tuple[int, Fact], ...]
    strays: tuple[Stray, ...]


def _start(dice: Random, at: int) -> Start:
    return dice.choice([
        *[Start()] * 4, Start(after=50 * MS), Start(after=850 * MS), Start(after=3150 * MS), Start(starved=True),
        Start(after=seconds(dice, 0, 0.35) + (11 + at) * MS, code=dice.choice([126, 127])), Start(after=None),
    ])


def _behaviour(dice: Random, at: int, watchdog: int | None) -> Behaviour:
    starts = () if dice.random() < 0.6 else tuple(_start(dice, at) for _ in range(dice.randint(1, 4)))
    return Behaviour(
        starts,
        stop_after=dice.choice([None, 0, 50 * MS, 450 * MS, 2650 * MS, 7150 * MS]),
        stop_code=dice.choice([None, None, 0, 1, 77]),
        rest=dice.choice([0, 0, 0, None, 150 * MS, 2250 * MS]),
        stuck=dice.random() < 0.05,
        rest_stuck=dice.random() < 0.05,
        answers=answers_of(dice, watchdog),
        ready_after=ready_after(dice),
    )


def _backoff(dice: Random) -> Backoff:
    return Backoff(seconds(dice, 0, 1.1, 3.1), seconds(dice, 4.4, 60.4), seconds(dice, 5.55, 600.55))


def _unit(dice: Random, name: str, kind: Kind, before: list[str], at: int) -> Unit:
    after = dice.sample(before, dice.choice([0, 0, 1, min(2, len(before))])) if before else []
    is_bounded = kind is Kind.INIT and dice.random() < 0.4
    return Unit(
        name,
        kind,
        ("true",),
        dice.choice(["always", "on_failure", "never"]),
        after={other: dice.choice(GATES) for other in after},
        essential=kind is not Kind.INIT and dice.random() < 0.3,
        backoff=_backoff(dice),
        max_restarts=dice.choice([None, None, 0, 1, 2]),
        deadline=seconds(dice, 1.3, 5.3) + (30 + at) * MS if is_bounded else None,
        stop_to=dice.choice(list(StopScope)),
        termination_grace_period=seconds(dice, 1, 2, 4, 30),
        exit_codes=dice.choice([{}, {}, {3: 0}, {0: 9}]),
        **asked_of(dice, at, kind),
    )


def _pod(dice: Random) -> Pod:
    kinds = dice.choices([Kind.INIT, Kind.SIDECAR], k=dice.choice([0, 0, 1, 1, 2, 3]))
    first = len(kinds)
    kinds += [Kind.SERVICE] * dice.randint(1, 4)
    names = [f"u{at}" for at in range(len(kinds))]
    units = [_unit(dice, name, kind, names[first:at] if at >= first else [], at)
             for at, (name, kind) in enumerate(zip(names, kinds, strict=True))]
    deadline = dice.choice([None, None, None, 950 * MS, 12_200 * MS, 60_200 * MS])
    return Pod(
        name="random",
        units=tuple(units),
        main=dice.choice([None, None, dice.choice(names[first:])]),
        deadline=deadline and deadline + 49 * MS,
        termination_grace_period=seconds(dice, 5, 10, 15, 30),
    )


def _happening(dice: Random, pod: Pod) -> Fact:
    at = dice.randrange(len(pod.units))
    kind = dice.random()
    if kind < 0.3:
        return Fact(FactKind.ENDED, at, dice.choice(CODES))
    if kind < 0.45:
        return Fact(FactKind.SAID, at, dice.choice(ORDERS))
    if kind < 0.5:
        return Fact(FactKind.SAID, None, PodEvent.TOLD)
    return happens(dice, at, pod.units[at].watchdog)


def _inits_end(pod: Pod) -> list[Fact]:
    return [Fact(FactKind.ENDED, at, 0) for at, unit in enumerate(pod.units) if unit.kind is Kind.INIT]


def _facts(dice: Random, pod: Pod) -> tuple[tuple[int, Fact], ...]:
    """Inits end before the most of it."""
    happenings = [(dice.randrange(20), fact) for fact in _inits_end(pod)]
    happenings += [(dice.randrange(STEPS), _happening(dice, pod)) for _ in range(dice.randint(0, 12))]
    return tuple(sorted(
        ((step * 50 * MS + (3 * at + 2) * MS, fact) for at, (step, fact) in enumerate(happenings)), key=lambda f: f[0]
    ))


def _one_starves(behaviours: list[Behaviour]) -> list[Behaviour]:
    """Two that starve in one moment would be tried again in one moment."""
    starving = next((i for i, how in enumerate(behaviours) if any(start.starved for start in how.starts)), None)
    return [
        how if i == starving else replace(how, starts=tuple(start for start in how.starts if not start.starved))
        for i, how in enumerate(behaviours)
    ]


def _strays(dice: Random) -> tuple[Stray, ...]:
    """When no time is left strays get TERM and KILL in one moment: whether one still heeds the first is nobody's to
    say."""
    stubborn = [kind for kind in Stray if kind is not Stray.HEEDS]
    return tuple(dice.choices(stubborn, k=dice.choice([0, 0, 0, 1, 2])))


def _as_of_a_manifest(pod: Pod, dice: Random) -> Pod:
    """Services start one by one, and a start that fails is a failure like any other."""
    before, units = None, []
    for unit in pod.units:
        follows = before if unit.kind is Kind.SERVICE and dice.random() < 0.8 else None
        before = unit.name if unit.kind is Kind.SERVICE else before
        code = dice.choice([None, 128, 128, 3])
        units.append(unit._replace(follows=follows, unstartable_code=code))
    return pod._replace(units=tuple(units))


def play(number: int) -> Play:
    """A pod of at most seven units to which at most fifteen things happen; each third is one of a manifest's kind."""
    dice = Random(number)
    pod = _pod(dice)
    pod = pod if number % 3 else _as_of_a_manifest(pod, Random(-number - 1))
    behaviours = _one_starves([_behaviour(dice, at, unit.watchdog) for at, unit in enumerate(pod.units)])
    return Play(pod, tuple(behaviours), _facts(dice, pod), _strays(dice))
