"""Every scenario on the real core, with real processes, its clock in a director's hand: what it expects comes about,
the same states in the same order as in the simulator, and every cell that acts as often."""

from collections.abc import Callable, Mapping

import pytest
from comparison import differences, named, reference_of
from conftest import SOURCES
from director import Run

from minipod.supervisor.books import TABLES
from minipod.supervisor.scenario import Scenario
from minipod.supervisor.table import CellKind
from minipod.supervisor.vocabulary import PodEvent
from minipod.supervisor.world import FactKind, Stray

NAMES = list(SOURCES)


def _says(scenario: Scenario) -> bool:
    return any(fact.kind is FactKind.SAID and fact.value is not PodEvent.TOLD for _, fact in scenario.facts)


# What no test can make a kernel do, and what nobody can say to a core that has no control socket. No scenario is left
# out for it: the seam does it in their place.
AT_THE_SEAM: Mapping[str, Callable[[Scenario], bool]] = {
    "a process that KILL does not end": lambda scenario: Stray.STUCK in scenario.strays or any(
        how.stuck or how.rest_stuck for how in scenario.behaviours
    ),
    "no process to be had": lambda scenario: any(start.starved for how in scenario.behaviours for start in how.starts),
    "out of memory": lambda scenario: any(fact.kind is FactKind.OOM_KILLED for _, fact in scenario.facts),
    "orders, and events that cannot be": _says,
}


@pytest.mark.parametrize("name", NAMES)
def test_scenario(name, scenarios, run_of):
    run = run_of(name)
    assert differences(scenarios[name], run) == [], run.words


@pytest.mark.parametrize("what", AT_THE_SEAM)
def test_most_do_without_the_seam(what, scenarios):
    few = [name for name, scenario in scenarios.items() if AT_THE_SEAM[what](scenario)]
    assert 0 < len(few) < len(scenarios) / 3


def test_few_mean_an_order_that_the_core_cannot_hear(scenarios):
    """Of what several units left behind and lost in one moment it hears once, and looks in the file's order."""
    few = [name for name, scenario in scenarios.items() if reference_of(scenario).has_changed_order]
    assert len(few) < len(scenarios) / 100


@pytest.mark.timeout(600)
def test_every_acting_cell_is_entered(run_of: Callable[[str], Run]):
    """The watchdog runs liveness' table: a cell of it is entered by either."""
    entered = {key for name in NAMES for key in named(run_of(name).cells)}
    entered |= {("liveness", *key) for machine, *key in entered if machine == "watchdog"}
    acting = {
        (machine.name, state, event)
        for machine in TABLES.machines.values() for state, event, cell in machine.cells() if cell.kind is CellKind.ACTS
    }
    missing = sorted(f"{machine} {state.word} {event.word}" for machine, state, event in acting - entered)
    assert missing == [], f"{len(acting) - len(missing)} of {len(acting)} acting cells were entered"
