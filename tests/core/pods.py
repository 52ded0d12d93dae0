"""Random pods and random worlds for hypothesis.

Times are drawn so that no two of different origin fall on one moment: there, either order would be right. Durations are
multiples of 50 ms, and what comes from outside each has a remainder of its own.
"""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from minipod.model import Backoff, Pod, Unit
from minipod.supervisor.vocabulary import Kind, Milestone, PodEvent, StopScope, WantEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind, Start, Stray

MS = 1_000_000
SECOND = 1000 * MS
ORDERS = [WantEvent.ORDER_START, WantEvent.ORDER_STOP, WantEvent.ORDER_RESTART]
GATES = [Milestone.STARTED, Milestone.READY, Milestone.COMPLETED]
UNTIL = 400 * SECOND


@dataclass(frozen=True)
class Play:
    """One pod, its world, and what happens."""

    pod: Pod
    behaviours: tuple[Behaviour, ...]
    facts: tuple[tuple[int, Fact], ...]
    strays: tuple[Stray, ...]


def _seconds(*numbers: float):
    return st.sampled_from([int(number * SECOND) for number in numbers])


def _start():
    return st.one_of(
        st.builds(Start, after=_seconds(0, 0.05, 0.85, 3.15)),
        st.builds(Start, after=_seconds(0, 0.35), code=st.sampled_from([126, 127])),
        st.just(Start(starved=True)),
        st.just(Start(after=None)),
    )


def _behaviour():
    return st.builds(
        Behaviour,
        starts=st.one_of(st.just(()), st.lists(_start(), max_size=4).map(tuple)),
        stop_after=st.one_of(st.none(), _seconds(0.05, 0.45, 2.65, 7.15)),
        stop_code=st.one_of(st.none(), st.sampled_from([0, 1, 77])),
        rest=st.one_of(st.just(0), st.none(), _seconds(0.15, 2.25)),
        stuck=st.sampled_from([False] * 9 + [True]),
        rest_stuck=st.sampled_from([False] * 9 + [True]),
    )


@st.composite
def _unit(draw, name: str, kind: Kind, before: list[str], at: int):
    after = draw(st.lists(st.sampled_from(before), max_size=2, unique=True)) if before else []
    deadline = draw(st.one_of(st.none(), _seconds(1.3, 5.3))) if kind is Kind.INIT else None
    return Unit(
        name,
        kind,
        ("true",),
        draw(st.sampled_from(["always", "on_failure", "never"])),
        after={other: draw(st.sampled_from(GATES)) for other in after},
        essential=kind is not Kind.INIT and draw(st.booleans()),
        backoff=draw(st.builds(
            Backoff, initial=_seconds(0, 1.1, 3.1), max=_seconds(4.4, 60.4), reset_after=_seconds(5.55, 600.55),
        )),
        max_restarts=draw(st.one_of(st.none(), st.integers(0, 2))),
        deadline=deadline and deadline + (30 + at) * MS,
        stop_to=draw(st.sampled_from(StopScope)),
        termination_grace_period=draw(_seconds(1, 2, 4, 30)),
        exit_codes=draw(st.sampled_from([{}, {3: 0}, {0: 9}])),
    )


@st.composite
def _pod(draw):
    kinds = draw(st.lists(st.sampled_from([Kind.INIT, Kind.SIDECAR]), max_size=3))
    kinds += [Kind.SERVICE] * draw(st.integers(1, 4))
    names = [f"u{at}" for at in range(len(kinds))]
    first = len([kind for kind in kinds if kind is not Kind.SERVICE])
    units = [draw(_unit(name, kind, names[first:at] if at >= first else [], at))
             for at, (name, kind) in enumerate(zip(names, kinds, strict=True))]
    deadline = draw(st.one_of(st.none(), _seconds(0.95, 12.2, 60.2)))
    return Pod(
        name="random",
        units=tuple(units),
        main=draw(st.one_of(st.none(), st.sampled_from(names[first:]))),
        deadline=deadline and deadline + 49 * MS,
        termination_grace_period=draw(_seconds(5, 10, 15, 30)),
    )


def _happening(units: int):
    ended = st.builds(Fact, kind=st.just(FactKind.ENDED), unit=st.integers(0, units - 1),
                      value=st.sampled_from([0, 0, 1, 3, 137, 139]))
    order = st.builds(Fact, kind=st.just(FactKind.SAID), unit=st.integers(0, units - 1), value=st.sampled_from(ORDERS))
    told = st.just(Fact(FactKind.SAID, None, PodEvent.TOLD))
    return st.one_of(ended, ended, ended, order, told)


def _one_starves(behaviours: list[Behaviour]) -> list[Behaviour]:
    """Two that starve in one moment would be tried again in one moment."""
    starving = next((i for i, how in enumerate(behaviours) if any(start.starved for start in how.starts)), None)
    return [
        how if i == starving else replace(how, starts=tuple(start for start in how.starts if not start.starved))
        for i, how in enumerate(behaviours)
    ]


@st.composite
def plays(draw) -> Play:
    """A pod of at most seven units to which at most nine things happen."""
    pod = draw(_pod())
    happenings = draw(st.lists(st.tuples(st.integers(0, 200), _happening(len(pod.units))), max_size=9))
    facts = sorted(
        ((step * 50 * MS + (3 * at + 2) * MS, fact) for at, (step, fact) in enumerate(happenings)), key=lambda f: f[0]
    )
    behaviours = _one_starves(draw(st.lists(_behaviour(), min_size=len(pod.units), max_size=len(pod.units))))
    # When no time is left strays get TERM and KILL in one moment: whether one still heeds the first is nobody's to say.
    stubborn = [kind for kind in Stray if kind is not Stray.HEEDS]
    strays = draw(st.one_of(st.just([]), st.lists(st.sampled_from(stubborn), max_size=2)))
    return Play(pod, tuple(behaviours), tuple(facts), tuple(strays))
