"""`minipod describe`: everything that is known of a unit, or of the pod and all of its units, and in one sentence why
it is as it is. It asks and prints.
"""

import sys
from collections.abc import Iterator
from datetime import datetime

from minipod.commands.asking import CODES, COMMON, HELP, POD, ask, chosen, view_of
from minipod.commands.event_text import is_news, sentence
from minipod.config.findings import visible
from minipod.errors import PodError, UsageError
from minipod.options import sort_words
from minipod.reaper.client import Client, unit_path
from minipod.reaper.events import moment
from minipod.status.durations import human
from minipod.status.pod import pod_status, statuses_of
from minipod.status.records import Condition, Running, State, Terminated, Waiting
from minipod.status.view import PodView, ProbeView, UnitView, VolumeView
from minipod.status.why import why, why_pod
from minipod.supervisor.signals import name_of
from minipod.supervisor.vocabulary import Life, Want

USAGE = f"""minipod describe [NAME...]

Show everything about the units called NAME, or about the pod and all of its units: state, reason, exit code, why it is
as it is, what its probes say, its last lines and its last events.
  --lines N               how many of its last lines; 10 if it is not said
{COMMON}Exit code: {CODES}.
"""
LINES, EVENTS = 10, 10
_LABEL = 16  # columns
_WANTS = {
    Want.AGAIN: "to be started again",
    Want.STOP: "to end with the pod",
    Want.HOLD: "to stand still, as somebody said",
    Want.RESET: "to begin anew with the pod",
}

Row = tuple[str, str]


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=HELP, valued=("--lines", POD))
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    lines = _count(found.last("--lines"))
    client = ask(found)
    pod = view_of(client)
    events = [event for event in client.lines("/v1/events") if is_news(event)]
    blocks = [] if found.operands else [pod_text(pod)]
    for unit in chosen(pod, found.operands):
        own = [event for event in events if event.get("unit") == unit.name]
        blocks.append(unit_text(pod, unit, last_lines(client, unit, lines), own[-EVENTS:]))
    if not found.operands:
        own = [event for event in events if event.get("unit") is None and "seq" in event]
        blocks.append(_events_text(pod, own[-EVENTS:]))
    sys.stdout.write("\n".join(block for block in blocks if block))
    return 0


def _count(text: str | None) -> int:
    if text is None:
        return LINES
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError("--lines needs a number")
    return int(text)


def last_lines(client: Client, unit: UnitView, count: int) -> list[str]:
    """What it wrote last; if its instance has written nothing yet, what the one before did."""
    if unit.log.mode in ("inherit", "none") or not count:
        return []
    path = unit_path(unit.name, "logs")
    for previous in (None, 1):
        try:
            lines = [line["line"] for line in client.lines(path, tail=count, previous=previous) if "line" in line]
        except PodError:
            return []
        if lines:
            return lines[-count:]
    return []


# --- the pod ----------------------------------------------------------------------------------------------------------


def pod_text(pod: PodView) -> str:
    """The pod's own block; ends with a line feed."""
    return _block(_pod_rows(pod)) + _conditions(pod)


def _pod_rows(pod: PodView) -> Iterator[Row]:
    status = pod_status(pod.record)
    yield "Name", visible(pod.info.name)
    yield from _under("Labels", _labels(pod.info.labels))
    yield "Start Time", _moment(pod.info.created_at)
    yield "Status", "Terminating" if pod.info.deleted_at is not None else status.phase
    if status.reason or pod.reason:
        yield "Reason", status.reason or pod.reason
    if status.message or pod.message:
        yield "Message", status.message or pod.message
    if why_pod(pod):
        yield "Why", visible(why_pod(pod))
    if pod.record.exit_code is not None:
        yield "Exit Code", str(pod.record.exit_code)
    if pod.main:
        yield "Main", visible(pod.main)
    where = "mounted" if pod.is_mounted else "linked"
    yield from _under("Volumes", [_volume_text(volume, where) for volume in pod.volumes])
    yield "Units", ", ".join(visible(unit.name) for unit in pod.units)
    yield from _pod_counts(pod)


def _labels(pairs: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{visible(name)}={visible(value)}" for name, value in pairs]


def _volume_text(volume: VolumeView, where: str) -> str:
    place = f"{visible(volume.path)}, {where}" if volume.path else "not prepared yet"
    return f"{visible(volume.name)}  {volume.kind}  {place}"


def _pod_counts(pod: PodView) -> Iterator[Row]:
    yield "Orphans Reaped", str(pod.orphans_reaped)
    if pod.dropped_lines:
        yield "Dropped Lines", f"{pod.dropped_lines}: nobody took them from minipod's stdout or stderr in time"
    if pod.impossible_events:
        yield "Impossible", f"{pod.impossible_events} events that no state expects: a mistake of minipod's own"
    yield "Plan", pod.plan_digest
    yield "Version", pod.version


def _conditions(pod: PodView) -> str:
    rows = [_condition(each) for each in pod_status(pod.record).conditions]
    return "Conditions:\n" + "".join(f"  {name:<28}{text}\n" for name, text in rows)


def _condition(each: Condition) -> Row:
    because = " ".join(part for part in (each.reason, f"({each.message})" if each.message else "") if part)
    return each.type, f"{each.status}  {because}".rstrip()


# --- a unit -----------------------------------------------------------------------------------------------------------


def unit_text(pod: PodView, unit: UnitView, lines: list[str], events: list[dict]) -> str:
    """A unit's block; ends with a line feed."""
    return _block(_unit_rows(pod, unit)) + _lines_text(unit, lines) + _events_text(pod, events)


def _unit_rows(pod: PodView, unit: UnitView) -> Iterator[Row]:
    status = next(each for each in statuses_of(pod.record.units) if each.name == unit.name)
    yield "Name", unit.name
    yield "Kind", unit.record.kind.word
    yield from _under("Labels", _labels(unit.labels))
    if unit.image:
        yield "Image", visible(unit.image)
    sentence = why(unit, pod.now)
    if sentence:
        yield "Why", visible(sentence)
    yield from _state_rows("State", status.state)
    if unit.record.life is not Life.UP or unit.record.want is not Want.UP:
        yield "Life", f"{unit.record.life.word}: {unit.record.life.value}"
    if unit.record.want in _WANTS:
        yield "Wanted", _WANTS[unit.record.want]
    if status.last_state is not None:
        yield from _state_rows("Last State", status.last_state)
    yield "Ready", str(status.ready)
    yield "Restart Count", str(status.restart_count)
    yield from _process_rows(unit)
    yield from _said_rows(pod, unit)
    yield "Log", _log_text(unit)


def _state_rows(label: str, state: State | None) -> Iterator[Row]:
    """As kubectl: what it is, and below it what is known of it."""
    yield label, type(state).__name__ if state is not None else "Unknown"
    if isinstance(state, Waiting):
        yield "  Reason", state.reason
        if state.message:
            yield "  Message", state.message
    elif isinstance(state, Running):
        yield "  Started", _moment(state.started_at)
    elif isinstance(state, Terminated):
        yield "  Reason", state.reason
        for number, line in enumerate(state.message.splitlines()):
            yield "" if number else "  Message", visible(line)
        yield "  Exit Code", str(state.exit_code)
        if state.signal:
            yield "  Signal", name_of(state.signal)
        yield "  Started", _moment(state.started_at)
        yield "  Finished", _moment(state.finished_at)


def _process_rows(unit: UnitView) -> Iterator[Row]:
    if unit.pid is not None:
        yield "PID", str(unit.pid)
    if unit.main_pid is not None and unit.main_pid != unit.pid:
        yield "Main PID", f"{unit.main_pid}, as it says"
    if unit.left_behind:
        yield "Left Behind", f"{unit.left_behind} of its last instance's processes"


def _said_rows(pod: PodView, unit: UnitView) -> Iterator[Row]:
    if unit.status_text:
        yield "It Says", visible(unit.status_text)
    if unit.deadline_at is not None:
        yield "Deadline", f"{_moment(unit.deadline_at)}, in {human(max(unit.deadline_at - pod.now, 0))}"
    for kind, probe in unit.probes:
        yield kind.capitalize(), _probe_text(probe, pod.now)


def _probe_text(probe: ProbeView, now: int) -> str:
    if probe.last is None:
        return f"{probe.state}; no answer so far"
    said = "success" if probe.last else "failure"
    asked = f", asked {human(now - probe.asked_at)} ago" if probe.asked_at is not None else ""
    took = f", {_milliseconds(probe.latency)}" if probe.latency is not None else ""
    because = f": {visible(probe.why)}" if probe.why else ""
    return f"{said} (#{probe.run} in a row){because}{asked}{took}; {probe.failures} of {probe.answers} answers failed"


def _milliseconds(ns: int) -> str:
    return f"{ns / 1e6:.1f} ms"


def _log_text(unit: UnitView) -> str:
    log = unit.log
    if log.mode == "inherit":
        return "inherit: it writes past minipod"
    if log.mode == "none":
        return "none: its output is thrown away"
    where = f" to {visible(log.file)}" if log.file else ""
    dropped = f", {log.dropped} dropped" if log.dropped else ""
    return f"{log.mode}{where}; {log.lines} line{'s' * (log.lines != 1)}, {log.bytes} bytes{dropped}"


def _lines_text(unit: UnitView, lines: list[str]) -> str:
    if not lines:
        return ""
    return "Last Lines:\n" + "".join(f"  {visible(line)}\n" for line in lines)


def _events_text(pod: PodView, events: list[dict]) -> str:
    if not events:
        return ""
    rows = [(human(pod.now - (moment(event["time"]) or 0)), sentence(event)) for event in events]
    return "Events:\n" + "".join(f"  {f'{ago} ago':<12}{text}\n" for ago, text in rows)


# --- rows -------------------------------------------------------------------------------------------------------------


def _block(rows: Iterator[Row]) -> str:
    """A label that is none stands for the one above."""
    labelled = ((f"{label}:" if label else "", text) for label, text in rows)
    return "".join(f"{label:<{_LABEL}}{text}".rstrip() + "\n" for label, text in labelled)


def _under(label: str, texts: list[str]) -> Iterator[Row]:
    for i, text in enumerate(texts):
        yield ("" if i else label), text


def _moment(ns: int | None) -> str:
    """As kubectl: RFC 1123 with the zone's numbers."""
    if ns is None:
        return "<unknown>"
    return datetime.fromtimestamp(ns // 10**9).astimezone().strftime("%a, %d %b %Y %H:%M:%S %z")
