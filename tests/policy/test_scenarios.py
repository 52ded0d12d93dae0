"""Every scenario comes out as it says; what is no scenario is refused."""

from pathlib import Path

import pytest

from minipod.config.toml import loads
from minipod.supervisor.books import TABLES
from minipod.supervisor.rulebook import acting
from minipod.supervisor.scenario import check, parse
from minipod.supervisor.scenario_parts import BadScenario
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
        timeline = ["0s web: spawning post-start up", "6s web: draining ended", "5s pod: ending finishing over"]
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
        "  5s pod: ending finishing over",
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
    ({"source": "s", "given": WEB, "expect": {}}, "expect: unknown key `expect`"),
    ({"source": "s", "given": {"services": {}}}, "given.services: unknown key `services`"),
    ({"source": "s", "given": {"service": {"web": {"restrat": "never"}}}}, "given.service.web.restrat: unknown key"),
    ({"source": "s", "given": WEB, "world": {"wbe": {}}}, "world.wbe: unknown key"),
    ({"source": "s", "given": WEB, "expected": {"exit": 1}}, "expected.exit: unknown key"),
    ({"source": "s", "given": WEB, "events": ["web exit=1 @5s"]}, r"events\[0\]: `web exit=1 @5s` is no event"),
    ({"source": "s", "given": WEB, "events": ["web: exit=1"]}, "is no event"),
    ({"source": "s", "given": WEB, "events": ["db: oom @5s", "x"]}, r"is called `db`; events\[1\]: `x` is no event"),
    ({"source": "s", "given": WEB, "events": ["web: explode @5s"]}, "`explode` is nothing that happens to a unit"),
    ({"source": "s", "given": WEB, "events": ["pod: USR1 @5s"]}, "`USR1` is nothing that happens to a pod"),
    ({"source": "s", "given": WEB, "events": "web: oom @5s"}, "`events` must be a list of strings"),
    ({"source": "s", "given": WEB, "until": "5"}, "until: the time in `5` has no unit"),
    ({"source": "s", "given": WEB, "expected": {"codes": {"wbe": 1}}}, "expected.codes.wbe: unknown key"),
    ({"source": "s", "given": WEB, "expected": {"codes": 5}}, "`codes` must be a table"),
    ({"source": "s", "given": 5}, "`given` must be a table, or the path of a pod file"),
    ({"source": "s", "given": {"service": {"web": {"after": ["db"]}}}}, "no unit is called `db`"),
    ({"source": "s", "given": {"service": {"web": {"after": ["web"]}}}}, "cycle: web -> web"),
    ({"source": "s", "given": {"pod": {"main": "db"}, **WEB}}, "given.pod.main: no unit is called `db`"),
    ({"source": "s", "given": WEB, "world": {"web": {"starts": ["soon"]}}}, "world.web.starts: `starts` cannot be"),
    ({"source": "s", "given": WEB, "world": {"web": {"starts": 5}}}, "world.web.starts: `starts` cannot be"),
    ({"source": "s", "given": WEB, "world": {"web": {"rest": "5"}}}, "the time in `5` has no unit"),
    ({"source": "s", "given": WEB, "world": {"web": {"stuck": "yes"}}}, "`stuck` cannot be `yes`"),
    ({"source": "s", "given": WEB, "world": {"web": {"liveness": "maybe"}}}, "`liveness` cannot be `maybe`"),
    ({"source": "s", "given": WEB, "world": {"pod": {"strays": ["some"]}}}, "world.pod.strays: `strays` cannot be"),
    ({"source": "s", "given": WEB, "world": {"web": 3}}, "`web` must be a table"),
    ({"source": "s", "given": WEB, "world": {"web": {"stop": "never"}}}, "world.web.stop: `stop` cannot be `never`"),
])
def test_what_is_no_scenario_is_refused(document, complaint):
    with pytest.raises(BadScenario, match=complaint):
        parse(document)


def test_all_that_is_wrong_is_told_at_once():
    document = {"given": WEB, "unitl": "5s", "world": {"web": {"stop": "no", "rest": "5"}}, "events": ["x"]}
    with pytest.raises(BadScenario) as caught:
        parse(document)
    places = [each.at for each in caught.value.findings]
    assert places == [(), ("unitl",), ("world", "web", "stop"), ("world", "web", "rest")]
    assert [at for at, _ in caught.value.events] == [0]
    assert all(each.help for each in caught.value.findings)
