"""The ``world`` of a scenario: how its processes behave by themselves. ValueError names what is wrong.

It must never say what happens when (``scenario_events``).
"""

import re
from collections.abc import Mapping, Sequence

from minipod.config.durations import parse_duration
from minipod.model import Unit
from minipod.supervisor.scenario_events import ERRANDS, Moment, parse_answer
from minipod.supervisor.scenario_pod import only
from minipod.supervisor.vocabulary import Errand, Kind
from minipod.supervisor.world import Answer, Behaviour, Fact, FactKind, Notice, Reply, Start, Stray

_START = re.compile(r"(12[67])?(?: ?after (\S+))?")
_STOP = re.compile(r"(ignores)|(?:exit=(\d+))? ?(?:after (\S+))?")
_READY = re.compile(r"ready(?: after (\S+))?")
_OPPOSITE = {Reply.WELL: Reply.BADLY, Reply.BADLY: Reply.WELL, Reply.ERROR: Reply.WELL, Reply.NEVER: Reply.WELL}
_ENDS = frozenset({FactKind.ENDED, FactKind.OOM_KILLED})


def parse_behaviours(
    world: Mapping[str, Mapping], units: Sequence[Unit], moments: Sequence[Moment], *, inits_succeed: bool = False
) -> tuple[Behaviour, ...]:
    """One for each unit. What the world does not say follows from the events: a probe that one of them turns was the
    opposite before, a program that says that it is ready had not said so. ``inits_succeed``: an init that no event ends
    is done at once; else it runs for ever, as all do."""
    only(world, {*(u.name for u in units), "pod"}, "[world]")
    return tuple(
        _behaviour(world.get(u.name, {}), u, [fact for _, fact in moments if fact.unit == at], inits_succeed)
        for at, u in enumerate(units)
    )


def parse_strays(world: Mapping[str, Mapping]) -> tuple[Stray, ...]:
    """The pod's strays."""
    return tuple(Stray[word.upper()] for word in world.get("pod", {}).get("strays", ()))


def _behaviour(keys: Mapping[str, object], unit: Unit, facts: Sequence[Fact], inits_succeed: bool) -> Behaviour:
    only(keys, {"starts", "stop", "rest", "stuck", "notify", *ERRANDS}, "a unit's [world]")
    rest, stuck = _rest(keys.get("rest", "0s"))
    said = {kind: parse_answer(keys[word]) for word, kind in ERRANDS.items() if word in keys}
    return Behaviour(
        starts=tuple(map(_start, keys.get("starts", ()))),
        **_reaction(keys.get("stop", "")),
        rest=rest,
        stuck=keys.get("stuck", False),
        rest_stuck=stuck,
        answers={**_watchdog(unit), **_before(facts), **said},
        ready_after=_ready_after(keys.get("notify"), unit, facts),
        is_done_at_once=inits_succeed and unit.kind is Kind.INIT and not any(fact.kind in _ENDS for fact in facts),
    )


def _before(facts: Sequence[Fact]) -> dict[Errand, Answer]:
    turned = [fact.value for fact in facts if fact.kind is FactKind.TURNED]
    return {kind: Answer(_OPPOSITE[answer.reply]) for kind, answer in reversed(turned) if kind is not Errand.WATCHDOG}


def _watchdog(unit: Unit) -> dict[Errand, Answer]:
    """By itself a program says that it lives twice as often as it must."""
    return {} if unit.watchdog is None else {Errand.WATCHDOG: Answer(Reply.WELL, unit.watchdog // 2)}


def _ready_after(text: str | None, unit: Unit, facts: Sequence[Fact]) -> int | None:
    if unit.notify is None or text == "silent":
        return None
    if text is None:
        is_told = any(fact.kind is FactKind.NOTIFIED and fact.value is Notice.READY for fact in facts)
        return None if is_told else 0
    match = _READY.fullmatch(text)
    if not match:
        raise ValueError(f"nothing that a program says of itself: {text!r}")
    return parse_duration(match[1] or "0s")


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
