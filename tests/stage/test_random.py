"""Random pods in random worlds on the real core: it does what the simulator does, whoever thought of the pod."""

import sys
from pathlib import Path

import pytest
from comparison import differences_from, reference_of
from director import Director

from minipod.supervisor.scenario import Scenario

sys.path.insert(0, str(Path(__file__).parents[1] / "core"))

from pods import UNTIL, play

EACH = 10


@pytest.mark.parametrize("first", range(0, 100, EACH))
def test_random_pods(first, programs, tmp_path):
    for number in range(first, first + EACH):
        chance = play(number)
        scenario = Scenario("", chance.pod, chance.behaviours, chance.strays, chance.facts, UNTIL)
        folder = tmp_path / str(number)
        folder.mkdir()
        run = Director(scenario, programs, folder).play()
        assert differences_from(reference_of(scenario), scenario, run) == [], f"pod {number}: {run.words}"
