"""The simulator's actions for a new beginning of the whole pod (KEP-5532). ``csrc/round.c`` is their twin.

They must never start a unit by themselves: that is what the wants are told for.
"""

from minipod.supervisor.books import UnitBook
from minipod.supervisor.deed import does
from minipod.supervisor.verdict import RESET_CODE
from minipod.supervisor.vocabulary import Action, ExitClass, LifeEvent, PodEvent, WantEvent


@does(Action.ASK_ROUND)
def _ask_round(sim, unit):
    unit.streak += 1
    sim.post_pod(PodEvent.RESTART_ALL, by=unit)


@does(Action.RESET_ALL)
def _reset_all(sim, unit):
    sim.awaited = len(sim.units)
    for each in sim.units:
        sim.post_want(each, WantEvent.POD_RESET)


@does(Action.TELL_REST)
def _tell_rest(sim, unit):
    """What ended for a new beginning counts as killed for it, whatever it ended with."""
    if not unit.awaits_round:
        return
    unit.awaits_round = False
    if unit.code is not None:
        unit.code, unit.exit_class, unit.oom = RESET_CODE, ExitClass.RESET, False
    sim.awaited -= 1
    if sim.awaited == 0:
        sim.post_pod(PodEvent.ALL_RESET)


@does(Action.REVIVE)
def _revive(sim, unit):
    sim.units_left += 1


@does(Action.BEGIN_ROUND)
def _begin_round(sim, unit):
    sim.open_books()
    sim.round_began = sim.now
    for each in sim.units:
        _renew(each)
        sim.disarm((LifeEvent.DEADLINE, each.at))
        sim.post_want(each, WantEvent.ROUND)


def _renew(unit: UnitBook) -> None:
    unit.reached = set()
    unit.waits = dict(unit.waits_at_first)
    unit.in_round = unit.begun_in_round = unit.dependency_failed = unit.deadline_hit = False
    unit.outcome = None
