"""The ``world`` and the ``events`` of a scenario: how processes behave, and what happens to them when.

ValueError names what is wrong.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum

from minipod.config.durations import parse_duration
from minipod.model import Unit
from minipod.supervisor import signals
from minipod.supervisor.errands import EXIT_CODES, assignments
from minipod.supervisor.scenario_pod import only
from minipod.supervisor.vocabulary import Errand, Handler, LifeEvent, PodEvent, SignalVerb, WantEvent
from minipod.supervisor.world import Answer, Behaviour, Fact, FactKind, Notice, Reply, Start, Stray

_EVENT = re.compile(r"([^:\s]+): ?(\S+) ?@(\S+)")
_START = re.compile(r"(12[67])?(?: ?after (\S+))?")
_STOP = re.compile(r"(ignores)|(?:exit=(\d+))? ?(?:after (\S+))?")
_ANSWER = re.compile(r"(\w+)(?: after (\S+))?")
_ERRANDS = {kind.word.replace("-", "_"): kind for kind in Errand}
_REPLIES = {
    "passes": Reply.WELL, "fails": Reply.BADLY, "errors": Reply.ERROR, "hangs": Reply.NEVER, "done": Reply.WELL,
}
_OPPOSITE = {Reply.WELL: Reply.BADLY, Reply.BADLY: Reply.WELL, Reply.ERROR: Reply.WELL, Reply.NEVER: Reply.WELL}
# What a person says for short, and the errands that it turns, those which the unit has.
_SHORT = {
    "started": (Reply.WELL, (Errand.STARTUP,)),
    "ready": (Reply.WELL, (Errand.STARTUP, Errand.READINESS)),
    "unready": (Reply.BADLY, (Errand.READINESS,)),
    "healthy": (Reply.WELL, (Errand.LIVENESS,)),
    "unhealthy": (Reply.BADLY, (Errand.LIVENESS,)),
}
_SHORT_NOTICES = {
    "started": Notice.READY, "ready": Notice.READY, "unready": Notice.RELOADING, "unhealthy": Notice.TRIGGER,
}
_KNOWN = ", ".join(["exit", "signal", "oom", "order", "notify", *_ERRANDS, *_SHORT])
Moment = tuple[int, Fact]


# --- events ---


def parse_events(lines: Sequence[str], units: Sequence[Unit]) -> tuple[Moment, ...]:
    """(ns, fact) of each line, in its order; a line may be several facts."""
    return tuple(moment for line in lines for moment in _event(line, units))


def _event(line: str, units: Sequence[Unit]) -> list[Moment]:
    match = _EVENT.fullmatch(line)
    if not match:
        raise ValueError(f'no event: {line!r}: write for example "web: exit=1 @5s"')
    who, what, at = match.groups()
    try:
        return [(parse_duration(at), fact) for fact in _facts(who, what, units)]
    except ValueError as bad:
        raise ValueError(f"no event: {line!r}: {bad}") from None


def _facts(who: str, what: str, units: Sequence[Unit]) -> list[Fact]:
    names = [u.name for u in units]
    verb, _, value = what.partition("=")
    if who == "pod":
        return [_pod_fact(verb, value)]
    if who not in names:
        raise ValueError(f"there is no unit {who}, only {', '.join(names)} and pod")
    unit = names.index(who)
    return _short(unit, units[unit], what) if what in _SHORT else [_unit_fact(unit, verb, value)]


def _pod_fact(verb: str, value: str) -> Fact:
    if verb == "stray":
        return Fact(FactKind.STRAY_GONE, None, _word(Stray, value))
    if verb == "fact":
        return Fact(FactKind.SAID, None, _word(PodEvent, value))
    if signals.default_verb(signals.number_of(verb)) is not SignalVerb.STOP:
        raise ValueError(f"{verb} does not stop a pod")
    return Fact(FactKind.SAID, None, PodEvent.TOLD)


def _unit_fact(unit: int, verb: str, value: str) -> Fact:
    if verb == "exit":
        return Fact(FactKind.ENDED, unit, _exit_code(value))
    if verb == "signal":
        return Fact(FactKind.ENDED, unit, 128 + signals.number_of(value))
    if verb == "oom":
        return Fact(FactKind.OOM_KILLED, unit)
    if verb == "order":
        return Fact(FactKind.SAID, unit, _word(WantEvent, f"order-{value}"))
    if verb == "fact":
        return Fact(FactKind.SAID, unit, _word(LifeEvent, value))
    if verb == "notify":
        return Fact(FactKind.NOTIFIED, unit, _word(Notice, value))
    if verb in _ERRANDS:
        return Fact(FactKind.TURNED, unit, (_ERRANDS[verb], _answer(value)))
    raise ValueError(f"nothing that happens to a unit: {verb}; what does is {_KNOWN}")


def _short(at: int, unit: Unit, word: str) -> list[Fact]:
    """A probe that the unit has turns; a program that speaks for itself says so."""
    asked = {task.kind: task.ask.handler for task in assignments(unit)}
    reply, kinds = _SHORT[word]
    turned = [kind for kind in kinds if asked.get(kind, Handler.NOTIFY) is not Handler.NOTIFY]
    facts = [Fact(FactKind.TURNED, at, (kind, Answer(reply))) for kind in turned]
    if not facts and unit.notify is not None and word in _SHORT_NOTICES:
        facts = [Fact(FactKind.NOTIFIED, at, _SHORT_NOTICES[word])]
    if not facts:
        raise ValueError(f"{unit.name} has no probe that could say: {word}")
    return facts


def _exit_code(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < EXIT_CODES):
        raise ValueError(f"an exit code is a number from 0 to 255, not {text!r}")
    return int(text)


def _word(words: type[Enum], text: str) -> Enum:
    name = text.upper().replace("-", "_")
    if name not in words.__members__:
        known = ", ".join(word.name.lower().replace("_", "-") for word in words)
        raise ValueError(f"{text!r} is none of {known}")
    return words[name]


# --- behaviour ---


def parse_behaviours(
    world: Mapping[str, Mapping], units: Sequence[Unit], moments: Sequence[Moment]
) -> tuple[Behaviour, ...]:
    """One for each unit. What the world does not say follows from the events: a probe that one of them turns was the
    opposite before, a program that says that it is ready had not said so."""
    only(world, {*(u.name for u in units), "pod"}, "[world]")
    return tuple(_behaviour(world.get(u.name, {}), at, u, moments) for at, u in enumerate(units))


def parse_strays(world: Mapping[str, Mapping]) -> tuple[Stray, ...]:
    """The pod's strays."""
    return tuple(Stray[word.upper()] for word in world.get("pod", {}).get("strays", ()))


def _behaviour(keys: Mapping[str, object], at: int, unit: Unit, moments: Sequence[Moment]) -> Behaviour:
    only(keys, {"starts", "stop", "rest", "stuck", "notify", *_ERRANDS}, "a unit's [world]")
    rest, stuck = _rest(keys.get("rest", "0s"))
    facts = [fact for _, fact in moments if fact.unit == at]
    said = {kind: _answer(keys[word]) for word, kind in _ERRANDS.items() if word in keys}
    return Behaviour(
        starts=tuple(map(_start, keys.get("starts", ()))),
        **_reaction(keys.get("stop", "")),
        rest=rest,
        stuck=keys.get("stuck", False),
        rest_stuck=stuck,
        answers={**_watchdog(unit), **_before(facts), **said},
        ready_after=_ready_after(keys.get("notify"), unit, facts),
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
    word, after = _matched(text)
    if word != "ready":
        raise ValueError(f"nothing that a program says of itself: {text!r}")
    return after


def _answer(text: str) -> Answer:
    word, after = _matched(text)
    if word not in _REPLIES:
        raise ValueError(f"no way to answer: {text!r}")
    return Answer(_REPLIES[word], after)


def _matched(text: str) -> tuple[str, int]:
    match = _ANSWER.fullmatch(text)
    if not match:
        raise ValueError(f"no way to answer: {text!r}")
    return match[1], parse_duration(match[2]) if match[2] else 0


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
