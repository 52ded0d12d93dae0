"""The simulator's actions for a new plan that the pod takes over: who is as before goes on, whoever is not stops in
order first.

They must never stop or start a unit by themselves: orders and predecessors do, as always.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minipod.model import EMPTY, Pod, Unit
from minipod.supervisor.books import UnitBook
from minipod.supervisor.deed import does
from minipod.supervisor.settled import is_settled, without_text
from minipod.supervisor.table import CellKind
from minipod.supervisor.takeover import Takeover
from minipod.supervisor.vocabulary import Action, Before, Change, Direction, Life, PodEvent, Want, WantEvent
from minipod.supervisor.vocabulary import Pod as PodState

if TYPE_CHECKING:
    from minipod.supervisor.simulate import Simulation

_AWAY = (Life.HELD, Life.ENDED)


@dataclass(frozen=True, eq=False)
class NewPlan:
    """What somebody gives; one that is given twice is given the same."""

    plan: Pod


@dataclass
class Pending:
    """A plan that was taken. ``leaving``: who stops before it holds; ``before``: what had been ordered of each unit;
    ``told``: those that were stopped for it."""

    given: NewPlan
    leaving: list[UnitBook]
    before: Mapping[str, Before]
    told: list[UnitBook] = field(default_factory=list)


def is_same(old: Pod, before: Unit, new: Pod, now: Unit) -> bool:
    """Whether an instance of the one is an instance of the other: whom it waits for, its labels, its image and the
    texts of Secrets it does not feel."""
    return _felt(old, before) == _felt(new, now)


def _felt(pod: Pod, unit: Unit) -> tuple:
    env = tuple(pod.env.items()) + tuple(unit.env.items())
    sources = tuple(map(without_text, unit.env_from))
    felt = unit._replace(after=EMPTY, follows=None, env=EMPTY, env_from=sources, labels=EMPTY, image="")
    return felt, env, unit.name == pod.main


def take(sim: "Simulation", given: NewPlan) -> bool:
    """As a request; False: it is refused. Unless the pod machine acts on it, on top of another, and if it changes what
    is settled when the pod starts."""
    takes = sim.tables.pod.cell(sim.state, PodEvent.PLAN).kind is CellKind.ACTS
    if not takes or sim.change is not None or not is_settled(sim.plan, given.plan):
        return False
    now = {unit.name: unit for unit in given.plan.units}
    before = {unit.name: Before.HELD if unit.want is Want.HOLD else Before.WANTED for unit in sim.units}
    changes = {unit.name: _change_of(sim, unit, given.plan, now.get(unit.name)) for unit in sim.units}
    leaving = [unit for unit in sim.units if _takeover(sim, changes[unit.name], before[unit.name]).leaves]
    sim.change = Pending(given, leaving, before)
    sim.post_pod(PodEvent.PLAN)
    return True


def _change_of(sim: "Simulation", unit: UnitBook, plan: Pod, now: Unit | None) -> Change:
    if now is None:
        return Change.REMOVED
    return Change.KEPT if is_same(sim.plan, unit.plan, plan, now) else Change.CHANGED


def _takeover(sim: "Simulation", change: Change, before: Before) -> Takeover:
    sim.report.cells["takeover", change, before] += 1
    return sim.tables.takeover[change][before]


def refuses_orders(sim: "Simulation", unit: UnitBook) -> bool:
    """Who leaves takes none: it would never be away."""
    return sim.change is not None and unit in sim.change.leaving


def turn(sim: "Simulation") -> None:
    """With an empty queue: who may go now is told, and when all are away that is said. Whatever else the pod turned to
    came between: then the plan is forgotten, and who was stopped for it stays held."""
    if sim.state is not PodState.CHANGING:
        sim.change = None
    while sim.change is not None and sim.state is PodState.CHANGING:
        change = sim.change
        next_ones = [unit for unit in change.leaving if unit not in change.told and _may_go(change, unit)]
        for unit in next_ones:
            sim.post_want(unit, WantEvent.ORDER_STOP)
        change.told += next_ones
        if not next_ones and len(change.told) == len(change.leaving) and all(map(_is_away, change.leaving)):
            sim.post_pod(PodEvent.ALL_AWAY)
        elif not next_ones:
            return
        sim.step_all()


def _may_go(change: Pending, unit: UnitBook) -> bool:
    """Whether all that stop before it, and stop at all, are away."""
    return all(
        first in change.told and _is_away(first)
        for first in change.leaving
        if any(edge.second == unit.at and edge.direction is Direction.STOP for edge in first.edges)
    )


def _is_away(unit: UnitBook) -> bool:
    return unit.life in _AWAY


@does(Action.TAKE_OVER)
def _take_over(sim, unit):
    change, sim.change = sim.change, None
    if change is None:  # a scenario put in the word alone
        return
    plan = sim.plan = change.given.plan
    before = {each.name: each for each in sim.units}
    for each in change.leaving:
        _see_off(sim, each)
    kept = {each.name: each for each in sim.units if each not in change.leaving}
    sim.units = [kept.get(new.name) or _begin(sim, new, change, before.get(new.name)) for new in plan.units]
    for each, new in zip(sim.units, plan.units, strict=True):
        each.plan = new
    sim.connect()
    _count(sim, kept)
    _let_start(sim)
    if sim.services_left == 0:
        sim.post_pod(PodEvent.ALL_FAILED if sim.services_failed else PodEvent.ALL_DONE)
    if sim.units_left == 0:  # nobody is left whose end would say so
        sim.post_pod(PodEvent.UNITS_OVER)


def _see_off(sim: "Simulation", unit: UnitBook) -> None:
    """Nothing of it is armed any more."""
    sim.slots[unit.at] = None
    for timer in [timer for timer in sim.timers if timer[1] == unit.at]:
        sim.disarm(timer)


def _begin(sim: "Simulation", plan: Unit, change: Pending, before: UnitBook | None) -> UnitBook:
    """A unit as at the start; one that was there before keeps its instances and what somebody ordered."""
    at = sim.places[plan.name]
    unit = sim.slots[at] = UnitBook(at, plan, sim.plan.main)
    if before is not None:
        unit.instances = before.instances
    what = Change.CHANGED if before is not None else Change.NEW
    unit.want = _takeover(sim, what, change.before.get(plan.name, Before.WANTED)).want
    unit.begun = before is not None and before.begun and unit.want is Want.HOLD  # the pod waits for no first run of it
    return unit


def _count(sim: "Simulation", kept: Mapping[str, UnitBook]) -> None:
    """The books, of those who are there now."""
    over = [unit for unit in sim.units if unit.is_over]
    services = [unit for unit in sim.services if not unit.is_over]
    sim.services_left, sim.units_left = len(services), len(sim.units) - len(over)
    sim.services_failed = sum(unit.is_service and unit.outcome is not None and unit.code != 0 for unit in over)
    if sim.blamed is not None and sim.blamed.name not in kept:
        sim.blamed = None


def _let_start(sim: "Simulation") -> None:
    """What was reached before is reached, and what never will be never will; who has yet to start and waits for nothing
    more may."""
    for first in sim.units:
        for edge in first.edges:
            second = sim.slots[edge.second]
            if edge.milestone in first.reached:
                second.waits[edge.direction] -= 1
            elif first.is_over and edge.direction is Direction.START and second.life is Life.HELD:
                sim.post_want(second, WantEvent.STUCK)
    for unit in sim.units:
        if unit.life is Life.HELD and unit.waits[Direction.START] == 0:
            sim.post_want(unit, WantEvent.CLEAR)
