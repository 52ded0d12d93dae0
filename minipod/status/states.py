"""From what is known of one unit to its container status: state, reason, flags, restart count.

Pure. Sources of the rules: spec.md sections 2, 3.3 and 6.4, observed.md. What decides is the unit's lifecycle; policy
is the supervisor's and is never asked here.
"""

from collections.abc import Sequence
from typing import NamedTuple

from minipod.status.durations import between
from minipod.status.records import ContainerStatus, Running, State, Terminated, Waiting
from minipod.supervisor.facts import HAS_PROCESS
from minipod.supervisor.verdict import CONFIG_REASON, reason_of
from minipod.supervisor.vocabulary import ExitClass, Kind, Life, Outcome, Want

CREATING, INITIALIZING = "ContainerCreating", "PodInitializing"
CRASH_LOOP, ANEW = "CrashLoopBackOff", reason_of(ExitClass.RESET, 1)
DEPENDENCY_FAILED = reason_of(ExitClass.DEPENDENCY, None)
_PROGRAM_RUNS = HAS_PROCESS - {Life.DRAINING}


class UnitRecord(NamedTuple):
    """What is known of one unit (``facts.UnitFacts``, and what only a status asks for).

    ``instances``: how many were started. ``ends``: the latest ones, the last of them last; two are enough.
    ``ready``: as its probes say. ``due_at``: when its back-off is over.
    """

    name: str
    kind: Kind
    life: Life = Life.HELD
    want: Want = Want.UP
    outcome: Outcome | None = None
    begun: bool = False
    begun_in_round: bool = False
    started: bool = False
    ready: bool = False
    instances: int = 0
    started_at: int | None = None
    ends: Sequence[Terminated] = ()
    due_at: int | None = None

    @property
    def code(self) -> int | None:
        """Of its last end."""
        return self.ends[-1].exit_code if self.ends else None


def container_status(unit: UnitRecord, *, has_inits: bool) -> ContainerStatus:
    """How the API shows a unit. ``has_inits``: the pod has an init or a sidecar."""
    state, last_state = _states(unit, has_inits)
    runs = isinstance(state, Running)
    return ContainerStatus(
        name=unit.name,
        state=state,
        last_state=last_state,
        ready=_is_done(unit) if unit.kind is Kind.INIT else runs and unit.started and unit.ready,
        started=runs and unit.started,
        restart_count=_restart_count(unit, state),
    )


def _states(unit: UnitRecord, has_inits: bool) -> tuple[State, Terminated | None]:
    last = unit.ends[-1] if unit.ends else None
    before = unit.ends[-2] if len(unit.ends) > 1 else None
    if unit.life in _PROGRAM_RUNS:
        return Running(unit.started_at), last
    if last is None:
        return Waiting(_first_wait(unit, has_inits)), None
    if unit.life is Life.HELD and last.reason == ANEW:
        return Waiting(ANEW), last
    if unit.life is Life.BACKOFF and last.reason == CONFIG_REASON:
        return Waiting(CONFIG_REASON, last.message), last
    if unit.life is Life.BACKOFF and not _keeps_its_end(unit, last):
        return Waiting(CRASH_LOOP, _backing_off(unit, last)), last
    return last, before


def _first_wait(unit: UnitRecord, has_inits: bool) -> str:
    """Of a unit that never ran. One whose predecessor failed it is over without a start (DESIGN.md section 4)."""
    if unit.outcome is Outcome.FAILED:
        return DEPENDENCY_FAILED
    return INITIALIZING if has_inits else CREATING


def _backing_off(unit: UnitRecord, last: Terminated) -> str:
    """As the kubelet puts it (spec.md section 5), with the whole delay and not what is left of it."""
    if unit.due_at is None or last.finished_at is None:
        return ""
    return f"back-off {between(last.finished_at, unit.due_at)} restarting failed container={unit.name}"


def _keeps_its_end(unit: UnitRecord, last: Terminated) -> bool:
    """An init or a sidecar that ended with 0 is never shown as crashing (spec.md section 2, observed.md)."""
    return unit.kind is not Kind.SERVICE and last.exit_code == 0


def _is_done(unit: UnitRecord) -> bool:
    return unit.life is Life.ENDED and unit.code == 0


def _restart_count(unit: UnitRecord, state: State) -> int:
    """One that was removed for a new beginning counts as restarted already; one that never ran does not."""
    restarts = max(unit.instances - 1, 0)
    return restarts + 1 if state == Waiting(ANEW) and unit.instances else restarts
