"""The reference simulator: a whole pod over the policy tables, on a virtual clock. Pure; it must hold no policy.

It is the executable statement of what the core does with the same tables. Where several readings are possible:

* One turn takes all facts of one instant in their given order, puts them in the queue and runs the queue until it is
  empty; the core may run it between two facts of a turn. Timers come after the facts of the same instant, one by one,
  each with an empty queue before it: so a program that obeys in the very moment its grace ends counts as obedient, and
  a timer never fires in a state that disarms it.
* The end of a leader comes after what was heard of it before: whatever is in the queue runs first, so that a program
  that was executed has started, however short it lived.
* A child that is killed before its exec cannot be told from a program that began and was killed: it was executed,
  with 137. Only an exec that failed is a command that could not be executed.
* A run's length counts from the fork to the leader's end; the delay of a back-off counts from that end too, whatever
  the rest of the group needs to go (spec.md section 5).
* ``exit_codes`` maps what a program returned, not 127/126 of one that never ran.
* "Restarts" are instances after the first, whoever wanted them; ``max_restarts`` counts those of the policy alone.
* A new instance does not pay for a deadline that ran out while somebody stopped the one before by hand.
* The truth (DESIGN.md section 6): main's code if there is a main; else that of the first service in file order that has
  one other than 0; else 143 if a service was never started; else 0. A leader that KILL could not end counts as 137.
* A main that ended for good without ever running has no code; that of the first unit to blame stands for it.
* Phase and exit code cannot disagree: a pod that is over has Succeeded when its code is 0, else Failed.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from minipod.model import Pod
from minipod.supervisor import (  # noqa: F401
    budget,
    deeds,
    deeds_plan,
    deeds_probe,
    deeds_round,
    deeds_time,
    happening,
    order,
)
from minipod.supervisor.books import TABLES, ErrandBook, Report, Tables, UnitBook
from minipod.supervisor.deed import DEEDS
from minipod.supervisor.facts import bits_of
from minipod.supervisor.phase import PhaseBit, key_of
from minipod.supervisor.pod import UNDECIDED_CODE
from minipod.supervisor.probes import PROBES
from minipod.supervisor.table import CellKind
from minipod.supervisor.verdict import OUTCOME_EVENT, OUTCOME_MILESTONE
from minipod.supervisor.vocabulary import (
    Action,
    Budget,
    Direction,
    Errand,
    ExitClass,
    Life,
    LifeEvent,
    PodEvent,
    ProbeEvent,
    Source,
    WantEvent,
    Word,
)
from minipod.supervisor.vocabulary import Pod as PodState
from minipod.supervisor.world import KILLED, Behaviour, Fact, Stray, World

assert set(DEEDS) == set(Action), "every action has its deed"
# Far above any honest scenario: a table that goes round in circles must end too.
MOST_IN_A_MOMENT = 3_000
MOST_WITHOUT_LIMIT = 20_000
LIFE, WANT, POD = "lifecycle", "want", "pod"
Timer = tuple[Word, "int | None"]
Watch = Callable[["Simulation"], None] | None


class Simulation:
    """One pod in one fake world. Build it, ``run`` it once, read its report."""

    def __init__(
        self, plan: Pod, behaviours: Sequence[Behaviour], strays: Sequence[Stray], tables: Tables,
        watch: Watch = None, newcomers: Sequence[str] = (),
    ):
        """``newcomers``: units that later plans alone have; their behaviours follow those of the plan's."""
        self.plan, self.tables, self.report, self._watch = plan, tables, Report(), watch
        self.world = World(behaviours, strays)
        self.units = [UnitBook(at, unit, plan.main) for at, unit in enumerate(plan.units)]
        names = [*(unit.name for unit in plan.units), *newcomers]
        self.places = {name: at for at, name in enumerate(names)}  # in the world: a name's for good
        self.slots: list[UnitBook | None] = [*self.units, *[None] * len(newcomers)]
        self.change: deeds_plan.Pending | None = None
        self.queue: deque[tuple[str, UnitBook | None, Word]] = deque()
        self.timers: dict[Timer, tuple[int, int]] = {}
        self._armed = self._steps = self._total = 0
        self.state, self.pod_event, self.cause = PodState.RUNNING, None, None
        self.pod_event_of: UnitBook | None = None
        self.culprit: UnitBook | None = None
        self.limits: budget.Limits | None = None
        self.grace = plan.termination_grace_period
        self.stop_began = 0
        self.errand_at: ErrandBook | None = None
        self.round_began = self.awaited = 0
        self.left = False
        self.open_books()
        self.connect()

    def connect(self) -> None:
        """Who waits for whom, as at the start."""
        for unit in self.units:
            unit.edges, unit.waits = [], dict.fromkeys(Direction, 0)
        for edge in order.edges([u.member for u in self.plan.units]):
            first, second = self.units[edge.first], self.units[edge.second]
            first.edges.append(edge._replace(first=first.at, second=second.at))
            second.waits[edge.direction] += 1
        for unit in self.units:
            unit.waits_at_first = dict(unit.waits)

    @property
    def services(self) -> list[UnitBook]:
        return [u for u in self.units if u.is_service]

    @property
    def main(self) -> UnitBook | None:
        return next((u for u in self.units if u.name == self.plan.main), None)

    def open_books(self) -> None:
        """As nothing has ended yet."""
        self.services_left, self.services_failed, self.units_left = len(self.services), 0, len(self.units)
        self.blamed: UnitBook | None = None

    @property
    def now(self) -> int:
        return self.world.now

    # --- time ---

    def run(self, facts: Iterable[tuple[int, Fact]], until: int | None = None) -> Report:
        """Play until the pod is over, nothing more can happen, or the moment ``until`` (ns) has passed."""
        for at, fact in facts:
            self.world.plan(at, fact)
        self._begin()
        while not self.left:
            moment = self._next_moment()
            if moment is None or (until is not None and moment > until):
                break
            self._steps *= moment == self.now
            self.world.now = moment
            self._turn()
            if until is None and self._total > MOST_WITHOUT_LIMIT:
                raise RuntimeError("it does not come to rest: say until when to look")
        self._close()
        return self.report

    def _begin(self) -> None:
        if self.plan.deadline is not None:
            self.arm((PodEvent.POD_DEADLINE, None), self.plan.deadline)
        for unit in self.units:
            if unit.waits[Direction.START] == 0:
                self.post_want(unit, WantEvent.CLEAR)
        self._settle_down()

    def _next_moment(self) -> int | None:
        timer = min(self.timers.values(), default=None)
        planned = self.world.next_moment()
        if timer is None or (planned is not None and planned <= timer[0]):
            return planned
        return timer[0]

    def _turn(self) -> None:
        if self.world.next_moment() == self.now:
            for fact in self.world.facts():
                happening.take(self, fact)
        else:
            self._fire(min(self.timers, key=self.timers.__getitem__))
        self._settle_down()

    def _fire(self, timer: Timer) -> None:
        del self.timers[timer]
        event, at = timer
        if at is None:
            self.post_pod(event)
        elif isinstance(event, Errand):
            deeds_probe.due(self, self.slots[at], event)
        else:
            self.post_life(self.slots[at], event)

    def arm(self, timer: Timer, when: int) -> None:
        self._armed += 1
        self.timers[timer] = (max(when, self.now), self._armed)

    def disarm(self, timer: Timer) -> None:
        self.timers.pop(timer, None)

    def armed_at(self, timer: Timer) -> int | None:
        return self.timers[timer][0] if timer in self.timers else None

    # --- steps ---

    def post_life(self, unit: UnitBook, event: LifeEvent) -> None:
        self.queue.append((LIFE, unit, event))

    def post_life_first(self, unit: UnitBook, event: LifeEvent) -> None:
        """Before all that waits: what it answers must not be taken for something else meanwhile."""
        self.queue.appendleft((LIFE, unit, event))

    def post_want(self, unit: UnitBook, event: WantEvent) -> None:
        self.queue.append((WANT, unit, event))

    def post_probe(self, unit: UnitBook, kind: Errand, event: ProbeEvent) -> None:
        self.queue.append((kind.word, unit, event))

    def post_pod(self, event: PodEvent, by: UnitBook | None = None) -> None:
        """``by``: the unit whose end is the event, if it is one's."""
        self.queue.append((POD, by, event))

    def drained(self, unit: UnitBook) -> None:
        """Nothing of the instance is left."""
        unit.checks_rest = False
        self.post_life(unit, LifeEvent.DRAINED)

    def step_all(self) -> None:
        """Run the queue until it is empty."""
        while self.queue:
            self._step(*self.queue.popleft())

    def _settle_down(self) -> None:
        self.step_all()
        deeds_plan.turn(self)
        self._note_phase()
        if self._watch is not None:
            self._watch(self)

    def _step(self, machine: str, by: UnitBook | None, event: Word) -> None:
        unit = None if machine == POD else by
        self._count_step()
        state = self._state(machine, unit)
        cell = self.tables.machines[machine].rows[state][event]
        self.report.cells[machine, state, event] += 1
        if cell.kind is CellKind.IMPOSSIBLE:
            self._note_impossible(f"{unit.name if unit else 'pod'}: {event.word} in {state.word}")
        elif cell.kind is CellKind.ACTS:
            self._enter(machine, unit, cell.next)
            if unit is None:
                self.pod_event, self.pod_event_of = event, by
            elif machine in _PROBES:
                self.errand_at = unit.errands.get(_PROBES[machine])
            for action in cell.actions:
                DEEDS[action](self, unit)

    def _count_step(self) -> None:
        self._steps += 1
        self._total += 1
        if self._steps > MOST_IN_A_MOMENT:
            raise RuntimeError("the tables go round in circles")

    def _state(self, machine: str, unit: UnitBook | None) -> Word:
        if unit is None:
            return self.state
        if machine in _PROBES:
            return unit.probes[_PROBES[machine]]
        return unit.life if machine == LIFE else unit.want

    def _enter(self, machine: str, unit: UnitBook | None, state: Word) -> None:
        if machine == WANT:
            unit.want = state
        elif machine in _PROBES:
            unit.probes[_PROBES[machine]] = state
        elif state is not self._state(machine, unit):
            self.report.timeline.append((self.now, unit.name if unit else POD, state.word))
            if unit is None:
                self.state = state
            else:
                unit.life = state

    def flag(self, unit: UnitBook, **flags: bool) -> None:
        """Set ``started`` or ``ready``."""
        before = unit.started, unit.ready
        for name, value in flags.items():
            setattr(unit, name, value)
        if (unit.started, unit.ready) != before:
            self.report.flags.append((self.now, unit.name, (unit.started, unit.ready)))

    def _note_impossible(self, what: str) -> None:
        self.report.impossible.append(what)

    def note_sent(self, unit: UnitBook | None, what: str) -> None:
        self.report.sent.append((self.now, unit.name if unit else "pod", what))

    def judge(self, unit: UnitBook) -> None:
        """Look up what the unit's last instance means, and queue it."""
        spent = unit.plan.max_restarts is not None and unit.streak >= unit.plan.max_restarts
        if unit.deadline_hit:
            unit.exit_class = ExitClass.DEADLINE
        elif unit.dependency_failed:
            unit.exit_class = ExitClass.DEPENDENCY
        judged = unit.unstartable_class if unit.exit_class is ExitClass.UNSTARTABLE else unit.exit_class
        key = unit.rule, unit.want, judged, Budget.SPENT if spent else Budget.LEFT
        self.report.cells["verdict", key] += 1
        unit.outcome = self.tables.verdict[key]
        self.post_life(unit, OUTCOME_EVENT[unit.outcome])

    def settle(self, unit: UnitBook) -> None:
        """What the unit's end means to the pod."""
        self.report.cells["fate", unit.standing, unit.outcome] += 1
        entry = self.tables.fate[unit.standing][unit.outcome]
        if not entry.possible:
            self._note_impossible(f"{unit.name}: {unit.outcome.word} is no end of a {unit.standing.word}")
            return
        milestone = OUTCOME_MILESTONE[unit.outcome]
        if milestone is not None:
            deeds.reach(self, unit, milestone)
        for action in entry.actions:
            DEEDS[action](self, unit)
        if entry.event is not None:
            self.post_pod(entry.event, by=unit)

    # --- what it comes to ---

    def exit_code(self) -> int:
        """The pod's exit code as things stand; a cause must be fixed."""
        self.report.cells["cause", self.cause] += 1
        cause = self.tables.cause[self.cause]
        return _SOURCE[cause.source](self) or cause.if_zero

    def _code_of(self, unit: UnitBook | None) -> int | None:
        if unit is None:
            return None
        if self.world.is_alive(unit.at) and unit.life is not Life.DRAINING:
            return KILLED
        return unit.start_code if unit.exit_class is ExitClass.UNSTARTABLE else unit.code

    def _mains_code(self) -> int:
        code = self._code_of(self.main)
        if code is None:
            code = self._code_of(self.blamed)
        return UNDECIDED_CODE if code is None else code

    def _truth(self) -> int:
        if self.main is not None:
            code = self._code_of(self.main)
            return UNDECIDED_CODE if code is None else code
        codes = [self._code_of(u) for u in self.services]
        return next(filter(None, codes), UNDECIDED_CODE if None in codes else 0)

    def phase_bits(self) -> frozenset[PhaseBit]:
        """The facts that the pod's phase follows from."""
        code = None if self.cause is None else self.exit_code()
        return bits_of(self.units, exit_code=code, is_over=self.state is PodState.OVER)

    def _note_phase(self) -> None:
        key = key_of(self.phase_bits())
        self.report.cells["phase", key] += 1
        now = self.tables.phase[key]
        if not self.report.phases or self.report.phases[-1][1] is not now:
            self.report.phases.append((self.now, now))

    def _close(self) -> None:
        report = self.report
        report.lost = [f"{fact.kind.value} at {at}" for at, fact in self.world.lost]
        if self.left:
            report.exit_code = self.exit_code()
            report.reason = self.tables.cause[self.cause].reason
        for unit in self.units:
            report.codes[unit.name] = unit.code
            report.reasons[unit.name] = unit.reason
            report.outcomes[unit.name] = unit.outcome if unit.is_over else None
            report.restarts[unit.name] = max(unit.instances - 1, 0)


_PROBES = {kind.word: kind for kind in PROBES}
_SOURCE = {
    Source.NOBODY: lambda sim: 0,
    Source.MAIN: Simulation._mains_code,
    Source.BLAMED: lambda sim: sim._code_of(sim.blamed) or 0,
    Source.CULPRIT: lambda sim: sim._code_of(sim.culprit) or 0,
    Source.TRUTH: Simulation._truth,
}


def simulate(plan: Pod, behaviours: Sequence[Behaviour], facts: Iterable[tuple[int, Fact]], *,
             strays: Sequence[Stray] = (), until: int | None = None, tables: Tables = TABLES,
             watch: Watch = None, newcomers: Sequence[str] = ()) -> Report:
    """Play one pod. ``facts`` are (moment in ns, fact), those of one moment in their order; ``watch`` is called with
    the simulation after each turn. RuntimeError if the tables never come to rest."""
    return Simulation(plan, behaviours, strays, tables, watch, newcomers).run(facts, until)
