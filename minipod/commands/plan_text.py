"""A plan as text for people. Pure, and stable: the same plan is always the same text."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from minipod.commands.errand_text import errand_rows
from minipod.commands.rights_text import READ_ONLY, message_text, rights_rows
from minipod.commands.setting_text import (
    STARTS,
    command_text,
    end_text,
    exit_rows,
    hosts_rows,
    output_text,
    restart_text,
    signal_text,
    stop_text,
    value_text,
)
from minipod.commands.volume_text import mount_rows, volume_text
from minipod.config.durations import format_duration
from minipod.config.findings import visible
from minipod.reaper.layout import lib
from minipod.reaper.records import Plan, SignalRule, Unit, Variables
from minipod.supervisor.budget import Slice
from minipod.supervisor.order import Edge
from minipod.supervisor.signals import LIBC, RTMIN, name_of
from minipod.supervisor.words import Control, Direction, Kind, LogMode

Row = tuple[str, str]

LINE = 118  # characters of a line of signals, without its indent
_WIDTH = 12  # of the labels

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
    yield from _labels(plan.labels)
    if plan.hostname:
        yield "hostname", visible(plan.hostname)
    yield from _under("hosts", hosts_rows(plan))
    yield from _under("volumes", (f"{visible(volume.name)}: {volume_text(volume)}" for volume in plan.volumes))
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


def _labels(pairs: Variables) -> Iterator[Row]:
    return _under("labels", (f"{visible(name)}={visible(value)}" for name, value in pairs))


def _variables(pairs: Variables) -> Iterator[Row]:
    return _under("env", (f"{visible(name)}={value_text(name, value)}" for name, value in pairs))


def _unit(plan: Plan, index: int) -> Iterator[Row]:
    unit = plan.units[index]
    yield "command", command_text(unit.argv)
    if unit.image:
        yield "image", visible(unit.image)
    yield from _labels(unit.labels)
    if unit.sources:
        from minipod.commands.source_text import source_texts

        yield from _under("env from", source_texts(unit.sources))
    yield from _variables(unit.env)
    yield from _identity(unit)
    yield from mount_rows(unit.mounts)
    yield from _waits(plan, index)
    yield from errand_rows(unit)
    yield from _ends(unit)
    yield "its stop", stop_text(unit)
    yield "output", output_text(unit.log)
    yield "input", "its terminal" if unit.own_terminal else unit.stdin_mode.value
    if unit.tty:
        yield "terminal", "minipod's own is its own"
    if unit.own_terminal:
        yield "terminal", "one that nobody else has"


def _identity(unit: Unit) -> Iterator[Row]:
    if unit.working_dir:
        yield "directory", visible(unit.working_dir)
    if unit.user or unit.group:
        yield "runs as", ", ".join(f"{what} {visible(who)}" for what, who in _who(unit) if who)
    if unit.umask is not None:
        yield "umask", f"{unit.umask:04o}"
    yield from rights_rows(unit.rights)
    if unit.read_only:
        yield "root", READ_ONLY
    message = message_text(unit)
    if message:
        yield "message", message


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
    return " and ".join(f"{visible(plan.units[edge.first].name)} {STARTS[edge.milestone]}" for edge in edges)


def _ends(unit: Unit) -> Iterator[Row]:
    yield "restart", restart_text(unit)
    if unit.deadline_ns:
        yield "deadline", f"{format_duration(unit.deadline_ns)} after its first start"
    for row in exit_rows(unit.exits):
        yield "exit codes", row
    yield "its end", end_text(unit)


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
    return signal_text(number, rule.verb, rule.send, [plan.units[target].name for target in rule.targets])


def _names(numbers: list[int]) -> str:
    """Real-time signals as one span where they follow each other."""
    words: list[str] = []
    for number in numbers:
        if number > RTMIN and number - 1 in numbers:
            words[-1] = f"{words[-1].partition('..')[0]}..{name_of(number)}"
        else:
            words.append(name_of(number))
    return " ".join(words)
