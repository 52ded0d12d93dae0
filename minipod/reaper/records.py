"""A plan as plain records, before it is bytes and after: numbers are resolved, texts and lists stand where they
are meant.

Names are those of ``csrc/plan_layout.h``, times are nanoseconds, units are positions in ``Plan.units``. None stands for
PLAN_NONE. Nothing here decides anything. (Named tuples: a dataclass costs ten times as much to define, and a container
waits for it.)
"""

from typing import NamedTuple

from minipod.secret import Secret
from minipod.supervisor.budget import Slice
from minipod.supervisor.order import Edge
from minipod.supervisor.words import (
    Control,
    Errand,
    ExitClass,
    Handing,
    Handler,
    Kind,
    Lack,
    LogMode,
    Origin,
    Overflow,
    PathCheck,
    Rule,
    SignalVerb,
    Standing,
    StdinMode,
    StopScope,
    VolumeKind,
)

Variables = tuple[tuple[str, str], ...]
# What every plan begins with, and no text file does.
MAGIC = b"minipod\n"


class PlanRefused(Exception):
    """The core would not run these bytes. The text is the core's own clause: "it is cut short"."""


class Exits(NamedTuple):
    """By raw exit code 0..255: what it becomes, and what it means (numbers of ``ExitClass``)."""

    codes: bytes
    classes: bytes


class SignalRule(NamedTuple):
    """What to do with one signal; no ``targets`` means every running unit."""

    verb: SignalVerb
    send: int = 0
    targets: tuple[int, ...] = ()


class Task(NamedTuple):
    """A probe or a hook of one unit: ``struct plan_errand``. ``headers`` are whole lines, each with its CR LF."""

    kind: Errand
    handler: Handler
    argv: tuple[str, ...] = ()
    host: str = ""
    path: str = ""
    authority: str = ""
    headers: str = ""
    delay_ns: int = 0
    period_ns: int = 0
    timeout_ns: int = 0
    grace_ns: int = 0
    last_grace_ns: int = 0
    success_threshold: int = 1
    failure_threshold: int = 1
    port: int = 0
    exact: bool = False


class Source(NamedTuple):
    """What PID 1 reads for a unit's environment: ``struct plan_source``. ``secret`` is of SECRET alone,
    ``volume`` a name."""

    origin: Origin
    name: str = ""
    path: str = ""
    key: str = ""
    fallback: str = ""
    secret: Secret | None = None
    divisor: int = 0
    volume: str | None = None
    lack: Lack = Lack.FAILS
    handing: Handing = Handing.ENVIRONMENT
    chomp: bool = False


class Log(NamedTuple):
    """What becomes of what a unit writes: ``struct plan_log``."""

    mode: LogMode
    overflow: Overflow
    file: str
    max_size: int
    keep: int


class Limit(NamedTuple):
    """A limit of a unit's processes: ``struct plan_limit``. None: it stays as it was."""

    name: str
    resource: int
    soft: int | None
    hard: int | None


class Rights(NamedTuple):
    """What a unit's processes may do and use: ``struct plan_rights``. ``nice`` and ``oom_score_adj`` are as they are
    called, None is minipod's own."""

    dropped: int = 0
    added: int = 0
    added_names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    member_groups: bool = True
    limits: tuple[Limit, ...] = ()
    nice: int | None = None
    oom_score_adj: int | None = None
    no_new_privileges: bool = False
    not_root: bool = False


class File(NamedTuple):
    """A file of a volume: ``struct plan_file``. ``content``: of a copy the path that it is read from; of a secret that
    is none, a Secret."""

    path: str
    content: bytes | Secret
    mode: int
    is_copy: bool = False
    is_optional: bool = False
    is_secret: bool = False


class Volume(NamedTuple):
    """A directory that units share: ``struct plan_volume``."""

    name: str
    kind: VolumeKind
    path: str = ""
    check: PathCheck = PathCheck.ANYTHING
    in_memory: bool = False
    size_limit: int = 0
    mode: int = 0o777
    group: int | None = None
    files: tuple[File, ...] = ()


class Mount(NamedTuple):
    """Where a unit sees a volume, which is named: ``struct plan_mount``."""

    path: str
    volume: str
    sub_path: str = ""
    read_only: bool = False
    expands: bool = False


class Unit(NamedTuple):
    """One unit. ``errands`` are sorted by kind, each kind at most once. ``rights``: None for just minipod's own."""

    name: str
    argv: tuple[str, ...]
    command_count: int
    rank: int
    env: Variables
    sources: tuple[Source, ...]
    working_dir: str
    user: str
    group: str
    delays: tuple[int, ...]
    exits: Exits
    umask: int | None
    max_restarts: int | None
    kind: Kind
    rule: Rule
    standing: Standing
    unstartable_class: ExitClass
    unstartable_code: int
    stop_signal: int
    stop_scope: StopScope
    stdin_mode: StdinMode
    leave_rest: bool
    tty: bool
    tty_optional: bool
    forward_scope: StopScope
    keep_session: bool
    ask_rest: bool
    read_only: bool
    notify_socket: bool
    notify_fd: int | None
    errands: tuple[Task, ...]
    mounts: tuple[Mount, ...]
    log: Log
    grace_ns: int
    rest_grace_ns: int
    deadline_ns: int
    reset_ns: int
    rights: Rights | None = None
    message_path: str = ""
    message_own: bool = False
    message_from_log: bool = False
    own_terminal: bool = False
    labels: Variables = ()
    image: str = ""


class Plan(NamedTuple):
    """A whole plan. ``edges`` are sorted by ``first``; ``rules`` has one entry for each signal 0..64."""

    name: str
    termination_message: str
    default_path: str
    control: Control
    control_path: str
    listen_host: str
    listen_port: int
    own_log: LogMode
    labels: Variables
    env: Variables
    main_unit: int | None
    args_unit: int | None
    exact_env: bool
    leave_others: bool
    start_once: bool
    plain_hangup: bool
    deadline_ns: int
    budget_ns: int
    retry_ns: int
    term_floor_ns: int
    round_floor_ns: int
    usage_ns: int
    eviction_ns: int
    margin: Slice
    sidecars: Slice
    turn: Slice
    hosts: str
    hostname: str
    volumes: tuple[Volume, ...]
    units: tuple[Unit, ...]
    edges: tuple[Edge, ...]
    rules: tuple[SignalRule, ...]
