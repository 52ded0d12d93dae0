"""What PID 1 says of a running pod, as plain records: more than a status needs, for whoever explains one.

Times are ns since 1970, None where there is none. Nothing here knows a rule, a clock, JSON or a socket.
"""

from typing import NamedTuple

from minipod.status.pod import PodRecord
from minipod.status.records import PodInfo, Terminated
from minipod.status.states import UnitRecord


class ProbeView(NamedTuple):
    """What one probe has said. ``last`` None: nothing yet; ``run``: equal answers in a row; ``why``: the last one's."""

    state: str = "off"
    last: bool | None = None
    run: int = 0
    why: str = ""
    asked_at: int | None = None
    answers: int = 0
    failures: int = 0
    errors: int = 0
    latency: int | None = None


class Wait(NamedTuple):
    """Somebody whom a unit waits for, and what that must have reached: "started", "ready", "completed", "gone".
    ``end``: how that one ended, if it is over."""

    unit: str
    milestone: str
    end: Terminated | None = None


class Sickness(NamedTuple):
    """Why an instance is being stopped, or the last one was: ``by`` "liveness probe" and the like, and its words."""

    by: str
    failures: int
    why: str


class LogView(NamedTuple):
    """What became of a unit's lines."""

    mode: str = "prefix"
    file: str = ""
    bytes: int = 0
    lines: int = 0
    dropped: int = 0


class UnitView(NamedTuple):
    """One unit. ``raw_code``: of its last end, before exit_codes; ``left_behind``: processes that it left then.
    ``probes`` by "startup", "liveness", "readiness", "watchdog"; ``unhealthy``: which of them, or hook, ends or has
    ended its instance."""

    record: UnitRecord
    pid: int | None = None
    streak: int = 0
    raw_code: int | None = None
    left_behind: int = 0
    waits_for: tuple[Wait, ...] = ()
    probes: tuple[tuple[str, ProbeView], ...] = ()
    unhealthy: Sickness | None = None
    status_text: str = ""
    errno: int = 0
    main_pid: int | None = None
    deadline_at: int | None = None
    log: LogView = LogView()
    image: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return self.record.name

    def probe(self, kind: str) -> ProbeView | None:
        """The probe of this kind, if the unit has one."""
        return dict(self.probes).get(kind)


class VolumeView(NamedTuple):
    """What units share. ``path``: where it is, "" as long as it is not prepared."""

    name: str
    kind: str
    path: str


class PodView(NamedTuple):
    """A whole pod at the moment ``now``. ``next_event``: the number of the first event that it does not know of.
    ``message``: why the pod ends, once that is fixed; ``told_by``: the signal that said so; ``decided_by``: the
    unit whose code it is; ``stop_by``: when all is gone at the latest; ``is_mounted``: units see volumes by mounts, not
    links."""

    record: PodRecord
    info: PodInfo
    units: tuple[UnitView, ...]
    now: int
    next_event: int = 0
    phase: str = ""
    reason: str = ""
    message: str = ""
    told_by: str = ""
    decided_by: str = ""
    stop_by: int | None = None
    main: str = ""
    pid: int | None = None
    is_frozen: bool = False
    orphans_reaped: int = 0
    dropped_lines: int = 0
    impossible_events: int = 0
    version: str = ""
    plan_digest: str = ""
    volumes: tuple[VolumeView, ...] = ()
    is_mounted: bool = False

    def unit(self, name: str) -> UnitView | None:
        """The unit of this name, if there is one."""
        return next((unit for unit in self.units if unit.name == name), None)
