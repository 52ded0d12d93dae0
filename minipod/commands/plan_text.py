"""A plan as text for people. Pure, and stable: the same plan is always the same text."""

import shlex
from collections.abc import Iterable, Iterator
from textwrap import wrap

from minipod.commands.errand_text import errand_rows
from minipod.commands.secrecy import HIDDEN, shown_value
from minipod.config.durations import format_duration
from minipod.config.findings import visible
from minipod.config.sizes import format_size
from minipod.reaper.layout import lib
from minipod.reaper.records import Exits, Log, Plan, SignalRule, Unit, Variables
from minipod.supervisor.budget import Slice
from minipod.supervisor.order import Edge
from minipod.supervisor.signals import LIBC, RTMIN, name_of
from minipod.supervisor.words import (
    Control,
    Direction,
    ExitClass,
    Kind,
    LogMode,
    Milestone,
    Overflow,
    Rule,
    SignalVerb,
    Standing,
    StopScope,
)

Row = tuple[str, str]

LINE = 118  # characters of a line of signals, without its indent
_WIDTH = 12  # of the labels
_STARTS = {
    Milestone.STARTED: "has started",
    Milestone.READY: "is ready",
    Milestone.COMPLETED: "has completed",
    Milestone.GONE: "is over",
}
_RULES = {Rule.ALWAYS: "after every end", Rule.ON_FAILURE: "after a failure", Rule.NEVER: "never"}
_RULED = {
    ExitClass.RULE_RESTART: "started again, whatever restart says",
    ExitClass.RULE_RESTART_ALL: "the whole pod begins anew",
}
_VERBS = {
    SignalVerb.STOP: "stop the pod",
    SignalVerb.FREEZE: "stop all units, then minipod",
    SignalVerb.THAW: "continue all units",
    SignalVerb.IGNORE: "ignored",
    SignalVerb.OWN: "minipod's own",
}


def to_text(plan: Plan) -> str:
    """The whole page; ends with a line feed."""
    blocks = [_block(f"pod {visible(plan.name)}", _pod(plan))]
    blocks += [_block(_title(unit), _unit(plan, index)) for index, unit in enumerate(plan.units)]
    blocks.append("signals\n" + "".join(f"  {line}\n" for line in _signals(plan)))
    return "\n".join(blocks)


def _block(title: str, rows: Iterable[Row]) -> str:
    """A row's further lines stand under its first."""
    lines = [f"{title}\n"]
    for label, text in rows:
        lines.append(f"  {label:<{_WIDTH}} {text}".rstrip() + "\n")
    return "".join(lines)


def _title(unit: Unit) -> str:
    return f"{unit.kind.word} {visible(unit.name)}"


def _pod(plan: Plan) -> Iterator[Row]:
    count = len(plan.units)
    yield "plan", f"format {lib.PLAN_VERSION}, {count} unit{'s' * (count != 1)}"
    if plan.deadline_ns:
        yield "deadline", f"{format_duration(plan.deadline_ns)} after the start"
    yield "to stop", _budget(plan)
    if plan.main_unit is not None:
        yield "main", visible(plan.units[plan.main_unit].name)
    if plan.args_unit is not None:
        yield "words", f"after -- they replace the args of {visible(plan.units[plan.args_unit].name)}"
    if plan.termination_message:
        yield "message", f"to {visible(plan.termination_message)}"
    yield "control", f"at {visible(plan.control_path)}" if plan.control is Control.AT else plan.control.value
    if plan.listen_port:
        yield "health", f"and metrics, for anybody, at {_address(plan.listen_host, plan.listen_port)}"
    if plan.own_log is LogMode.JSON:
        yield "own words", plan.own_log.value
    yield from _under("labels", (f"{visible(name)}={visible(value)}" for name, value in plan.labels))
    if plan.exact_env:
        yield "env", "exactly what minipod is given"
    yield from _variables(plan.env)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _budget(plan: Plan) -> str:
    text = f"{format_duration(plan.budget_ns)}, of them {_slice(plan.margin, plan.budget_ns)} for minipod itself"
    if any(unit.kind is Kind.SIDECAR for unit in plan.units):
        text += f" and {_slice(plan.sidecars, plan.budget_ns)} for the sidecars"
    return text


def _slice(part: Slice, budget: int) -> str:
    return format_duration(part.of(budget))


def _under(label: str, texts: Iterable[str]) -> Iterator[Row]:
    """The label once, beside the first."""
    for number, text in enumerate(texts):
        yield ("" if number else label), text


def _variables(pairs: Variables) -> Iterator[Row]:
    return _under("env", (f"{visible(name)}={_value(name, value)}" for name, value in pairs))


def _value(name: str, value: str) -> str:
    shown = shown_value(name, value)
    return shown if shown == HIDDEN else shlex.quote(visible(shown)) if shown else ""


def _unit(plan: Plan, index: int) -> Iterator[Row]:
    unit = plan.units[index]
    yield "command", _command(unit.argv)
    yield from _variables(unit.env)
    yield from _identity(unit)
    yield from _waits(plan, index)
    yield from errand_rows(unit)
    yield from _ends(unit)
    yield "its stop", _stop(unit)
    yield "output", _output(unit.log)
    yield "input", unit.stdin_mode.value
    if unit.tty:
        yield "terminal", "minipod's own is its own"


def _command(argv: tuple[str, ...]) -> str:
    return " ".join(shlex.quote(visible(word)) for word in argv) if argv else "the words after --"


def _identity(unit: Unit) -> Iterator[Row]:
    if unit.working_dir:
        yield "directory", visible(unit.working_dir)
    if unit.user or unit.group:
        yield "runs as", ", ".join(f"{what} {visible(who)}" for what, who in _who(unit) if who)
    if unit.umask is not None:
        yield "umask", f"{unit.umask:04o}"


def _who(unit: Unit) -> tuple[Row, Row]:
    return ("user", unit.user), ("group", unit.group)


def _waits(plan: Plan, index: int) -> Iterator[Row]:
    before = [edge for edge in plan.edges if edge.second == index]
    start = _sentence(plan, (edge for edge in before if edge.direction is Direction.START))
    stop = _sentence(plan, (edge for edge in before if edge.direction is Direction.STOP))
    yield "starts", f"when {start}" if start else "at once"
    yield "stops", f"when {stop}" if stop else "at once"


def _sentence(plan: Plan, edges: Iterable[Edge]) -> str:
    """``a has started and b is ready``; "" for no edge."""
    return " and ".join(f"{visible(plan.units[edge.first].name)} {_STARTS[edge.milestone]}" for edge in edges)


def _ends(unit: Unit) -> Iterator[Row]:
    yield "restart", _restart(unit)
    if unit.deadline_ns:
        yield "deadline", f"{format_duration(unit.deadline_ns)} after its first start"
    remapped = _remapped(unit.exits)
    if remapped:
        yield "exit codes", remapped
    for exit_class, deed in _RULED.items():
        codes = [raw for raw, number in enumerate(unit.exits.classes) if number == exit_class.number]
        if codes:
            yield "exit codes", f"{_spans(codes)}: {deed}"
    yield "its end", "its end is the pod's end" if unit.standing is Standing.MAIN else unit.standing.value


def _restart(unit: Unit) -> str:
    if unit.rule is Rule.NEVER:
        return "never"
    times = "" if unit.max_restarts is None else f", at most {unit.max_restarts} times"
    delays = " ".join(map(format_duration, unit.delays))
    return f"{_RULES[unit.rule]}{times}; waits {delays}, anew after {format_duration(unit.reset_ns)} up"


def _spans(codes: list[int]) -> str:
    """``1..5 7``: raw codes."""
    spans: list[list[int]] = []
    for code in codes:
        if spans and spans[-1][-1] == code - 1:
            spans[-1][1:] = [code]
        else:
            spans.append([code])
    return " ".join("..".join(map(str, span)) for span in spans)


def _output(log: Log) -> str:
    text = log.mode.value
    if log.file:
        text += f"; to {visible(log.file)}"
        text += f", of at most {format_size(log.max_size)}" if log.max_size else ""
        text += f", besides {log.keep} older ones"
    return text + (f"; when nobody takes them: {log.overflow.value}" if log.overflow is Overflow.DROP else "")


def _remapped(exits: Exits) -> str:
    return ", ".join(f"{raw} is {code}" for raw, code in enumerate(exits.codes) if raw != code)


def _stop(unit: Unit) -> str:
    whom = "" if unit.stop_scope is StopScope.GROUP else ", then KILL to the rest of its group"
    return f"{name_of(unit.stop_signal)} to {unit.stop_scope.value}{whom}; KILL after {format_duration(unit.grace_ns)}"


def _signals(plan: Plan) -> Iterator[str]:
    """What is done, then with which signals; in the order of each line's first signal. Those of the C library, which
    have no name, are nobody's news."""
    groups: dict[str, list[int]] = {}
    for number, rule in enumerate(plan.rules):
        if number and number not in LIBC:
            groups.setdefault(_deed(plan, number, rule), []).append(number)
    for deed, numbers in groups.items():
        yield from wrap(f"{deed}: {_names(numbers)}", LINE, subsequent_indent="  ", break_on_hyphens=False)


def _deed(plan: Plan, number: int, rule: SignalRule) -> str:
    if rule.verb is not SignalVerb.FORWARD:
        return _VERBS[rule.verb]
    what = "sent on" if rule.send == number else f"sent on as {name_of(rule.send)}"
    return f"{what} to {', '.join(visible(plan.units[target].name) for target in rule.targets) or 'all units'}"


def _names(numbers: list[int]) -> str:
    """Real-time signals as one span where they follow each other."""
    words: list[str] = []
    for number in numbers:
        if number > RTMIN and number - 1 in numbers:
            words[-1] = f"{words[-1].partition('..')[0]}..{name_of(number)}"
        else:
            words.append(name_of(number))
    return " ".join(words)
