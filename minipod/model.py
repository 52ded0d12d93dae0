"""The model: one pod as the config means it, complete and checked. Every default stands here and nowhere else.

Times are nanoseconds. Nothing here knows TOML, bytes or the system; ``config`` builds it, ``reaper.lower`` reads it.
(Named tuples: see ``reaper.records``.)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from minipod.secret import Secret
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


class EnvSource(NamedTuple):
    """A variable, or a whole set of them, whose value is known only where the pod runs, or that no plan may hold.

    ``kind``: "secret" (``key`` of the Secret ``object``), "secrets" (all of its keys), "field" (``key`` is the path of
    a manifest's field, as status.podIP), "limit" (``key`` as limits.cpu, in units of ``divisor``), "file" (the variable
    ``key`` in the file ``path`` of the volume ``object``, read at each start), "env_file" (the lines of ``path``),
    "directory" (each file of ``path``), "secret_file" (the whole of ``path``, handed over by ``to``: env or fd).
    ``name`` is the variable, of a set the prefix. ``default``: the value when it is optional and missing; None for no
    such variable. ``value``, ``values``: what a Secret of the same manifest has, by key.
    """

    kind: str
    name: str
    object: str = ""
    key: str = ""
    path: str = ""
    divisor: str = "1"
    is_optional: bool = False
    is_secret: bool = False
    default: str | None = None
    value: Secret | None = None
    values: tuple[tuple[str, Secret], ...] = ()
    to: str = "env"

    @property
    def is_set(self) -> bool:
        """Whether it gives as many variables as there are."""
        return self.kind in ("secrets", "env_file", "directory")


class VolumeFile(NamedTuple):
    """One file of a volume: its ``content``, or where that comes from. ``path`` is relative, without ``..``; of a whole
    Secret it is the directory of its keys.

    ``copy_of``: an absolute path that is read where the pod runs: of a file, or of a directory whose files are then
    files below ``path``, those that begin with ``..`` left out; with ``is_optional`` it may be missing. What
    ``is_secret`` is on no disk.
    """

    path: str
    mode: int
    content: bytes | None = None
    source: EnvSource | None = None
    copy_of: str = ""
    is_optional: bool = False
    is_secret: bool = False


class Volume(NamedTuple):
    """A directory that units share. ``kind``: "empty_dir" (``medium`` "" or "Memory", at most ``size_limit`` bytes, 0
    for any), "host_path" (``path``, which must be what ``check`` names, as Directory), "files" (``files``, and "Memory"
    as ``medium`` where they shall be on no disk). ``group``: the number of the group that it belongs to, and what is
    made in it; never of a host_path."""

    name: str
    kind: str
    medium: str = ""
    size_limit: int = 0
    mode: int = 0o777
    path: str = ""
    check: str = ""
    files: tuple[VolumeFile, ...] = ()
    group: int | None = None


class Mount(NamedTuple):
    """Where a unit sees a volume. ``sub_path``: only that part of it, relative and without ``..``; ``expands``: the
    $(VAR) in it are the unit's variables, looked up where the pod runs."""

    volume: str
    path: str
    sub_path: str = ""
    read_only: bool = False
    expands: bool = False


class Limit(NamedTuple):
    """A limit of a unit's processes, in the kernel's own units. None: as it is; ``rights.UNLIMITED``: none."""

    soft: int | None = None
    hard: int | None = None


class Capabilities(NamedTuple):
    """Names without CAP_, or ALL. What is dropped and added, too, is had."""

    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()


class Image(NamedTuple):
    """What the config of an image says of the programs that are run from it; no word of it is ever replaced."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    env: Mapping[str, str] = EMPTY
    user: str = ""
    group: str = ""


class Unit(NamedTuple):
    """One program. ``restart`` is always, on_failure or never.

    ``env_from`` comes before ``env``: a later name wins. ``unstartable_code``: the exit code of a start that failed,
    which then is a failure like any other; None: it ends the pod. ``follows``: the unit whose start must be over first,
    whatever came of it. ``groups`` come besides ``group``; ``member_groups``: it is in those of /etc/group, too,
    None: unless ``group`` is given beside ``user``. ``not_root``: it fails to start rather than as root.
    ``read_only``: it cannot write to the root file system, where that can be had.
    ``tty``: minipod's terminal is its own; ``own_terminal``: it gets one that nobody else has.
    ``message_own``: it gets a file of its own for its termination message; ``message_from_log``: the last lines stand
    in for one, when it failed and left none.
    """

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
    own_terminal: bool = False
    restart_rules: tuple[RestartRule, ...] = ()
    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    post_start: Ask | None = None
    pre_stop: Ask | None = None
    notify: Notify | None = None
    watchdog: int | None = None
    start_timeout: int | None = None
    env_from: tuple[EnvSource, ...] = ()
    mounts: tuple[Mount, ...] = ()
    unstartable_code: int | None = None
    follows: str | None = None
    groups: tuple[str, ...] = ()
    member_groups: bool | None = None
    limits: Mapping[str, Limit] = EMPTY
    nice: int | None = None
    oom_score_adj: int | None = None
    no_new_privileges: bool = False
    read_only: bool = False
    capabilities: Capabilities = Capabilities()
    not_root: bool = False
    termination_message_path: str = ""
    message_own: bool = False
    message_from_log: bool = False
    labels: Mapping[str, str] = EMPTY
    image: str = ""

    @property
    def member(self) -> Member:
        """What order needs to know of it."""
        return Member(self.name, self.kind, self.after, self.follows)


class Pod(NamedTuple):
    """A whole pod. ``units``: inits and sidecars in file order, then services in file order.

    ``hosts``: lines for /etc/hosts, an address and its names each. ``hostname``: "" for the one that is there.
    """

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
    volumes: tuple[Volume, ...] = ()
    hosts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hostname: str = ""


def default_restart(kind: Kind, *, is_main: bool) -> str:
    """The restart policy of a TOML unit that names none, in a pod that names none (DESIGN.md section 4)."""
    return "never" if kind is Kind.INIT or is_main else "always"
