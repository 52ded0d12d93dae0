"""The register of the simulator's actions: which function does what a cell says. It must never hold one itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from minipod.supervisor.books import UnitBook
from minipod.supervisor.vocabulary import Action

if TYPE_CHECKING:
    from minipod.supervisor.simulate import Simulation

Deed = Callable[["Simulation", "UnitBook | None"], None]
DEEDS: dict[Action, Deed] = {}


def does(action: Action) -> Callable[[Deed], Deed]:
    """Enter a function as what ``action`` does."""

    def note(deed: Deed) -> Deed:
        DEEDS[action] = deed
        return deed

    return note
