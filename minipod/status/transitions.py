"""When each condition of a pod became what it is, from the record of what happened to its units (spec.md section 10).

Pure. It must never make a moment up: where the record does not reach back to it, or says something else than the status
does, there is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from minipod.status import conditions
from minipod.status.pod import statuses_of
from minipod.status.records import Condition, PodStatus, Running
from minipod.status.states import UnitRecord
from minipod.supervisor.facts import HAS_PROCESS
from minipod.supervisor.vocabulary import Kind, Life
from minipod.supervisor.vocabulary import Pod as PodState

_PROGRAM_RUNS = frozenset(life.word for life in HAS_PROCESS - {Life.DRAINING})


class Change(NamedTuple):
    """One transition. ``unit``: "" for the pod; ``state``: what its lifecycle, or the pod, is from then on, None if it
    stays; ``code``: of its instance that has ended."""

    at: int
    unit: str
    state: str | None = None
    started: bool = False
    ready: bool = False
    code: int | None = None


class _Track:
    """What one yes-or-no is, and since when. None: not known."""

    def __init__(self, value: bool | None, since: int | None):
        self.value, self.since = value, since

    def turn(self, value: bool | None, at: int) -> None:
        if value != self.value:
            self.since = None if self.value is None or value is None else at
        self.value = value


def dated(status: PodStatus, units: Sequence[UnitRecord], changes: Iterable[Change], *, is_whole: bool) -> PodStatus:
    """The status with the moments. ``changes`` in their order; ``is_whole``: from the pod's begin on."""
    begun = status.start_time
    tracks = _follow(units, changes, is_whole, begun)
    fixed = _Track(True, begun)
    by_type = {
        conditions.READY_TO_START: fixed, conditions.POD_SCHEDULED: fixed,
        conditions.INITIALIZED: tracks["initialized"], conditions.ALL_RESTARTING: tracks["anew"],
        conditions.READY: tracks["ready"], conditions.CONTAINERS_READY: tracks["ready"],
    }  # fmt: skip
    return status._replace(conditions=tuple(_dated(each, by_type.get(each.type)) for each in status.conditions))


def _dated(condition: Condition, track: _Track | None) -> Condition:
    is_so = track is not None and track.value is not None and condition.status == str(track.value)
    return condition._replace(last_transition=track.since) if track is not None and is_so else condition


def _follow(
    units: Sequence[UnitRecord], changes: Iterable[Change], is_whole: bool, begun: int | None
) -> Mapping[str, _Track]:
    known = list(changes)
    moved = {change.unit for change in known}
    ready, done = _now(units)
    if is_whole:
        ready, done = dict.fromkeys(ready, False), dict.fromkeys(done, False)
    else:
        ready = {name: None if name in moved else value for name, value in ready.items()}
        done = {name: None if name in moved else value for name, value in done.items()}
    since = begun if is_whole else None
    tracks = {"ready": _Track(_all(ready), since), "initialized": _Track(_all(done) or not done, since),
              "anew": _Track(False if is_whole or "" not in moved else None, since)}  # fmt: skip
    if not done:
        tracks["initialized"].since = begun
    states: dict[str, str | None] = {}
    for change in known:
        states[change.unit] = state = change.state or states.get(change.unit)
        _mark(change, state, ready, done)
        tracks["ready"].turn(_all(ready), change.at)
        if not tracks["initialized"].value:  # it stays it: a pod that begins anew was initialized before
            tracks["initialized"].turn(_all(done), change.at)
        if not change.unit:
            tracks["anew"].turn(state == PodState.RESETTING.word, change.at)
    return tracks


def _mark(change: Change, state: str | None, ready: dict[str, bool | None], done: dict[str, bool | None]) -> None:
    runs = None if state is None else state in _PROGRAM_RUNS
    if change.unit in ready:
        ready[change.unit] = change.started and change.ready and (runs is None or runs)
    if change.unit in done:
        is_sidecar = change.unit in ready
        done[change.unit] = change.started if is_sidecar else state == Life.ENDED.word and change.code == 0


def _now(units: Sequence[UnitRecord]) -> tuple[dict[str, bool | None], dict[str, bool | None]]:
    """By unit: who counts is ready; an init is done, a sidecar has started."""
    statuses = dict(zip((unit.name for unit in units), statuses_of(units), strict=True))
    ready: dict[str, bool | None] = {u.name: statuses[u.name].ready for u in units if u.kind is not Kind.INIT}
    done: dict[str, bool | None] = {}
    for unit in units:
        status = statuses[unit.name]
        if unit.kind is Kind.INIT:
            done[unit.name] = status.ready
        elif unit.kind is Kind.SIDECAR:
            done[unit.name] = isinstance(status.state, Running) and bool(status.started)
    return ready, done


def _all(values: Mapping[str, bool | None]) -> bool | None:
    """Whether all are so; None where that hangs on one that is not known."""
    if any(value is False for value in values.values()):
        return False
    return None if any(value is None for value in values.values()) else True
