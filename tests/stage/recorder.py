"""What the core says on stage, written down as the simulator's report. It must never judge."""

from collections import Counter

from minipod.model import Pod
from minipod.supervisor.books import TABLES, Report
from minipod.supervisor.table import CellKind
from minipod.supervisor.vocabulary import Errand, Outcome, Phase
from minipod.supervisor.world import World

# By the core's numbers.
MACHINES = (
    *(TABLES.machines[name] for name in ("lifecycle", "want", "pod")),
    *(TABLES.machines[kind.word] for kind in list(Errand)[:4]),
)
_SHOWN = (0, 2)  # lifecycle and pod
_IMPOSSIBLE, _ACTS = CellKind.IMPOSSIBLE.value, CellKind.ACTS.value


class Recorder:
    """The books of one run, kept from the core's lines; ``world`` tells the time."""

    def __init__(self, pod: Pod, world: World):
        self._pod, self._world = pod, world
        self.report = Report()
        self.steps: Counter[tuple[int, int | None, int]] = Counter()  # machine, unit, event
        self.cells: Counter[tuple[int, int, int]] = Counter()  # machine, state, event
        self.lost_events = 0
        self.next_timer: int | None = None
        self._phase = ""
        self._is_sweeping = False
        self._units: dict[int, tuple[bool, bool]] = {}

    def note(self, words: list[str]) -> None:
        """One line."""
        notes = {"step": self._step, "unit": self._unit, "idle": self._idle, "cell": self._cell, "books": self._books}
        if words[0] in notes:
            notes[words[0]](*words[1:])

    def note_sent(self, unit: int | None, what: str) -> None:
        """A sweep is one thing, whomever it finds."""
        if unit is None or not self._is_sweeping:
            self.report.sent.append((self._world.now, self._name(unit), what))
        self._is_sweeping |= unit is None

    def end_turn(self) -> None:
        """A moment's facts, or one timer, have had all their effects."""
        phase = Phase[self._phase.upper()]
        if not self.report.phases or self.report.phases[-1][1] is not phase:
            self.report.phases.append((self._world.now, phase))
        for unit, flags in self._units.items():
            self.report.flags.append((self._world.now, self._pod.units[unit].name, flags))

    def close(self, exit_code: int | None) -> Report:
        """The whole report; the exit code is that of the process, None if it lived on."""
        report = self.report
        report.exit_code = exit_code
        report.lost = [f"{fact.kind.value} at {at}" for at, fact in self._world.lost]
        return report

    def _name(self, unit: int | None) -> str:
        return "pod" if unit is None else self._pod.units[unit].name

    def _step(self, *numbers: str) -> None:
        machine, unit, state, event, kind, following = map(int, numbers)
        by = None if machine == 2 or unit < 0 else unit
        self.steps[machine, by, event] += 1
        states, events = list(MACHINES[machine].states), list(MACHINES[machine].events)
        if kind == _IMPOSSIBLE:
            self.report.impossible.append(f"{self._name(by)}: {events[event].word} in {states[state].word}")
        elif kind == _ACTS and machine in _SHOWN and state != following:
            self.report.timeline.append((self._world.now, self._name(by), states[following].word))

    def _unit(self, unit: str, code: str, outcome: str, restarts: str, started: str, ready: str, reason: str) -> None:
        at, report = int(unit), self.report
        name = self._pod.units[at].name
        report.codes[name] = None if code == "-1" else int(code)
        report.outcomes[name] = None if outcome == "-1" else list(Outcome)[int(outcome)]
        report.restarts[name] = int(restarts)
        report.reasons[name] = None if reason == "-" else reason
        self._units[at] = (started == "1", ready == "1")

    def _idle(self, timer: str, phase: str, _: str) -> None:
        self._is_sweeping = False
        self.next_timer = None if timer == "-1" else int(timer)
        self._phase = phase

    def _cell(self, machine: str, state: str, event: str, count: str) -> None:
        self.cells[int(machine), int(state), int(event)] = int(count)

    def _books(self, lost: str, reason: str) -> None:
        self.lost_events = int(lost)
        self.report.reason = None if reason == "-" else reason
