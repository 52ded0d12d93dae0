"""Two statements of one behaviour: whatever is played, the core on a fake kernel does what the simulator does."""

import pytest
from hypothesis import HealthCheck, given, settings
from pods import UNTIL, plays
from witness import SCENARIOS, compare

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


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(play=plays())
def test_random_pods(player, play):
    assert compare(player, play.pod, play.behaviours, play.facts, play.strays, UNTIL)[1] == []
