"""What is so in a pod, as the bits that its phase follows from (spec.md section 1). Pure; it must never know a policy.

One reading of the facts for the simulator and for whoever shows a status; ``csrc/phase.c`` is its twin.
"""

from collections.abc import Iterable
from typing import Protocol

from minipod.supervisor.phase import PhaseBit
from minipod.supervisor.vocabulary import Kind, Life, Outcome, Want

HAS_PROCESS = frozenset({Life.UP, Life.PRE_STOP, Life.TURN, Life.TERM_SENT, Life.KILL_SENT, Life.DRAINING})
_STARTING = frozenset({Life.SPAWNING, Life.POST_START})
_WELL = frozenset({Outcome.DONE, Outcome.STOPPED})


class UnitFacts(Protocol):
    """What must be known of a unit. ``code`` is its last end's, None before the first. ``begun``: it was up, once;
    ``begun_in_round``: since the pod began, or began anew. ``started``: its instance, as its probes say."""

    kind: Kind
    life: Life
    want: Want
    outcome: Outcome | None
    code: int | None
    begun: bool
    begun_in_round: bool
    started: bool


def bits_of(units: Iterable[UnitFacts], *, exit_code: int | None, is_over: bool) -> frozenset[PhaseBit]:
    """The phase's key. ``exit_code``: the pod's as things stand, once its cause is fixed; None before."""
    units = tuple(units)
    bits = set().union(*(_init_bits(u) if u.kind is Kind.INIT else _main_bits(u) for u in units))
    if _waits_for_sidecar(units):
        bits.add(PhaseBit.PENDING)
    if exit_code is not None:
        bits.discard(PhaseBit.UNSUCCESSFUL)
        bits |= {PhaseBit.UNSUCCESSFUL} if exit_code else set()
    return frozenset(bits | {PhaseBit.OVER} if is_over else bits)


def has_process(unit: UnitFacts) -> bool:
    """Its program runs, or what it left behind does."""
    return unit.life in HAS_PROCESS


def is_held_by_hand(unit: UnitFacts) -> bool:
    """Somebody stopped it: it counts as running (DESIGN.md section 4)."""
    return unit.life is Life.HELD and unit.want is Want.HOLD and unit.begun


def _init_bits(unit: UnitFacts) -> set[PhaseBit]:
    if unit.life is Life.ENDED:
        return set() if unit.outcome in _WELL else {PhaseBit.FAILED_INIT}
    awaited = has_process(unit) or unit.life in _STARTING or unit.code is None
    return {PhaseBit.PENDING} if awaited else set()


def _main_bits(unit: UnitFacts) -> set[PhaseBit]:
    is_over, is_held = unit.life is Life.ENDED, is_held_by_hand(unit)
    stopped = is_over or (unit.code is not None and not has_process(unit) and not is_held)
    is_service = unit.kind is Kind.SERVICE
    said = {
        PhaseBit.PENDING: not is_over and not unit.begun and unit.code is None,
        PhaseBit.RUNNING: (unit.begun and has_process(unit)) or is_held,
        PhaseBit.STOPPED: is_service and stopped,
        PhaseBit.RESTARTING: is_service and stopped and not is_over,
        PhaseBit.UNSUCCESSFUL: is_service and stopped and unit.code != 0,
    }
    return {bit for bit, is_so in said.items() if is_so}


def _waits_for_sidecar(units: Iterable[UnitFacts]) -> bool:
    if any(u.kind is Kind.SERVICE and u.begun_in_round for u in units):
        return False
    return any(u.kind is Kind.SIDECAR and has_process(u) and not u.started for u in units)
