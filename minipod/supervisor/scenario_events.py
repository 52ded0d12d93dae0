"""The ``events`` of a scenario: what happens to a pod, and when. ``UNIT: WHAT @TIME``, blanks at will.

Pure; it must never say how processes behave by themselves (``scenario_world``), nor what follows (the tables). Every
event that is none is told at once, with its place in its line and a next step.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from minipod.config.durations import BadDuration, parse_duration
from minipod.config.findings import word
from minipod.config.suggest import did_you_mean
from minipod.model import Unit
from minipod.supervisor import signals
from minipod.supervisor.deeds_plan import NewPlan
from minipod.supervisor.errands import EXIT_CODES, KEYS, assignments
from minipod.supervisor.vocabulary import Errand, Handler, LifeEvent, PodEvent, SignalVerb, WantEvent
from minipod.supervisor.world import Answer, Fact, FactKind, Notice, Reply, Stray

EXAMPLE = 'write for example "web: exit=1 @5s"'
POD, APPLY = "pod", "apply"
ERRANDS = {kind.word.replace("-", "_"): kind for kind in Errand}
REPLIES = {
    "passes": Reply.WELL, "fails": Reply.BADLY, "errors": Reply.ERROR, "hangs": Reply.NEVER, "done": Reply.WELL,
}
_EVENT = re.compile(
    r"\s*(?P<who>[^:@=]*?)\s*:\s*(?P<what>[^:@=]*?)\s*(?:=\s*(?P<value>[^@]*?)\s*)?@\s*(?P<at>.*?)\s*", re.DOTALL
)
_ANSWER = re.compile(r"(\w+)(?: after (\S+))?")
_ORDERS = {name: WantEvent[f"ORDER_{name.upper()}"] for name in ("start", "stop", "restart")}
_STOPS = {name: n for name, n in signals.NUMBERS.items() if signals.default_verb(n) is SignalVerb.STOP}
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
_HOLDS_ANYWAY = frozenset({"started", "ready", "healthy"})  # of a unit that nothing asks
Moment = tuple[int, Fact]


class BadEvent(ValueError):
    """One event that is none: what is wrong, why, one next step. ``part`` of it is meant: who, what, value, at, or ""
    for all; ``begin`` and ``end`` are where that stands in ``line``."""

    def __init__(self, part: str, message: str, why: str = "", help: str = EXAMPLE):
        super().__init__(message)
        self.part, self.why, self.help = part, why, help
        self.line, self.begin, self.end = "", 0, 0

    def found_in(self, match: re.Match) -> "BadEvent":
        """Itself, with its place; what is not there at all belongs to the word before it."""
        self.line = match.string
        self.begin, self.end = match.span(self.part if match[self.part] is not None else "what")
        return self


class BadEvents(ValueError):
    """Every event that is none: (its position in the list, the mistake)."""

    def __init__(self, all: Sequence[tuple[int, BadEvent]]):
        super().__init__("; ".join(f"events[{at}]: {bad}" for at, bad in all))
        self.all = all


class _Words(NamedTuple):
    """An event's parts: ``value`` is None without a ``=``."""

    who: str
    what: str
    value: str | None
    at: str


class Cast(NamedTuple):
    """Who plays. ``units``: each unit as the plans have it, in the pod first; a unit's place is its name's for good."""

    units: Sequence[Sequence[Unit]]
    plans: Mapping[str, NewPlan]

    @property
    def names(self) -> list[str]:
        return [versions[0].name for versions in self.units]


def cast(units: Sequence[Unit], plans: Mapping[str, NewPlan]) -> Cast:
    """The pod's units, then those that only later plans have, in their order."""
    found: dict[str, list[Unit]] = {unit.name: [unit] for unit in units}
    for given in plans.values():
        for unit in given.plan.units:
            found.setdefault(unit.name, []).append(unit)
    return Cast(tuple(found.values()), plans)


def plans_in(lines: Iterable[object]) -> list[str]:
    """The words behind ``apply=``, each once."""
    found = [match for match in (_EVENT.fullmatch(line) for line in lines if isinstance(line, str)) if match]
    return list(dict.fromkeys(match["value"] for match in found if match["what"] == APPLY and match["value"]))


def parse_events(
    lines: Sequence[str], units: Sequence[Unit], plans: Mapping[str, NewPlan] | None = None
) -> tuple[Moment, ...]:
    """(ns, fact) of each line, in its order; a line may be several facts, or none if it says what holds anyway.
    BadEvents for all that are none."""
    moments: list[Moment] = []
    bad: list[tuple[int, BadEvent]] = []
    who = cast(units, plans or {})
    for at, line in enumerate(lines):
        bad += [(at, each) for each in _read_event(line, who, moments)]
    if bad:
        raise BadEvents(bad)
    return tuple(moments)


def _read_event(line: str, who: Cast, moments: list[Moment]) -> list[BadEvent]:
    """Append to ``moments``; or what is wrong with the event, and with its time."""
    match = _EVENT.fullmatch(line) if isinstance(line, str) else None
    if not match:
        return [_no_event(line)]
    words = _Words(match["who"], match["what"], match["value"], match["at"])
    bad, facts, at = [], [], 0
    try:
        facts = _facts(words, who)
    except BadEvent as error:
        bad.append(error.found_in(match))
    try:
        at = _moment(words.at)
    except BadEvent as error:
        bad.append(error.found_in(match))
    moments += [(at, fact) for fact in facts]
    return bad


def _no_event(line: object) -> BadEvent:
    lacks = [sign for sign in ":@" if sign not in str(line)]
    why = f"there is no {' and no '.join(map(word, lacks))} in it" if lacks else "between two events there is a comma"
    bad = BadEvent("", f"{word(line)} is no event", why if isinstance(line, str) else "it is no string")
    bad.line, bad.end = str(line), len(str(line))
    return bad


def _moment(text: str) -> int:
    try:
        return parse_duration(text)
    except BadDuration as bad:
        message, help = (f"the time {word(text)} {bad}", bad.help) if text else ("it does not say when", EXAMPLE)
    if re.search(r"[:;@\s]", text):
        message, help = f"{word(text)} is no time", "between two events there is a comma"
    raise BadEvent("at", message, help=help)


# --- what happens ---


def _facts(words: _Words, who: Cast) -> list[Fact]:
    if words.who == POD:
        return [_pod_fact(words, who.plans)]
    names = who.names
    if words.who not in names:
        known = [*names, POD]
        guess = did_you_mean(words.who, known, quote="`")
        raise BadEvent("who", f"no unit is called {word(words.who)}", f"there are {', '.join(known)}", guess or EXAMPLE)
    at = names.index(words.who)
    *earlier, last = who.units[at]
    for unit in earlier:  # what happens to a unit as one of the plans has it can happen
        try:
            return _unit_facts(at, unit, words) or _unit_facts(at, last, words)
        except BadEvent:
            continue
    return _unit_facts(at, last, words)


def _unit_facts(at: int, unit: Unit, words: _Words) -> list[Fact]:
    if words.what in _SHORT:
        return _short(at, unit, words)
    if words.what not in _HAPPENS:
        why, guess = f"what does is {', '.join(_KNOWN)}", did_you_mean(words.what, _KNOWN, quote="`")
        message = f"{word(words.what)} is nothing that happens to a unit"
        raise BadEvent("what", message, why, guess or _signal_help(words) or EXAMPLE)
    return [_HAPPENS[words.what](at, unit, words)]


def _signal_help(words: _Words) -> str:
    if words.what.upper().removeprefix("SIG") not in signals.NUMBERS:
        return ""
    return f'write "{words.who}: signal={words.what}" if it ends by it, "pod: TERM" if the pod is told to stop'


def _plan(words: _Words, plans: Mapping[str, NewPlan]) -> NewPlan:
    if words.value in plans:
        return plans[words.value]
    help = did_you_mean(words.value or "", plans, quote="`") or "write [plan.NAME.service.web] and so on"
    known = f"there is {', '.join(plans)}" if plans else "the scenario has none"
    raise BadEvent("value", f"no plan is called {word(words.value or '')}", known, help)


def _pod_fact(words: _Words, plans: Mapping[str, NewPlan]) -> Fact:
    if words.what == APPLY:
        return Fact(FactKind.SAID, None, _plan(words, plans))
    if words.what == "stray":
        return Fact(FactKind.STRAY_GONE, None, _member(Stray, words))
    if words.what == "fact":
        return Fact(FactKind.SAID, None, _member(PodEvent, words))
    if words.what.upper().removeprefix("SIG") not in _STOPS:
        is_units = words.what in _HAPPENS or words.what in _SHORT
        help = "put a unit's name before the colon" if is_units else 'write for example "pod: TERM @30s"'
        message = f"{word(words.what)} is nothing that happens to a pod"
        raise BadEvent("what", message, f"{', '.join(_STOPS)} stop it", help)
    _no_value(words)
    return Fact(FactKind.SAID, None, PodEvent.TOLD)


def _exit(at: int, unit: Unit, words: _Words) -> Fact:
    text = words.value or ""
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < EXIT_CODES):
        why = f"exit codes are 0 to {EXIT_CODES - 1}"
        raise BadEvent("value", f"{word(text)} is no exit code", why, "write for example exit=1")
    return Fact(FactKind.ENDED, at, int(text))


def _signal(at: int, unit: Unit, words: _Words) -> Fact:
    name = words.value or ""
    try:
        return Fact(FactKind.ENDED, at, 128 + signals.number_of(name))
    except ValueError:
        help = did_you_mean(name, signals.NUMBERS, quote="`") or "write for example signal=SEGV"
        raise BadEvent("value", f"no signal is called {word(name)}", help=help) from None


def _oom(at: int, unit: Unit, words: _Words) -> Fact:
    _no_value(words)
    return Fact(FactKind.OOM_KILLED, at)


def _order(at: int, unit: Unit, words: _Words) -> Fact:
    return Fact(FactKind.SAID, at, _ORDERS[_one_of(_ORDERS, words)])


def _fact(at: int, unit: Unit, words: _Words) -> Fact:
    return Fact(FactKind.SAID, at, _member(LifeEvent, words))


def _notify(at: int, unit: Unit, words: _Words) -> Fact:
    notice = _member(Notice, words)
    if unit.notify is None:
        why, help = "nobody would hear what it says", 'add notify = "sd" to it'
        raise BadEvent("what", f"{word(unit.name)} has no notify", why, help)
    return Fact(FactKind.NOTIFIED, at, notice)


def _turn(at: int, unit: Unit, words: _Words) -> Fact:
    """An errand is answered otherwise from now on; it must be one that somebody asks."""
    try:
        answer = parse_answer(words.value or "")
    except BadDuration as bad:
        raise BadEvent("value", f"the time in {word(words.value or '')} {bad}", help=bad.help) from None
    except ValueError:
        _one_of(REPLIES, words)
        raise
    kind = ERRANDS[words.what]
    if getattr(unit, KEYS[kind]) is None:
        key = KEYS[kind]
        by_notify = unit.notify is not None and kind in (Errand.STARTUP, Errand.READINESS)
        help = f"give it a {key}, or leave this out"
        help = f'the program says it: "{unit.name}: notify=ready"' if by_notify else help
        raise BadEvent("what", f"{word(unit.name)} has no {key}", "so nothing would be answered otherwise", help)
    if kind is Errand.WATCHDOG and answer.reply is Reply.ERROR:
        why = "the program says that it lives, nobody asks"
        raise BadEvent("value", "`watchdog` cannot be `errors`", why, "write watchdog=hangs for a silent program")
    return Fact(FactKind.TURNED, at, (kind, paced(unit, kind, answer)))


def _short(at: int, unit: Unit, words: _Words) -> list[Fact]:
    """A probe that the unit has turns; a program that speaks for itself says so."""
    _no_value(words)
    reply, kinds = _SHORT[words.what]
    turned = [kind for kind in kinds if kind in _asked(unit)]
    if turned:
        return [Fact(FactKind.TURNED, at, (kind, Answer(reply))) for kind in turned]
    if unit.notify is not None and words.what in _SHORT_NOTICES:
        return [Fact(FactKind.NOTIFIED, at, _SHORT_NOTICES[words.what])]
    if words.what not in _HOLDS_ANYWAY:
        message = f"{word(unit.name)} has no probe that could say: {words.what}"
        help = f"give it a {KEYS[kinds[-1]]}, or say how it ends: exit, signal or oom"
        raise BadEvent("what", message, "it is well while it runs", help)
    return []


def parse_answer(text: str) -> Answer:
    """``fails``, ``passes after 2s``. ValueError if it is no way to answer."""
    match = _ANSWER.fullmatch(text)
    if not match or match[1] not in REPLIES:
        raise ValueError(f"no way to answer: {text!r}")
    return Answer(REPLIES[match[1]], parse_duration(match[2]) if match[2] else 0)


def paced(unit: Unit, kind: Errand, answer: Answer) -> Answer:
    """The answer as it is; but who lives says so twice as often as it must, not without end in one moment."""
    if kind is not Errand.WATCHDOG or answer != Answer(Reply.WELL) or unit.watchdog is None:
        return answer
    return Answer(Reply.WELL, max(unit.watchdog // 2, 1))


def _asked(unit: Unit) -> set[Errand]:
    """The errands of a unit that minipod asks; what the program says by itself is none of them."""
    return {task.kind for task in assignments(unit) if task.ask.handler is not Handler.NOTIFY}


# --- words ---


def _no_value(words: _Words) -> None:
    if words.value is not None:
        help = f'write "{words.who}: {words.what} @{words.at}"'
        raise BadEvent("value", f"{word(words.what)} takes no value", help=help)


def _one_of(known: Iterable[str], words: _Words) -> str:
    known, text = list(known), words.value or ""
    if text in known:
        return text
    help = did_you_mean(text, known, quote="`") or f"write for example {words.what}={known[0]}"
    raise BadEvent("value", f"{word(words.what)} cannot be {word(text)}", f"it is one of {', '.join(known)}", help)


def _member(kinds: type[Enum], words: _Words) -> Enum:
    return kinds[_one_of([kind.name.lower().replace("_", "-") for kind in kinds], words).upper().replace("-", "_")]


_HAPPENS: dict[str, Callable[[int, Unit, _Words], Fact]] = {
    "exit": _exit, "signal": _signal, "oom": _oom, "order": _order, "notify": _notify, "fact": _fact,
    **dict.fromkeys(ERRANDS, _turn),
}
_KNOWN = [*(name for name in _HAPPENS if name != "fact"), *_SHORT]
