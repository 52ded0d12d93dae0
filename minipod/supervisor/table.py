"""Tables of cells: the form in which all policy is written.

A cell is {actions, next}: no expression, no parameter. "Acts", "ignored" and "impossible" are three different cells: an
ignored event is expected and means nothing, an impossible one is a mistake that the core counts, logs and survives.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from minipod.supervisor.vocabulary import Action, Word

MAX_ACTIONS = 4


class CellKind(Enum):
    """Three different things (DESIGN.md section 2, point 5); the core has the same names."""

    IMPOSSIBLE = 0
    IGNORED = 1
    ACTS = 2


@dataclass(frozen=True)
class Cell:
    """What one event does in one state: run ``actions`` in order, be in ``next`` already while they run."""

    kind: CellKind
    next: Word | None = None
    actions: tuple[Action, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        if self.kind is not CellKind.ACTS:
            return self.kind.name.lower()
        return f"{self.next.word}: {' '.join(action.word for action in self.actions) or '-'}"


def to(next_state: Word, *actions: Action, why: str = "") -> Cell:
    """A cell that acts."""
    if len(actions) > MAX_ACTIONS:
        raise ValueError(f"a cell holds at most {MAX_ACTIONS} actions: {actions}")
    return Cell(CellKind.ACTS, next_state, actions, why)


def ignored(why: str = "") -> Cell:
    """A cell for an event that is expected here and means nothing."""
    return Cell(CellKind.IGNORED, why=why)


def impossible(why: str = "") -> Cell:
    """A cell for an event that cannot come here; if it does, it is counted and logged."""
    return Cell(CellKind.IMPOSSIBLE, why=why)


class Machine:
    """One state machine: every pair of state and event has its cell, written by hand."""

    def __init__(self, name: str, states: type[Word], events: type[Word], rows: Mapping[Word, Mapping[Word, Cell]]):
        self.name, self.states, self.events = name, states, events
        missing = [(s, e) for s in states for e in events if e not in rows.get(s, {})]
        if missing:
            raise ValueError(f"{name}: no cell for {missing}")
        self.rows: dict[Word, dict[Word, Cell]] = {s: {e: rows[s][e] for e in events} for s in states}

    def cell(self, state: Word, event: Word) -> Cell:
        return self.rows[state][event]

    def cells(self) -> Iterator[tuple[Word, Word, Cell]]:
        for state, row in self.rows.items():
            for event, cell in row.items():
                yield state, event, cell

    def with_cell(self, state: Word, event: Word, cell: Cell) -> "Machine":
        """A copy that differs in one cell (for the mutation test)."""
        rows = {s: dict(row) for s, row in self.rows.items()}
        rows[state][event] = cell
        return Machine(self.name, self.states, self.events, rows)
