"""Probes and hooks of a plan as text for people, a row each. Pure; it must never show a value that looks secret."""

import shlex
from collections.abc import Iterator

from minipod.commands.secrecy import shown_header
from minipod.config.durations import format_duration
from minipod.config.findings import visible
from minipod.reaper.records import Task, Unit
from minipod.reaper.requests import is_launched
from minipod.supervisor.words import Errand, Handler

HEADER_WORD = "--header"  # of minipod's own probe command
_SAID = {
    Errand.STARTUP: "started when it says so itself",
    Errand.READINESS: "ready when it says so itself",
    Errand.WATCHDOG: "alive while it says so itself",
}


def errand_rows(unit: Unit) -> Iterator[tuple[str, str]]:
    """What a unit is asked, and what is done for it besides running it."""
    for task in unit.errands:
        yield task.kind.word, "; ".join(filter(None, (_deed(task), _effect(task))))
    if unit.notify_fd is not None:
        yield "notify", f"a line written to descriptor {unit.notify_fd}"
    if unit.notify_socket:
        yield "notify", "sd_notify's socket"


def _deed(task: Task) -> str:
    if task.handler is Handler.NOTIFY:
        return _SAID[task.kind] + (f", within {format_duration(task.timeout_ns)}" if task.timeout_ns else "")
    if task.handler is Handler.SLEEP:
        return f"waits {format_duration(task.timeout_ns)}"
    return f"{_question(task)}{_times(task)}"


def _question(task: Task) -> str:
    place = f"[{task.host}]:{task.port}" if ":" in task.host else f"{task.host}:{task.port}"
    if task.handler is Handler.EXEC:
        return " ".join(shlex.quote(visible(word)) for word in shown_words(task.argv))
    if task.handler is Handler.HTTP_GET:
        host = "" if task.authority == place else f" as {visible(task.authority)}"
        return f"GET http://{place}/{visible(task.path.removeprefix('/'))}{host}{_headers(task.headers)}"
    service = f" of {visible(task.path)}" if task.path else ""
    return f"connect to {place}" if task.handler is Handler.TCP_SOCKET else f"gRPC health{service} at {place}"


def _headers(text: str) -> str:
    """Only those that somebody asked for."""
    lines = [visible(shown_header(line)) for line in text.split("\r\n") if line and not line.startswith(_USUAL)]
    return f" with {', '.join(lines)}" if lines else ""


_USUAL = ("User-Agent: kube-", "Accept: */*", "Connection: close")


def shown_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a command, without the values of secret headers; our own program as one would write it."""
    if is_launched(words):
        words = (words[0], "-m", "minipod", *words[3:])
    before = ("", *words)
    return tuple(shown_header(word) if last == HEADER_WORD else word for last, word in zip(before, words, strict=False))


def _times(task: Task) -> str:
    if not task.period_ns:
        return ""
    delay = f", first after {format_duration(task.delay_ns)}" if task.delay_ns else ""
    return f" every {format_duration(task.period_ns)}, within {format_duration(task.timeout_ns)}{delay}"


def _effect(task: Task) -> str:
    if task.kind in (Errand.POST_START, Errand.PRE_STOP):
        return ""
    if task.kind is Errand.READINESS:
        well, badly = _row(task.success_threshold, "success", "es"), _row(task.failure_threshold, "failure", "s")
        return "" if task.handler is Handler.NOTIFY else f"ready after {well}, unready after {badly}"
    if task.handler is Handler.NOTIFY:
        return f"else stopped, KILL after {_grace(task)}" if task.timeout_ns else ""
    return f"{_row(task.failure_threshold, 'failure', 's')}: stopped, KILL after {_grace(task)}"


def _row(count: int, what: str, plural: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}{plural} in a row"


def _grace(task: Task) -> str:
    last = "" if task.grace_ns == task.last_grace_ns else f", {format_duration(task.last_grace_ns)} if it is the last"
    return format_duration(task.grace_ns) + last
