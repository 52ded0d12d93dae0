"""`minipod events`: what happened in the pod, one line for each transition. It asks and prints."""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from minipod.commands.asking import CODES, COMMON, HELP, POD, ask, unknown_unit
from minipod.commands.event_text import is_news, sentence
from minipod.errors import UsageError
from minipod.options import Words, sort_words
from minipod.reaper.client import Client
from minipod.reaper.events import moment

USAGE = f"""minipod events [-f] [-a] [-o json] [NAME...]

Show what happened in the pod, or to the units called NAME: every change of a state, the oldest first. PID 1 keeps the
last 1,024.
  -f, -w, --follow        go on until the pod is gone
  -a, --all               also what is no news: each attempt of a probe, answers like the one before, probes that are
                          not asked
  --after N               only those with a number above N
  -o, --output json       all of them as PID 1 has them, one JSON object a line
{COMMON}Exit code: {CODES}.
"""
FOLLOW = ("-f", "-w", "--follow", "--watch")
_HEAD = ("TIME", "UNIT", "EVENT")
_THE_POD = "-"


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=(*HELP, *FOLLOW, "-a", "--all"), valued=("-o", "--output", "--after", POD))
    if found.flags & set(HELP):
        sys.stdout.write(USAGE)
        return 0
    output = found.values.get("--output", found.values.get("-o", ["text"]))[-1]
    if output not in ("text", "json"):
        raise UsageError(f"-o takes text or json, not {output!r}")
    client = ask(found)
    names = _names(client, found.operands)
    write, takes_all = (_lines, True) if output == "json" else (_rows, bool(found.flags & {"-a", "--all"}))
    for text in write(_wanted(client, found, takes_all), max([*map(len, names), len(_HEAD[1])])):
        sys.stdout.write(text)
        sys.stdout.flush()
    return 0


def _names(client: Client, wanted: list[str]) -> list[str]:
    """Of all units; PodError 4 if one that is wanted is not among them."""
    names = [unit["name"] for unit in client.get("/v1/units")["units"]]
    for name in wanted:
        if name not in names:
            raise unknown_unit(name, names)
    return names


def _wanted(client: Client, found: Words, takes_all: bool) -> Iterator[Mapping[str, Any]]:
    follow = 1 if found.flags & set(FOLLOW) else None
    for event in client.lines("/v1/events", follow=follow, after=_number(found.last("--after"))):
        is_wanted = not found.operands or event.get("unit") in found.operands or "lost" in event
        if is_wanted and (takes_all or is_news(event)):
            yield event


def _number(text: str | None) -> int | None:
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise UsageError("--after needs a number")
    return None if text is None else int(text)


def _lines(events: Iterator[Mapping[str, Any]], width: int) -> Iterator[str]:
    for event in events:
        yield json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"


def _rows(events: Iterator[Mapping[str, Any]], width: int) -> Iterator[str]:
    is_first = True
    for event in events:
        if is_first:
            yield f"{_HEAD[0]:<12}   {_HEAD[1]:<{width}}   {_HEAD[2]}\n"
        is_first = False
        at = _time_of_day(event["time"]) if "time" in event else ""
        yield f"{at:<12}   {event.get('unit') or _THE_POD:<{width}}   {sentence(event)}\n"


def _time_of_day(text: str) -> str:
    ns = moment(text) or 0
    return f"{datetime.fromtimestamp(ns // 10**9):%H:%M:%S}.{ns // 10**6 % 1000:03}"
