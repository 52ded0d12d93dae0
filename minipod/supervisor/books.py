"""The simulator's books: the tables it runs, what it knows of each unit, and what it reports. Data only."""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from minipod.model import Unit
from minipod.supervisor import backoff, budget, fate, lifecycle, order, phase, probes, roles, verdict, want
from minipod.supervisor.errands import Assignment, assignments, exit_classes, exit_codes, start_failure
from minipod.supervisor.fate import Fate
from minipod.supervisor.pod import CAUSE, POD, Cause
from minipod.supervisor.table import Machine
from minipod.supervisor.takeover import TAKEOVER, Takeover
from minipod.supervisor.verdict import Verdicts
from minipod.supervisor.vocabulary import (
    Before,
    Change,
    Direction,
    Errand,
    ExitClass,
    Kind,
    Life,
    Milestone,
    Outcome,
    Phase,
    PodEvent,
    Probe,
    Standing,
    Want,
)

_CLASSES = tuple(ExitClass)


@dataclass(frozen=True)
class Tables:
    """The policy to run: by default the real one; the mutation test passes others."""

    life: Machine = lifecycle.LIFECYCLE
    want: Machine = want.WANT
    pod: Machine = POD
    startup: Machine = probes.STARTUP
    liveness: Machine = probes.LIVENESS
    readiness: Machine = probes.READINESS
    verdict: Verdicts = field(default_factory=lambda: verdict.VERDICT)
    fate: Mapping[Standing, Mapping[Outcome, Fate]] = field(default_factory=lambda: fate.FATE)
    cause: Mapping[PodEvent, Cause] = field(default_factory=lambda: CAUSE)
    phase: Sequence[Phase] = phase.PHASE
    takeover: Mapping[Change, Mapping[Before, Takeover]] = field(default_factory=lambda: TAKEOVER)

    @functools.cached_property
    def machines(self) -> dict[str, Machine]:
        """By name, as the core has them: the watchdog is a second liveness probe."""
        own = (self.life, self.want, self.pod, self.startup, self.liveness, self.readiness)
        return {machine.name: machine for machine in own} | {Errand.WATCHDOG.word: self.liveness}


TABLES = Tables()


@dataclass
class Report:
    """What became of a pod. Times are ns since its start.

    ``timeline`` holds every change of a lifecycle's or the pod's state, ``flags`` those of a unit's (started, ready),
    ``sent`` the signals that minipod chose to send, ``lost`` the given facts that had nobody to happen to, ``cells``
    how often each cell of a table was looked up.
    ``exit_code`` is None while the pod lives.
    """

    timeline: list[tuple[int, str, str]] = field(default_factory=list)
    sent: list[tuple[int, str, str]] = field(default_factory=list)
    phases: list[tuple[int, Phase]] = field(default_factory=list)
    exit_code: int | None = None
    reason: str | None = None
    flags: list[tuple[int, str, tuple[bool, bool]]] = field(default_factory=list)
    reasons: dict[str, str | None] = field(default_factory=dict)
    codes: dict[str, int | None] = field(default_factory=dict)
    outcomes: dict[str, Outcome | None] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    impossible: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    cells: Counter = field(default_factory=Counter)


class End(NamedTuple):
    """How an instance ended; times in ns since the pod's start."""

    code: int
    reason: str
    began_at: int
    ended_at: int


@dataclass
class ErrandBook:
    """What is known of one errand. ``attempt`` counts all there were; ``run`` equal answers in a row."""

    plan: Assignment
    attempt: int = 0
    is_busy: bool = False
    run: int = 0
    last: bool = False
    tries: int = 0
    tried_at: int = 0

    @property
    def kind(self) -> Errand:
        return self.plan.kind


class UnitBook:
    """What is known of one unit. Times are ns since the pod's start; codes are those after ``exit_codes``."""

    def __init__(self, at: int, plan: Unit, main: str | None):
        self.at, self.plan, self.name, self.kind = at, plan, plan.name, plan.kind
        self.rule = roles.rule_of(plan.kind, plan.restart)
        self.standing = roles.standing_of(plan.kind, is_main=plan.name == main, essential=plan.essential)
        self.ladder = backoff.ladder(plan.backoff.initial, plan.backoff.max)
        self.rest_grace = budget.rest_grace(plan.stop_to)
        self.unstartable_class = start_failure(plan)
        self.start_code: int | None = None  # 127 or 126, of a start that failed
        self._codes, self._classes = exit_codes(plan), exit_classes(plan)
        self.errands = {task.kind: ErrandBook(task) for task in assignments(plan)}
        self.life, self.want = Life.HELD, Want.UP
        self.probes = dict.fromkeys(probes.PROBES, Probe.OFF)
        self.waits = dict.fromkeys(Direction, 0)
        self.edges: list[order.Edge] = []
        self.reached: set[Milestone] = set()
        self.code: int | None = None
        self.exit_class = ExitClass.FAIL  # of an instance that never was: it has not succeeded
        self.outcome: Outcome | None = None
        self.end_before: End | None = None  # of the instance before the last one that ended
        self.ended_began_at = 0
        self.instances = 0
        self.streak = 0  # restarts by policy since the back-off was reset
        self.started_at = self.ended_at = 0
        self.stop_grace = self.grace_left = self.stop_began = 0
        self.deadline_hit = self.dependency_failed = self.checks_rest = False
        self.begun = self.begun_in_round = self.in_round = self.awaits_round = False
        self.started = self.ready = self.sick = self.oom = self.notified = self.unwell = self.triggered = False

    def end(self, raw: int, now: int) -> None:
        """An instance ended that ran; ``raw`` is 128+N for a signal."""
        code = self._codes[raw]
        sick = ExitClass.SICK if code else ExitClass.SICK_OK
        self.note_end(code, sick if self.sick else _CLASSES[self._classes[raw]], now)

    def note_end(self, code: int, exit_class: ExitClass, now: int) -> None:
        """An instance ended, or could not be executed."""
        self.end_before = self.last_end
        self.code, self.exit_class = code, exit_class
        self.ended_began_at, self.ended_at = self.started_at, now
        if now - self.started_at > self.plan.backoff.reset_after:
            self.streak = 0

    @property
    def last_end(self) -> End | None:
        return None if self.code is None else End(self.code, self.reason, self.ended_began_at, self.ended_at)

    @property
    def reason(self) -> str | None:
        """Of its last end, in Kubernetes' words; None if there was none."""
        if self.oom:
            return verdict.OOM_REASON
        if self.code is None and self.exit_class is not ExitClass.DEPENDENCY:
            return None
        return verdict.reason_of(self.exit_class, self.code)

    @property
    def is_over(self) -> bool:
        return self.life is Life.ENDED

    @property
    def is_service(self) -> bool:
        return self.kind is Kind.SERVICE
