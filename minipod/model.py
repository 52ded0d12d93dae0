"""The model: one pod as the config means it, complete and checked. Every default stands here and nowhere else.

Times are nanoseconds. Nothing here knows TOML, bytes or the system; ``config`` builds it, ``reaper.lower`` reads it.
(Named tuples: see ``reaper.records``.)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from minipod.supervisor import backoff, budget
from minipod.supervisor.order import Member
from minipod.supervisor.words import Handler, Kind, LogMode, Milestone, Overflow, SignalVerb, StdinMode, StopScope

TERM = 15
EMPTY: Mapping = MappingProxyType({})


class Backoff(NamedTuple):
    """Delays between restarts: 0, ``initial``, doubled up to ``max``; a run longer than ``reset_after`` starts anew."""

    initial: int = backoff.INITIAL
    max: int = backoff.CAP
    reset_after: int = backoff.RESET_AFTER


class SignalRule(NamedTuple):
    """What to do with one received signal. ``to`` names units; empty means every running one."""

    verb: SignalVerb
    send: int = 0
    to: tuple[str, ...] = ()


class Ask(NamedTuple):
    """What a probe or a hook does. ``handler`` says which of the other fields count.

    EXEC: ``command``. HTTP_GET: ``scheme`` (http or https), ``host``, ``port``, ``path``, ``headers`` (in their order,
    a name may come twice). TCP_SOCKET: ``host``, ``port``. GRPC: ``host``, ``port``, ``service``. SLEEP: ``sleep`` in
    ns.
    """

    handler: Handler
    command: tuple[str, ...] = ()
    scheme: str = "http"
    host: str = "127.0.0.1"
    port: int = 0
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    service: str = ""
    sleep: int = 0


class Probe(NamedTuple):
    """A startup, liveness or readiness probe; times in ns (spec.md section 6.1). No grace: the unit's own."""

    ask: Ask
    initial_delay: int = 0
    period: int = 10 * backoff.SECOND
    timeout: int = 1 * backoff.SECOND
    success_threshold: int = 1
    failure_threshold: int = 3
    termination_grace_period: int | None = None


class RestartRule(NamedTuple):
    """What exit codes do that ``restart`` would not (KEP-5307, KEP-5532). ``codes``: as ``exit_codes`` leaves them."""

    codes: tuple[int, ...]
    negated: bool = False
    restart_all: bool = False


class Notify(NamedTuple):
    """How the program says that it is ready: by sd_notify's socket, or a line written to the descriptor ``fd``."""

    fd: int | None = None


class Log(NamedTuple):
    """What becomes of what a unit writes. ``file``: a path, "" for minipod's own stdout and stderr; one file holds
    ``max_size`` bytes (0: any number), ``keep`` older ones stay beside it."""

    mode: LogMode = LogMode.PREFIX
    overflow: Overflow = Overflow.BLOCK
    file: str = ""
    max_size: int = 10 * 1024 * 1024
    keep: int = 5


class Control(NamedTuple):
    """Where the pod is asked and told. ``socket``: a path, "" for the first place that can be had. ``listen``: a
    numeric address and a port where health and metrics are served to anybody."""

    enabled: bool = True
    socket: str = ""
    listen: tuple[str, int] | None = None


class Unit(NamedTuple):
    """One program. ``restart`` is always, on_failure or never."""

    name: str
    kind: Kind
    command: tuple[str, ...]
    restart: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = EMPTY
    working_dir: str = ""
    user: str = ""
    group: str = ""
    umask: int | None = None
    after: Mapping[str, Milestone] = EMPTY
    essential: bool = False
    backoff: Backoff = Backoff()
    max_restarts: int | None = None
    deadline: int | None = None
    stop_signal: int = TERM
    stop_to: StopScope = StopScope.GROUP
    termination_grace_period: int = budget.GRACE
    exit_codes: Mapping[int, int] = EMPTY
    stdin: StdinMode = StdinMode.NULL
    log: Log = Log()
    tty: bool = False
    restart_rules: tuple[RestartRule, ...] = ()
    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    post_start: Ask | None = None
    pre_stop: Ask | None = None
    notify: Notify | None = None
    watchdog: int | None = None
    start_timeout: int | None = None

    @property
    def member(self) -> Member:
        """What order needs to know of it."""
        return Member(self.name, self.kind, self.after)


class Pod(NamedTuple):
    """A whole pod. ``units``: inits and sidecars in file order, then services in file order."""

    name: str
    units: tuple[Unit, ...]
    labels: Mapping[str, str] = EMPTY
    env: Mapping[str, str] = EMPTY
    main: str | None = None
    deadline: int | None = None
    termination_grace_period: int = budget.GRACE
    signals: Mapping[int, SignalRule] = EMPTY
    termination_message_path: str = ""
    log: Log = Log()
    control: Control = Control()


def default_restart(kind: Kind, *, is_main: bool) -> str:
    """The restart policy of a TOML unit that names none, in a pod that names none (DESIGN.md section 4)."""
    return "never" if kind is Kind.INIT or is_main else "always"
