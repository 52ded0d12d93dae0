"""The two ways in which minipod answers: the Python model's tables, and those that PID 1 is built with, read cell by
cell through the extension. Both run in the same simulator and behind the same lookups.
"""

from collections.abc import Callable
from typing import NamedTuple

from minipod.reaper.layout import ffi, lib
from minipod.supervisor import backoff
from minipod.supervisor.books import TABLES, Tables
from minipod.supervisor.fate import Fate
from minipod.supervisor.table import Cell, CellKind, Machine
from minipod.supervisor.vocabulary import (
    Action,
    Budget,
    ExitClass,
    Outcome,
    Phase,
    PodEvent,
    Rule,
    Standing,
    Want,
    Word,
)

Ladder = Callable[[int, int], tuple[int, ...]]


class Engine(NamedTuple):
    """``tables`` for lookups and the simulator; ``ladder``: initial and cap in ns → the delays before restarts."""

    name: str
    tables: Tables
    ladder: Ladder


def engines() -> tuple[Engine, Engine]:
    """Python's, then C's."""
    return Engine("the Python model", TABLES, backoff.ladder), Engine("the C tables", _c_tables(), backoff.ladder)


def _c_tables() -> Tables:
    machines = (TABLES.life, TABLES.want, TABLES.pod, TABLES.startup, TABLES.liveness, TABLES.readiness)
    life, want, pod, startup, liveness, readiness = (_machine(at, like) for at, like in enumerate(machines))
    return Tables(
        life=life, want=want, pod=pod, startup=startup, liveness=liveness, readiness=readiness,
        verdict={key: _verdict(*key) for key in TABLES.verdict},
        fate={standing: {outcome: _fate(standing, outcome) for outcome in Outcome} for standing in Standing},
        phase=tuple(tuple(Phase)[_valid(lib.policy_phase(key))] for key in range(len(TABLES.phase))),
    )


def _machine(number: int, like: Machine) -> Machine:
    def cell(state: Word, event: Word) -> Cell:
        out = ffi.new("uint8_t[6]")
        _valid(lib.policy_cell(number, state.number, event.number, out))
        kind = CellKind(out[0])
        return Cell(kind, tuple(like.states)[out[1]], _actions(out)) if kind is CellKind.ACTS else Cell(kind)

    rows = {state: {event: cell(state, event) for event in like.events} for state in like.states}
    return Machine(like.name, like.states, like.events, rows)


def _actions(out) -> tuple[Action, ...]:
    words = tuple(Action)
    named = tuple(words[number] for number in out[2:6])
    return named[: named.index(Action.NOTHING)] if Action.NOTHING in named else named


def _verdict(rule: Rule, want: Want, exit_class: ExitClass, budget: Budget) -> Outcome:
    return tuple(Outcome)[_valid(lib.policy_verdict(rule.number, want.number, exit_class.number, budget.number))]


def _fate(standing: Standing, outcome: Outcome) -> Fate:
    out = ffi.new("uint8_t[6]")
    _valid(lib.policy_fate(standing.number, outcome.number, out))
    if CellKind(out[0]) is CellKind.IMPOSSIBLE:
        return Fate(possible=False)
    events = tuple(PodEvent)
    return Fate(_actions(out), events[out[1]] if out[1] < len(events) else None)


def _valid(number: int) -> int:
    if number < 0:
        raise LookupError("the extension has no such cell: it is of another version than the Python beside it")
    return number
