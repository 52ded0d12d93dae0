"""`minipod analyze`: what took how long when the pod began, and which chain of units decided it. It reads the record
and prints; what was waited for stands in the plan. It must never ask a unit anything.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from minipod.commands import boot_source
from minipod.commands.asking import CODES, COMMON, HELP, POD, unknown_unit
from minipod.commands.boot_source import Source
from minipod.commands.lengths import length
from minipod.commands.listing import table
from minipod.errors import UsageError
from minipod.options import sort_words
from minipod.status.boot import READY, STARTED, Link, Track, chain, finished, missing, slowest
from minipod.supervisor.vocabulary import Kind, Life, Milestone

USAGE = f"""minipod analyze [-o text|json] [NAME...]

Show how long each unit of the running pod took at its begin, the longest first, and the chain of units that decided
when all were ready. With NAMEs: the chains that lead to these units.
  -o, --output FORMAT     text (the default) or json, in nanoseconds
{boot_source.OPTIONS}{COMMON}Exit code: {CODES};
78 for a file that cannot be used.
"""
FORMATS = ("text", "json")
# Of a unit's time, what each column counts: the states that it was in until it was there. Who has no probe is ready
# when it runs: an init's work is its run.
PARTS = {
    "SPAWN": (Life.SPAWNING.word,),
    "HOOK": (Life.POST_START.word,),
    "STARTUP": (Life.UP.word,),
    "READINESS": (STARTED,),
    "RUN": (READY,),
    "BACK-OFF": (Life.BACKOFF.word,),
}
_HEAD = ("UNIT", "KIND", "BEGAN", "TOOK", *PARTS, "STARTS")
_DONE = {
    Milestone.READY: "ready",
    Milestone.STARTED: "started",
    Milestone.COMPLETED: "done",
    Milestone.TRIED: "tried",
}


def run(words: list[str]) -> int:
    """0; ConfigError, PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=HELP, valued=("-o", "--output", boot_source.FILE, boot_source.PLAN, POD))
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    output = found.values.get("--output", found.values.get("-o", ["text"]))[-1]
    if output not in FORMATS:
        raise UsageError(f"-o takes text or json, not {output!r}")
    if found.last(boot_source.FILE) is not None and found.last(boot_source.PLAN) is None:
        raise UsageError(f"{boot_source.PLAN} is missing: the events do not say who waited for whom, the pod file does")
    source = boot_source.read(found)
    for name in found.operands:
        if name not in source.kinds:
            raise unknown_unit(name, list(source.kinds))
    sys.stdout.write((_json if output == "json" else _text)(source, found.operands))
    return 0


def took(track: Track, kind: Kind) -> int | None:
    """From its first start until it was there."""
    end = track.reached(track.goal(kind))
    return None if end is None or track.began is None else end - track.began


def part(track: Track, kind: Kind, states: tuple[str, ...]) -> int:
    """Of that time, what it was in these states."""
    return sum(track.in_state(state, track.reached(track.goal(kind))) for state in states)


# --- for people -------------------------------------------------------------------------------------------------------


def _text(source: Source, names: list[str]) -> str:
    blocks = [] if names else [_sentence(source), table([_HEAD, *_rows(source)])]
    last = slowest(source.boot, source.kinds)
    for name in names or ([last] if last is not None else []):
        blocks.append("".join(_chain_lines(_links(source, name))))
    return "\n".join(blocks)


def _sentence(source: Source) -> str:
    """When it was ready, and until when inits ran; or who is missing."""
    kinds, tracks = source.kinds, source.boot.tracks
    at = finished(source.boot, kinds)
    if at is None:
        absent = ", ".join(missing(source.boot, kinds))
        return f"{source.plan.name} is not ready after {length(source.boot.end)}: {absent} not there yet\n"
    inits = max((tracks[name].completed or 0 for name, kind in kinds.items() if kind is Kind.INIT), default=None)
    until = "" if inits is None else f"; its inits were done after {length(inits)}"
    return f"{source.plan.name} was ready after {length(at)}{until}\n"


def _rows(source: Source) -> Iterator[tuple[str, ...]]:
    """The longest first; before them those that are not there yet."""
    def key(name: str) -> tuple[bool, int]:
        lasted = took(source.boot.tracks[name], source.kinds[name])
        return lasted is not None, -(lasted or 0)

    for name in sorted(source.kinds, key=key):
        kind, track = source.kinds[name], source.boot.tracks[name]
        parts = (part(track, kind, states) for states in PARTS.values())
        cells = (length(each) if each else "-" for each in parts)
        yield name, kind.word, length(track.began), length(took(track, kind)), *cells, str(track.starts)


def _links(source: Source, name: str) -> list[Link]:
    return chain(source.boot, source.kinds, source.plan.edges, name)


def _chain_lines(links: list[Link]) -> Iterator[str]:
    """``web  ready @2.405s +1.001s``, and below whom it waited for."""
    for depth, link in enumerate(links):
        branch = "   " * (depth - 1) + "└─ " if depth else ""
        if link.at is None:
            yield f"{branch}{link.unit} is not {_DONE[link.milestone]} yet\n"
        else:
            yield f"{branch}{link.unit} {_DONE[link.milestone]} @{length(link.at)} +{length(link.took)}\n"


# --- for programs -----------------------------------------------------------------------------------------------------


def _json(source: Source, names: list[str]) -> str:
    last = slowest(source.boot, source.kinds)
    wanted = names or ([last] if last is not None else [])
    document = {
        "pod": source.plan.name,
        "readyNs": finished(source.boot, source.kinds),
        "units": [_unit(track, source.kinds[name]) for name, track in source.boot.tracks.items()],
        "chains": {name: [_link(link) for link in _links(source, name)] for name in wanted},
    }
    return json.dumps(document, indent=2) + "\n"


def _unit(track: Track, kind: Kind) -> dict[str, Any]:
    return {
        "name": track.name, "kind": kind.word, "beganNs": track.began, "tookNs": took(track, kind),
        "startedNs": track.started, "readyNs": track.ready, "completedNs": track.completed,
        "starts": track.starts, "partsNs": {name.lower(): part(track, kind, PARTS[name]) for name in PARTS},
    }  # fmt: skip


def _link(link: Link) -> dict[str, Any]:
    return {"unit": link.unit, "milestone": link.milestone.word, "atNs": link.at, "tookNs": link.took}
