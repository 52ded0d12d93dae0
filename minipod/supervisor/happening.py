"""What happens in the fake world, as the simulation learns of it: a fact goes into the books and becomes events.

It stands for the core's ears (``csrc/reap.c``, ``notify.c`` and their like). It must never decide what follows.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from minipod.supervisor import deeds_plan, deeds_probe
from minipod.supervisor.books import UnitBook
from minipod.supervisor.deeds_plan import NewPlan
from minipod.supervisor.vocabulary import ExitClass, Life, LifeEvent, PodEvent, WantEvent
from minipod.supervisor.world import KILLED, Fact, FactKind

if TYPE_CHECKING:
    from minipod.supervisor.simulate import Simulation


def take(sim: "Simulation", fact: Fact) -> None:
    """Enter one fact. To a unit that is in no plan now nothing can be said, and nothing of it is listened to."""
    unit = None if fact.unit is None else sim.slots[fact.unit]
    if fact.unit is None or unit is not None:
        _HAPPEN[fact.kind](sim, unit, fact)
    elif fact.kind is FactKind.SAID:
        _refuse(sim, fact)


def _spawned(sim: "Simulation", unit: UnitBook, fact: Fact) -> None:
    sim.post_life(unit, LifeEvent.SPAWNED)


def _unstartable(sim: "Simulation", unit: UnitBook, fact: Fact) -> None:
    unit.start_code = fact.value
    unit.note_end(unit.plan.unstartable_code or fact.value, ExitClass.UNSTARTABLE, sim.now)
    sim.post_life(unit, LifeEvent.UNSTARTABLE)
    sim.step_all()


def _ended(sim: "Simulation", unit: UnitBook, fact: Fact) -> None:
    """The end comes after all that was before it: what was executed has started, however short it lived. And before
    all that is after it: its errands end with it."""
    is_oom = fact.kind is FactKind.OOM_KILLED
    unit.end(KILLED if is_oom else fact.value, sim.now)
    unit.oom = is_oom and unit.life is not Life.KILL_SENT
    if not sim.world.was_executed(unit.at):
        sim.post_life(unit, LifeEvent.SPAWNED)
    sim.step_all()
    sim.post_life(unit, LifeEvent.EXITED)
    sim.step_all()


def _rest_gone(sim: "Simulation", unit: UnitBook, fact: Fact) -> None:
    if unit.checks_rest:
        sim.drained(unit)


def _stray_gone(sim: "Simulation", unit: None, fact: Fact) -> None:
    if sim.world.lose_stray(fact):
        sim.post_pod(PodEvent.STIRRED if sim.world.has_strays() else PodEvent.NOTHING_LEFT)


def _answered(sim: "Simulation", unit: UnitBook, fact: Fact) -> None:
    """An answer to an attempt that nobody waits for any more is none."""
    errand = unit.errands[fact.value.kind]
    if errand.is_busy and errand.attempt == fact.value.number:
        deeds_probe.answer(sim, unit, errand, fact.value.reply)


def _notified(sim: "Simulation", unit: UnitBook, fact: Fact) -> None:
    deeds_probe.hear(sim, unit, fact.value)


def _said(sim: "Simulation", unit: UnitBook | None, fact: Fact) -> None:
    event = fact.value
    if isinstance(event, NewPlan):
        if not deeds_plan.take(sim, event):
            _refuse(sim, fact)
    elif isinstance(event, PodEvent):
        sim.post_pod(event)
    elif isinstance(event, WantEvent):
        if deeds_plan.refuses_orders(sim, unit):
            _refuse(sim, fact)
        else:
            sim.post_want(unit, event)
    else:
        sim.post_life(unit, event)


def _refuse(sim: "Simulation", fact: Fact) -> None:
    sim.world.lost.append((sim.now, fact))


def _nothing(sim: "Simulation", unit: UnitBook, fact: Fact) -> None:
    pass


_HAPPEN: dict[FactKind, Callable[["Simulation", "UnitBook | None", Fact], None]] = {
    FactKind.SPAWNED: _spawned,
    FactKind.UNSTARTABLE: _unstartable,
    FactKind.ENDED: _ended,
    FactKind.OOM_KILLED: _ended,
    FactKind.REST_GONE: _rest_gone,
    FactKind.STRAY_GONE: _stray_gone,
    FactKind.SAID: _said,
    FactKind.ANSWERED: _answered,
    FactKind.TURNED: _nothing,
    FactKind.NOTIFIED: _notified,
}
