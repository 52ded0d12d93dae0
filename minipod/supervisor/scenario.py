"""Scenarios: small pods, what happens to them and what must come of it, as TOML files (``minipod simulate --check``).

    source = "spec.md section 3: Always restarts after a success too"     where the rule comes from
    events = ["web: exit=1 @5s", "pod: TERM @9s"]                         in order; those of one moment keep it
    until = "1h"                                                          look no further (default: to the very end)

    [given.service.web]          a pod file, without commands: [given.pod], [given.init.NAME], [given.sidecar.NAME] …
    [plan.NAME.service.web]      another plan, for "pod: apply=NAME"; it is written as the given pod is
    [world.web]                  how its processes behave; [world.pod] strays = ["heeds", "ignores", "forks", "stuck"]
    starts = ["starved", "127", "126 after 1s", "after 2s", "hangs", "at once"]     an attempt each, then at once
    stop = "ignores" | "exit=0" | "after 3s" | "exit=0 after 3s"          what the stop signal does (default: ends it)
    rest = "3s" | "until killed" | "stuck" | "stuck 3s"                   how long the group outlives its leader
    stuck = true                                                          KILL does not end it
    liveness = "passes" | "fails" | "errors" | "hangs" | "fails after 2s" each attempt of a probe: startup, liveness,
                                                                          readiness, watchdog
    pre_stop = "done" | "fails" | "hangs" | "done after 3s"               a hook: post_start, pre_stop
    notify = "ready" | "ready after 2s" | "silent"                        what each instance says of itself

    [expected]
    timeline = ["0s web: spawning post-start up", …]    every change of state, if there is the key
    exit_code, phase, reason     of a pod that is over; without exit_code it must be alive; a live pod has a phase too
    phases = ["0s Pending", …]   every change
    flags = ["2s web: started ready", "9s web: -"]      every change of what its probes say
    restarts, codes, outcomes, reasons    by unit; a unit that restarts does not name has none
    sent = ["9s web stop"]       every signal of minipod's own
    impossible, lost             events that cannot be and were counted, facts that had nobody to happen to; or none

Events: ``UNIT: exit=N``, ``UNIT: signal=NAME``, ``UNIT: oom``, ``UNIT: order=start|stop|restart``;
``UNIT: liveness=fails`` and its like: answered so from now on;
``UNIT: notify=ready|reloading|stopping|watchdog|trigger``; for short ``UNIT: ready``, ``unready``, ``started``,
``healthy``, ``unhealthy``; ``pod: TERM`` (INT, QUIT), ``pod: stray=KIND`` (it ends), ``UNIT: fact=WORD`` and
``pod: fact=WORD`` (a word of the policy, put in as it is); ``pod: apply=NAME`` (a plan, as by ``minipod apply``; what
is refused has nobody to happen to). Blanks at will.

Parsing is pure: it takes what a TOML parser gives. BadScenario holds all that is wrong, by path.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import ndiff
from itertools import groupby

from minipod.config.durations import format_duration, parse_duration
from minipod.config.findings import Findings, word
from minipod.model import Pod
from minipod.supervisor.books import TABLES, Report, Tables
from minipod.supervisor.deeds_plan import NewPlan
from minipod.supervisor.scenario_events import POD, BadEvent, BadEvents, Cast, Moment, cast, parse_events, plans_in
from minipod.supervisor.scenario_parts import BadScenario, check_keys, read_value, table_at
from minipod.supervisor.scenario_pod import parse_pod
from minipod.supervisor.scenario_world import parse_behaviours, parse_strays
from minipod.supervisor.simulate import Watch, simulate
from minipod.supervisor.vocabulary import Word
from minipod.supervisor.world import Behaviour, Fact, Stray

_PARTS = {"source", "events", "until", "given", "plan", "world", "expected"}
_FACTS = set(
    "timeline exit_code phase phases flags reason reasons restarts codes outcomes sent impossible lost".split()
)
_BY_UNIT = {"restarts", "codes", "outcomes", "reasons"}


@dataclass(frozen=True)
class Scenario:
    """One parsed scenario. ``expected`` is as written; ``until`` is ns or None."""

    source: str
    pod: Pod
    behaviours: tuple[Behaviour, ...]
    strays: tuple[Stray, ...]
    facts: tuple[tuple[int, Fact], ...]
    until: int | None
    expected: Mapping[str, object] = field(default_factory=dict)
    plans: Mapping[str, NewPlan] = field(default_factory=dict)

    @property
    def cast(self) -> Cast:
        """Who plays, under whichever plan; ``behaviours`` has one for each."""
        return cast(self.pod.units, self.plans)

    @property
    def newcomers(self) -> list[str]:
        """Units that only later plans have."""
        return self.cast.names[len(self.pod.units):]

    def ending(self, until: int) -> "Scenario":
        """The same, looked at until then (ns)."""
        return replace(self, until=until)

    def play(self, tables: Tables = TABLES, watch: Watch = None) -> Report:
        """What comes of it under these tables."""
        return simulate(
            self.pod, self.behaviours, self.facts, strays=self.strays, until=self.until, tables=tables, watch=watch,
            newcomers=self.newcomers,
        )


def parse(
    document: Mapping[str, object], pod: Pod | None = None, files: Mapping[str, Pod] | None = None
) -> Scenario:
    """A scenario from a parsed TOML document. ``pod``: the one of the file that its ``given`` names; who gives a whole
    pod file means its services, so an init that no event ends is done at once. ``files``: the plans that are the paths
    of files. BadScenario holds all that is wrong."""
    found = Findings()
    given = parse_pod(document.get("given", {}), ("given",), found) if pod is None else pod
    plans = _plans(document, files or {}, found)
    if not document.get("source"):
        why = "who sees it fail must know why it must be so"
        found.error((), "a scenario must name its source", why=why, help='write source = "our runbook: …"')
    if given is None:
        check_keys(document, (), _PARTS, found)
        raise BadScenario(found.all)
    return _parsed(given, plans, document, found, inits_succeed=pod is not None)


def of_events(pod: Pod, lines: Sequence[str], files: Mapping[str, Pod] | None = None) -> Scenario:
    """A pod and its events alone; ``files``: the plans that they name. BadScenario holds every event that is none."""
    plans = {path: NewPlan(plan) for path, plan in (files or {}).items()}
    return _parsed(pod, plans, {"events": list(lines)}, Findings(), inits_succeed=True)


def _plans(document: Mapping[str, object], files: Mapping[str, Pod], found: Findings) -> dict[str, NewPlan]:
    """By name; those with something wrong in them are left out."""
    given = table_at(document, ("plan",), None, found)
    events = document.get("events", [])
    applied = plans_in(events if isinstance(events, list) else ())
    plans = {}
    for name, what in given.items():
        plan = files[name] if name in files else parse_pod(what, ("plan", name), found)
        if plan is not None:
            plans[name] = NewPlan(plan)
        if name not in applied:
            found.error(("plan", name), f"nobody applies {word(name)}", on_key=True,
                        help=f'write events = ["pod: apply={name} @5s"], or leave it out')
    return plans


def _parsed(
    pod: Pod, plans: Mapping[str, NewPlan], document: Mapping[str, object], found: Findings, *, inits_succeed: bool
) -> Scenario:
    check_keys(document, (), _PARTS, found)
    who = cast(pod.units, plans)
    world = table_at(document, ("world",), (*who.names, POD), found)
    moments, bad_events = _events(document.get("events", []), pod, plans, found)
    scenario = Scenario(
        source=document.get("source", ""),
        pod=pod,
        behaviours=parse_behaviours(world, who.units, moments, found, inits_succeed=inits_succeed),
        strays=parse_strays(world, found),
        facts=moments,
        until=read_value(parse_duration, document["until"], ("until",), None, found) if "until" in document else None,
        expected=_expected(document, who.names, found),
        plans=plans,
    )
    if found.failed or bad_events:
        raise BadScenario(found.all, bad_events)
    return scenario


def _events(
    lines: object, pod: Pod, plans: Mapping[str, NewPlan], found: Findings
) -> tuple[tuple[Moment, ...], Sequence[tuple[int, BadEvent]]]:
    if not isinstance(lines, list):
        found.mismatch(("events",), lines, "a list of strings", help='write ["web: exit=1 @5s"]')
        return (), ()
    try:
        return parse_events(lines, pod.units, plans), ()
    except BadEvents as bad:
        return (), bad.all


def _expected(document: Mapping[str, object], names: Sequence[str], found: Findings) -> Mapping[str, object]:
    expected = table_at(document, ("expected",), _FACTS, found)
    for key in _BY_UNIT & set(expected):
        table_at(expected, ("expected", key), names, found)
    return expected


# --- comparing ---


def differences(scenario: Scenario, report: Report) -> list[str]:
    """What the report lacks (``- ``) or has beyond (``+ ``) what was expected, a line each; [] if nothing."""
    found = []
    for fact, (wanted, got) in _compared(scenario, report).items():
        if wanted != got:
            found.append(f"{fact}:")
            found.extend(line for line in ndiff(_lines(wanted), _lines(got)) if not line.startswith("?"))
    return found


def agrees(scenario: Scenario, report: Report) -> bool:
    """Whether there are no differences."""
    return all(wanted == got for wanted, got in _compared(scenario, report).values())


def check(scenario: Scenario, tables: Tables = TABLES) -> list[str]:
    """Play and compare: the differences."""
    try:
        report = scenario.play(tables)
    except RuntimeError as error:
        return [str(error)]
    return differences(scenario, report)


def _compared(scenario: Scenario, report: Report) -> dict[str, tuple[object, object]]:
    expected = scenario.expected
    got = dict(_facts(scenario, report, expected))
    defaults = {"exit_code": None, "impossible": [], "lost": [], "restarts": {}}
    wanted = {**defaults, **expected}
    return {key: (wanted[key], got[key]) for key in wanted}


def _facts(scenario: Scenario, report: Report, expected: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    yield "exit_code", report.exit_code
    yield "impossible", report.impossible
    yield "lost", report.lost
    yield "restarts", {name: count for name, count in report.restarts.items() if count}
    yield "reason", report.reason
    yield "phase", report.phases[-1][1].name.capitalize()
    if "timeline" in expected:
        yield "timeline", timeline(scenario.pod, report)
    if "phases" in expected:
        yield "phases", [f"{format_duration(at)} {now.name.capitalize()}" for at, now in report.phases]
    if "flags" in expected:
        yield "flags", flags(scenario.pod, report)
    if "sent" in expected:
        yield "sent", [f"{format_duration(at)} {name} {what}" for at, name, what in report.sent]
    for key in ("codes", "outcomes", "reasons"):
        if key in expected:
            yield key, {name: _plain(getattr(report, key)[name]) for name in expected[key]}


def _plain(value: object) -> object:
    return value.word if isinstance(value, Word) else "none" if value is None else value


def timeline(pod: Pod, report: Report) -> list[str]:
    """Every change of state, one line a moment and unit (in file order, the pod last): ``5s web: draining backoff``."""
    return [
        f"{format_duration(at)} {name}: {' '.join(words)}" for at, name, words in _by_moment(pod, report.timeline)
    ]


def flags(pod: Pod, report: Report) -> list[str]:
    """What holds of a unit after each moment that changed it: ``5s web: started ready``, ``-`` for nothing."""
    lines, before = [], {}
    for at, name, values in _by_moment(pod, report.flags):
        now = values[-1]
        if now != before.get(name, (False, False)):
            words = [word for word, holds in zip(("started", "ready"), now, strict=True) if holds]
            lines.append(f"{format_duration(at)} {name}: {' '.join(words) or '-'}")
        before[name] = now
    return lines


def _by_moment(pod: Pod, changes: list[tuple[int, str, object]]) -> Iterator[tuple[int, str, list]]:
    """Units that a later plan brought stand behind the pod's, in the order in which they came."""
    later = (name for _, name, _ in changes)
    place = {name: at for at, name in enumerate(dict.fromkeys([*(u.name for u in pod.units), *later]))}
    changes = sorted(changes, key=lambda change: (change[0], change[1] == POD, place[change[1]]))
    for (at, name), group in groupby(changes, key=lambda change: change[:2]):
        yield at, name, [value for _, _, value in group]


def _lines(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(line) for line in value]
    if isinstance(value, Mapping):
        return [f"{key} = {inner}" for key, inner in value.items()]
    return ["none" if value is None else str(value)]
