"""What the driver shows of the record and the books (sight.c), as Python has it. It must never judge it."""

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from player import Answer

from minipod.supervisor.vocabulary import Errand

Record = dict[str, Any]
Machine = tuple[int | None, str]  # a unit's position, None for the pod; the machine's word


class End(NamedTuple):
    """One end in the books; times are ns of the driver's wall clock."""

    instance: int
    raw_code: int
    code: int
    signal: int
    reason: str
    left_behind: int
    started: int
    ended: int


class Asked(NamedTuple):
    """What the books say of one errand; latencies in ns."""

    answers: int
    failures: int
    errors: int
    latency: int
    latency_sum: int


@dataclass
class Sight:
    """All of one run. ``records``: what a reader finds in memory at the end, each with how many are lost before it."""

    records: list[tuple[int, Record]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    next: int = 0
    states: dict[Machine, str] = field(default_factory=dict)
    flags: dict[int, tuple[bool, bool]] = field(default_factory=dict)
    instances: dict[int, int] = field(default_factory=dict)
    restarts: dict[int, dict[str, int]] = field(default_factory=dict)
    ends: dict[int, list[End]] = field(default_factory=dict)
    asked: dict[tuple[int, Errand], Asked] = field(default_factory=dict)
    pieces: list[int] = field(default_factory=list)
    metrics: str = ""


def read(answer: Answer) -> Sight:
    """What a run showed; a run that was broken off fails the test."""
    assert answer.status == 0, answer.broken or answer.text[-2000:]
    sight = Sight()
    for line in answer.text.split("\n"):
        at, _, rest = line.partition(" ")
        word, _, rest = rest.partition(" ")
        if at == "0" and word in _LINES:
            _LINES[word](sight, rest)
    return sight


def written(answer: Answer) -> list[Record]:
    """The lines of JSON that were written to stdout, in their order."""
    return [json.loads(line) for line in answer.sinks[0].splitlines()]


def _read_record(sight: Sight, rest: str) -> None:
    lost, _, text = rest.partition(" ")
    sight.records.append((int(lost), json.loads(text)))


def _read_state(sight: Sight, rest: str) -> None:
    machine, unit, state = rest.split()
    sight.states[None if unit == "-1" else int(unit), machine] = state


def _read_flags(sight: Sight, rest: str) -> None:
    unit, started, ready = map(int, rest.split())
    sight.flags[unit] = bool(started), bool(ready)


def _read_book(sight: Sight, rest: str) -> None:
    unit, instances, *counts = rest.split()
    sight.instances[int(unit)] = int(instances)
    sight.restarts[int(unit)] = {reason: int(n) for reason, n in (each.split("=") for each in counts) if n != "0"}


def _read_ended(sight: Sight, rest: str) -> None:
    unit, instance, raw, code, signal, reason, *others = rest.split()
    end = End(int(instance), int(raw), int(code), int(signal), reason, *map(int, others))
    sight.ends.setdefault(int(unit), []).append(end)


def _read_asked(sight: Sight, rest: str) -> None:
    unit, kind, *numbers = map(int, rest.split())
    sight.asked[unit, list(Errand)[kind]] = Asked(*numbers)


_LINES = {
    "record": _read_record,
    "kept": lambda sight, rest: sight.kept.extend(map(int, rest.split())),
    "next": lambda sight, rest: setattr(sight, "next", int(rest)),
    "state": _read_state,
    "flags_now": _read_flags,
    "book": _read_book,
    "ended": _read_ended,
    "asked": _read_asked,
    "piece": lambda sight, rest: sight.pieces.append(int(rest)),
    "metrics": lambda sight, rest: setattr(sight, "metrics", bytes.fromhex(rest).decode()),
}
