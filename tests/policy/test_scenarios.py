"""Every scenario comes out as it says; what is no scenario is refused."""

from pathlib import Path

import pytest

from minipod.config.toml import loads
from minipod.supervisor.books import TABLES
from minipod.supervisor.rulebook import acting
from minipod.supervisor.scenario import check, parse
from minipod.supervisor.vocabulary import Errand, Probe, ProbeEvent

# The watchdog is liveness with thresholds of 1: one word of the program's is enough, so none is only counted.
NEVER_ENTERED = {Errand.WATCHDOG.word: {(Errand.WATCHDOG.word, Probe.TRYING, ProbeEvent.COUNTED)}}
FILES = sorted(Path(__file__).with_name("scenarios").rglob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path, scenarios):
    assert check(scenarios[path.stem]) == []


@pytest.fixture(scope="session")
def visited(scenarios) -> set[tuple]:
    """Every cell that a scenario looks up, as ``Report.cells`` names it."""
    return {key for scenario in scenarios.values() for key in scenario.play().cells}


@pytest.mark.parametrize("name", TABLES.machines)
def test_every_acting_cell_is_entered_by_a_scenario(name, visited):
    cells = {(name, state, event) for state, event, _ in acting(TABLES.machines[name])}
    assert cells - visited == NEVER_ENTERED.get(name, set())


def test_every_end_and_every_cause_is_entered_by_a_scenario(visited):
    fates = TABLES.fate.items()
    ends = {("fate", standing, outcome) for standing, row in fates for outcome in row if row[outcome].possible}
    assert ends | {("cause", event) for event in TABLES.cause} <= visited


def test_a_difference_is_told_line_by_line():
    scenario = parse(loads("""
        source = "here"
        events = ["web: exit=1 @5s"]
        [given.service.web]
        restart = "never"
        [expected]
        timeline = ["0s web: spawning post-start up", "6s web: draining ended", "5s pod: ending sweeping over"]
        exit_code = 2
    """))
    assert check(scenario) == [
        "exit_code:",
        "- 2",
        "+ 1",
        "timeline:",
        "  0s web: spawning post-start up",
        "- 6s web: draining ended",
        "+ 5s web: draining ended",
        "  5s pod: ending sweeping over",
    ]


def test_what_is_not_said_must_not_happen():
    restarted = parse({"source": "here", "events": ["web: exit=1 @5s"], "given": {"service": {"web": {}}}})
    assert check(restarted) == ["restarts:", "+ web = 1"]


def test_a_fact_that_happens_to_nobody_is_told():
    twice = {"source": "here", "given": {"service": {"web": {"restart": "never"}, "x": {}}}}
    twice["events"] = ["web: exit=0 @5s", "web: exit=0 @6s"]
    assert check(parse(twice)) == ["lost:", "+ the leader ended at 6000000000"]


WEB = {"service": {"web": {}}}


@pytest.mark.parametrize("document, complaint", [
    ({"given": WEB}, "must name its source"),
    ({"source": "s", "given": WEB, "expect": {}}, "a scenario has no expect"),
    ({"source": "s", "given": {"services": {}}}, r"\[given\] has no services"),
    ({"source": "s", "given": {"service": {"web": {"restrat": "never"}}}}, "has no restrat"),
    ({"source": "s", "given": WEB, "world": {"wbe": {}}}, r"\[world\] has no wbe"),
    ({"source": "s", "given": WEB, "expected": {"exit": 1}}, r"\[expected\] has no exit"),
    ({"source": "s", "given": WEB, "events": ["web exit=1 @5s"]}, r"events\[0\]: `web exit=1 @5s` is no event"),
    ({"source": "s", "given": WEB, "events": ["web: exit=1"]}, "is no event"),
    ({"source": "s", "given": WEB, "events": ["db: oom @5s", "x"]}, r"is called `db`; events\[1\]: `x` is no event"),
    ({"source": "s", "given": WEB, "events": ["web: explode @5s"]}, "`explode` is nothing that happens to a unit"),
    ({"source": "s", "given": WEB, "events": ["pod: USR1 @5s"]}, "`USR1` is nothing that happens to a pod"),
    ({"source": "s", "given": WEB, "world": {"web": {"stop": "never"}}}, "no way to react"),
])
def test_what_is_no_scenario_is_refused(document, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse(document)
