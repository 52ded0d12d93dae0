"""Every cell that acts is entered by the scenarios on the real core, but for those that unreached_cells.txt excuses."""

from pathlib import Path

from player import MACHINES, NAMES, request
from witness import set_apart

from minipod.supervisor.table import CellKind

EXCUSES = Path(__file__).with_name("unreached_cells.txt")


def excused() -> dict[str, str]:
    """Cell to reason; lines are "machine state event: reason"."""
    lines = [line for line in EXCUSES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split(": ", 1) for line in lines)


def acting() -> set[str]:
    return {
        f"{name} {state.word} {event.word}"
        for name, machine in zip(NAMES, MACHINES, strict=True)
        for state, event, cell in machine.cells()
        if cell.kind is CellKind.ACTS
    }


def test_every_acting_cell_is_entered(scenarios, player):
    entered = set()
    for scenario in scenarios.values():
        answer = player.play(request(
            scenario.pod, scenario.behaviours, set_apart(scenario.facts), scenario.strays, scenario.until
        ))
        assert answer.lost_events == 0
        assert 4 * answer.queue_peak < answer.queue_room
        entered |= {f"{name} {state.word} {event.word}" for name, state, event in answer.cells}
    assert acting() - entered == set(excused())
