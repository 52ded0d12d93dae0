"""The two ways in which minipod answers: the Python model, and what PID 1 has: the tables that it is built with, read
cell by cell through the extension, and the numbers of a plan, read from its bytes. Both run in the same simulator and
behind the same lookups.
"""

from collections.abc import Callable
from typing import NamedTuple

from minipod.model import Backoff, Pod, Unit
from minipod.reaper.decode import decode
from minipod.reaper.encode import encode
from minipod.reaper.layout import ffi, lib
from minipod.reaper.lower import lower
from minipod.supervisor import backoff, errands
from minipod.supervisor.books import TABLES, Tables
from minipod.supervisor.fate import Fate
from minipod.supervisor.table import Cell, CellKind, Machine
from minipod.supervisor.vocabulary import (
    Action,
    Budget,
    ExitClass,
    Kind,
    Outcome,
    Phase,
    PodEvent,
    Rule,
    Standing,
    Want,
    Word,
)

_SERVICE = Unit("other", Kind.SERVICE, ("true",), "always")


class Engine(NamedTuple):
    """``tables`` for lookups and the simulator; ``ladder``: initial and cap in ns → the delays before restarts;
    ``classes``: the numbers of a unit's exit classes by exit code, 256 of them."""

    name: str
    tables: Tables
    ladder: Callable[[int, int], tuple[int, ...]]
    classes: Callable[[Unit], bytes]


def engines() -> tuple[Engine, Engine]:
    """Python's, then C's."""
    python = Engine("the Python model", TABLES, backoff.ladder, errands.exit_classes)
    return python, Engine("the C tables", _c_tables(), _planned_ladder, _planned_classes)


def _planned(unit: Unit):
    """A unit as PID 1 gets it: lowered, written as bytes, examined by the core, read again."""
    # no plan is without a service
    return decode(encode(lower(Pod("pod", (unit, _SERVICE))))).units[0]


def _planned_ladder(initial: int, cap: int) -> tuple[int, ...]:
    return _planned(_SERVICE._replace(name="it", backoff=Backoff(initial, cap))).delays


def _planned_classes(unit: Unit) -> bytes:
    return _planned(unit._replace(name="it")).exits.classes


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
