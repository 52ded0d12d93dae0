"""Whatever is written as an event: facts, or mistakes with a place in the line and a next step; nothing else."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minipod.config.toml import loads
from minipod.supervisor.scenario import Scenario, of_events, parse
from minipod.supervisor.scenario_events import ERRANDS, BadEvents, parse_events
from minipod.supervisor.scenario_parts import BadScenario

POD = parse(loads("""
    source = "here"
    [given.init.first]
    [given.service.web]
    restart = "on_failure"
    liveness_probe = {}
    readiness_probe = {}
    pre_stop = {}
    [given.service.told]
    notify = "sd"
    watchdog = "5s"
""")).pod
WHO = st.sampled_from(["web", "told", "first", "pod", "wbe", ""])
WHAT = st.sampled_from([
    "exit", "signal", "oom", "order", "notify", "started", "ready", "unready", "healthy", "unhealthy", "TERM", "INT",
    "exti", "", *ERRANDS,
])
VALUE = st.sampled_from([
    "", "=", "=0", "=1", "=256", "=SEGV", "=stop", "=start", "=restart", "=ready", "=reloading", "=watchdog",
    "=trigger", "=fails", "=passes", "=hangs after 2s", "=errors", "=done after", "==", "=²",
])
TIME = st.sampled_from(["@5s", "@ 1m", "@0s", "@5", "@", "", "@5s@6s", "@5s;", "@-1s", "@100ms"])
LINE = st.builds("{}:{}{}{}".format, WHO, WHAT, VALUE, TIME)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.one_of(LINE, st.text(max_size=30)), max_size=4))
@example(["web:exit=٣@5s"])
@example(["\n:@"])
def test_facts_or_mistakes(lines):
    try:
        moments = parse_events(lines, POD.units)
    except BadEvents as bad:
        assert bad.all
        for at, each in bad.all:
            assert each.line == lines[at]
            assert 0 <= each.begin <= each.end <= len(lines[at])
            assert str(each) and each.help
    else:
        assert all(at >= 0 for at, _ in moments)


@settings(deadline=None, max_examples=200)
@given(st.lists(LINE, max_size=8))
def test_what_is_an_event_can_be_played(lines):
    """In any order, twice, of a unit that has ended."""
    sound = [line for line in lines if _is_sound(line)]
    report = of_events(POD, sound).ending(120 * 10**9).play()
    assert report.impossible == []
    assert (report.exit_code is None) == (report.reason is None)


def _is_sound(line: str) -> bool:
    try:
        return isinstance(of_events(POD, [line]), Scenario)
    except BadScenario:
        return False


def test_who_says_that_it_lives_says_so_in_time():
    """And not without end in one moment."""
    report = of_events(POD, ["told: watchdog=passes @10s"]).ending(60 * 10**9).play()
    assert report.restarts["told"] == 0
    silent = of_events(POD, ["told: watchdog=hangs @10s"]).ending(60 * 10**9).play()
    assert silent.restarts["told"] > 0


def test_nobody_asks_for_the_watchdog():
    with pytest.raises(BadEvents, match="`watchdog` cannot be `errors`"):
        parse_events(["told: watchdog=errors @5s"], POD.units)


def test_all_of_the_lines_are_looked_at():
    with pytest.raises(BadEvents) as caught:
        parse_events(["x", "web: oom @5s", "wbe: exti @5"], POD.units)
    assert [(at, each.part) for at, each in caught.value.all] == [(0, ""), (2, "who"), (2, "at")]
