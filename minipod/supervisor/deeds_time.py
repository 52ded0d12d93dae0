"""The simulator's actions that arm timers: graces, turns, back-off, the stop budget.

``csrc/action_time.c`` is their twin. They must never shorten or prolong anything by a number of their own.
"""

from typing import TYPE_CHECKING

from minipod.supervisor import backoff, budget
from minipod.supervisor.books import UnitBook
from minipod.supervisor.deed import does
from minipod.supervisor.vocabulary import Action, Direction, Kind, LifeEvent, PodEvent

if TYPE_CHECKING:
    from minipod.supervisor.simulate import Simulation

_NOW = budget.Limits(0, 0, 0, 0, 0)


def own_timer(unit: UnitBook) -> tuple[LifeEvent, int]:
    """The one timer of a unit's lifecycle."""
    return (LifeEvent.DUE, unit.at)


def _kill_limit(sim: "Simulation", unit: UnitBook) -> int:
    return sim.stop_began + (sim.limits.sidecar_kill if unit.kind is Kind.SIDECAR else sim.limits.service_kill)


def _turn_limit(sim: "Simulation", unit: UnitBook) -> int:
    return sim.stop_began + (sim.limits.sidecar_turn if unit.kind is Kind.SIDECAR else sim.limits.service_turn)


def _clip(sim: "Simulation", unit: UnitBook, limit: int) -> None:
    armed = sim.armed_at(own_timer(unit))
    if armed is not None and limit < armed:
        sim.arm(own_timer(unit), limit)


# --- one unit ---


@does(Action.BEGIN_STOP)
def _begin_stop(sim, unit):
    unit.stop_began, unit.grace_left = sim.now, unit.stop_grace
    until = sim.now + unit.stop_grace
    sim.arm(own_timer(unit), until if sim.limits is None else min(until, _turn_limit(sim, unit)))


@does(Action.SPEND_GRACE)
def _spend_grace(sim, unit):
    unit.grace_left -= min(unit.grace_left, sim.now - unit.stop_began)


@does(Action.NO_GRACE)
def _no_grace(sim, unit):
    unit.grace_left = 0


@does(Action.AWAIT_TURN)
def _await_turn(sim, unit):
    """While the pod goes on nobody must go first."""
    if sim.limits is not None:
        sim.arm(own_timer(unit), _turn_limit(sim, unit))
    if sim.limits is None or unit.waits[Direction.STOP] == 0:
        sim.post_life(unit, LifeEvent.TURN_CAME)


@does(Action.ARM_GRACE)
def _arm_grace(sim, unit):
    """Its hook may have taken all of its grace: TERM without any time to heed it would be KILL. The pod's budget goes
    before that, and there a grace that was short by itself stays so."""
    if sim.limits is None:
        sim.arm(own_timer(unit), sim.now + max(unit.grace_left, budget.TERM_FLOOR))
    else:
        grace = max(unit.grace_left, min(unit.stop_grace, budget.TERM_FLOOR))
        sim.arm(own_timer(unit), min(sim.now + grace, _kill_limit(sim, unit)))


@does(Action.CLIP_TURN)
def _clip_turn(sim, unit):
    _clip(sim, unit, _turn_limit(sim, unit))


@does(Action.CLIP_GRACE)
def _clip_grace(sim, unit):
    _clip(sim, unit, _kill_limit(sim, unit))


@does(Action.EASE_REST)
def _ease_rest(sim, unit):
    until = sim.now + unit.rest_grace
    armed = sim.armed_at(own_timer(unit))
    if armed is None or until < armed:
        sim.arm(own_timer(unit), until)


@does(Action.ARM_BACKOFF)
def _arm_backoff(sim, unit):
    sim.arm(own_timer(unit), unit.ended_at + backoff.delay_before(unit.streak, unit.ladder))
    unit.streak += 1


@does(Action.ARM_RETRY)
def _arm_retry(sim, unit):
    sim.arm(own_timer(unit), sim.now + backoff.RETRY_AFTER)


@does(Action.DISARM)
def _disarm(sim, unit):
    sim.disarm(own_timer(unit))


# --- the pod ---


@does(Action.CURTAIL)
def _curtail(sim, unit):
    sim.grace = min(sim.grace, budget.EVICTION_GRACE)


@does(Action.START_BUDGET)
def _start_budget(sim, unit):
    has_sidecars = any(u.kind is Kind.SIDECAR for u in sim.units)
    sim.stop_began = sim.now
    sim.limits = budget.limits(sim.grace, has_sidecars=has_sidecars)
    sim.arm((PodEvent.OVERDUE, None), sim.now + sim.limits.leave)


@does(Action.CUT_ALL)
def _cut_all(sim, unit):
    """The moment to leave stays: what KILL cannot end at once may still take a while to go."""
    sim.stop_began, sim.limits = sim.now, _NOW
    for each in sim.units:
        sim.post_life(each, LifeEvent.CUT)


@does(Action.ARM_ROUND)
def _arm_round(sim, unit):
    sim.arm((PodEvent.ROUND_DUE, None), sim.round_began + budget.ROUND_FLOOR)
