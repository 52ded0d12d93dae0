"""Scenarios: small pods, what happens to them and what must come of it, as TOML files (for ``minipod simulate``).

    source = "spec.md section 3: Always restarts after a success too"     where the rule comes from
    events = ["web: exit=0 @5s", "pod: TERM @9s"]                         in order; those of one moment keep it
    until = "1h"                                                          look no further (default: to the very end)

    [given.service.web]          a pod file, without commands: [given.pod], [given.init.NAME], [given.sidecar.NAME] …
    [world.web]                  how its processes behave; [world.pod] strays = ["heeds", "ignores", "forks", "stuck"]
    starts = ["starved", "127", "126 after 1s", "after 2s", "hangs", "at once"]     an attempt each, then at once
    stop = "ignores" | "exit=0" | "after 3s" | "exit=0 after 3s"          what the stop signal does (default: ends it)
    rest = "3s" | "until killed" | "stuck" | "stuck 3s"                   how long the group outlives its leader
    stuck = true                                                          KILL does not end it

    [expected]
    timeline = ["0s web: spawning up", "5s web: draining backoff spawning up"]   every change, if there is the key
    exit_code, phase, reason     of a pod that is over; without exit_code it must be alive; a live pod has a phase too
    phases = ["0s Pending", …]   every change
    restarts, codes, outcomes    by unit; a unit that restarts does not name has none
    sent = ["9s web stop"]       every signal of minipod's own
    impossible, lost             events that cannot be and were counted, facts that had nobody to happen to; or none

Events: ``UNIT: exit=N``, ``UNIT: signal=NAME``, ``UNIT: order=start|stop|restart``, ``pod: TERM`` (INT, QUIT),
``pod: stray=KIND`` (it ends), ``UNIT: fact=WORD`` and ``pod: fact=WORD`` (a word of the policy, put in as it is).

Parsing is pure: it takes what a TOML parser gives. ValueError names what is wrong.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import ndiff
from itertools import groupby

from minipod.config.durations import format_duration, parse_duration
from minipod.model import Backoff, Pod, Unit, default_restart
from minipod.supervisor import signals
from minipod.supervisor.books import TABLES, Report, Tables
from minipod.supervisor.simulate import simulate
from minipod.supervisor.vocabulary import (
    Kind,
    LifeEvent,
    Milestone,
    PodEvent,
    SignalVerb,
    StopScope,
    WantEvent,
    Word,
)
from minipod.supervisor.world import Behaviour, Fact, FactKind, Start, Stray

_EVENT = re.compile(r"([^:\s]+): (\S+) @(\S+)")
_START = re.compile(r"(12[67])?(?: ?after (\S+))?")
_STOP = re.compile(r"(ignores)|(?:exit=(\d+))? ?(?:after (\S+))?")
_KINDS = (Kind.INIT, Kind.SIDECAR, Kind.SERVICE)
_GIVEN = {"pod", *(k.word for k in _KINDS)}
_PARTS = {"source", "events", "until", "given", "world", "expected"}
_FACTS = set("timeline exit_code phase phases reason restarts codes outcomes sent impossible lost".split())


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

    def play(self, tables: Tables = TABLES) -> Report:
        """What comes of it under these tables."""
        return simulate(
            self.pod, self.behaviours, self.facts, strays=self.strays, until=self.until, tables=tables
        )


# --- parsing ---


def parse(document: Mapping[str, object]) -> Scenario:
    """A scenario from a parsed TOML document. ValueError if it is none."""
    _only(document, _PARTS, "a scenario")
    if not document.get("source"):
        raise ValueError("a scenario must name its source")
    pod = parse_pod(document.get("given", {}))
    names = [u.name for u in pod.units]
    world = document.get("world", {})
    _only(world, {*names, "pod"}, "[world]")
    expected = document.get("expected", {})
    _only(expected, _FACTS, "[expected]")
    return Scenario(
        source=document["source"],
        pod=pod,
        behaviours=tuple(_behaviour(world.get(name, {})) for name in names),
        strays=tuple(Stray[word.upper()] for word in world.get("pod", {}).get("strays", ())),
        facts=tuple(_fact(line, names) for line in document.get("events", ())),
        until=parse_duration(document["until"]) if "until" in document else None,
        expected=expected,
    )


def _only(table: Mapping[str, object], known: set[str], what: str) -> None:
    unknown = set(table) - known
    if unknown:
        raise ValueError(f"{what} has no {', '.join(sorted(unknown))}")


def parse_pod(given: Mapping[str, object]) -> Pod:
    """A pod from the policy's part of a pod file; commands may be left out. ValueError for a key that is not policy."""
    _only(given, _GIVEN, "[given]")
    top = {**given.get("pod", {})}
    main, default = top.pop("main", None), top.pop("restart", None)
    units = tuple(
        _unit(name, kind, keys, is_main=name == main, restart=default)
        for kind_word in ("init", "sidecar", "service")
        for kind in [Kind[kind_word.upper()]]
        for name, keys in given.get(kind_word, {}).items()
    )
    order = {name: at for at, name in enumerate(top.pop("order", [u.name for u in units]))}
    times = {key: parse_duration(top.pop(key)) for key in ("deadline", "termination_grace_period") if key in top}
    _only(top, set(), "[given.pod]")
    return Pod(name="scenario", units=tuple(sorted(units, key=lambda u: order[u.name])), main=main, **times)


_READ = {
    "essential": bool,
    "max_restarts": int,
    "deadline": parse_duration,
    "termination_grace_period": parse_duration,
    "backoff": lambda keys: Backoff(**{key: parse_duration(value) for key, value in keys.items()}),
    "stop_signal": signals.number_of,
    "stop_to": lambda word: StopScope[word.upper()],
    "exit_codes": lambda codes: {int(raw): code for raw, code in codes.items()},
    "after": lambda after: {
        name: Milestone[word.upper()]
        for name, word in (after if isinstance(after, dict) else dict.fromkeys(after, "started")).items()
    },
}


def _unit(name: str, kind: Kind, keys: Mapping[str, object], *, is_main: bool, restart: str | None) -> Unit:
    keys = {**keys}
    follows = kind is not Kind.SIDECAR and not is_main
    policy = keys.pop("restart", (follows and restart) or default_restart(kind, is_main=is_main))
    command = tuple(keys.pop("command", ("true",)))
    _only(keys, set(_READ), f"[given.{kind.word}.{name}]")
    return Unit(name, kind, command, policy, **{key: _READ[key](value) for key, value in keys.items()})


def _behaviour(keys: Mapping[str, object]) -> Behaviour:
    _only(keys, {"starts", "stop", "rest", "stuck"}, "a unit's [world]")
    rest, stuck = _rest(keys.get("rest", "0s"))
    return Behaviour(
        starts=tuple(map(_start, keys.get("starts", ()))),
        **_reaction(keys.get("stop", "")),
        rest=rest,
        stuck=keys.get("stuck", False),
        rest_stuck=stuck,
    )


def _rest(text: str) -> tuple[int | None, bool]:
    """How long the rest lives in ns, None until it is killed; whether KILL does not end it."""
    stuck = text.startswith("stuck")
    time = text.removeprefix("stuck").strip()
    return (None if time in ("", "until killed") else parse_duration(time)), stuck


def _start(text: str) -> Start:
    match = _START.fullmatch(text)
    if match:
        return Start(after=parse_duration(match[2] or "0s"), code=int(match[1] or 0))
    return {"at once": Start(), "hangs": Start(after=None), "starved": Start(starved=True)}[text]


def _reaction(text: str) -> dict[str, int | None]:
    match = _STOP.fullmatch(text)
    if not match:
        raise ValueError(f"no way to react to a stop: {text!r}")
    ignores, code, after = match.groups()
    if ignores:
        return {"stop_after": None}
    return {"stop_code": int(code) if code else None, "stop_after": parse_duration(after) if after else 0}


def _fact(line: str, names: Sequence[str]) -> tuple[int, Fact]:
    match = _EVENT.fullmatch(line)
    if not match or match[1] not in (*names, "pod"):
        raise ValueError(f"no event: {line!r}")
    who, what, at = match.groups()
    verb, _, value = what.partition("=")
    fact = _pod_fact(verb, value) if who == "pod" else _unit_fact(names.index(who), verb, value)
    return parse_duration(at), fact


def _pod_fact(verb: str, value: str) -> Fact:
    if verb == "stray":
        return Fact(FactKind.STRAY_GONE, None, Stray[value.upper()])
    if verb == "fact":
        return Fact(FactKind.SAID, None, _word(PodEvent, value))
    if signals.default_verb(signals.number_of(verb)) is not SignalVerb.STOP:
        raise ValueError(f"{verb} does not stop a pod")
    return Fact(FactKind.SAID, None, PodEvent.TOLD)


def _unit_fact(unit: int, verb: str, value: str) -> Fact:
    if verb == "exit":
        return Fact(FactKind.ENDED, unit, int(value))
    if verb == "signal":
        return Fact(FactKind.ENDED, unit, 128 + signals.number_of(value))
    if verb == "order":
        return Fact(FactKind.SAID, unit, _word(WantEvent, f"order-{value}"))
    if verb == "fact":
        return Fact(FactKind.SAID, unit, _word(LifeEvent, value))
    raise ValueError(f"nothing that happens to a unit: {verb}")


def _word(words: type[Word], text: str) -> Word:
    return words[text.upper().replace("-", "_")]


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
    if "sent" in expected:
        yield "sent", [f"{format_duration(at)} {name} {what}" for at, name, what in report.sent]
    for key in ("codes", "outcomes"):
        if key in expected:
            yield key, {name: _plain(getattr(report, key)[name]) for name in expected[key]}


def _plain(value: object) -> object:
    return value.word if isinstance(value, Word) else "none" if value is None else value


def timeline(pod: Pod, report: Report) -> list[str]:
    """Every change of state, one line a moment and unit (in file order, the pod last): ``5s web: draining backoff``."""
    place = {name: at for at, name in enumerate([*(u.name for u in pod.units), "pod"])}
    changes = sorted(report.timeline, key=lambda change: (change[0], place[change[1]]))
    lines = []
    for (at, name), group in groupby(changes, key=lambda change: change[:2]):
        lines.append(f"{format_duration(at)} {name}: {' '.join(word for _, _, word in group)}")
    return lines


def _lines(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(line) for line in value]
    if isinstance(value, Mapping):
        return [f"{key} = {inner}" for key, inner in value.items()]
    return ["none" if value is None else str(value)]
