"""The columns of ``kubectl get pod`` (spec.md section 11; ``printPod``): READY STATUS RESTARTS AGE, and the wide ones.

Pure. The rules are kubectl's, with their surprises: which word STATUS shows depends on the order of the statuses.
"""

from collections.abc import Sequence
from typing import NamedTuple

from minipod.status import durations
from minipod.status.conditions import INITIALIZED, POD_SCHEDULED, READY
from minipod.status.pod import TERMINAL
from minipod.status.records import ContainerStatus, PodInfo, PodStatus, Running, Terminated, Waiting
from minipod.status.states import INITIALIZING
from minipod.supervisor.vocabulary import Kind

_GATED, _LOST = "SchedulingGated", "NodeLost"
_NONE = "<none>"


class Columns(NamedTuple):
    """One row."""

    name: str
    ready: str
    status: str
    restarts: str
    age: str


class WideColumns(NamedTuple):
    """What ``-o wide`` adds."""

    ip: str
    node: str
    nominated_node: str
    readiness_gates: str


class _Scan(NamedTuple):
    """What some statuses come to. ``word`` is None where they leave STATUS alone."""

    word: str | None = None
    ready: int = 0
    restarts: int = 0
    sidecar_restarts: int = 0
    last: int | None = None
    sidecar_last: int | None = None


def of(info: PodInfo, status: PodStatus, now: int) -> Columns:
    """The row of a pod at the moment ``now``."""
    inits = _scan_inits(info, status)
    word, counts = inits.word or _first_word(status), (inits.ready, inits.restarts, inits.last)
    if inits.word is None or _is(status, INITIALIZED):
        mains = _scan_mains(status, word)
        word = mains.word or word
        counts = (
            inits.ready + mains.ready,
            inits.sidecar_restarts + mains.restarts,
            _later(inits.sidecar_last, mains.last),
        )
    ready, restarts, last = counts
    return Columns(
        name=info.name,
        ready=f"{ready}/{sum(part.kind is not Kind.INIT for part in info.parts)}",
        status=_last_word(info, status, word),
        restarts=_restarts(restarts, last, now),
        age=durations.age(info.created_at, now),
    )


def wide(info: PodInfo, status: PodStatus) -> WideColumns:
    """The further columns of a wide row."""
    met = sum(_is(status, gate) for gate in info.gates)
    return WideColumns(
        ip=info.ips[0] if info.ips else _NONE,
        node=info.node or _NONE,
        nominated_node=info.nominated_node or _NONE,
        readiness_gates=f"{met}/{len(info.gates)}" if info.gates else _NONE,
    )


def _first_word(status: PodStatus) -> str:
    scheduled = status.condition(POD_SCHEDULED)
    if scheduled is not None and scheduled.reason == _GATED:
        return _GATED
    return status.reason or status.phase


def _last_word(info: PodInfo, status: PodStatus, word: str) -> str:
    if info.deleted_at is None:
        return word
    if status.reason == _LOST:
        return "Unknown"
    return word if status.phase in TERMINAL else "Terminating"


def _restarts(count: int, last: int | None, now: int) -> str:
    return f"{count} ({durations.age(last, now)} ago)" if count and last is not None else str(count)


# --- inits and sidecars, in the spec's order, up to the first that is not done ------------------------------------


def _scan_inits(info: PodInfo, status: PodStatus) -> _Scan:
    sidecars = {part.name for part in info.parts if part.kind is Kind.SIDECAR}
    total = sum(part.kind is not Kind.SERVICE for part in info.parts)
    seen = _Scan()
    for at, each in enumerate(status.inits or ()):
        is_sidecar = each.name in sidecars
        seen = _counted(seen, each, is_sidecar)
        if isinstance(each.state, Terminated) and each.state.exit_code == 0:
            continue
        if is_sidecar and each.started:
            seen = seen._replace(ready=seen.ready + each.ready)
            continue
        return seen._replace(word=f"Init:{_init_word(each, at, total)}")
    return seen


def _counted(seen: _Scan, each: ContainerStatus, is_sidecar: bool) -> _Scan:
    seen = seen._replace(restarts=seen.restarts + each.restart_count, last=_later(seen.last, _finish(each)))
    if not is_sidecar:
        return seen
    return seen._replace(
        sidecar_restarts=seen.sidecar_restarts + each.restart_count,
        sidecar_last=_later(seen.sidecar_last, _finish(each)),
    )


def _init_word(each: ContainerStatus, at: int, total: int) -> str:
    if isinstance(each.state, Terminated):
        return _end_word(each.state)
    if isinstance(each.state, Waiting) and each.state.reason not in ("", INITIALIZING):
        return each.state.reason
    return f"{at}/{total}"


# --- services, from the last to the first --------------------------------------------------------------------------


def _scan_mains(status: PodStatus, before: str) -> _Scan:
    mains = status.mains or ()
    word, error, ready, runs = None, None, 0, False
    for each in reversed(mains):
        if isinstance(each.state, Waiting) and each.state.reason:
            word = each.state.reason
        elif isinstance(each.state, Terminated):
            word = _end_word(each.state)
            error = word if each.state.exit_code else error
        elif each.ready and isinstance(each.state, Running):
            runs, ready = True, ready + 1
    if (word or before) == "Completed":
        word = _half_done(status, error, runs)
    return _Scan(word, ready, sum(each.restart_count for each in mains), last=_latest(mains))


def _half_done(status: PodStatus, error: str | None, runs: bool) -> str:
    """Some have completed: what the others do decides what is shown."""
    if runs and _is(status, READY):
        return "Running"
    return error or ("NotReady" if runs else "Completed")


def _end_word(end: Terminated) -> str:
    return end.reason or (f"Signal:{end.signal}" if end.signal else f"ExitCode:{end.exit_code}")


# --- small things --------------------------------------------------------------------------------------------------


def _is(status: PodStatus, kind: str) -> bool:
    condition = status.condition(kind)
    return condition is not None and condition.status == "True"


def _finish(each: ContainerStatus) -> int | None:
    return each.last_state.finished_at if each.last_state else None


def _latest(statuses: Sequence[ContainerStatus]) -> int | None:
    return max(filter(lambda moment: moment is not None, map(_finish, statuses)), default=None)


def _later(one: int | None, other: int | None) -> int | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
