"""One unit's probes, ticked by hand: the machines of an engine's tables, and as much of the core as they need.

Time is counted in ticks: whoever waits for the next attempt is due at the next tick, whoever waits for the first one as
soon as the instance is old enough. It must never decide what an answer means: the machines do.
"""

from collections import deque
from collections.abc import Collection

from engines import Engine

from minipod.supervisor.table import CellKind, Machine
from minipod.supervisor.vocabulary import Action, Errand, Probe, ProbeEvent

_ANSWERS = {"success": True, "warning": True, "failure": False, "unknown": False}
_GATED = (Errand.LIVENESS, Errand.READINESS)


class Ticker:
    """One unit's probes. ``needed``: success and failure thresholds; ``delay``: seconds before the first attempt."""

    def __init__(self, engine: Engine, probes: Collection[Errand], needed: tuple[int, int] = (1, 1), delay: float = 0):
        tables = engine.tables
        self.machines: dict[Errand, Machine] = {
            Errand.STARTUP: tables.startup, Errand.LIVENESS: tables.liveness, Errand.READINESS: tables.readiness,
        }
        self.probes, self.needed, self.delay = frozenset(probes), needed, delay
        self.states = dict.fromkeys(self.machines, Probe.OFF)
        self.first = dict.fromkeys(self.machines, False)  # its next attempt is its first
        self.run = dict.fromkeys(self.machines, 0)
        self.last: dict[Errand, str | None] = dict.fromkeys(self.machines)
        self.started = self.ready = self.unhealthy = False
        self._queue: deque[tuple[Errand, ProbeEvent]] = deque()

    def renew(self) -> None:
        """A new instance is there; what was said of the one before does not count."""
        self.unhealthy = False

    def begin(self) -> None:
        """The instance is up."""
        self._tell(Errand.STARTUP, ProbeEvent.BEGIN if Errand.STARTUP in self.probes else ProbeEvent.ABSENT)

    def end(self) -> None:
        """The instance is gone."""
        for kind in self.machines:
            self._tell(kind, ProbeEvent.GONE)

    def stop(self) -> None:
        """The instance is being stopped."""
        for kind in self.machines:
            self._tell(kind, ProbeEvent.STOPPING)

    def hear(self, kind: Errand, event: ProbeEvent) -> None:
        """An attempt is made and comes to this, if it is this probe's time."""
        self._tell(kind, ProbeEvent.DUE)
        self._tell(kind, event)

    def tick(self, kind: Errand, outcome: str, age: float) -> None:
        """A period has passed, the instance is ``age`` seconds old; an attempt would come out so."""
        if self.states[kind] is not Probe.REST or (self.first[kind] and int(age) < self.delay):
            return
        self._tell(kind, ProbeEvent.DUE)
        self._tell(kind, self._count(kind, outcome))

    def _count(self, kind: Errand, outcome: str) -> ProbeEvent:
        if outcome not in _ANSWERS:
            return ProbeEvent.COUNTED  # an error, after a few tries
        well = _ANSWERS[outcome]
        self.run[kind] = self.run[kind] + 1 if self.run[kind] and self.last[kind] is well else 1
        self.last[kind] = well
        if self.run[kind] < self.needed[0 if well else 1]:
            return ProbeEvent.COUNTED
        return ProbeEvent.PASSED if well else ProbeEvent.FAILED

    def _tell(self, kind: Errand, event: ProbeEvent) -> None:
        self._queue.append((kind, event))
        while self._queue:
            self._step(*self._queue.popleft())

    def _step(self, kind: Errand, event: ProbeEvent) -> None:
        cell = self.machines[kind].cell(self.states[kind], event)
        if cell.kind is not CellKind.ACTS:
            return
        self.states[kind] = cell.next
        for action in cell.actions:
            self._do(kind, action)

    def _do(self, kind: Errand, action: Action) -> None:
        if action in (Action.ARM_FIRST, Action.ARM_NEXT):
            self.first[kind] = action is Action.ARM_FIRST
        elif action is Action.FORGET_RUN:
            self.run[kind] = 0
        elif action is Action.TELL_UNHEALTHY:
            self.unhealthy = True
        elif action in (Action.MARK_READY, Action.MARK_UNREADY):
            self.ready = action is Action.MARK_READY
        elif action is Action.MARK_UNSTARTED:
            self.started = False
        elif action is Action.MARK_STARTED:
            self.started = True
            for other in _GATED:
                self._queue.append((other, ProbeEvent.BEGIN if other in self.probes else ProbeEvent.ABSENT))
