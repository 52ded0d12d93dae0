"""The simulator's books: the tables it runs, what it knows of each unit, and what it reports. Data only."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minipod.model import Unit
from minipod.supervisor import backoff, fate, lifecycle, order, phase, roles, verdict, want
from minipod.supervisor.fate import Fate
from minipod.supervisor.pod import CAUSE, POD, Cause
from minipod.supervisor.table import Machine
from minipod.supervisor.verdict import Verdicts
from minipod.supervisor.vocabulary import (
    Direction,
    ExitClass,
    Kind,
    Life,
    Milestone,
    Outcome,
    Phase,
    PodEvent,
    Standing,
    StopScope,
    Want,
)


@dataclass(frozen=True)
class Tables:
    """The policy to run: by default the real one; the mutation test passes others."""

    life: Machine = lifecycle.LIFECYCLE
    want: Machine = want.WANT
    pod: Machine = POD
    verdict: Verdicts = field(default_factory=lambda: verdict.VERDICT)
    fate: Mapping[Standing, Mapping[Outcome, Fate]] = field(default_factory=lambda: fate.FATE)
    cause: Mapping[PodEvent, Cause] = field(default_factory=lambda: CAUSE)
    phase: Sequence[Phase] = phase.PHASE


TABLES = Tables()


@dataclass
class Report:
    """What became of a pod. Times are ns since its start.

    ``timeline`` holds every change of a lifecycle's or the pod's state, ``sent`` the signals that minipod chose to
    send, ``lost`` the given facts that had nobody to happen to, ``cells`` how often each cell of a table was looked up.
    ``exit_code`` is None while the pod lives.
    """

    timeline: list[tuple[int, str, str]] = field(default_factory=list)
    sent: list[tuple[int, str, str]] = field(default_factory=list)
    phases: list[tuple[int, Phase]] = field(default_factory=list)
    exit_code: int | None = None
    reason: str | None = None
    codes: dict[str, int | None] = field(default_factory=dict)
    outcomes: dict[str, Outcome | None] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    impossible: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    cells: Counter = field(default_factory=Counter)


class UnitBook:
    """What is known of one unit. Times are ns since the pod's start; codes are those after ``exit_codes``."""

    def __init__(self, at: int, plan: Unit, main: str | None):
        self.at, self.plan, self.name, self.kind = at, plan, plan.name, plan.kind
        self.rule = roles.rule_of(plan.kind, plan.restart)
        self.standing = roles.standing_of(plan.kind, is_main=plan.name == main, essential=plan.essential)
        self.ladder = backoff.ladder(plan.backoff.initial, plan.backoff.max)
        self.rest_grace = plan.termination_grace_period if plan.stop_to is StopScope.GROUP else 0
        self.life, self.want = Life.HELD, Want.UP
        self.waits = dict.fromkeys(Direction, 0)
        self.edges: list[order.Edge] = []
        self.reached: set[Milestone] = set()
        self.code: int | None = None
        self.exit_class = ExitClass.FAIL  # of an instance that never was: it has not succeeded
        self.outcome: Outcome | None = None
        self.instances = 0
        self.streak = 0  # restarts by policy since the back-off was reset
        self.started_at = self.ended_at = 0
        self.deadline_hit = self.dependency_failed = self.checks_rest = False

    @property
    def has_started(self) -> bool:
        return Milestone.STARTED in self.reached

    @property
    def has_begun(self) -> bool:
        """It ran, or tried to."""
        return self.has_started or self.code is not None

    @property
    def is_over(self) -> bool:
        return self.life is Life.ENDED

    @property
    def is_service(self) -> bool:
        return self.kind is Kind.SERVICE
