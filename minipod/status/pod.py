"""From what is known of a pod to its status: phase, conditions, container statuses (spec.md sections 1, 2 and 10).

Pure. The phase is the lookup that the core is built with; nothing here decides it a second time.
"""

from collections.abc import Sequence
from typing import NamedTuple

from minipod.status import conditions
from minipod.status.records import Condition, ContainerStatus, Part, PodStatus
from minipod.status.states import UnitRecord, container_status
from minipod.supervisor.facts import bits_of
from minipod.supervisor.phase import PHASE, key_of
from minipod.supervisor.vocabulary import Kind, Phase, PodEvent
from minipod.supervisor.vocabulary import Pod as PodState

TERMINAL = (Phase.SUCCEEDED.word, Phase.FAILED.word)
# Kubernetes' sentence: programs look for it.
_PAST_DEADLINE = "Pod was active on the node longer than the specified deadline"


class PodRecord(NamedTuple):
    """What is known of a pod. ``cause``, ``message`` and ``exit_code``: why and with what it ends, once that is
    fixed."""

    units: Sequence[UnitRecord]
    state: PodState = PodState.RUNNING
    cause: PodEvent | None = None
    exit_code: int | None = None
    start_time: int | None = None
    can_begin_anew: bool = False
    is_prepared: bool = True
    others: Sequence[Condition] = ()
    gates: Sequence[str] = ()
    message: str = ""


def phase_of(pod: PodRecord, table: Sequence[Phase] = PHASE) -> Phase:
    """The phase as things stand."""
    is_over = pod.state is PodState.OVER
    return table[key_of(bits_of(pod.units, exit_code=pod.exit_code, is_over=is_over))]


def pod_status(pod: PodRecord, table: Sequence[Phase] = PHASE) -> PodStatus:
    """The whole status, as if there had been none before (``follow``)."""
    statuses = statuses_of(pod.units)
    by_name = {status.name: status for status in statuses}
    phase = phase_of(pod, table).word
    reason, message = _why(pod, phase)
    return PodStatus(
        phase=phase,
        reason=reason,
        message=message,
        conditions=conditions.all_of(
            parts_of(pod.units), statuses, phase,
            gates=pod.gates, others=pod.others, is_prepared=pod.is_prepared,
            is_beginning_anew=pod.state is PodState.RESETTING if pod.can_begin_anew else None,
        ),
        inits=tuple(by_name[unit.name] for unit in pod.units if unit.kind is not Kind.SERVICE),
        mains=tuple(by_name[name] for name in sorted(u.name for u in pod.units if u.kind is Kind.SERVICE)),
        start_time=pod.start_time,
    )


def follow(before: PodStatus | None, status: PodStatus, now: int) -> PodStatus:
    """``status`` as the one after ``before``: a reason stays as long as its phase does, and a condition keeps the
    moment of its last transition (spec.md sections 1 and 10)."""
    if before is not None and before.phase == status.phase and not status.reason:
        status = status._replace(reason=before.reason, message=before.message)
    old = before.conditions if before is not None else ()
    return status._replace(conditions=conditions.carried(now, status.conditions, old))


def statuses_of(units: Sequence[UnitRecord]) -> tuple[ContainerStatus, ...]:
    """The container status of each unit, in their order."""
    has_inits = any(unit.kind is not Kind.SERVICE for unit in units)
    return tuple(container_status(unit, has_inits=has_inits) for unit in units)


def parts_of(units: Sequence[UnitRecord]) -> tuple[Part, ...]:
    """What the spec says of the units."""
    return tuple(Part(unit.name, unit.kind) for unit in units)


def _why(pod: PodRecord, phase: str) -> tuple[str, str]:
    """A deadline gives a pod a reason, and only once all has stopped (spec.md section 9, observed.md); an eviction does
    (section 15)."""
    if phase == Phase.FAILED.word and pod.cause is PodEvent.EVICTED:
        return "Evicted", pod.message
    if phase == Phase.FAILED.word and pod.cause in (PodEvent.POD_DEADLINE, PodEvent.UNIT_DEADLINE):
        from minipod.supervisor.pod import CAUSE  # a whole machine, for pods that few have

        return CAUSE[PodEvent.POD_DEADLINE].reason, _PAST_DEADLINE
    return "", ""
