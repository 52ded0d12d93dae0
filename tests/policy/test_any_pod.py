"""Whatever happens to whatever pod: no impossible event, books that hold together, an end in time, an exit code and a
phase that agree."""

from any_pod import stories
from hypothesis import given, settings

from minipod.supervisor.backoff import SECOND
from minipod.supervisor.facts import HAS_PROCESS
from minipod.supervisor.simulate import Simulation, simulate
from minipod.supervisor.vocabulary import Life, Phase, PodEvent, Probe
from minipod.supervisor.world import Fact, FactKind

END = 40 * SECOND
NOBODY = {Life.HELD, Life.BACKOFF, Life.ENDED}


def hold_together(sim: Simulation) -> None:
    """What must be so between two turns."""
    for unit in sim.units:
        assert all(count >= 0 for count in unit.waits.values())
        if unit.life in NOBODY:
            assert set(unit.probes.values()) == {Probe.OFF}, f"{unit.name} is asked and has no process"
            assert not any(errand.is_busy for errand in unit.errands.values()), f"{unit.name} has an errand left"
            assert not any((kind, unit.at) in sim.timers for kind in unit.errands), f"{unit.name} has a timer left"
        assert unit.started or not unit.ready, f"{unit.name} is ready and has not started"
        assert not unit.started or unit.life in HAS_PROCESS, f"{unit.name} has started and has no process"
    assert sim.units_left == sum(not unit.is_over for unit in sim.units)
    assert sim.services_left >= 0


@settings(max_examples=120, deadline=None)
@given(stories())
def test_any_pod_told_to_stop_ends_in_time(story):
    pod, behaviours, happens, strays = story
    last = [(END, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    report = simulate(pod, behaviours, happens + last, strays=strays, watch=hold_together)
    assert report.impossible == []
    assert report.exit_code is not None
    assert report.timeline[-1][1:] == ("pod", "over")
    assert report.timeline[-1][0] <= END + pod.termination_grace_period
    *before, phase = (phase for _, phase in report.phases)
    assert (phase is Phase.SUCCEEDED) == (report.exit_code == 0)
    assert set(before) <= {Phase.PENDING, Phase.RUNNING}, "a phase that is final stays"
