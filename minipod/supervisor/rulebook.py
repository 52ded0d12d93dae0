"""What rules are made of: the register, and how to look at a machine. It must never state a rule."""

from collections.abc import Callable, Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.table import Cell, CellKind, Machine
from minipod.supervisor.vocabulary import Action, Word

Rule = Callable[[Tables], Iterator[str]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    """Register a rule: a function that yields one sentence for each place that breaks it."""
    RULES.append(function)
    return function


def acting(machine: Machine) -> Iterator[tuple[Word, Word, Cell]]:
    """The cells that act."""
    for state, event, cell in machine.cells():
        if cell.kind is CellKind.ACTS:
            yield state, event, cell


def at(state: Word, event: Word, what: str) -> str:
    """A sentence that names a cell."""
    return f"{event.word} in {state.word} {what}"


def exactly(machine: Machine, action: Action, where: Callable[[Word, Word, Cell], bool]) -> Iterator[str]:
    """``action`` stands in the acting cells for which ``where`` holds, and in no other."""
    for state, event, cell in acting(machine):
        if (action in cell.actions) != where(state, event, cell):
            yield at(state, event, f"must{' not' if action in cell.actions else ''} {action.word}")


def enters(state: Word) -> Callable[[Word, Word, Cell], bool]:
    """For ``exactly``: the cells that lead to ``state`` from another one."""
    return lambda before, event, cell: cell.next is state and before is not state
