"""`minipod logs`: what units wrote last, and what they write. PID 1 keeps the last 16 KiB of each unit's present and
previous instance. It asks and prints; a line's bytes are changed only where a form asks for it.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from minipod.commands.asking import CODES, COMMON, HELP, POD, ask, seconds_of, unknown_unit
from minipod.config.render import wants_colour
from minipod.errors import UsageError
from minipod.options import Words, sort_words
from minipod.reaper.client import Client, unit_path
from minipod.reaper.events import moment

USAGE = f"""minipod logs [-f] [-p] [--tail N] [--since TIME] [--timestamps] [NAME...]

Show what the units called NAME wrote, or all units with their names before each line.
  -f, --follow            go on until the pod is gone
  -p, --previous          what the instance before this one wrote
  --tail N                only the last N lines; -1 for all that there are
  --since TIME            only what is younger: a duration (10m), or a time (2026-01-31T23:59:59Z)
  --timestamps            before each line when it was read
  --prefix                the unit's name before each line, also of one unit
{COMMON}Exit code: {CODES}.
"""
_FLAGS = ("-f", "--follow", "-p", "--previous", "--timestamps", "--prefix")
_VALUED = ("--tail", "--since", "--since-time", POD)
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)  # csrc/line.c has the same ones for the same units
_MOST_PARTS = 1 << 16  # characters of a line without an end that are kept until it has one

Line = Mapping[str, Any]


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=(*HELP, *_FLAGS), valued=_VALUED)
    if found.flags & set(HELP):
        sys.stdout.write(USAGE)
        return 0
    query = _query(found)
    client = ask(found)
    units = _units(client)
    for name in found.operands:
        if name not in units:
            raise unknown_unit(name, list(units))
    _say_who_is_not_seen(units, found.operands)
    if len(found.operands) == 1 and not found.flags & {"--timestamps", "--prefix"}:
        _copy(client.raw(unit_path(found.operands[0], "logs"), **query))
    else:
        _print(_lines(client, found.operands, query), found, list(units))
    return 0


def _query(found: Words) -> dict[str, object]:
    follows, is_previous = found.flags & {"-f", "--follow"}, found.flags & {"-p", "--previous"}
    if follows and is_previous:
        raise UsageError("-f and -p do not go together: nothing follows what a previous instance wrote")
    return {
        "follow": 1 if follows else None,
        "previous": 1 if is_previous else None,
        "tail": _tail(found.last("--tail")),
        "since": _since(found.last("--since"), found.last("--since-time")),
    }


def _tail(text: str | None) -> int | None:
    if text in (None, "-1"):
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError("--tail needs a number")
    return int(text)


def _since(since: str | None, time: str | None) -> str | None:
    """As PID 1 reads it, once it is known to be one."""
    if since is not None and time is not None:
        raise UsageError("--since and --since-time do not go together")
    text = since if since is not None else time
    if text is None or "T" in text:
        return text
    seconds_of(text, "--since")
    return f"{text}s" if text.isdigit() else text


def _units(client: Client) -> dict[str, Mapping[str, Any]]:
    return {unit["name"]: unit for unit in client.get("/v1/units")["units"]}


def _say_who_is_not_seen(units: Mapping[str, Mapping[str, Any]], names: list[str]) -> None:
    """A unit whose lines never come to PID 1 has no logs, and that is not the same as silence."""
    for name in names:
        mode = units[name]["log"]["mode"]
        if mode in ("inherit", "none"):
            sys.stderr.write(f'minipod: {name} has log = "{mode}": PID 1 sees nothing of what it writes\n')


def _copy(lines: Iterator[bytes]) -> None:
    """Bytes as they are."""
    out = sys.stdout.buffer
    for line in lines:
        out.write(line)
        out.flush()


# --- lines of several units, or with a time ---------------------------------------------------------------------------


def _lines(client: Client, names: list[str], query: dict[str, object]) -> Iterator[Line]:
    """Of one unit, of all in the order of time, or of some of them."""
    if len(names) == 1:
        return client.lines(unit_path(names[0], "logs"), **query)
    if not names:
        return client.lines("/v1/logs", **query)
    if query["tail"] is None:
        return _of(client.lines("/v1/logs", **query), names)
    return _last(client, names, query)


def _of(lines: Iterator[Line], names: list[str]) -> Iterator[Line]:
    return (line for line in lines if line["unit"] in names)


def _last(client: Client, names: list[str], query: dict[str, object]) -> Iterator[Line]:
    """The last lines of each unit, in the order of time. What comes later is asked for first, so that nothing is missed
    between; what came twice is known by its time."""
    rest = client.lines("/v1/logs", **{**query, "tail": 0}) if query["follow"] else iter(())
    begun = [line for name in names for line in client.lines(unit_path(name, "logs"), **{**query, "follow": None})]
    seen = {line["unit"]: line["time"] for line in begun}
    yield from sorted(begun, key=lambda line: line["time"])
    yield from (line for line in _of(rest, names) if line["time"] > seen.get(line["unit"], ""))


def _print(lines: Iterator[Line], found: Words, names: list[str]) -> None:
    shown = found.operands or names
    heads = _heads(shown, names) if len(shown) > 1 or "--prefix" in found.flags else {}
    has_times = "--timestamps" in found.flags
    rest: dict[tuple[str, str], str] = {}
    for line in lines:
        if "line" not in line:
            continue
        key = line["unit"], line["stream"]
        text = rest.pop(key, "") + line["line"]
        if line.get("partial") and len(text) < _MOST_PARTS:
            rest[key] = text
            continue
        time = f"{_stamp(line['time'])} " if has_times else ""
        sys.stdout.write(f"{time}{heads.get(line['unit'], '')}{text}\n")
        sys.stdout.flush()
    for (name, _), text in rest.items():
        sys.stdout.write(f"{heads.get(name, '')}{text}\n")


def _heads(shown: list[str], names: list[str]) -> dict[str, str]:
    """Names aligned, and coloured on a terminal."""
    width = max(map(len, shown), default=0)
    heads = {name: f"{name:<{width}} |" for name in shown}
    if wants_colour(sys.stdout):
        colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
        heads = {name: f"\x1b[{colours[name]}m{head}\x1b[0m" for name, head in heads.items()}
    return {name: f"{head} " for name, head in heads.items()}


def _stamp(text: str) -> str:
    """RFC 3339 with nine digits, as kubectl's."""
    ns = moment(text) or 0
    return f"{text.partition('.')[0].rstrip('Z')}.{ns % 10**9:09}Z"
