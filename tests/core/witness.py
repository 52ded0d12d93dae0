"""The reference simulator with a witness of every cell that acts: the other statement of what the core must do.

What the two may do differently is said here and nowhere else: the order of what happens to different machines in one
moment (the kernel reports it in an order of its own), and how many of several deaths of one moment are told one by one.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from player import NAMES, Answer, Player, Step, request

from minipod.model import Pod
from minipod.supervisor.books import TABLES, Report
from minipod.supervisor.deeds_plan import NewPlan
from minipod.supervisor.simulate import Simulation
from minipod.supervisor.table import CellKind
from minipod.supervisor.vocabulary import PodEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind, Stray

OWN = Path(__file__).parent / "scenarios"  # of moments that matter to the core's cells alone
TESTS = Path(__file__).parents[1]
FOLDERS = (TESTS / "policy" / "scenarios", TESTS / "kube" / "scenarios", OWN)
SCENARIOS = sorted(path for folder in FOLDERS for path in folder.rglob("*.toml"))
Facts = list[tuple[int, Fact]]
KILL = 9


class Witness(Simulation):
    """Plays as the simulator does and notes each step as the driver writes it."""

    def __init__(
        self, plan: Pod, behaviours: Sequence[Behaviour], strays: Sequence[Stray], newcomers: Sequence[str] = ()
    ) -> None:
        super().__init__(plan, behaviours, strays, TABLES, newcomers=newcomers)
        self.steps: list[Step] = []
        self.signalled: set[tuple[int, str, str]] = set()
        self.stop_signals: dict[str, set[int]] = {}

    def note_sent(self, unit, what) -> None:
        """A stop is noted for a unit, too, that turns out to have no process."""
        if unit is not None and self.world.is_alive(unit.at):
            self.signalled.add((self.now, unit.name, what))
        if unit is not None:
            self.stop_signals.setdefault(unit.name, set()).add(unit.plan.stop_signal)
        super().note_sent(unit, what)

    def _step(self, machine, by, event) -> None:
        own = None if machine == "pod" else by
        state = self._state(machine, own)
        cell = self.tables.machines[machine].rows[state][event]
        if cell.kind is CellKind.ACTS:
            number = NAMES.index(machine)
            self.steps.append(Step(self.now, number, None if own is None else own.at, state, event, cell.next))
        super()._step(machine, by, event)


def _is_death(fact: Fact) -> bool:
    return fact.kind not in (FactKind.SAID, FactKind.NOTIFIED, FactKind.TURNED)


def _are_one(before: Fact, fact: Fact) -> bool:
    """Whether core and simulator take two facts of one moment in the same order: words to minipod itself, but for a
    plan that a client brings, and what a program said last before its end."""
    if isinstance(before.value, NewPlan) or isinstance(fact.value, NewPlan):
        return False
    if before.kind is FactKind.NOTIFIED:
        return _is_death(fact)
    return before.kind is fact.kind is FactKind.SAID


def set_apart(facts: Iterable[tuple[int, Fact]]) -> Facts:
    """The same facts, but those of one moment 1 ns apart where the core would take them in another order: it hears
    words first, and of all deaths before it looks at what any of them left behind."""
    apart: Facts = []
    moment = shift = 0
    for at, fact in sorted(facts, key=lambda each: each[0]):
        if at != moment:
            moment, shift = at, 0
        elif not _are_one(apart[-1][1], fact):
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


def _refused(fact: Fact) -> bool:
    """What is refused is heard, and answered: in the core nobody misses it."""
    return fact.kind is FactKind.SAID


def differences(answer: Answer, witness: Witness, report: Report) -> list[str]:
    """What the core did otherwise than the simulator, a line each; [] when nothing."""
    names, units = list(witness.places), witness.plan.units
    if any(names[slot] != name for slot, name in answer.who):
        return [f"the core has other slots for who comes than the simulator has places: {answer.who}"]
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
        "restarts": ([u.restarts for u in answer.units], [report.restarts[u.name] for u in units]),
        "codes": ([u.code for u in answer.units], [report.codes[u.name] for u in units]),
        "reasons": ([u.reason for u in answer.units], [report.reasons[u.name] for u in units]),
        "phases": (_last_words(answer.phases), _last_words(report.phases)),
        "flags": (_flags((at, names[unit], now) for at, unit, now in answer.flags), _flags(report.flags)),
        "impossible": (answer.impossible_count, len(report.impossible)),
        "facts without anybody": (answer.lost_facts, sum(not _refused(fact) for _, fact in witness.world.lost)),
        "signals": (_signals(witness, answer), _noted(witness)),
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


def _signals(witness: Witness, answer: Answer) -> list[tuple[int, str, str]]:
    """When the core asked which unit's leader to end, and when it killed it."""
    names, stops = list(witness.places), witness.stop_signals
    leaders = {pid: names[unit] for _, unit, pid in answer.forks}
    sent = [(kill.at, leaders[abs(kill.pid)], kill.signal) for kill in answer.kills if kill.hits_leader]
    words = {(at, name, _word(stops[name], signal)) for at, name, signal in sent}
    return sorted(each for each in words - _last_kills(answer.steps, words) if each[2])


def _noted(witness: Witness) -> list[tuple[int, str, str]]:
    return sorted(witness.signalled - _last_kills(witness.steps, witness.signalled))


def _last_kills(steps: Iterable[Step], signalled: set[tuple[int, str, str]]) -> set[tuple[int, str, str]]:
    """When nothing waits any more everybody is killed, also those whom KILL did not end before."""
    overdue = {step.at for step in steps if step.event is PodEvent.OVERDUE}
    return {each for each in signalled if each[0] in overdue and each[2] == "kill"}


def _word(stops: set[int], signal: int) -> str:
    return "kill" if signal == KILL else "stop" if signal in stops else ""


def compare(player: Player, pod: Pod, behaviours: Sequence[Behaviour], facts: Iterable[tuple[int, Fact]],
            strays: Sequence[Stray] = (), until: int | None = None,
            newcomers: Sequence[str] = ()) -> tuple[Answer, list[str]]:
    """Plays on both; what the core answered, and the differences."""
    apart = set_apart(facts)
    witness = Witness(pod, behaviours, strays, newcomers)
    report = witness.run(apart, until)
    answer = player.play(request(pod, behaviours, apart, strays, until))
    return answer, differences(answer, witness, report)
