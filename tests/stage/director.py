"""Plays a scenario on the real core: makes its facts come true with real processes, moment by moment, one after the
other, and writes down what the core did as the simulator's report.

What is to happen is the simulator's own world, its agenda above all; what comes of it is the core's. Units are played
by puppets; ``stuck`` and ``starved`` are made at the core's seam, for a kernel that is well does neither. The director
must never know a state or a policy.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recorder import Recorder
from reference import breaths
from troupe import Body, Troupe

from minipod.model import Ask, Pod, Unit
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.supervisor.books import Report
from minipod.supervisor.scenario import Scenario
from minipod.supervisor.vocabulary import Errand, Handler, LifeEvent, PodEvent, WantEvent
from minipod.supervisor.world import KILLED, Answer, Fact, FactKind, Notice, Reply, Stray, World

LIFE, WANT, POD = range(3)  # the core's numbers of its machines
_MACHINES = {LifeEvent: LIFE, WantEvent: WANT, PodEvent: POD}
_NOT_DEADLY = {17, 18, 19, 20, 21, 22, 23, 28}
_DO, _HOLD = "=d", "=x"


class RealWorld(World):
    """The world's agenda; the director makes true what it plans."""

    def reply_of(self, unit: int, kind: Errand) -> Reply:
        """How an attempt that begins now will be answered."""
        return self._processes[unit].answers.get(kind, Answer()).reply


@dataclass
class Run:
    """One scenario played. ``cells``: machine number, state, event: how often entered."""

    report: Report
    cells: Counter = field(default_factory=Counter)
    lost_events: int = 0
    words: str = ""


@dataclass
class Programs:
    """The core on stage, and the puppet."""

    core: Path
    puppet: Path


class Director:
    """Plays one scenario in a folder of its own."""

    def __init__(self, scenario: Scenario, programs: Programs, folder: Path):
        self._scenario, self._programs, self._folder = scenario, programs, folder
        self.pod = cast(scenario.pod, folder)
        self.world = RealWorld(scenario.behaviours, scenario.strays)
        self.record = Recorder(self.pod, self.world)
        self.troupe = Troupe(self._hear)
        self.leaders: dict[int, Body] = {}
        self.attempts: dict[tuple[int, Errand], Attempt] = {}
        self.counts: Counter[tuple[int, Errand]] = Counter()
        self.units: dict[int, int] = {}  # pid of a leader or of what it left: its unit
        self.reaped: set[int] = set()
        self.rests_told: set[int] = set()  # by the pid of their leader
        self.heard: Counter[int] = Counter()
        self.ooms = 0

    def play(self) -> Run:
        """To its end, or as far as the scenario looks."""
        for at, fact in self._scenario.facts:
            self.world.plan(at, fact)
        words = self._folder / "words"
        try:
            self._open(words)
            self._run()
            code = self._close()
        finally:
            self.troupe.close()
        said = words.read_text(errors="replace")
        return Run(self.record.close(code), self.record.cells, self.record.lost_events, said)

    # --- time

    def _open(self, words: Path) -> None:
        plan = self._folder / "plan"
        plan.write_bytes(encode(lower(self.pod)))
        (self._folder / "bin").mkdir()
        for name in _names(self.pod):
            self._mend(name)
        strays = [stray.name for stray in self._scenario.strays]
        launch = [self._programs.puppet, "launch", *strays, "--", self._programs.core, "run", plan]
        self.troupe.open(launch, {"PATH": os.environ["PATH"]}, words)
        for number, _ in enumerate(strays):
            self._need(f"stray {number}", lambda: len(self._strays()) == len(strays))
        self.troupe.rest()
        self.record.end_turn()

    def _run(self) -> None:
        until = self._scenario.until
        while not self.troupe.has_left:
            moment, is_fact = self._next_moment()
            if moment is None or (until is not None and moment > until):
                return
            self.world.now = moment
            if is_fact:
                self.troupe.order(f"now {moment}")
                self._take(self.world.facts())
            else:
                self.troupe.order(f"now {moment}", "fire")
            self.troupe.rest()
            self.record.end_turn()

    def _next_moment(self) -> tuple[int | None, bool]:
        """Facts come before the timers of their moment; a timer may be armed for a moment that is over."""
        planned, timer = self.world.next_moment(), self.record.next_timer
        if timer is None or (planned is not None and planned <= timer):
            return planned, True
        return max(timer, self.world.now), False

    def _take(self, facts: Iterable[Fact]) -> None:
        """What comes in one breath is heard so; everything else one after the other, each until quiet."""
        for kind, together in breaths(facts):
            _TAKE[kind](self, together)
            self.troupe.rest()
            if self.troupe.has_left:
                return

    def _take_each(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            _ENACT[fact.kind](self, fact)
            self.troupe.rest()

    def _close(self) -> int | None:
        if not self.troupe.has_left:
            self.troupe.order("end")
            self.troupe.rest()
            return None
        return self.troupe.wait_end()

    def _need(self, what: str, comes: Callable[[], bool]) -> None:
        self.troupe.needs[what] = comes

    # --- what happens

    def _say(self, together: Iterable[Fact]) -> None:
        """A word to stop comes as a signal if it is alone: of two the kernel makes one."""
        facts = list(together)
        if [fact.value for fact in facts] == [PodEvent.TOLD]:
            self._need_step(POD, None, PodEvent.TOLD)
            os.kill(self.troupe.core_pid, signal.SIGTERM)
        else:
            self.troupe.order(*map(_post, facts))

    def _need_step(self, machine: int, unit: int | None, event: object) -> None:
        key = machine, unit, event.number
        before = self.record.steps[key]
        self._need(f"step {key}", lambda: self.record.steps[key] > before)

    def _need_reaped(self, body: Body) -> None:
        self._need(f"reaped {body.pid}", lambda: body.pid in self.reaped)

    def _execute(self, fact: Fact) -> None:
        body = self.leaders[fact.unit]
        self._need_step(LIFE, fact.unit, LifeEvent.SPAWNED)
        self._pass_gate(body)

    def _pass_gate(self, body: Body) -> None:
        body.tell("go")
        self._need(f"hello of {body.pid}", lambda: body.wire is not None)

    def _fail_start(self, fact: Fact) -> None:
        self._break(self.pod.units[fact.unit].name, self.leaders[fact.unit], is_there=fact.value == 126)

    def _break(self, name: str, body: Body, *, is_there: bool) -> None:
        """Its command cannot be executed; it is there, or is not."""
        path = self._folder / "bin" / name
        path.unlink()
        if is_there:
            path.touch(0o644)
        body.tell("go")
        self._need_reaped(body)
        self.troupe.rest()
        path.unlink(missing_ok=True)
        self._mend(name)

    def _mend(self, name: str) -> None:
        (self._folder / "bin" / name).symlink_to(self._programs.puppet)

    def _end(self, fact: Fact) -> None:
        body = self.leaders[fact.unit]
        code = KILLED if fact.kind is FactKind.OOM_KILLED else fact.value
        if fact.kind is FactKind.OOM_KILLED:
            self.ooms += 1
            self.troupe.order(f"oom {self.ooms}")
        if self.world.has_rest(fact.unit):
            self.units[self._leave_child(body).pid] = fact.unit
        if code == KILLED:
            body.kill()
        elif code > 128 and 0 < code - 128 < 65 and code - 128 not in _NOT_DEADLY:
            body.tell(f"signal {code - 128}")
        else:
            body.tell(f"exit {code}")
        self._need_reaped(body)

    def _leave_child(self, body: Body) -> Body:
        body.tell("fork")
        self._need(f"child of {body.pid}", lambda: self._child_of(body) is not None)
        self.troupe.rest()
        return self._child_of(body)

    def _child_of(self, body: Body) -> Body | None:
        return next((each for each in self.troupe.bodies.values() if each.words[:1] == (str(body.pid),)), None)

    def _end_rests(self, facts: Iterable[Fact]) -> None:
        """The core must not hear of one before the others are gone, too."""
        self.troupe.order("hold")
        self.troupe.rest()
        for fact in facts:
            body = self._child_of(self.leaders[fact.unit])
            body.end()
            self._need_reaped(body)
        self.troupe.order("release")

    def _end_stray(self, fact: Fact) -> None:
        body = next((each for each in self._strays() if self._kind(each) is fact.value), None)
        if not self.world.lose_stray(fact) or body is None:
            return
        if fact.value is Stray.FORKS:
            self._leave_child(body)
        body.kill()
        self._need_reaped(body)

    def _strays(self) -> list[Body]:
        """Those that live, of no unit."""
        bodies = self.troupe.bodies.values()
        return [each for each in bodies if each.pid not in self.reaped and self._kind(each) is not None]

    def _kind(self, body: Body) -> Stray | None:
        if body.role == "stray":
            return Stray[body.words[0]]
        is_left = body.role == "rest" and body.pid not in self.units
        return Stray.IGNORES if is_left else None

    def _notify(self, fact: Fact) -> None:
        self._speak(fact.unit, fact.value)

    def _speak(self, unit: int, notice: Notice) -> None:
        notify, body = self.pod.units[unit].notify, self.leaders[unit]
        if notify is None or (notify.fd is not None and notice is not Notice.READY):
            return
        before = self.heard[unit]
        self._need(f"{self.pod.units[unit].name} is heard", lambda: self.heard[unit] > before)
        body.tell(f"notify {notice.value}" if notify.fd is None else f"line {notify.fd}")

    def _answer(self, fact: Fact) -> None:
        kind, number, reply = fact.value.kind, fact.value.number, fact.value.reply
        attempt = self.attempts[fact.unit, kind]
        if attempt.number != number:
            return
        if attempt.body is None:
            self._pulse(fact.unit, reply)
        elif attempt.body.pid in self.reaped:
            return
        elif reply is Reply.ERROR:
            self._break(_errand_name(self.pod.units[fact.unit], kind), attempt.body, is_there=False)
        else:
            attempt.body.tell(f"exit {int(reply is Reply.BADLY)}")
            self._need_reaped(attempt.body)

    def _pulse(self, unit: int, reply: Reply) -> None:
        if self.world.is_alive(unit) and self.world.was_executed(unit):
            self._speak(unit, Notice.WATCHDOG if reply is Reply.WELL else Notice.TRIGGER)

    # --- what the core says

    def _hear(self, words: list[str]) -> str | None:
        heard = _HEAR.get(words[0])
        return heard(self, *map(int, words[1:])) if heard else self.record.note(words)

    def _may_fork(self, unit: int, errand: int) -> str:
        if errand < 0:
            return _DO if self.world.spawn(unit) else _HOLD
        self._begin_attempt(unit, list(Errand)[errand])
        return _DO

    def _begin_attempt(self, unit: int, kind: Errand) -> None:
        self.counts[unit, kind] += 1
        number = self.counts[unit, kind]
        self.attempts[unit, kind] = Attempt(number, self.world.reply_of(unit, kind))
        self.world.ask_errand(unit, kind, number)

    def _forked(self, unit: int, errand: int, pid: int) -> None:
        body = self.troupe.bodies.setdefault(pid, Body(pid))
        if errand < 0:
            self.leaders[unit] = body
            self.units[pid] = unit
        else:
            self.attempts[unit, list(Errand)[errand]].body = body
        self._need(f"{pid} is at its gate", lambda: body.gate is not None)
        self._admit(pid)

    def _admit(self, pid: int) -> None:
        """A probe's or hook's child comes to its program at once, unless it is one that cannot be asked."""
        for attempt in self.attempts.values():
            body = attempt.body
            if body and body.pid == pid and body.gate and not attempt.is_admitted and attempt.reply is not Reply.ERROR:
                attempt.is_admitted = True
                self._pass_gate(body)

    def _watch(self, unit: int, errand: int) -> None:
        if list(Errand)[errand] is Errand.WATCHDOG:
            self._begin_attempt(unit, Errand.WATCHDOG)

    def _may_kill(self, pid: int, number: int) -> str:
        """A KILL comes when the world says so, that is in its order of things: at once, or never if it is stuck."""
        return _HOLD if number == signal.SIGKILL and not self._is_errand(abs(pid)) else _DO

    def _is_errand(self, pid: int) -> bool:
        return any(attempt.body and attempt.body.pid == pid for attempt in self.attempts.values())

    def _killed(self, target: int, number: int, result: int) -> None:
        body = self.troupe.bodies.get(abs(target))
        if result < 0 or body is None:
            return
        if body.wire and number not in (signal.SIGKILL, signal.SIGCONT) and body.pid not in self.reaped:
            self._need_signal(body, number)
        if self._is_errand(body.pid):
            self._need_reaped(body)
        elif body.pid in self.units:
            self._signal_unit(self.units[body.pid], body, number)
        elif self._kind(body) is not None:
            self._signal_stray(self._kind(body), number)

    def _need_signal(self, body: Body, number: int) -> None:
        key = body.pid, number
        self._need(f"{body.pid} got {number}", lambda: self.troupe.signals[key] > 0 or body.pid in self.reaped)

    def _signal_unit(self, unit: int, body: Body, number: int) -> None:
        is_leader = body is self.leaders[unit]
        if number == signal.SIGKILL and self.world.is_alive(unit) and is_leader:
            self.record.note_sent(unit, "kill")
            self.world.kill(unit)
        elif number == signal.SIGKILL and self.world.has_rest(unit):
            self._note_rest(unit)
            self.world.kill_rest(unit)
        elif is_leader and number == self.pod.units[unit].stop_signal and self.world.is_alive(unit):
            self.record.note_sent(unit, "stop")
            self.world.ask(unit, number)

    def _note_rest(self, unit: int) -> None:
        """It is told at each look, which is more often than it matters."""
        leader = self.leaders[unit].pid
        if leader not in self.rests_told:
            self.rests_told.add(leader)
            self.record.note_sent(unit, "kill rest")

    def _signal_stray(self, kind: Stray, number: int) -> None:
        heeds = kind is Stray.HEEDS and number == signal.SIGTERM
        if heeds or (number == signal.SIGKILL and kind is not Stray.STUCK):
            self.world.plan(self.world.now, Fact(FactKind.STRAY_GONE, None, kind, instance=1))

    def _sweep(self, number: int) -> None:
        self.record.note_sent(None, "kill strays" if number == signal.SIGKILL else "stop strays")

    def _heard(self, unit: int) -> None:
        self.heard[unit] += 1


@dataclass
class Attempt:
    """The latest attempt of an errand. ``body``: its process, if it has one."""

    number: int
    reply: Reply
    body: Body | None = None
    is_admitted: bool = False


_ENACT: Mapping[FactKind, Callable[[Director, Fact], None]] = {
    FactKind.SPAWNED: Director._execute,
    FactKind.UNSTARTABLE: Director._fail_start,
    FactKind.ENDED: Director._end,
    FactKind.OOM_KILLED: Director._end,
    FactKind.STRAY_GONE: Director._end_stray,
    FactKind.ANSWERED: Director._answer,
    FactKind.NOTIFIED: Director._notify,
    FactKind.TURNED: lambda director, fact: None,
}
_TAKE: Mapping[FactKind | None, Callable[[Director, Iterable[Fact]], None]] = {
    None: Director._take_each,
    FactKind.SAID: Director._say,
    FactKind.REST_GONE: Director._end_rests,
}
_HEAR: Mapping[str, Callable[..., str | None]] = {
    "fork?": Director._may_fork,
    "forked": Director._forked,
    "gate": Director._admit,
    "watch": Director._watch,
    "kill?": Director._may_kill,
    "killed": Director._killed,
    "sweep": Director._sweep,
    "heard": Director._heard,
    "reaped": lambda director, pid: director.reaped.add(pid),
}


def _post(fact: Fact) -> str:
    return f"post {_MACHINES[type(fact.value)]} {-1 if fact.unit is None else fact.unit} {fact.value.number}"


# --- the pod, with puppets for programs ---


def _errand_name(unit: Unit, kind: Errand) -> str:
    return f"{unit.name}.{kind.word}"


def _names(pod: Pod) -> list[str]:
    return [name for u in pod.units for name in (u.name, *(_errand_name(u, kind) for kind in Errand))]


def cast(pod: Pod, folder: Path) -> Pod:
    """The same pod, whose commands are puppets in the folder's ``bin``."""
    return pod._replace(units=tuple(_cast_unit(unit, folder / "bin") for unit in pod.units))


_KEYS = {
    Errand.STARTUP: "startup_probe", Errand.LIVENESS: "liveness_probe", Errand.READINESS: "readiness_probe",
    Errand.POST_START: "post_start", Errand.PRE_STOP: "pre_stop",
}


def _cast_unit(unit: Unit, folder: Path) -> Unit:
    own = {"command": (str(folder / unit.name), "unit")}
    for kind, key in _KEYS.items():
        task = getattr(unit, key)
        command = (str(folder / _errand_name(unit, kind)), "errand")
        if isinstance(task, Ask):
            own[key] = _cast_ask(task, command)
        elif task is not None:
            own[key] = task._replace(ask=_cast_ask(task.ask, command))
    return unit._replace(**own)


def _cast_ask(ask: Ask, command: tuple[str, ...]) -> Ask:
    return ask if ask.handler is Handler.SLEEP else ask._replace(handler=Handler.EXEC, command=command)
