"""The reference simulator with a witness of every cell that acts: the other statement of what the core must do.

What the two may do differently is said here and nowhere else: the order of what happens to different machines in one
moment (the kernel reports it in an order of its own), and how many of several deaths of one moment are told one by one.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from player import NAMES, Answer, Player, Step, request

from minipod.model import Pod
from minipod.supervisor.books import TABLES, Report
from minipod.supervisor.simulate import Simulation
from minipod.supervisor.table import CellKind
from minipod.supervisor.vocabulary import LifeEvent, PodEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind, Stray

SCENARIOS = sorted((Path(__file__).parents[1] / "policy" / "scenarios").rglob("*.toml"))
Facts = list[tuple[int, Fact]]


class Witness(Simulation):
    """Plays as the simulator does and notes each step as the driver writes it."""

    def __init__(self, plan: Pod, behaviours: Sequence[Behaviour], strays: Sequence[Stray]) -> None:
        super().__init__(plan, behaviours, strays, TABLES)
        self.steps: list[Step] = []

    def _step(self, machine, by, event) -> None:
        own = None if machine == "pod" else by
        state = self._state(machine, own)
        cell = self.tables.machines[machine].rows[state][event]
        if cell.kind is CellKind.ACTS:
            number = NAMES.index(machine)
            self.steps.append(Step(self.now, number, None if own is None else own.at, state, event, cell.next))
        super()._step(machine, by, event)


def set_apart(facts: Iterable[tuple[int, Fact]]) -> Facts:
    """The same facts, but those of one moment 1 ns apart in their order, words to minipod itself aside: the core hears
    words first, and of all deaths before it looks at what any of them left behind."""
    apart: Facts = []
    moment = shift = 0
    for at, fact in sorted(facts, key=lambda each: each[0]):
        if at != moment:
            moment, shift = at, 0
        elif {fact.kind, apart[-1][1].kind} != {FactKind.SAID}:
            shift += 1
        apart.append((at + shift, fact))
    return apart


def by_machine(steps: Iterable[Step]) -> dict[tuple[int, int | None], list[Step]]:
    """The steps of each machine of each unit, but for sweeps repeated because somebody died: of several deaths in one
    moment the core hears once."""
    found: dict[tuple[int, int | None], list[Step]] = {}
    for step in steps:
        if step.event is not PodEvent.STIRRED:
            found.setdefault((step.machine, step.unit), []).append(step)
    return found


def differences(pod: Pod, answer: Answer, witness: Witness, report: Report) -> list[str]:
    """What the core did otherwise than the simulator, a line each; [] when nothing."""
    if answer.status:
        return [f"the driver ended with {answer.status}: {answer.broken or answer.text[-2000:]}"]
    core, reference = by_machine(answer.steps), by_machine(witness.steps)
    found = []
    for key in sorted({*core, *reference}, key=str):
        if core.get(key) != reference.get(key):
            found += [f"core {_line(core.get(key, []))}", f"simulator {_line(reference.get(key, []))}"]
    pairs = {
        "exit code": (answer.exit_code, report.exit_code),
        "phase": (answer.phase, report.phases[-1][1].word if report.exit_code is not None else None),
        "restarts": ([u.restarts for u in answer.units], [report.restarts[u.name] for u in pod.units]),
        "codes": ([u.code for u in answer.units], [report.codes[u.name] for u in pod.units]),
        "reasons": ([u.reason for u in answer.units], [report.reasons[u.name] for u in pod.units]),
        "phases": (_last_words(answer.phases), _last_words(report.phases)),
        "flags": (_flags((at, pod.units[unit].name, now) for at, unit, now in answer.flags), _flags(report.flags)),
        "impossible": (answer.impossible_count, len(report.impossible)),
        "facts without anybody": (answer.lost_facts, len(report.lost)),
        "stops sent": (_stops(pod, answer), _sent(pod, report, witness.steps)),
        "lost events": (answer.lost_events, 0),
        "queue below a quarter": (4 * answer.queue_peak < answer.queue_room, True),
    }
    return found + [f"{what}: core {a}, simulator {b}" for what, (a, b) in pairs.items() if a != b]


def _line(steps: list[Step]) -> str:
    return f"{steps and steps[0][1:3]}: " + ", ".join(
        f"{s.at / 1e9:g} {s.state.word} -{s.event.word}-> {s.next.word}" for s in steps
    )


def _last_words(changes: Iterable[tuple[int, object]]) -> list[tuple[int, object]]:
    """What holds at the end of each moment, if it is another than before."""
    kept: list[tuple[int, object]] = []
    for at, now in dict(changes).items():
        if not kept or kept[-1][1] != now:
            kept.append((at, now))
    return kept


def _flags(changes: Iterable[tuple[int, str, tuple[bool, bool]]]) -> dict[str, list]:
    found: dict[str, list] = {}
    for at, name, now in changes:
        found.setdefault(name, [(-1, (False, False))]).append((at, now))
    return {name: words for name, each in found.items() if len(words := _last_words(each)) > 1}


def _stops(pod: Pod, answer: Answer) -> list[tuple[int, str]]:
    """When the core sent which unit its stop signal."""
    leaders = {pid: pod.units[unit] for _, unit, pid in answer.forks}
    sent = [(kill.at, leaders.get(abs(kill.pid)), kill.signal) for kill in answer.kills]
    return sorted({(at, unit.name) for at, unit, signal in sent if unit and unit.stop_signal == signal})


def _sent(pod: Pod, report: Report, steps: list[Step]) -> list[tuple[int, str]]:
    """The same of the simulator, which also notes a stop for a unit that turns out to have no process."""
    nobody = {(step.at, pod.units[step.unit].name) for step in steps if step.event is LifeEvent.STARVED}
    return sorted({(at, name) for at, name, what in report.sent if what == "stop"} - nobody)


def compare(player: Player, pod: Pod, behaviours: Sequence[Behaviour], facts: Iterable[tuple[int, Fact]],
            strays: Sequence[Stray] = (), until: int | None = None) -> tuple[Answer, list[str]]:
    """Plays on both; what the core answered, and the differences."""
    apart = set_apart(facts)
    witness = Witness(pod, behaviours, strays)
    report = witness.run(apart, until)
    answer = player.play(request(pod, behaviours, apart, strays, until))
    return answer, differences(pod, answer, witness, report)
