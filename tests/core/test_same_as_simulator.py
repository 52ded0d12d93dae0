"""Two statements of one behaviour: whatever is played, the core on a fake kernel does what the simulator does."""

import pytest
from player import request
from pods import UNTIL, play
from witness import OWN, SCENARIOS, compare

from minipod.model import Ask, Pod, Unit
from minipod.supervisor.scenario import check
from minipod.supervisor.simulate import simulate
from minipod.supervisor.vocabulary import Errand, Handler, Kind, WantEvent
from minipod.supervisor.world import Answer, Behaviour, Fact, FactKind, Reply

SECOND = 1_000_000_000
TERM = 15

# Of what ends in one moment either may be heard first.
TIES = {"unstartable_not_found": "the core hears of the start that succeeded before it reaps the other"}


@pytest.mark.parametrize("name", [path.stem for path in SCENARIOS])
def test_scenario(name, scenarios, player):
    scenario = scenarios[name]
    answer, found = compare(
        player, scenario.pod, scenario.behaviours, scenario.facts, scenario.strays, scenario.until, scenario.newcomers
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


@pytest.mark.parametrize("numbers", [range(first, first + 50) for first in range(300, 500, 50)], ids=str)
def test_random_pods_whatever_timer_is_first(player, numbers):
    """With the core's own choice among timers of one moment, and as many in a turn as it likes: another way, as right a
    one, to the same end."""
    for number in numbers:
        pod = play(number)
        expected = simulate(pod.pod, pod.behaviours, pod.facts, strays=pod.strays, until=UNTIL)
        answer = player.play([*request(pod.pod, pod.behaviours, pod.facts, pod.strays, UNTIL), "ties"])
        assert (answer.status, answer.broken, answer.impossible) == (0, None, [])
        assert (answer.exit_code, answer.lost_events) == (expected.exit_code, 0), number


def test_a_hook_is_done_as_a_stop_comes(player):
    """In one moment: what the hook came to is heard first, so nobody takes it for the other hook's."""
    hook = Ask(Handler.HTTP_GET, port=1)
    unit = Unit("web", Kind.SERVICE, ("true",), "always", post_start=hook, pre_stop=Ask(Handler.SLEEP, sleep=SECOND))
    behaviour = Behaviour(answers={Errand.POST_START: Answer(Reply.WELL, 3 * SECOND)})
    facts = [(3 * SECOND, Fact(FactKind.SAID, 0, WantEvent.ORDER_STOP))]
    answer, found = compare(player, Pod("hooks", (unit,)), [behaviour], facts, until=20 * SECOND)
    assert found == []
    assert [kill.at for kill in answer.kills if kill.signal == TERM] == [4 * SECOND]
