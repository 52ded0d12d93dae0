"""Two statements of one behaviour: whatever is played, the core on a fake kernel does what the simulator does."""

import pytest
from hypothesis import HealthCheck, given, settings
from pods import UNTIL, plays
from witness import SCENARIOS, compare

# Timers of one moment may fire in either order. With no budget at all a unit's KILL and the pod's last moment are one.
TIES = {"budget_zero_kills_all_at_once": "the core kills before it leaves, the simulator leaves at once"}


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
