"""Single settings of a plan as text for people: a command, a restart policy, a stop, what becomes of a signal. Pure; it
must never show a value that looks secret.
"""

import shlex
from collections.abc import Iterator, Sequence

from minipod.commands.secrecy import HIDDEN, shown_value
from minipod.config.durations import format_duration
from minipod.config.findings import visible
from minipod.config.sizes import format_size
from minipod.reaper.records import Exits, Log, Plan, Unit
from minipod.supervisor.signals import name_of
from minipod.supervisor.words import ExitClass, Milestone, Overflow, Rule, SignalVerb, Standing, StopScope

STARTS = {
    Milestone.STARTED: "has started",
    Milestone.READY: "is ready",
    Milestone.COMPLETED: "has completed",
    Milestone.GONE: "is over",
    Milestone.TRIED: "has been started, if it can be",
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


def value_text(name: str, value: str) -> str:
    """Of a variable, as a shell would take it."""
    shown = shown_value(name, value)
    return shown if shown == HIDDEN else shlex.quote(visible(shown)) if shown else ""


def command_text(argv: tuple[str, ...]) -> str:
    return " ".join(shlex.quote(visible(word)) for word in argv) if argv else "the words after --"


def restart_text(unit: Unit) -> str:
    if unit.rule is Rule.NEVER:
        return "never"
    times = "" if unit.max_restarts is None else f", at most {unit.max_restarts} times"
    delays = " ".join(map(format_duration, unit.delays))
    return f"{_RULES[unit.rule]}{times}; waits {delays}, anew after {format_duration(unit.reset_ns)} up"


def exit_rows(exits: Exits) -> Iterator[str]:
    """What codes mean that mean something else than themselves."""
    remapped = ", ".join(f"{raw} is {code}" for raw, code in enumerate(exits.codes) if raw != code)
    if remapped:
        yield remapped
    for exit_class, deed in _RULED.items():
        codes = [raw for raw, number in enumerate(exits.classes) if number == exit_class.number]
        if codes:
            yield f"{_spans(codes)}: {deed}"


def _spans(codes: list[int]) -> str:
    """``1..5 7``: raw codes."""
    spans: list[list[int]] = []
    for code in codes:
        if spans and spans[-1][-1] == code - 1:
            spans[-1][1:] = [code]
        else:
            spans.append([code])
    return " ".join("..".join(map(str, span)) for span in spans)


def end_text(unit: Unit) -> str:
    """What its end is to the pod."""
    return "its end is the pod's end" if unit.standing is Standing.MAIN else unit.standing.value


def start_failure_text(unit: Unit) -> str:
    """What it is to the pod that the program cannot be executed."""
    if unit.unstartable_class is ExitClass.UNSTARTABLE:
        return "the pod's end"
    deed = _RULED.get(unit.unstartable_class)
    return f"a failure with {unit.unstartable_code}{f': {deed}' if deed else ''}"


def hosts_text(plan: Plan) -> str | None:
    """Lines for /etc/hosts, without the comment above them."""
    return "; ".join(hosts_rows(plan)) or None


def hosts_rows(plan: Plan) -> Iterator[str]:
    return (visible(line.replace("\t", " ")) for line in plan.hosts.splitlines()[2:])


def stop_text(unit: Unit) -> str:
    whom = "" if unit.stop_scope is StopScope.GROUP else ", then KILL to the rest of its group"
    return f"{name_of(unit.stop_signal)} to {unit.stop_scope.value}{whom}; KILL after {format_duration(unit.grace_ns)}"


def output_text(log: Log) -> str:
    text = log.mode.value
    if log.file:
        text += f"; to {visible(log.file)}"
        text += f", of at most {format_size(log.max_size)}" if log.max_size else ""
        text += f", besides {log.keep} older ones"
    return text + (f"; when nobody takes them: {log.overflow.value}" if log.overflow is Overflow.DROP else "")


def signal_text(number: int, verb: SignalVerb, send: int, targets: Sequence[str]) -> str:
    """What is done with a signal; ``targets`` are names, none for every unit."""
    if verb is not SignalVerb.FORWARD:
        return _VERBS[verb]
    what = "sent on" if send == number else f"sent on as {name_of(send)}"
    return f"{what} to {', '.join(map(visible, targets)) or 'all units'}"
