"""The rules (``rules``) for a new plan that a running pod takes over (DESIGN.md section 9: apply)."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.rulebook import at, exactly, rule
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Pod, PodEvent


@rule
def a_plan_holds_once_all_are_away(t: Tables) -> Iterator[str]:
    """No unit of the new plan may meet one of the old one of its name; until then the old plan holds."""
    where = Pod.CHANGING, PodEvent.ALL_AWAY
    yield from exactly(t.pod, A.TAKE_OVER, lambda state, event, cell: (state, event) == where)
    if t.pod.cell(*where).next is not Pod.RUNNING:
        yield at(*where, "must lead to running")
    if t.pod.cell(Pod.RUNNING, PodEvent.PLAN).next is not Pod.CHANGING:
        yield at(Pod.RUNNING, PodEvent.PLAN, "must lead to changing")


@rule
def only_a_plan_changes_the_pod(t: Tables) -> Iterator[str]:
    """Nobody else may stop units for it."""
    for state, event, cell in t.pod.cells():
        if cell.next is Pod.CHANGING and (state, event) != (Pod.RUNNING, PodEvent.PLAN):
            yield at(state, event, "must not lead to changing")
