"""Two statements of one behaviour: whatever is played, the core on a fake kernel does what the simulator does."""

import pytest
from pods import UNTIL, play
from witness import OWN, SCENARIOS, compare

from minipod.supervisor.scenario import check

# Of what ends in one moment either may be heard first.
TIES = {"unstartable_not_found": "the core hears of the start that succeeded before it reaps the other"}


@pytest.mark.parametrize("name", [path.stem for path in SCENARIOS])
def test_scenario(name, scenarios, player):
    scenario = scenarios[name]
    answer, found = compare(
        player, scenario.pod, scenario.behaviours, scenario.facts, scenario.strays, scenario.until
    )
    if name in TIES:
        found = [line for line in found if not line.startswith(("core ", "simulator "))]
    assert found == []


@pytest.mark.parametrize("name", [path.stem for path in SCENARIOS if path.parent == OWN])
def test_own_scenario(name, scenarios):
    assert check(scenarios[name]) == []


@pytest.mark.parametrize("numbers", [range(first, first + 25) for first in range(0, 300, 25)], ids=str)
def test_random_pods(player, numbers):
    found = {}
    for number in numbers:
        pod = play(number)
        found[number] = compare(player, pod.pod, pod.behaviours, pod.facts, pod.strays, UNTIL)[1]
    assert {number: differences for number, differences in found.items() if differences} == {}
