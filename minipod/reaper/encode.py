"""Records to bytes: the only place that writes a plan. Sizes and offsets come from the core's own header through cffi.

Equal texts and equal lists are stored once. It must never leave anything out: ``decode(encode(plan)) == plan``.
"""

from collections.abc import Iterable

from minipod.reaper.layout import ffi, lib
from minipod.reaper.pools import Blob, Lists
from minipod.reaper.records import (
    MAGIC,
    Exits,
    File,
    Limit,
    Log,
    Mount,
    Plan,
    PlanRefused,
    Rights,
    SignalRule,
    Source,
    Task,
    Unit,
    Volume,
)
from minipod.secret import Secret
from minipod.supervisor.order import Edge

# The elements of each array in C; the blob's are bytes.
ELEMENTS = {
    lib.PLAN_UNITS: "struct plan_unit",
    lib.PLAN_EDGES: "struct plan_edge",
    lib.PLAN_WORDS: "struct plan_string",
    lib.PLAN_VARIABLES: "struct plan_variable",
    lib.PLAN_EXITS: "struct plan_exit",
    lib.PLAN_DELAYS: "uint64_t",
    lib.PLAN_RULES: "struct plan_rule",
    lib.PLAN_TARGETS: "uint32_t",
    lib.PLAN_ERRANDS: "struct plan_errand",
    lib.PLAN_RIGHTS: "struct plan_rights",
    lib.PLAN_LIMITS: "struct plan_limit",
    lib.PLAN_VOLUMES: "struct plan_volume",
    lib.PLAN_FILES: "struct plan_file",
    lib.PLAN_MOUNTS: "struct plan_mount",
    lib.PLAN_SOURCES: "struct plan_source",
    lib.PLAN_SECRETS: "uint8_t",
    lib.PLAN_BLOB: "uint8_t",
}
ALIGNMENT = 8


class Arrays:
    """Everything of a plan but its header."""

    def __init__(self, plan: Plan) -> None:
        self.blob = Blob()
        self.words = Lists(self.blob.add)
        self.variables = Lists(lambda pair: {"name": self.blob.add(pair[0]), "value": self.blob.add(pair[1])})
        self.exits = bytearray()
        self.delays = Lists(int)
        self.targets = Lists(int)
        self.errands: list[dict] = []
        self.rights: list[dict] = []
        self.limits = Lists(self.limit)
        self.volumes: list[dict] = []
        self.files: list[dict] = []
        self.mounts: list[dict] = []
        self.volume_at = {volume.name: at for at, volume in enumerate(plan.volumes)}
        self.sources: list[dict] = []
        self.secrets = bytearray()
        self._exit_maps: dict[Exits, int] = {}

    def unit(self, unit: Unit, index: int, edges: dict[str, int]) -> dict:
        """A ``struct plan_unit``, in the order of units; ``edges`` is its run."""
        return {
            "name": self.blob.add(unit.name),
            "argv": self.words.add(unit.argv),
            "command_count": unit.command_count,
            "rank": unit.rank,
            "env": self.variables.add(unit.env),
            "sources": self.source_run(unit.sources),
            "working_dir": self.blob.add(unit.working_dir),
            "user": self.blob.add(unit.user),
            "group": self.blob.add(unit.group),
            "edges": edges,
            "delays": self.delays.add(unit.delays),
            "exit_map": self.exit_map(unit.exits),
            "umask": _or_none(unit.umask),
            "max_restarts": _or_none(unit.max_restarts),
            "kind": unit.kind.number,
            "rule": unit.rule.number,
            "standing": unit.standing.number,
            "unstartable_class": unit.unstartable_class.number,
            "unstartable_code": unit.unstartable_code,
            "stop_signal": unit.stop_signal,
            "stop_scope": unit.stop_scope.number,
            "stdin_mode": unit.stdin_mode.number,
            "leave_rest": unit.leave_rest,
            "tty": unit.tty,
            "tty_optional": unit.tty_optional,
            "forward_scope": unit.forward_scope.number,
            "keep_session": unit.keep_session,
            "ask_rest": unit.ask_rest,
            "read_only": unit.read_only,
            "notify_socket": unit.notify_socket,
            "notify_fd": _or_none(unit.notify_fd),
            "errands": self.errand_run(unit.errands, index),
            "rights": self.add_rights(unit.rights),
            "message_path": self.blob.add(unit.message_path),
            "message_own": unit.message_own,
            "message_from_log": unit.message_from_log,
            "own_terminal": unit.own_terminal,
            "mounts": self.mount_run(unit.mounts),
            "labels": self.variables.add(unit.labels),
            "image": self.blob.add(unit.image),
            "log": self.log(unit.log),
            "grace_ns": unit.grace_ns,
            "rest_grace_ns": unit.rest_grace_ns,
            "deadline_ns": unit.deadline_ns,
            "reset_ns": unit.reset_ns,
        }

    def log(self, log: Log) -> dict:
        """A ``struct plan_log``."""
        return {
            **log._asdict(),
            "mode": log.mode.number,
            "overflow": log.overflow.number,
            "file": self.blob.add(log.file),
        }

    def add_rights(self, rights: Rights | None) -> int:
        """Which of the rights these are."""
        if rights is None:
            return lib.PLAN_NONE
        from minipod.supervisor.rights import NICE, OOM_SCORE  # many pods have none

        made = {
            **rights._asdict(),
            "added_names": self.words.add(rights.added_names),
            "groups": self.words.add(rights.groups),
            "limits": self.limits.add(rights.limits),
            "nice": lib.PLAN_NONE if rights.nice is None else rights.nice - NICE.start,
            "oom_score_adj": lib.PLAN_NONE if rights.oom_score_adj is None else rights.oom_score_adj - OOM_SCORE.start,
        }
        self.rights.append(made)
        return len(self.rights) - 1

    def limit(self, limit: Limit) -> dict:
        """A ``struct plan_limit``."""
        return {
            "name": self.blob.add(limit.name),
            "resource": limit.resource,
            "soft": limit.soft or 0,
            "hard": limit.hard or 0,
            "keeps_soft": limit.soft is None,
            "keeps_hard": limit.hard is None,
        }

    def errand_run(self, tasks: tuple[Task, ...], unit: int) -> dict[str, int]:
        """A ``struct plan_run``, never shared."""
        first = len(self.errands)
        self.errands += [self.errand(task, unit) for task in tasks]
        return {"first": first, "count": len(tasks)}

    def errand(self, task: Task, unit: int) -> dict:
        """A ``struct plan_errand``."""
        return {
            **task._asdict(),
            "unit": unit,
            "kind": task.kind.number,
            "handler": task.handler.number,
            "argv": self.words.add(task.argv),
            **{name: self.blob.add(getattr(task, name)) for name in ("host", "path", "authority", "headers")},
        }

    def mount_run(self, mounts: tuple[Mount, ...]) -> dict[str, int]:
        """A ``struct plan_run``, never shared."""
        first = len(self.mounts)
        self.mounts += [
            {
                **mount._asdict(),
                "path": self.blob.add(mount.path),
                "sub_path": self.blob.add(mount.sub_path),
                "volume": self.volume_at[mount.volume],
            }
            for mount in mounts
        ]
        return {"first": first, "count": len(mounts)}

    def volume(self, volume: Volume) -> dict:
        """A ``struct plan_volume``, in their order."""
        first = len(self.files)
        self.files += map(self.file, volume.files)
        return {
            **volume._asdict(),
            "name": self.blob.add(volume.name),
            "path": self.blob.add(volume.path),
            "files": {"first": first, "count": len(volume.files)},
            "group": _or_none(volume.group),
            "kind": volume.kind.number,
            "check": volume.check.number,
        }

    def file(self, file: File) -> dict:
        """A ``struct plan_file``."""
        content = file.content
        string = self.secret(content.reveal()) if isinstance(content, Secret) else self.blob.add(content)
        return {**file._asdict(), "path": self.blob.add(file.path), "content": string}
    def source_run(self, sources: tuple[Source, ...]) -> dict[str, int]:
        """A ``struct plan_run``, never shared."""
        first = len(self.sources)
        self.sources += [self.source(source) for source in sources]
        return {"first": first, "count": len(sources)}

    def source(self, source: Source) -> dict:
        """A ``struct plan_source``. A secret stands nowhere but among the secrets."""
        return {
            **source._asdict(),
            **{name: self.blob.add(getattr(source, name)) for name in ("name", "path", "key", "fallback")},
            "secret": self.secret(b"" if source.secret is None else source.secret.reveal()),
            "volume": lib.PLAN_NONE if source.volume is None else self.volume_at[source.volume],
            "origin": source.origin.number,
            "lack": source.lack.number,
            "handing": source.handing.number,
        }

    def secret(self, raw: bytes) -> dict[str, int]:
        """A ``struct plan_string`` of the secrets; an empty one stands at their begin."""
        at = len(self.secrets) if raw else 0
        self.secrets += raw
        return {"at": at, "size": len(raw)}

    def exit_map(self, exits: Exits) -> int:
        """Which map it is."""
        if exits not in self._exit_maps:
            self._exit_maps[exits] = len(self._exit_maps)
            for pair in zip(exits.codes, exits.classes, strict=True):
                self.exits += bytes(pair)
        return self._exit_maps[exits]

    def rule(self, rule: SignalRule) -> dict:
        """A ``struct plan_rule``."""
        return {"verb": rule.verb.number, "send": rule.send, "targets": self.targets.add(rule.targets)}

    def pod(self, plan: Plan) -> dict:
        """A ``struct plan_pod``."""
        return {
            "name": self.blob.add(plan.name),
            "termination_message": self.blob.add(plan.termination_message),
            "default_path": self.blob.add(plan.default_path),
            "control": plan.control.number,
            "control_path": self.blob.add(plan.control_path),
            "listen_host": self.blob.add(plan.listen_host),
            "listen_port": plan.listen_port,
            "own_log": plan.own_log.number,
            "hosts": self.blob.add(plan.hosts),
            "hostname": self.blob.add(plan.hostname),
            "labels": self.variables.add(plan.labels),
            "env": self.variables.add(plan.env),
            "main_unit": _or_none(plan.main_unit),
            "args_unit": _or_none(plan.args_unit),
            "exact_env": plan.exact_env,
            "leave_others": plan.leave_others,
            "start_once": plan.start_once,
            "plain_hangup": plan.plain_hangup,
            "deadline_ns": plan.deadline_ns,
            "budget_ns": plan.budget_ns,
            "retry_ns": plan.retry_ns,
            "term_floor_ns": plan.term_floor_ns,
            "round_floor_ns": plan.round_floor_ns,
            "usage_ns": plan.usage_ns,
            "eviction_ns": plan.eviction_ns,
            "margin": (plan.margin.cap, plan.margin.divisor),
            "sidecars": (plan.sidecars.cap, plan.sidecars.divisor),
            "turn": (plan.turn.cap, plan.turn.divisor),
        }


def encode(plan: Plan) -> bytes:
    """The plan's bytes. PlanRefused if the core would not run them: more than it can hold, or a mistake of ours."""
    try:
        raw = _write(plan)
    except OverflowError:
        raise PlanRefused("a number is larger than it can hold") from None
    why = lib.plan_refuse(raw, len(raw))
    if why != ffi.NULL:
        raise PlanRefused(ffi.string(why).decode())
    return bytes(ffi.buffer(raw))


def _or_none(number: int | None) -> int:
    return lib.PLAN_NONE if number is None else number


def _edge(edge: Edge) -> tuple[int, int, int, int]:
    return edge.first, edge.second, edge.milestone.number, edge.direction.number


def _edge_runs(plan: Plan) -> Iterable[dict[str, int]]:
    """One run for each unit, one behind the other."""
    counts = [0] * len(plan.units)
    for edge in plan.edges:
        counts[edge.first] += 1
    first = 0
    for count in counts:
        yield {"first": first, "count": count}
        first += count


def _write(plan: Plan):
    """The finished bytes as a cffi array, which lies at a multiple of 8."""
    arrays = Arrays(plan)
    pod = arrays.pod(plan)
    elements = {
        lib.PLAN_UNITS: [
            arrays.unit(unit, index, run)
            for index, (unit, run) in enumerate(zip(plan.units, _edge_runs(plan), strict=True))
        ],
        lib.PLAN_EDGES: [_edge(edge) for edge in plan.edges],
        lib.PLAN_VOLUMES: [arrays.volume(volume) for volume in plan.volumes],
        lib.PLAN_RULES: [arrays.rule(rule) for rule in plan.rules],
        lib.PLAN_WORDS: arrays.words.elements,
        lib.PLAN_VARIABLES: arrays.variables.elements,
        lib.PLAN_EXITS: bytes(arrays.exits),
        lib.PLAN_DELAYS: arrays.delays.elements,
        lib.PLAN_TARGETS: arrays.targets.elements,
        lib.PLAN_ERRANDS: arrays.errands,
        lib.PLAN_RIGHTS: arrays.rights,
        lib.PLAN_LIMITS: arrays.limits.elements,
        lib.PLAN_FILES: arrays.files,
        lib.PLAN_MOUNTS: arrays.mounts,
        lib.PLAN_SOURCES: arrays.sources,
        lib.PLAN_SECRETS: bytes(arrays.secrets),
        lib.PLAN_BLOB: bytes(arrays.blob.bytes),
    }
    places, size = _places(elements)
    raw = ffi.new("uint8_t[]", size)
    for which, (at, count) in enumerate(places):
        made = elements[which]
        if not isinstance(made, bytes):
            made = ffi.new(f"{ELEMENTS[which]}[]", made)
        ffi.memmove(raw + at, made, count * ffi.sizeof(ELEMENTS[which]))
    _write_header(raw, size, places, pod)
    return raw


def _places(elements: dict[int, list | bytes]) -> tuple[list[tuple[int, int]], int]:
    """Where each array begins and how many elements it has; the size of the whole. Bytes are elements as they lie."""
    places, end = [], ffi.sizeof("struct plan_header")
    for which in range(lib.PLAN_ARRAYS):
        at = end + -end % ALIGNMENT
        made, element = elements[which], ffi.sizeof(ELEMENTS[which])
        size = len(made) if isinstance(made, bytes) else len(made) * element
        places.append((at, size // element))
        end = at + size
    return places, end


def _write_header(raw, size: int, places: list[tuple[int, int]], pod: dict) -> None:
    header = ffi.cast("struct plan_header *", raw)
    header.magic = MAGIC
    header.version = lib.PLAN_VERSION
    header.header_size = ffi.sizeof("struct plan_header")
    header.size = size
    header.arrays = places
    header.pod = pod
    header.digest = lib.plan_digest(raw, size)



def digest_of(raw: bytes) -> str:
    """Of a plan's bytes, as PID 1 tells which one it runs: it has forgotten what their secrets were."""
    kept = ffi.new("uint64_t[]", (len(raw) + 7) // 8)
    ffi.memmove(kept, raw, len(raw))
    bare = ffi.cast("uint8_t *", kept)
    lib.plan_forget(bare)
    return f"{lib.plan_digest(bare, len(raw)):016x}"
