"""The driver from Python: what to play as a request, what came of it as records. It must never judge what came of it.

A driver is one process that answers any number of requests; each is played in a child of its own.
"""

import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from minipod.model import Pod
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan
from minipod.supervisor.books import TABLES
from minipod.supervisor.deeds_plan import NewPlan
from minipod.supervisor.table import CellKind, Machine
from minipod.supervisor.vocabulary import LifeEvent, Outcome, Phase, PodEvent, ProbeEvent, WantEvent, Word
from minipod.supervisor.world import Answer as Said
from minipod.supervisor.world import Behaviour, Fact, FactKind, Notice, Reply, Start, Stray

NAMES: tuple[str, ...] = tuple(TABLES.machines)  # in the core's order: the watchdog is a second liveness probe
MACHINES: tuple[Machine, ...] = tuple(TABLES.machines.values())
EVENTS: tuple[type[Word], ...] = (LifeEvent, WantEvent, PodEvent, ProbeEvent, ProbeEvent, ProbeEvent, ProbeEvent)
REACTIONS, REPLIES, NOTICES = list(Stray), list(Reply), list(Notice)
TERM = 15


class Step(NamedTuple):
    """One cell that acted, of machine number ``machine``; ``unit`` is a position or None, ``at`` ns since the start."""

    at: int
    machine: int
    unit: int | None
    state: Word
    event: Word
    next: Word


class Kill(NamedTuple):
    """A signal that was sent; ``pid`` is negative for a group. ``hits_leader``: it, or the group's leader, is a unit's
    leader and lives."""

    at: int
    pid: int
    signal: int
    hits_leader: int


class Line(NamedTuple):
    """A line as a reader of a ring finds it. ``flags``: csrc/ring.h's; ``at``: ns of the wall clock."""

    unit: int
    previous: int
    at: int
    stream: int
    flags: int
    text: bytes


@dataclass
class Books:
    """What the driver wrote of one unit at the end."""

    life: Word
    outcome: Outcome
    code: int | None
    restarts: int
    streak: int
    pid: int
    reason: str | None


@dataclass
class Answer:
    """One run. ``status`` is that of the driver's child, 0: played to the end. ``exit_code`` is None for a live pod."""

    status: int
    steps: list[Step] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    forks: list[tuple[int, int, int]] = field(default_factory=list)
    errands: list[tuple[int, int, int]] = field(default_factory=list)
    phases: list[tuple[int, Phase]] = field(default_factory=list)
    flags: list[tuple[int, int, tuple[bool, bool]]] = field(default_factory=list)
    who: list[tuple[int, str]] = field(default_factory=list)  # slots, and whose they are, as another plan has it
    processes: dict[str, int] = field(default_factory=dict)
    units: list[Books] = field(default_factory=list)
    cells: Counter = field(default_factory=Counter)
    exit_code: int | None = None
    ended_at: int = 0
    phase: str | None = None
    decider: str | None = None
    impossible: list[str] = field(default_factory=list)
    impossible_count: int = 0
    lost_events: int = 0
    orphans: int = 0
    dropped_lines: int = 0
    lost_facts: int = 0
    queue_peak: int = 0
    queue_room: int = 0
    sinks: list[bytes] = field(default_factory=lambda: [b"", b""])
    files: dict[int, bytes] = field(default_factory=dict)
    heard: dict[int, bytes] = field(default_factory=dict)  # by clients of the control server
    logs: list[tuple[int, int, int]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    open: dict[str, tuple[int, int]] = field(default_factory=dict)
    called: dict[str, int] = field(default_factory=dict)
    broken: str | None = None
    text: str = ""


class Player:
    """A running driver."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace",
        )

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()

    def play(self, lines: Iterable[str]) -> Answer:
        """Plays one request (driver.c says how it is written)."""
        self._process.stdin.write("".join(f"{line}\n" for line in lines) + "run\n")
        self._process.stdin.flush()
        answered = []
        while True:
            line = self._process.stdout.readline()
            if not line:
                raise RuntimeError("the driver is gone: " + "".join(answered))
            if line.startswith("end "):
                return _read(int(line.split()[1]), answered)
            answered.append(line)


# --- requests ---


def _never(number: int | None) -> int:
    return -1 if number is None else number


def _start(at: int, start: Start) -> str:
    return f"start {at} {_never(start.after)} {start.code} {int(start.starved)}"


def _behaviour(at: int, how: Behaviour) -> list[str]:
    numbers = (_never(how.stop_after), _never(how.stop_code), _never(how.rest), int(how.stuck), int(how.rest_stuck))
    lines = [f"unit {at} {' '.join(map(str, numbers))}", *(_start(at, start) for start in how.starts)]
    lines += [f"answer {at} {kind.number} {_said(said)}" for kind, said in how.answers.items()]
    return lines if how.ready_after is None else [*lines, f"ready {at} {how.ready_after}"]


def _said(said: Said) -> str:
    return f"{REPLIES.index(said.reply)} {said.after}"


def _ended(unit: int, raw: int) -> str:
    """A raw code above 128 is a signal's, if there is such a signal."""
    signal = raw - 128
    return f"ended {unit} 1 {signal}" if 0 < signal < 65 else f"ended {unit} 0 {raw}"


def give(new: Pod, query: str = "", said: bytes | None = None) -> bytes:
    """A request that hands over a plan, or what is none."""
    body = encode(lower(new)) if said is None else said
    return f"POST /v1/plan{query} HTTP/1.1\r\nHost: m\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def fact_line(at: int, fact: Fact, *, is_alone: bool, client: int = 0) -> str:
    """One thing that happens, as the driver reads it; a plan comes from that client. A word to stop comes as a signal
    if it is alone in its moment: the kernel tells two of them as one, and keeps no order among what it tells at once.
    """
    if fact.kind is FactKind.ENDED:
        return f"at {at} {_ended(fact.unit, fact.value)}"
    if fact.kind is FactKind.OOM_KILLED:
        return f"at {at} oom {fact.unit}"
    if fact.kind is FactKind.TURNED:
        kind, said = fact.value
        return f"at {at} turned {fact.unit} {kind.number} {_said(said)}"
    if fact.kind is FactKind.NOTIFIED:
        return f"at {at} notified {fact.unit} {NOTICES.index(fact.value)}"
    if fact.kind is FactKind.STRAY_GONE:
        return f"at {at} stray {REACTIONS.index(fact.value)}"
    if isinstance(fact.value, NewPlan):
        return f"at {at} client {client} says {give(fact.value.plan).hex()}"
    if fact.value is PodEvent.TOLD and is_alone:
        return f"at {at} signal {TERM} 0"
    return f"at {at} said {EVENTS.index(type(fact.value))} {_never(fact.unit)} {fact.value.number}"


def request(pod: Pod | Plan, behaviours: Sequence[Behaviour] = (), facts: Iterable[tuple[int, Fact]] = (),
            strays: Iterable[Stray] = (), until: int | None = None) -> list[str]:
    """A pod, or its plan, in the world that the simulator would play it in."""
    plan = lower(pod) if isinstance(pod, Pod) else pod
    lines = [f"plan {encode(plan).hex()}"]
    for at in range(max(len(pod.units), len(behaviours))):
        lines += _behaviour(at, behaviours[at] if at < len(behaviours) else Behaviour())
    lines += [f"stray {REACTIONS.index(stray)}" for stray in strays]
    facts = list(facts)
    moments = Counter(at for at, _ in facts)
    lines += [fact_line(at, fact, is_alone=moments[at] == 1, client=number) for number, (at, fact) in enumerate(facts)]
    return [*lines, f"until {until}"] if until is not None else lines


# --- answers ---


def _read(status: int, lines: list[str]) -> Answer:
    answer = Answer(status, text="".join(lines))
    for line in lines:
        at, _, rest = line.rstrip("\n").partition(" ")
        word, _, rest = rest.partition(" ")
        if at.isdigit() and word in _LINES:
            _LINES[word](answer, int(at), rest)
    return answer


def _read_step(answer: Answer, at: int, rest: str) -> None:
    now, machine, unit, state, event, kind, following = map(int, rest.split())
    states = list(MACHINES[machine].states)
    what = list(EVENTS[machine])[event]
    step = Step(now, machine, None if unit < 0 else unit, states[state], what, states[following])
    if CellKind(kind) is CellKind.ACTS:
        answer.steps.append(step)
    elif CellKind(kind) is CellKind.IMPOSSIBLE:
        answer.impossible.append(f"{unit}: {step.event.word} in {step.state.word}")


def _read_unit(answer: Answer, at: int, rest: str) -> None:
    *numbers, reason = rest.split()
    _, life, outcome, code, restarts, streak, pid = map(int, numbers)
    answer.units.append(Books(
        list(TABLES.life.states)[life], list(Outcome)[outcome], None if code < 0 else code, restarts, streak, pid,
        None if reason == "-" else reason,
    ))


def _read_pod(answer: Answer, at: int, rest: str) -> None:
    _, code, phase, decider = rest.split()
    answer.ended_at = at
    if int(code) >= 0:
        answer.exit_code, answer.phase = int(code), phase
        answer.decider = None if decider == "-" else decider


def _read_books(answer: Answer, at: int, rest: str) -> None:
    (answer.impossible_count, answer.lost_events, answer.orphans, answer.dropped_lines, answer.lost_facts,
     answer.queue_peak, answer.queue_room) = map(int, rest.split())


def _read_cell(answer: Answer, at: int, rest: str) -> None:
    machine, state, event, count = map(int, rest.split())
    answer.cells[NAMES[machine], list(MACHINES[machine].states)[state], list(EVENTS[machine])[event]] = count


def _read_sink(answer: Answer, at: int, rest: str) -> None:
    which, _, text = rest.partition(" ")
    answer.sinks[int(which)] = bytes.fromhex(text)


def _read_file(answer: Answer, at: int, rest: str) -> None:
    which, _, text = rest.partition(" ")
    answer.files[int(which)] = bytes.fromhex(text)


def _read_heard(answer: Answer, at: int, rest: str) -> None:
    which, _, text = rest.split(" ")
    answer.heard[int(which)] = bytes.fromhex(text)


def _read_line(answer: Answer, at: int, rest: str) -> None:
    *numbers, text = rest.split(" ")
    answer.lines.append(Line(*map(int, numbers), bytes.fromhex(text)))


def _read_open(answer: Answer, at: int, rest: str) -> None:
    kind, count, watched = rest.split()
    answer.open[kind] = int(count), int(watched)


def _read_called(answer: Answer, at: int, rest: str) -> None:
    name, count = rest.split()
    answer.called[name] = int(count)


def _read_phase(answer: Answer, at: int, rest: str) -> None:
    answer.phases.append((at, list(Phase)[int(rest)]))


def _read_flags(answer: Answer, at: int, rest: str) -> None:
    unit, started, ready = map(int, rest.split())
    answer.flags.append((at, unit, (bool(started), bool(ready))))


def _read_who(answer: Answer, at: int, rest: str) -> None:
    slot, name = rest.split()
    answer.who.append((int(slot), name))


def _read_broken(answer: Answer, at: int, rest: str) -> None:
    answer.broken = rest


_LINES = {
    "step": _read_step,
    "kill": lambda answer, at, rest: answer.kills.append(Kill(at, *map(int, rest.split()))),
    "fork": lambda answer, at, rest: answer.forks.append((at, *map(int, rest.split()))),
    "errand": lambda answer, at, rest: answer.errands.append((at, *map(int, rest.split()))),
    "phase": _read_phase,
    "flags": _read_flags,
    "who": _read_who,
    "process": lambda answer, at, rest: answer.processes.update({rest.split()[0]: int(rest.split()[1])}),
    "unit": _read_unit,
    "pod": _read_pod,
    "books": _read_books,
    "cell": _read_cell,
    "sink": _read_sink,
    "file": _read_file,
    "heard": _read_heard,
    "log": lambda answer, at, rest: answer.logs.append(tuple(map(int, rest.split()[1:]))),
    "line": _read_line,
    "open": _read_open,
    "called": _read_called,
    "broken": _read_broken,
}
