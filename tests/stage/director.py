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
from dataclasses import dataclass
from pathlib import Path

from asking import Asking, RealWorld, make_targets
from casting import asked_by, cast, command_names, errand_name
from recorder import Recorder
from reference import breaths
from troupe import Body, Troupe

from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.supervisor.books import Report
from minipod.supervisor.scenario import Scenario
from minipod.supervisor.vocabulary import Handler, LifeEvent, PodEvent, WantEvent
from minipod.supervisor.world import KILLED, Fact, FactKind, Notice, Reply, Stray

LIFE, WANT, POD = range(3)  # the core's numbers of its machines
_MACHINES = {LifeEvent: LIFE, WantEvent: WANT, PodEvent: POD}
_NOT_DEADLY = {17, 18, 19, 20, 21, 22, 23, 28}
_DO, _HOLD = "=d", "=x"


@dataclass
class Run:
    """One scenario played. ``cells``: how often each was entered, by machine, state, event; ``attempts``: how often was
    asked, by unit and errand, but for sleeps; ``words``: what the core said on its standard streams."""

    report: Report
    cells: Counter
    attempts: Counter
    lost_events: int
    words: str


@dataclass
class Programs:
    """The core on stage, and the puppet."""

    core: Path
    puppet: Path


class Director:
    """Plays one scenario in a folder of its own. ``handler``: how probes and hooks are asked, where it can be."""

    def __init__(self, scenario: Scenario, programs: Programs, folder: Path, handler: Handler = Handler.EXEC):
        self._scenario, self._programs, self._folder = scenario, programs, folder
        self.troupe = Troupe(self._hear)
        self.world = RealWorld(scenario.behaviours, scenario.strays)
        names = [unit.name for unit in scenario.pod.units]
        asked = [] if handler is Handler.EXEC else asked_by(scenario.pod, handler)
        self._targets = make_targets(names, asked, handler, self.troupe.watch)
        asks = {(names[unit], kind): target.ask for (unit, kind), target in self._targets.items()}
        self.pod = cast(scenario.pod, folder / "bin", asks)
        self.asking = Asking(self.world, self.troupe, self._targets)
        self.record = Recorder(self.pod, self.world)
        self.leaders: dict[int, Body] = {}
        self.units: dict[int, int] = {}  # pid of a leader or of what it left: its unit
        self.rests_told: set[int] = set()  # by the pid of their leader
        self.heard: Counter[int] = Counter()
        self.ready: set[int] = set()  # pids that said something of themselves
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
            for target in self._targets.values():
                target.close()
            self.troupe.close()
        said = words.read_text(errors="replace")
        return Run(self.record.close(code), self.record.cells, self.asking.counts, self.record.lost_events, said)

    # --- time

    def _open(self, words: Path) -> None:
        plan = self._folder / "plan"
        plan.write_bytes(encode(lower(self.pod)))
        (self._folder / "bin").mkdir()
        for name in command_names(self.pod):
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
        self._need(f"reaped {body.pid}", lambda: body.is_reaped)

    def _execute(self, fact: Fact) -> None:
        body = self.leaders[fact.unit]
        self._need_step(LIFE, fact.unit, LifeEvent.SPAWNED)
        self.troupe.pass_gate(body)

    def _fail_start(self, fact: Fact) -> None:
        self._break(self.pod.units[fact.unit].name, self.leaders[fact.unit], is_there=fact.value == 126)

    def _break(self, name: str, body: Body, *, is_there: bool) -> None:
        """Its command cannot be executed; it is there, or is not. Whoever tries next waits until it can."""
        self.asking.is_barred = True
        path = self._folder / "bin" / name
        path.unlink()
        if is_there:
            path.touch(0o644)
        body.tell("go")
        self._need_reaped(body)
        self.troupe.rest()
        path.unlink(missing_ok=True)
        self._mend(name)
        self.asking.unbar()

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
        return [each for each in bodies if not each.is_reaped and self._kind(each) is not None]

    def _kind(self, body: Body) -> Stray | None:
        if body.role == "stray":
            return Stray[body.words[0]]
        is_left = body.role == "rest" and body.pid not in self.units
        return Stray.IGNORES if is_left else None

    def _notify(self, fact: Fact) -> None:
        self._speak(fact.unit, fact.value)

    def _speak(self, unit: int, notice: Notice) -> None:
        """A descriptor is good for one line of one meaning; after that nobody reads it."""
        notify, body = self.pod.units[unit].notify, self.leaders[unit]
        if notify is None or (notify.fd is not None and (notice is not Notice.READY or body.pid in self.ready)):
            return
        self.ready.add(body.pid)
        before = self.heard[unit]
        self._need(f"{self.pod.units[unit].name} is heard", lambda: self.heard[unit] > before)
        body.tell(f"notify {notice.value}" if notify.fd is None else f"line {notify.fd}")

    def _answer(self, fact: Fact) -> None:
        kind, reply = fact.value.kind, fact.value.reply
        asked = self.asking.due(fact.unit, fact.value)
        if asked is None:
            return
        if asked.target is not None:
            self.asking.answer_at(asked, well=reply is Reply.WELL)
        elif asked.body is None:
            self._pulse(fact.unit, reply)
        elif reply is Reply.ERROR:
            self._break(errand_name(self.pod.units[fact.unit], kind), asked.body, is_there=False)
        else:
            asked.body.tell(f"exit {int(reply is Reply.BADLY)}")
            self._need_reaped(asked.body)

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
        self.asking.begin(unit, errand)
        return _DO

    def _forked(self, unit: int, errand: int, pid: int) -> None:
        body = self.troupe.bodies.setdefault(pid, Body(pid))
        if errand < 0:
            self.leaders[unit] = body
            self.units[pid] = unit
        else:
            self.asking.set_body(unit, errand, body)
        self._need(f"{pid} is at its gate", lambda: body.gate is not None or body.is_reaped)
        self.asking.admit(pid)

    def _may_dial(self, unit: int, errand: int) -> str:
        self.asking.dial(unit, errand)
        return _DO

    def _may_kill(self, pid: int, number: int) -> str:
        """A KILL comes when the world says so, that is in its order of things: at once, or never if it is stuck."""
        return _HOLD if number == signal.SIGKILL and not self.asking.has(abs(pid)) else _DO

    def _killed(self, target: int, number: int, result: int) -> None:
        body = self.troupe.bodies.get(abs(target))
        if result < 0 or body is None:
            return
        if body.wire and number not in (signal.SIGKILL, signal.SIGCONT) and not body.is_reaped:
            self._need_signal(body, number)
        if self.asking.has(body.pid):
            self._need_reaped(body)
        elif body.pid in self.units:
            self._signal_unit(self.units[body.pid], body, number)
        elif self._kind(body) is not None:
            self._signal_stray(self._kind(body), number)

    def _need_signal(self, body: Body, number: int) -> None:
        key = body.pid, number
        self._need(f"{body.pid} got {number}", lambda: self.troupe.signals[key] > 0 or body.is_reaped)

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

    def _reaped(self, pid: int) -> None:
        if pid in self.troupe.bodies:
            self.troupe.bodies[pid].is_reaped = True
        self.asking.lose(pid)
        if pid in self.units:
            self.asking.silence(self.units[pid])


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
    "gate": lambda director, pid: director.asking.admit(pid),
    "watch": lambda director, unit, errand: director.asking.watch(unit, errand),
    "dial?": Director._may_dial,
    "over": lambda director, unit, errand: director.asking.finish(unit, errand),
    "kill?": Director._may_kill,
    "killed": Director._killed,
    "sweep": Director._sweep,
    "heard": Director._heard,
    "reaped": Director._reaped,
}


def _post(fact: Fact) -> str:
    return f"post {_MACHINES[type(fact.value)]} {-1 if fact.unit is None else fact.unit} {fact.value.number}"
