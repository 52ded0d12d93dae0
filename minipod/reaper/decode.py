"""Bytes to records: for people who want to see what a plan says. The core reads plans itself and has its own checks.

It must never look at bytes that the core would refuse.
"""

from minipod.reaper.layout import ffi, lib
from minipod.reaper.records import (
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
    Variables,
    Volume,
)
from minipod.secret import Secret
from minipod.supervisor.budget import Slice
from minipod.supervisor.order import Edge
from minipod.supervisor.rights import NICE, OOM_SCORE
from minipod.supervisor.words import (
    Control,
    Direction,
    Errand,
    ExitClass,
    Handing,
    Handler,
    Kind,
    Lack,
    LogMode,
    Milestone,
    Origin,
    Overflow,
    PathCheck,
    Rule,
    SignalVerb,
    Standing,
    StdinMode,
    StopScope,
    VolumeKind,
    Word,
)


def decode(raw: bytes) -> Plan:
    """The records of a plan. PlanRefused says why the core would not run it."""
    held = ffi.new("uint8_t[]", raw)  # at a multiple of 8
    why = lib.plan_refuse(held, len(raw))
    if why != ffi.NULL:
        raise PlanRefused(ffi.string(why).decode())
    return Reader(held).plan()


class Reader:
    """The arrays of checked bytes. ``held`` is a cffi array that must live as long as this."""

    def __init__(self, held) -> None:
        self._held = held
        self.header = ffi.cast("struct plan_header *", held)
        self.units = self._array(lib.PLAN_UNITS, "struct plan_unit")
        self.edges = self._array(lib.PLAN_EDGES, "struct plan_edge")
        self.words = self._array(lib.PLAN_WORDS, "struct plan_string")
        self.variables = self._array(lib.PLAN_VARIABLES, "struct plan_variable")
        self.exits = self._array(lib.PLAN_EXITS, "struct plan_exit")
        self.delays = self._array(lib.PLAN_DELAYS, "uint64_t")
        self.rules = self._array(lib.PLAN_RULES, "struct plan_rule")
        self.targets = self._array(lib.PLAN_TARGETS, "uint32_t")
        self.errands = self._array(lib.PLAN_ERRANDS, "struct plan_errand")
        self.rights = self._array(lib.PLAN_RIGHTS, "struct plan_rights")
        self.limits = self._array(lib.PLAN_LIMITS, "struct plan_limit")
        self.volumes = self._array(lib.PLAN_VOLUMES, "struct plan_volume")
        self.files = self._array(lib.PLAN_FILES, "struct plan_file")
        self.mounts = self._array(lib.PLAN_MOUNTS, "struct plan_mount")
        self.sources = self._array(lib.PLAN_SOURCES, "struct plan_source")
        self.secrets = self._array(lib.PLAN_SECRETS, "uint8_t")
        self.blob = self._array(lib.PLAN_BLOB, "uint8_t")

    def _array(self, which: int, element: str):
        place = self.header.arrays[which]
        return ffi.cast(f"{element}[{place.count}]", self._held + place.at)

    def bytes(self, string) -> bytes:
        return ffi.buffer(self.blob + string.at, string.size)[:]

    def text(self, string) -> str:
        return self.bytes(string).decode("utf-8", "surrogateescape")

    def variable_run(self, run) -> Variables:
        return tuple((self.text(v.name), self.text(v.value)) for v in _slice(self.variables, run))

    def plan(self) -> Plan:
        pod = self.header.pod
        return Plan(
            name=self.text(pod.name),
            termination_message=self.text(pod.termination_message),
            default_path=self.text(pod.default_path),
            control=_word(Control, pod.control),
            control_path=self.text(pod.control_path),
            listen_host=self.text(pod.listen_host),
            listen_port=pod.listen_port,
            own_log=_word(LogMode, pod.own_log),
            labels=self.variable_run(pod.labels),
            env=self.variable_run(pod.env),
            main_unit=_or_none(pod.main_unit),
            args_unit=_or_none(pod.args_unit),
            exact_env=bool(pod.exact_env),
            leave_others=bool(pod.leave_others),
            start_once=bool(pod.start_once),
            plain_hangup=bool(pod.plain_hangup),
            deadline_ns=pod.deadline_ns,
            budget_ns=pod.budget_ns,
            retry_ns=pod.retry_ns,
            term_floor_ns=pod.term_floor_ns,
            round_floor_ns=pod.round_floor_ns,
            margin=_part(pod.margin),
            sidecars=_part(pod.sidecars),
            usage_ns=pod.usage_ns,
            eviction_ns=pod.eviction_ns,
            turn=_part(pod.turn),
            hosts=self.text(pod.hosts),
            hostname=self.text(pod.hostname),
            volumes=tuple(map(self.volume, self.volumes)),
            units=tuple(map(self.unit, self.units)),
            edges=tuple(map(_edge, self.edges)),
            rules=tuple(map(self.rule, self.rules)),
        )

    def unit(self, unit) -> Unit:
        return Unit(
            name=self.text(unit.name),
            argv=tuple(map(self.text, _slice(self.words, unit.argv))),
            command_count=unit.command_count,
            rank=unit.rank,
            env=self.variable_run(unit.env),
            sources=tuple(map(self.source, _slice(self.sources, unit.sources))),
            working_dir=self.text(unit.working_dir),
            user=self.text(unit.user),
            group=self.text(unit.group),
            delays=tuple(_slice(self.delays, unit.delays)),
            exits=self.exit_map(unit.exit_map),
            umask=_or_none(unit.umask),
            max_restarts=_or_none(unit.max_restarts),
            kind=_word(Kind, unit.kind),
            rule=_word(Rule, unit.rule),
            standing=_word(Standing, unit.standing),
            unstartable_class=_word(ExitClass, unit.unstartable_class),
            unstartable_code=unit.unstartable_code,
            stop_signal=unit.stop_signal,
            stop_scope=_word(StopScope, unit.stop_scope),
            stdin_mode=_word(StdinMode, unit.stdin_mode),
            leave_rest=bool(unit.leave_rest),
            tty=bool(unit.tty),
            tty_optional=bool(unit.tty_optional),
            forward_scope=_word(StopScope, unit.forward_scope),
            keep_session=bool(unit.keep_session),
            ask_rest=bool(unit.ask_rest),
            read_only=bool(unit.read_only),
            notify_socket=bool(unit.notify_socket),
            notify_fd=_or_none(unit.notify_fd),
            errands=tuple(map(self.task, _slice(self.errands, unit.errands))),
            mounts=tuple(map(self.mount, _slice(self.mounts, unit.mounts))),
            log=self.log(unit.log),
            grace_ns=unit.grace_ns,
            rest_grace_ns=unit.rest_grace_ns,
            deadline_ns=unit.deadline_ns,
            reset_ns=unit.reset_ns,
            message_path=self.text(unit.message_path),
            message_own=bool(unit.message_own),
            message_from_log=bool(unit.message_from_log),
            own_terminal=bool(unit.own_terminal),
            labels=self.variable_run(unit.labels),
            image=self.text(unit.image),
            rights=None if unit.rights == lib.PLAN_NONE else self.rights_at(unit.rights),
        )

    def rights_at(self, which: int) -> Rights:
        rights = self.rights[which]
        return Rights(
            dropped=rights.dropped,
            added=rights.added,
            added_names=tuple(map(self.text, _slice(self.words, rights.added_names))),
            groups=tuple(map(self.text, _slice(self.words, rights.groups))),
            member_groups=bool(rights.member_groups),
            limits=tuple(map(self.limit, _slice(self.limits, rights.limits))),
            nice=_above(NICE.start, rights.nice),
            oom_score_adj=_above(OOM_SCORE.start, rights.oom_score_adj),
            no_new_privileges=bool(rights.no_new_privileges),
            not_root=bool(rights.not_root),
        )

    def limit(self, limit) -> Limit:
        return Limit(
            name=self.text(limit.name),
            resource=limit.resource,
            soft=None if limit.keeps_soft else limit.soft,
            hard=None if limit.keeps_hard else limit.hard,
        )

    def source(self, source) -> Source:
        origin = _word(Origin, source.origin)
        return Source(
            origin=origin,
            name=self.text(source.name),
            path=self.text(source.path),
            key=self.text(source.key),
            fallback=self.text(source.fallback),
            secret=self.secret(source.secret) if origin is Origin.SECRET else None,
            divisor=source.divisor,
            volume=None if source.volume == lib.PLAN_NONE else self.text(self.volumes[source.volume].name),
            lack=_word(Lack, source.lack),
            handing=_word(Handing, source.handing),
            chomp=bool(source.chomp),
        )

    def secret(self, string) -> Secret:
        return Secret(ffi.buffer(self.secrets + string.at, string.size)[:])

    def log(self, log) -> Log:
        return Log(
            mode=_word(LogMode, log.mode),
            overflow=_word(Overflow, log.overflow),
            file=self.text(log.file),
            max_size=log.max_size,
            keep=log.keep,
        )

    def task(self, errand) -> Task:
        return Task(
            kind=_word(Errand, errand.kind),
            handler=_word(Handler, errand.handler),
            argv=tuple(map(self.text, _slice(self.words, errand.argv))),
            host=self.text(errand.host),
            path=self.text(errand.path),
            authority=self.text(errand.authority),
            headers=self.text(errand.headers),
            delay_ns=errand.delay_ns,
            period_ns=errand.period_ns,
            timeout_ns=errand.timeout_ns,
            grace_ns=errand.grace_ns,
            last_grace_ns=errand.last_grace_ns,
            success_threshold=errand.success_threshold,
            failure_threshold=errand.failure_threshold,
            port=errand.port,
            exact=bool(errand.exact),
        )

    def volume(self, volume) -> Volume:
        return Volume(
            name=self.text(volume.name),
            kind=_word(VolumeKind, volume.kind),
            path=self.text(volume.path),
            check=_word(PathCheck, volume.check),
            in_memory=bool(volume.in_memory),
            size_limit=volume.size_limit,
            mode=volume.mode,
            group=_or_none(volume.group),
            files=tuple(map(self.file, _slice(self.files, volume.files))),
        )

    def file(self, file) -> File:
        return File(
            path=self.text(file.path),
            content=self.secret(file.content) if file.is_secret and not file.is_copy else self.bytes(file.content),
            mode=file.mode,
            is_copy=bool(file.is_copy),
            is_optional=bool(file.is_optional),
            is_secret=bool(file.is_secret),
        )

    def mount(self, mount) -> Mount:
        return Mount(
            path=self.text(mount.path),
            volume=self.text(self.volumes[mount.volume].name),
            sub_path=self.text(mount.sub_path),
            read_only=bool(mount.read_only),
            expands=bool(mount.expands),
        )

    def exit_map(self, which: int) -> Exits:
        first = which * lib.PLAN_EXIT_CODES
        entries = self.exits[first:first + lib.PLAN_EXIT_CODES]
        return Exits(bytes(e.code for e in entries), bytes(e.exit_class for e in entries))

    def rule(self, rule) -> SignalRule:
        return SignalRule(_word(SignalVerb, rule.verb), rule.send, tuple(_slice(self.targets, rule.targets)))


def _slice(array, run):
    return array[run.first:run.first + run.count]


def _or_none(number: int) -> int | None:
    return None if number == lib.PLAN_NONE else number


def _above(least: int, number: int) -> int | None:
    return None if number == lib.PLAN_NONE else least + number


def _word(words: type[Word], number: int) -> Word:
    return list(words)[number]


def _part(part) -> Slice:
    return Slice(part.cap_ns, part.divisor)


def _edge(edge) -> Edge:
    return Edge(edge.first, edge.second, _word(Milestone, edge.milestone), _word(Direction, edge.direction))
