"""The simulator's actions: what the cells of the tables say, one function each, done to the fake world and the books.

An action never steps a machine; it may post an event. It must never ask what is wanted of a unit: that was decided by
the cell that names the action.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from minipod.supervisor import backoff, budget
from minipod.supervisor.books import UnitBook
from minipod.supervisor.vocabulary import (
    Action,
    Direction,
    Kind,
    LifeEvent,
    Milestone,
    PodEvent,
    WantEvent,
)

if TYPE_CHECKING:
    from minipod.supervisor.simulate import Simulation

Deed = Callable[["Simulation", "UnitBook | None"], None]
DEEDS: dict[Action, Deed] = {}
_NOW = budget.Limits(0, 0, 0, 0, 0)


def _does(action: Action) -> Callable[[Deed], Deed]:
    def note(deed: Deed) -> Deed:
        DEEDS[action] = deed
        return deed

    return note


# --- order ---


def reach(sim: "Simulation", first: UnitBook, milestone: Milestone) -> None:
    """Whoever waits for ``first`` to get here waits for one thing less; the first time counts."""
    if milestone in first.reached:
        return
    first.reached.add(milestone)
    for edge in first.edges:
        if edge.milestone is not milestone:
            continue
        second = sim.units[edge.second]
        second.waits[edge.direction] -= 1
        if second.waits[edge.direction] == 0:
            if edge.direction is Direction.START:
                sim.post_want(second, WantEvent.CLEAR)
            else:
                sim.post_life(second, LifeEvent.TURN_CAME)


def _fail_dependents(sim: "Simulation", unit: UnitBook) -> None:
    for edge in unit.edges:
        if edge.direction is Direction.START and edge.milestone not in unit.reached:
            sim.post_want(sim.units[edge.second], WantEvent.STUCK)


@_does(Action.MARK_STARTED)
def _mark_started(sim, unit):
    reach(sim, unit, Milestone.STARTED)
    reach(sim, unit, Milestone.READY)


@_does(Action.SETTLE)
def _settle(sim, unit):
    sim.settle(unit)
    reach(sim, unit, Milestone.GONE)
    _fail_dependents(sim, unit)
    sim.units_left -= 1
    if sim.units_left == 0:
        sim.post_pod(PodEvent.UNITS_OVER)


# --- the instance ---


@_does(Action.SPAWN)
def _spawn(sim, unit):
    unit.deadline_hit = False
    unit.checks_rest = False
    if not sim.world.spawn(unit.at):
        sim.post_life(unit, LifeEvent.STARVED)
        return
    unit.instances += 1
    unit.started_at = sim.now
    if unit.instances == 1 and unit.plan.deadline is not None:
        sim.arm((LifeEvent.DEADLINE, unit.at), sim.now + unit.plan.deadline)


@_does(Action.RENEW)
def _renew(sim, unit):
    sim.post_want(unit, WantEvent.RENEWED)


@_does(Action.SEND_STOP)
def _send_stop(sim, unit):
    sim.note_sent(unit, "stop")
    sim.world.ask(unit.at, unit.plan.stop_signal)


@_does(Action.SEND_KILL)
def _send_kill(sim, unit):
    sim.note_sent(unit, "kill")
    sim.world.kill(unit.at)


@_does(Action.KILL_REST)
def _kill_rest(sim, unit):
    if sim.world.has_rest(unit.at):
        sim.note_sent(unit, "kill rest")
        sim.world.kill_rest(unit.at)


@_does(Action.CHECK_REST)
def _check_rest(sim, unit):
    unit.checks_rest = True
    if not sim.world.has_rest(unit.at):
        sim.drained(unit)


# --- timers ---


def _timer(unit: UnitBook) -> tuple[LifeEvent, int]:
    return (LifeEvent.DUE, unit.at)


def _kill_limit(sim: "Simulation", unit: UnitBook) -> int | None:
    if sim.limits is None:
        return None
    return sim.stop_began + (sim.limits.sidecar_kill if unit.kind is Kind.SIDECAR else sim.limits.service_kill)


def _clipped(sim: "Simulation", unit: UnitBook, when: int) -> int:
    limit = _kill_limit(sim, unit)
    return when if limit is None else min(when, limit)


@_does(Action.EASE_REST)
def _ease_rest(sim, unit):
    until = sim.now + unit.rest_grace
    armed = sim.armed_at(_timer(unit))
    if armed is None or until < armed:
        sim.arm(_timer(unit), until)


@_does(Action.AWAIT_TURN)
def _await_turn(sim, unit):
    limits = sim.limits
    turn = limits.sidecar_turn if unit.kind is Kind.SIDECAR else limits.service_turn
    sim.arm(_timer(unit), sim.stop_began + turn)
    if unit.waits[Direction.STOP] == 0:
        sim.post_life(unit, LifeEvent.TURN_CAME)


@_does(Action.ARM_GRACE)
def _arm_grace(sim, unit):
    sim.arm(_timer(unit), _clipped(sim, unit, sim.now + unit.plan.termination_grace_period))


@_does(Action.CLIP_GRACE)
def _clip_grace(sim, unit):
    armed = sim.armed_at(_timer(unit))
    if armed is not None and _clipped(sim, unit, armed) < armed:
        sim.arm(_timer(unit), _clipped(sim, unit, armed))


@_does(Action.ARM_BACKOFF)
def _arm_backoff(sim, unit):
    sim.arm(_timer(unit), unit.ended_at + backoff.delay_before(unit.streak, unit.ladder))
    unit.streak += 1


@_does(Action.ARM_RETRY)
def _arm_retry(sim, unit):
    sim.arm(_timer(unit), sim.now + backoff.RETRY_AFTER)


@_does(Action.DISARM)
def _disarm(sim, unit):
    sim.disarm(_timer(unit))


# --- what it means ---


@_does(Action.NOTHING)
def _nothing(sim, unit):
    pass


@_does(Action.NOTE_DEADLINE)
def _note_deadline(sim, unit):
    unit.deadline_hit = True


@_does(Action.BLAME_DEPENDENCY)
def _blame_dependency(sim, unit):
    unit.dependency_failed = True


@_does(Action.JUDGE)
def _judge(sim, unit):
    sim.judge(unit)


@_does(Action.ASK_GO)
def _ask_go(sim, unit):
    if unit.waits[Direction.START] == 0:
        sim.post_life(unit, LifeEvent.GO)


@_does(Action.TELL_STOP)
def _tell_stop(sim, unit):
    sim.post_life(unit, LifeEvent.STOP)


@_does(Action.TELL_WIND_DOWN)
def _tell_wind_down(sim, unit):
    sim.post_life(unit, LifeEvent.WIND_DOWN)


@_does(Action.TELL_NEVER)
def _tell_never(sim, unit):
    sim.post_life(unit, LifeEvent.NEVER)


@_does(Action.BLAME)
def _blame(sim, unit):
    if sim.blamed is None:
        sim.blamed = unit


def _tally(sim: "Simulation") -> None:
    sim.services_left -= 1
    if sim.services_left == 0:
        sim.post_pod(PodEvent.ALL_FAILED if sim.services_failed else PodEvent.ALL_DONE)


@_does(Action.TALLY_DONE)
def _tally_done(sim, unit):
    _tally(sim)


@_does(Action.TALLY_FAILED)
def _tally_failed(sim, unit):
    sim.services_failed += 1
    _tally(sim)


# --- the pod ---


@_does(Action.FIX_CAUSE)
def _fix_cause(sim, unit):
    sim.cause, sim.culprit = sim.pod_event, sim.pod_event_of


@_does(Action.START_BUDGET)
def _start_budget(sim, unit):
    has_sidecars = any(u.kind is Kind.SIDECAR for u in sim.units)
    sim.stop_began = sim.now
    sim.limits = budget.limits(sim.plan.termination_grace_period, has_sidecars=has_sidecars)
    sim.arm((PodEvent.OVERDUE, None), sim.now + sim.limits.leave)


@_does(Action.WIND_DOWN_ALL)
def _wind_down_all(sim, unit):
    for each in sim.units:
        sim.post_want(each, WantEvent.POD_STOP)


@_does(Action.CUT_ALL)
def _cut_all(sim, unit):
    """The moment to leave stays: what KILL cannot end at once may still take a while to go."""
    sim.stop_began, sim.limits = sim.now, _NOW
    for each in sim.units:
        sim.post_life(each, LifeEvent.CUT)


@_does(Action.SWEEP_TERM)
def _sweep_term(sim, unit):
    sim.arm((PodEvent.BUDGET_OVER, None), sim.stop_began + sim.limits.sidecar_kill)
    _sweep(sim, kill=False)


@_does(Action.SWEEP_KILL)
def _sweep_kill(sim, unit):
    _sweep(sim, kill=True)


def _sweep(sim: "Simulation", *, kill: bool) -> None:
    sim.note_sent(None, "kill strays" if kill else "stop strays")
    sim.world.sweep(kill=kill)
    if not sim.world.has_strays():
        sim.post_pod(PodEvent.NOTHING_LEFT)


@_does(Action.LEAVE)
def _leave(sim, unit):
    sim.left = True


assert set(DEEDS) == set(Action), "every action has its deed"
