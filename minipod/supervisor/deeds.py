"""The simulator's actions: what the cells of the tables say, one function each, done to the fake world and the books.

An action never steps a machine; it may post an event. It must never ask what is wanted of a unit: that was decided by
the cell that names the action. Those of timers, probes and new beginnings are beside this file.
"""

from typing import TYPE_CHECKING

from minipod.supervisor.books import UnitBook
from minipod.supervisor.deed import does
from minipod.supervisor.vocabulary import (
    Action,
    Direction,
    Life,
    LifeEvent,
    Milestone,
    PodEvent,
    WantEvent,
)

if TYPE_CHECKING:
    from minipod.supervisor.simulate import Simulation


# --- order ---


def _is_past_waiting(unit: UnitBook) -> bool:
    """Another plan may give predecessors to a unit that runs, or is about to run again: it has had its own."""
    return unit.in_round and unit.life is not Life.HELD


def reach(sim: "Simulation", first: UnitBook, milestone: Milestone) -> None:
    """Whoever waits for ``first`` to get here waits for one thing less; the first time counts."""
    if milestone in first.reached:
        return
    first.reached.add(milestone)
    for edge in first.edges:
        if edge.milestone is not milestone:
            continue
        second = sim.slots[edge.second]
        second.waits[edge.direction] -= 1
        if second.waits[edge.direction] == 0:
            if edge.direction is Direction.START:
                if not _is_past_waiting(second):
                    sim.post_want(second, WantEvent.CLEAR)
            else:
                sim.post_life(second, LifeEvent.TURN_CAME)


def _fail_dependents(sim: "Simulation", unit: UnitBook) -> None:
    for edge in unit.edges:
        second = sim.slots[edge.second]
        is_in_vain = edge.direction is Direction.START and edge.milestone not in unit.reached
        if is_in_vain and not _is_past_waiting(second):
            sim.post_want(second, WantEvent.STUCK)


@does(Action.SETTLE)
def _settle(sim, unit):
    sim.settle(unit)
    reach(sim, unit, Milestone.GONE)
    _fail_dependents(sim, unit)
    sim.units_left -= 1
    if sim.units_left == 0:
        sim.post_pod(PodEvent.UNITS_OVER)


# --- the instance ---


@does(Action.SPAWN)
def _spawn(sim, unit):
    unit.deadline_hit = unit.checks_rest = False
    if not sim.world.spawn(unit.at):
        sim.post_life(unit, LifeEvent.STARVED)
        return
    unit.instances += 1
    unit.started_at = sim.now
    unit.stop_grace = unit.grace_left = unit.plan.termination_grace_period
    unit.sick = unit.oom = unit.notified = unit.unwell = unit.triggered = False
    if not unit.in_round and unit.plan.deadline is not None:
        sim.arm((LifeEvent.DEADLINE, unit.at), sim.now + unit.plan.deadline)
    unit.in_round = True


@does(Action.RENEW)
def _renew(sim, unit):
    sim.post_want(unit, WantEvent.RENEWED)


@does(Action.SEND_STOP)
def _send_stop(sim, unit):
    sim.note_sent(unit, "stop")
    sim.world.ask(unit.at, unit.plan.stop_signal)


@does(Action.SEND_KILL)
def _send_kill(sim, unit):
    sim.note_sent(unit, "kill")
    sim.world.kill(unit.at)


@does(Action.KILL_REST)
def _kill_rest(sim, unit):
    if sim.world.has_rest(unit.at):
        sim.note_sent(unit, "kill rest")
        sim.world.kill_rest(unit.at)


@does(Action.CHECK_REST)
def _check_rest(sim, unit):
    unit.checks_rest = True
    if not sim.world.has_rest(unit.at):
        sim.drained(unit)


# --- what it means ---


@does(Action.NOTHING)
def _nothing(sim, unit):
    pass


@does(Action.NOTE_DEADLINE)
def _note_deadline(sim, unit):
    unit.deadline_hit = True


@does(Action.NOTE_SICK)
def _note_sick(sim, unit):
    unit.sick = True


@does(Action.BLAME_DEPENDENCY)
def _blame_dependency(sim, unit):
    unit.dependency_failed = True


@does(Action.JUDGE)
def _judge(sim, unit):
    reach(sim, unit, Milestone.TRIED)
    sim.judge(unit)


@does(Action.ASK_GO)
def _ask_go(sim, unit):
    if unit.waits[Direction.START] == 0:
        sim.post_life(unit, LifeEvent.GO)


@does(Action.TELL_STOP)
def _tell_stop(sim, unit):
    sim.post_life(unit, LifeEvent.STOP)


@does(Action.TELL_WIND_DOWN)
def _tell_wind_down(sim, unit):
    sim.post_life(unit, LifeEvent.WIND_DOWN)


@does(Action.TELL_NEVER)
def _tell_never(sim, unit):
    sim.post_life(unit, LifeEvent.NEVER)


@does(Action.TELL_AFRESH)
def _tell_afresh(sim, unit):
    unit.awaits_round = True
    sim.post_life(unit, LifeEvent.AFRESH)


@does(Action.BLAME)
def _blame(sim, unit):
    if sim.blamed is None:
        sim.blamed = unit


def _tally(sim: "Simulation") -> None:
    sim.services_left -= 1
    if sim.services_left == 0:
        sim.post_pod(PodEvent.ALL_FAILED if sim.services_failed else PodEvent.ALL_DONE)


@does(Action.TALLY_DONE)
def _tally_done(sim, unit):
    _tally(sim)


@does(Action.TALLY_FAILED)
def _tally_failed(sim, unit):
    sim.services_failed += 1
    _tally(sim)


# --- the pod ---


@does(Action.FIX_CAUSE)
def _fix_cause(sim, unit):
    sim.cause, sim.culprit = sim.pod_event, sim.pod_event_of


@does(Action.WIND_DOWN_ALL)
def _wind_down_all(sim, unit):
    for each in sim.units:
        sim.post_want(each, WantEvent.POD_STOP)


@does(Action.SWEEP_TERM)
def _sweep_term(sim, unit):
    sim.arm((PodEvent.BUDGET_OVER, None), sim.stop_began + sim.limits.sidecar_kill)
    _sweep(sim, kill=False)


@does(Action.SWEEP_KILL)
def _sweep_kill(sim, unit):
    _sweep(sim, kill=True)


def _sweep(sim: "Simulation", *, kill: bool) -> None:
    sim.note_sent(None, "kill strays" if kill else "stop strays")
    sim.world.sweep(kill=kill)
    if not sim.world.has_strays():
        sim.post_pod(PodEvent.NOTHING_LEFT)


@does(Action.LEAVE)
def _leave(sim, unit):
    sim.left = True
