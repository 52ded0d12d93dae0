"""The lists of words that two languages share."""

import pytest

from minipod.supervisor.books import TABLES
from minipod.supervisor.generate import ENUMS
from minipod.supervisor.probes import PROBES
from minipod.supervisor.table import MAX_ACTIONS, CellKind
from minipod.supervisor.vocabulary import Action, Errand, Standing


@pytest.mark.parametrize("words", ENUMS, ids=lambda words: words.__name__)
def test_each_word_has_its_own_meaning_and_its_position_as_number(words):
    assert list(words.__members__) == [word.name for word in words]  # Enum makes one of two that mean the same
    assert [word.number for word in words] == list(range(len(words)))


def test_probes_are_the_first_errands_in_their_order():
    assert list(PROBES) == list(Errand)[:len(PROBES)]


def test_the_watchdog_is_a_liveness_probe():
    assert TABLES.machines[Errand.WATCHDOG.word] is TABLES.machines[Errand.LIVENESS.word]


def test_every_action_is_used():
    cells = [cell for machine in TABLES.machines.values() for _, _, cell in machine.cells()]
    used = {action for cell in cells for action in cell.actions}
    used |= {action for standing in Standing for entry in TABLES.fate[standing].values() for action in entry.actions}
    assert used == set(Action) - {Action.NOTHING}


@pytest.mark.parametrize("machine", TABLES.machines.values(), ids=list(TABLES.machines))
def test_a_cell_that_acts_is_no_longer_than_the_core_has_room_for(machine):
    acts = [cell for _, _, cell in machine.cells() if cell.kind is CellKind.ACTS]
    assert acts and max(len(cell.actions) for cell in acts) <= MAX_ACTIONS
