"""A pod's beginning, folded from its transitions: which state each unit was in and when, when it reached what others
wait for, and who held it up. Pure. Times are ns since the first transition; None where it has not come to that.

It must never know where transitions come from.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from minipod.supervisor.order import Edge
from minipod.supervisor.vocabulary import Direction, Kind, Life, Milestone

STARTED, READY = "started", "ready"


class Step(NamedTuple):
    """One transition of a unit. ``state``: its lifecycle's state from here on. ``is_over``: ended for good, well."""

    at: int
    unit: str
    state: str
    started: bool = False
    ready: bool = False
    is_over: bool = False


class Span(NamedTuple):
    """A unit was in one state; a unit that is up counts as "up", "started" or "ready". ``end``: see ``Boot.end``."""

    state: str
    begin: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.begin


class Track:
    """One unit. ``began``: its first start was tried; the others of the instance that first came so far."""

    def __init__(self, name: str):
        self.name = name
        self.spans: list[Span] = []
        self.began: int | None = None
        self.tried: int | None = None
        self.started: int | None = None
        self.ready: int | None = None
        self.completed: int | None = None
        self.starts = 0

    def reached(self, milestone: Milestone) -> int | None:
        """When it was what others wait for, for the first time."""
        moments = {
            Milestone.TRIED: self.tried,
            Milestone.STARTED: self.started,
            Milestone.READY: self.ready,
            Milestone.COMPLETED: self.completed,
        }
        return moments.get(milestone)

    def goal(self, kind: Kind) -> Milestone:
        """What its beginning leads to: an init is done, anybody else is ready; a service may be done before."""
        is_done = self.ready is None and self.completed is not None
        return Milestone.COMPLETED if kind is Kind.INIT or is_done else Milestone.READY

    def in_state(self, state: str, until: int | None) -> int:
        """How long it was in this state, all instances until then."""
        last = self.spans[-1].end if until is None and self.spans else until or 0
        return sum(max(0, min(span.end, last) - span.begin) for span in self.spans if span.state == state)


class Boot:
    """``tracks`` in the order of ``names``, else of their first transition; ``end``: the last moment that is known."""

    def __init__(self, names: Sequence[str]):
        self.tracks = {name: Track(name) for name in names}
        self.end = 0


def fold(steps: Iterable[Step], names: Sequence[str] = (), end: int | None = None) -> Boot:
    """The steps in their order. ``end``: a moment to which all is known, if that is later than the last of them."""
    boot = Boot(names)
    latest: dict[str, tuple[str, int]] = {}
    for step in steps:
        track = boot.tracks.setdefault(step.unit, Track(step.unit))
        boot.end = max(boot.end, step.at)
        _mark(track, step)
        before, since = latest.get(step.unit, (Life.HELD.word, 0))
        if _shown(step) != before:
            _close(track, before, since, step.at)
            latest[step.unit] = _shown(step), step.at
    boot.end = max(boot.end, end or 0)
    for name, track in boot.tracks.items():
        _close(track, *latest.get(name, (Life.HELD.word, 0)), boot.end)
    return boot


def _shown(step: Step) -> str:
    if step.state != Life.UP.word:
        return step.state
    return READY if step.ready else STARTED if step.started else step.state


def _close(track: Track, state: str, begin: int, end: int) -> None:
    if end > begin:
        track.spans.append(Span(state, begin, end))


# A start is over in them, whatever came of it.
_TRIED = frozenset({Life.UP.word, Life.DRAINING.word, Life.ENDED.word})


def _mark(track: Track, step: Step) -> None:
    if step.state == Life.SPAWNING.word:
        track.began = step.at if track.began is None else track.began
        if track.ready is None:
            track.starts += 1
    if step.state in _TRIED and track.tried is None:
        track.tried = step.at
    if step.started and track.started is None:
        track.started = step.at
    if step.ready and track.ready is None:
        track.ready = step.at
    if step.is_over and track.completed is None:
        track.completed = step.at


# --- who held up whom -------------------------------------------------------------------------------------------------


class Link(NamedTuple):
    """One in a chain: the unit, what the next one waited for, when that was, and how long the unit took for it."""

    unit: str
    milestone: Milestone
    at: int | None
    took: int | None


def chain(boot: Boot, kinds: Mapping[str, Kind], edges: Sequence[Edge], name: str) -> list[Link]:
    """From the unit of this name back to one that waited for nobody: each time the predecessor that came last, or one
    that has not come yet. Edges count units as ``kinds`` does."""
    order = list(kinds)
    links = [_link(boot.tracks[name], boot.tracks[name].goal(kinds[name]))]
    while True:
        here = order.index(links[-1].unit)
        before = [edge for edge in edges if edge.second == here and edge.direction is Direction.START]
        if not before:
            return links
        links.append(max((_link(boot.tracks[order[edge.first]], edge.milestone) for edge in before), key=_lateness))


def _link(track: Track, milestone: Milestone) -> Link:
    at = track.reached(milestone)
    return Link(track.name, milestone, at, None if at is None or track.began is None else at - track.began)


def _lateness(link: Link) -> tuple[bool, int]:
    return link.at is None, link.at or 0


def slowest(boot: Boot, kinds: Mapping[str, Kind]) -> str | None:
    """The unit that came last of those that came; None if none has."""
    reached = {name: boot.tracks[name].reached(boot.tracks[name].goal(kind)) for name, kind in kinds.items()}
    there = {name: at for name, at in reached.items() if at is not None}
    return max(there, key=lambda name: there[name], default=None)


def missing(boot: Boot, kinds: Mapping[str, Kind]) -> list[str]:
    """Those that have not come."""
    return [name for name, kind in kinds.items() if boot.tracks[name].reached(boot.tracks[name].goal(kind)) is None]


def finished(boot: Boot, kinds: Mapping[str, Kind]) -> int | None:
    """When the last one came; None while one is missing."""
    name = slowest(boot, kinds)
    if name is None or missing(boot, kinds):
        return None
    return boot.tracks[name].reached(boot.tracks[name].goal(kinds[name]))
