"""The simulator's fake world: processes that start, end and disobey as a scenario says, on a virtual clock.

It stands for the kernel: it knows processes and signals. It must never know a state, an intention or a policy; what it
has to say it says as facts. Times are ns, exit codes are raw: 0..255, 128+N for a signal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from heapq import heappop, heappush

from minipod.supervisor.words import Errand

KILLED = 128 + 9


class FactKind(Enum):
    """What can happen."""

    SPAWNED = "the program was executed"
    UNSTARTABLE = "the program could not be executed"
    ENDED = "the leader ended"
    OOM_KILLED = "the kernel ended the leader for want of memory"
    REST_GONE = "what the leader left behind is gone"
    STRAY_GONE = "a stray ended"
    SAID = "somebody outside said something"
    ANSWERED = "an errand was answered"
    TURNED = "an errand is answered otherwise from now on"
    NOTIFIED = "the program said something of itself"


class Reply(Enum):
    """How an attempt of a probe or a hook is answered."""

    WELL = "as hoped"
    BADLY = "a failure"
    ERROR = "it could not be asked"
    NEVER = "no answer"


class Notice(Enum):
    """What a program can say of itself, as sd_notify spells it."""

    READY = "READY=1"
    RELOADING = "RELOADING=1"
    STOPPING = "STOPPING=1"
    WATCHDOG = "WATCHDOG=1"
    TRIGGER = "WATCHDOG=trigger"


@dataclass(frozen=True)
class Answer:
    """How each attempt of an errand is answered, and how long that takes."""

    reply: Reply = Reply.WELL
    after: int = 0


@dataclass(frozen=True)
class Attempt:
    """The answer to one attempt; ``number`` counts those of the errand."""

    kind: Errand
    number: int
    reply: Reply


@dataclass(frozen=True)
class Start:
    """One attempt to start: ``code`` (127 or 126) if it fails for good; ``after`` is None for one that never comes to
    executing its program; ``starved`` when there is no process to be had."""

    after: int | None = 0
    code: int = 0
    starved: bool = False


@dataclass(frozen=True)
class Behaviour:
    """How a unit's processes behave. ``stop_after`` is None when the stop signal is ignored; ``stop_code`` None means
    that the signal ends it. ``rest`` is how long the group outlives its leader: None until it is killed. ``stuck``:
    KILL does not end the leader, ``rest_stuck``: nor the rest, as in a hung mount. ``answers``: how probes and hooks
    are answered at first, well if not said; for the watchdog: when the program says that it lives. ``ready_after``:
    when each instance says that it is ready, None if it never does by itself. ``is_done_at_once``: each instance ends
    with 0 as soon as it runs."""

    starts: tuple[Start, ...] = ()
    stop_after: int | None = 0
    stop_code: int | None = None
    rest: int | None = 0
    stuck: bool = False
    rest_stuck: bool = False
    answers: Mapping[Errand, Answer] = field(default_factory=dict)
    ready_after: int | None = None
    is_done_at_once: bool = False


class Stray(Enum):
    """A descendant that belongs to no unit any more."""

    HEEDS = "ends on TERM"
    IGNORES = "ends on KILL only"
    FORKS = "when killed, leaves one behind that ignores TERM"
    STUCK = "does not end"


@dataclass(frozen=True)
class Fact:
    """Something that happened. ``unit`` is a position; ``value`` an exit code, or what was said; ``instance`` counts a
    unit's attempts to start, 0 for whichever there is."""

    kind: FactKind
    unit: int | None = None
    value: object = None
    instance: int = 0


@dataclass
class _Process:
    behaviour: Behaviour
    attempts: int = 0
    alive: bool = False
    executed: bool = False
    asked: int = 0
    rest: bool = False
    answers: dict[Errand, Answer] = field(default_factory=dict)


class World:
    """All processes of one pod, and the agenda of what will happen."""

    def __init__(self, behaviours: Sequence[Behaviour], strays: Sequence[Stray] = ()):
        self.now = 0
        self.lost: list[tuple[int, Fact]] = []
        self._agenda: list[tuple[int, int, Fact]] = []
        self._count = 0
        self._processes = [_Process(b, answers=dict(b.answers)) for b in behaviours]
        self._strays = list(strays)

    # --- the agenda ---

    def plan(self, at: int, fact: Fact) -> None:
        self._count += 1
        heappush(self._agenda, (at, self._count, fact))

    def next_moment(self) -> int | None:
        return self._agenda[0][0] if self._agenda else None

    def facts(self) -> Iterator[Fact]:
        """What happens now, in the order it was planned; what is planned meanwhile for now comes the next time."""
        now = []
        while self._agenda and self._agenda[0][0] <= self.now:
            now.append(heappop(self._agenda)[2])
        return (fact for fact in now if self._comes_true(fact))

    def _comes_true(self, fact: Fact) -> bool:
        if fact.unit is None or fact.kind is FactKind.SAID:
            return True
        if fact.kind is FactKind.ANSWERED:
            return True
        process = self._processes[fact.unit]
        is_given = fact.instance == 0
        is_true = (is_given or fact.instance == process.attempts) and self._COME_TRUE[fact.kind](self, process, fact)
        if is_given and not is_true:
            self.lost.append((self.now, fact))
        return is_true

    # --- one unit ---

    def spawn(self, unit: int) -> bool:
        """Fork; False if there was nothing to fork with."""
        process = self._processes[unit]
        starts = process.behaviour.starts
        start = starts[process.attempts] if process.attempts < len(starts) else Start()
        process.attempts += 1
        if start.starved:
            return False
        process.alive, process.executed, process.asked, process.rest = True, False, 0, False
        if start.after is not None:
            kind = FactKind.UNSTARTABLE if start.code else FactKind.SPAWNED
            self.plan(self.now + start.after, Fact(kind, unit, start.code, process.attempts))
        return True

    def is_alive(self, unit: int) -> bool:
        return self._processes[unit].alive

    def was_executed(self, unit: int) -> bool:
        return self._processes[unit].executed

    def has_rest(self, unit: int) -> bool:
        return self._processes[unit].rest

    def ask(self, unit: int, signal: int) -> None:
        """Send the stop signal; a program that is not executed yet receives it when it is."""
        process = self._processes[unit]
        process.asked = signal
        if process.alive and process.executed:
            self._obey(unit, process)

    def _obey(self, unit: int, process: _Process) -> None:
        how = process.behaviour
        if how.stop_after is not None:
            code = 128 + process.asked if how.stop_code is None else how.stop_code
            self.plan(self.now + how.stop_after, Fact(FactKind.ENDED, unit, code, process.attempts))

    def kill(self, unit: int) -> None:
        """KILL the group."""
        process = self._processes[unit]
        if process.alive and not process.behaviour.stuck:
            self.plan(self.now, Fact(FactKind.ENDED, unit, KILLED, process.attempts))

    def kill_rest(self, unit: int) -> None:
        process = self._processes[unit]
        if process.rest and not process.behaviour.rest_stuck:
            self.plan(self.now, Fact(FactKind.REST_GONE, unit, None, process.attempts))

    def _execute(self, process: _Process, fact: Fact) -> bool:
        if not process.alive:
            return False
        process.executed = True
        if process.asked:
            self._obey(fact.unit, process)
        if process.behaviour.ready_after is not None:
            at = self.now + process.behaviour.ready_after
            self.plan(at, Fact(FactKind.NOTIFIED, fact.unit, Notice.READY, process.attempts))
        if process.behaviour.is_done_at_once:
            self.plan(self.now, Fact(FactKind.ENDED, fact.unit, 0, process.attempts))
        return True

    def _end(self, process: _Process, fact: Fact) -> bool:
        if not process.alive:
            return False
        process.alive = False
        rest = process.behaviour.rest
        process.rest = rest != 0 and process.executed
        if process.rest and rest is not None:
            self.plan(self.now + rest, Fact(FactKind.REST_GONE, fact.unit, None, process.attempts))
        return True

    def _lose_rest(self, process: _Process, fact: Fact) -> bool:
        had, process.rest = process.rest, False
        return had

    # --- errands ---

    def ask_errand(self, unit: int, kind: Errand, number: int) -> None:
        """An attempt begins; if it is answered at all, that comes as a fact."""
        answer = self._processes[unit].answers.get(kind, Answer())
        if answer.reply is not Reply.NEVER:
            self.plan(self.now + answer.after, Fact(FactKind.ANSWERED, unit, Attempt(kind, number, answer.reply)))

    def _turn(self, process: _Process, fact: Fact) -> bool:
        kind, answer = fact.value
        process.answers[kind] = answer
        return True

    def _notify(self, process: _Process, fact: Fact) -> bool:
        return process.alive and process.executed

    _COME_TRUE = {
        FactKind.SPAWNED: _execute,
        FactKind.UNSTARTABLE: _end,
        FactKind.ENDED: _end,
        FactKind.OOM_KILLED: _end,
        FactKind.TURNED: _turn,
        FactKind.NOTIFIED: _notify,
        FactKind.REST_GONE: _lose_rest,
    }

    # --- strays ---

    def has_strays(self) -> bool:
        return bool(self._strays)

    def sweep(self, *, kill: bool) -> None:
        """Signal every stray; each that obeys ends now."""
        fall = {Stray.HEEDS, Stray.IGNORES, Stray.FORKS} if kill else {Stray.HEEDS}
        for stray in self._strays:
            if stray in fall:
                self.plan(self.now, Fact(FactKind.STRAY_GONE, None, stray, instance=1))

    def lose_stray(self, fact: Fact) -> bool:
        """One stray ends; False if there is none such."""
        if fact.value not in self._strays:
            if fact.instance == 0:
                self.lost.append((self.now, fact))
            return False
        self._strays.remove(fact.value)
        if fact.value is Stray.FORKS:
            self._strays.append(Stray.IGNORES)
        return True
