"""Every scenario on the real core, with real processes, its clock in a director's hand: what it expects comes about,
the same states in the same order as in the simulator, and every cell that acts as often."""

from collections.abc import Callable, Mapping

import pytest
from casting import asked_by, can_ask
from comparison import differences, named, reference_of
from director import Run
from repertoire import SCENARIOS

from minipod.supervisor.books import TABLES
from minipod.supervisor.scenario import Scenario
from minipod.supervisor.table import CellKind
from minipod.supervisor.vocabulary import Handler, PodEvent
from minipod.supervisor.world import FactKind, Stray

BY_COMMAND = list(SCENARIOS)
OVER_THE_NETWORK = [
    pytest.param(name, handler, id=f"{name}-{handler.word}")
    for name, scenario in SCENARIOS.items()
    for handler in (Handler.HTTP_GET, Handler.TCP_SOCKET, Handler.GRPC)
    if can_ask(scenario, handler)
]


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


@pytest.mark.parametrize("name", BY_COMMAND)
def test_scenario(name, run_of):
    run = run_of(name)
    assert differences(SCENARIOS[name], run) == [], run.words


@pytest.mark.parametrize(("name", "handler"), OVER_THE_NETWORK)
def test_over_the_network(name, handler, run_of):
    """Whoever asks, the same comes of it."""
    run = run_of(name, handler)
    assert differences(SCENARIOS[name], run) == [], run.words


def test_most_can_be_asked_over_the_network():
    """"Errors" is a command's alone; connections are answered at once, or never."""
    asking = [scenario for scenario in SCENARIOS.values() if asked_by(scenario.pod, Handler.HTTP_GET)]
    assert sum(can_ask(scenario, Handler.HTTP_GET) for scenario in asking) > 0.9 * len(asking)
    assert sum(can_ask(scenario, Handler.TCP_SOCKET) for scenario in asking) > 0.3 * len(asking)


@pytest.mark.parametrize("what", AT_THE_SEAM)
def test_most_do_without_the_seam(what):
    few = [name for name, scenario in SCENARIOS.items() if AT_THE_SEAM[what](scenario)]
    assert 0 < len(few) < len(SCENARIOS) / 3


def test_few_mean_an_order_that_the_core_cannot_hear():
    """Of what several units left behind and lost in one moment it hears once, and looks in the file's order."""
    few = [name for name, scenario in SCENARIOS.items() if reference_of(scenario).has_changed_order]
    assert len(few) < len(SCENARIOS) / 100


@pytest.mark.timeout(600)
def test_every_acting_cell_is_entered(run_of: Callable[[str], Run]):
    """The watchdog runs liveness' table: a cell of it is entered by either."""
    entered = {key for name in BY_COMMAND for key in named(run_of(name).cells)}
    entered |= {("liveness", *key) for machine, *key in entered if machine == "watchdog"}
    acting = {
        (machine.name, state, event)
        for machine in TABLES.machines.values() for state, event, cell in machine.cells() if cell.kind is CellKind.ACTS
    }
    missing = sorted(f"{machine} {state.word} {event.word}" for machine, state, event in acting - entered)
    assert missing == [], f"{len(acting) - len(missing)} of {len(acting)} acting cells were entered"
