"""The ``world`` of a scenario: how its processes behave by themselves.

It must never say what happens when (``scenario_events``). What is wrong is recorded with its path.
"""

import re
from collections.abc import Mapping, Sequence

from minipod.config.durations import parse_duration
from minipod.config.findings import Findings
from minipod.model import Unit
from minipod.supervisor.errands import KEYS
from minipod.supervisor.scenario_events import ERRANDS, POD, REPLIES, Moment, paced, parse_answer
from minipod.supervisor.scenario_parts import read_value, table_at
from minipod.supervisor.vocabulary import Errand, Kind
from minipod.supervisor.world import Answer, Behaviour, Fact, FactKind, Notice, Reply, Start, Stray

_AT = "world"
_START = re.compile(r"(12[67])?(?: ?after (\S+))?")
_STARTS = {"at once": Start(), "hangs": Start(after=None), "starved": Start(starved=True)}
_STOP = re.compile(r"(ignores)|(?:exit=(\d+))? ?(?:after (\S+))?")
_READY = re.compile(r"(silent)|ready(?: after (\S+))?")
_OPPOSITE = {Reply.WELL: Reply.BADLY, Reply.BADLY: Reply.WELL, Reply.ERROR: Reply.WELL, Reply.NEVER: Reply.WELL}
_ENDS = frozenset({FactKind.ENDED, FactKind.OOM_KILLED})
_HELP = {
    "starts": 'write for example ["starved", "127", "after 2s", "hangs", "at once"]',
    "stop": 'write for example "ignores", or "exit=0 after 3s"',
    "rest": 'write for example "3s", or "until killed"',
    "stuck": "write true or false, without quotes",
    "notify": 'write for example "ready after 2s", or "silent"',
    **dict.fromkeys(ERRANDS, f'write for example "fails after 2s"; it is one of {", ".join(REPLIES)}'),
}


def parse_behaviours(
    world: Mapping[str, object], units: Sequence[Sequence[Unit]], moments: Sequence[Moment], found: Findings, *,
    inits_succeed: bool = False,
) -> tuple[Behaviour, ...]:
    """One for each unit, whatever plan has it. What the world does not say follows from the events: a probe that one of
    them turns was the opposite before, a program that says that it is ready had not said so. ``inits_succeed``: an init
    that no event ends is done at once; else it runs for ever, as all do."""
    return tuple(
        _behaviour(world, u, [fact for _, fact in moments if fact.unit == at], inits_succeed, found)
        for at, u in enumerate(units)
    )


def parse_strays(world: Mapping[str, object], found: Findings) -> tuple[Stray, ...]:
    """The pod's strays."""
    given = table_at(world, (_AT, POD), {"strays"}, found).get("strays", [])
    help = f"write a list of {', '.join(stray.name.lower() for stray in Stray)}"
    return read_value(
        lambda words: tuple(Stray[word.upper()] for word in words), given, (_AT, POD, "strays"), (), found, help=help
    )


def _behaviour(
    world: Mapping[str, object], versions: Sequence[Unit], facts: Sequence[Fact], inits_succeed: bool, found: Findings
) -> Behaviour:
    at = (_AT, versions[0].name)
    speaks = any(unit.notify is not None for unit in versions)
    keys = table_at(world, at, _HELP, found)
    said = {
        key: read_value(_READ[key], value, (*at, key), None, found, help=_HELP[key])
        for key, value in keys.items()
        if key in _READ
    }
    rest, rest_stuck = said.get("rest") or (0, False)
    answers = {kind: _paced(versions, kind, said[key]) for key, kind in ERRANDS.items() if said.get(key)}
    return Behaviour(
        starts=said.get("starts") or (),
        **(said.get("stop") or {}),
        rest=rest,
        stuck=bool(said.get("stuck")),
        rest_stuck=rest_stuck,
        answers={**_pulse(versions), **_before(facts), **answers},
        ready_after=None if not speaks else said["notify"] if "notify" in said else _ready_after(facts),
        is_done_at_once=inits_succeed and versions[0].kind is Kind.INIT and not any(f.kind in _ENDS for f in facts),
    )


def _before(facts: Sequence[Fact]) -> dict[Errand, Answer]:
    turned = [fact.value for fact in facts if fact.kind is FactKind.TURNED]
    return {kind: Answer(_OPPOSITE[answer.reply]) for kind, answer in reversed(turned) if kind is not Errand.WATCHDOG}


def _paced(versions: Sequence[Unit], kind: Errand, answer: Answer) -> Answer:
    watched = [unit for unit in versions if unit.watchdog is not None]
    return paced(min(watched or versions, key=lambda unit: unit.watchdog or 0), kind, answer)


def _pulse(versions: Sequence[Unit]) -> dict[Errand, Answer]:
    """By itself a program says that it lives."""
    is_watched = any(unit.watchdog is not None for unit in versions)
    return {Errand.WATCHDOG: _paced(versions, Errand.WATCHDOG, Answer())} if is_watched else {}


def _ready_after(facts: Sequence[Fact]) -> int | None:
    """By itself a program says at once that it is ready, unless an event says when."""
    is_told = any(fact.kind is FactKind.NOTIFIED and fact.value is Notice.READY for fact in facts)
    return None if is_told else 0


# --- values; ValueError and its like if they are none ---


def _notify(text: str) -> int | None:
    match = _READY.fullmatch(text)
    if not match:
        raise ValueError(text)
    return None if match[1] else parse_duration(match[2] or "0s")


def _rest(text: str) -> tuple[int | None, bool]:
    """How long the rest lives in ns, None until it is killed; whether KILL does not end it."""
    stuck = text.startswith("stuck")
    time = text.removeprefix("stuck").strip()
    return (None if time in ("", "until killed") else parse_duration(time)), stuck


def _start(text: str) -> Start:
    match = _START.fullmatch(text)
    if match:
        return Start(after=parse_duration(match[2] or "0s"), code=int(match[1] or 0))
    return _STARTS[text]


def _reaction(text: str) -> dict[str, int | None]:
    match = _STOP.fullmatch(text)
    if not match:
        raise ValueError(text)
    ignores, code, after = match.groups()
    if ignores:
        return {"stop_after": None}
    return {"stop_code": int(code) if code else None, "stop_after": parse_duration(after) if after else 0}


def _watchdog(text: str) -> Answer:
    """Nobody asks, so that cannot fail."""
    answer = parse_answer(text)
    if answer.reply is Reply.ERROR:
        raise ValueError(text)
    return answer


def _flag(value: bool) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


_READ = {
    "starts": lambda texts: tuple(map(_start, texts)),
    "stop": _reaction,
    "rest": _rest,
    "stuck": _flag,
    "notify": _notify,
    **dict.fromkeys(ERRANDS, parse_answer),
    KEYS[Errand.WATCHDOG]: _watchdog,
}
assert set(_READ) == set(_HELP)
