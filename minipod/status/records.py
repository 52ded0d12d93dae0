"""What a status consists of: the v1 API's own parts as plain records.

Times are ns on one clock of the caller's choice, None where there is none. Nothing here knows a rule, a clock or JSON.
"""

from typing import NamedTuple

from minipod.supervisor.vocabulary import Kind


class Waiting(NamedTuple):
    """No program runs, and one is to come."""

    reason: str = ""
    message: str = ""


class Running(NamedTuple):
    """The program runs."""

    started_at: int | None = None


class Terminated(NamedTuple):
    """How an instance ended. ``exit_code`` is 128+N for signal N, which ``signal`` repeats."""

    exit_code: int
    reason: str = ""
    signal: int = 0
    message: str = ""
    started_at: int | None = None
    finished_at: int | None = None


State = Waiting | Running | Terminated


class Part(NamedTuple):
    """One container of a pod's spec."""

    name: str
    kind: Kind
    image: str = ""


class ContainerStatus(NamedTuple):
    """One container's status. ``state`` None: nothing is known. ``started`` None: nobody has said."""

    name: str
    state: State | None = None
    last_state: Terminated | None = None
    ready: bool = False
    started: bool | None = None
    restart_count: int = 0


class Condition(NamedTuple):
    """One condition of a pod. ``status`` is "True", "False" or "Unknown"."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition: int | None = None


class PodStatus(NamedTuple):
    """A pod's status. ``phase`` is Kubernetes' word; ``inits`` (sidecars among them) stand in the spec's order,
    ``mains`` sorted by name; None where nothing is known of any."""

    phase: str
    reason: str = ""
    message: str = ""
    conditions: tuple[Condition, ...] = ()
    inits: tuple[ContainerStatus, ...] | None = ()
    mains: tuple[ContainerStatus, ...] | None = ()
    start_time: int | None = None

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, if there is one."""
        return next((c for c in self.conditions if c.type == kind), None)


class PodInfo(NamedTuple):
    """What a listing shows of a pod besides its status. ``gates`` are the types of its readiness gates."""

    name: str
    parts: tuple[Part, ...]
    created_at: int | None = None
    deleted_at: int | None = None
    labels: tuple[tuple[str, str], ...] = ()
    gates: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    node: str = ""
    nominated_node: str = ""
