"""From what the config means to what the core does: names become positions, words become rows of the policy's tables.

Pure. Every decision is the supervisor's; it must never invent a default that a user could have set.
"""

from collections.abc import Iterable, Mapping

from minipod import model
from minipod.reaper import records
from minipod.supervisor import backoff, budget, errands, order, roles, signals
from minipod.supervisor.words import Control, Kind, LogMode, SignalVerb, StopScope

# Docker's own: for a unit that is given none, or no search would find anything.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The interpreter that asks what the core cannot ask itself.
PYTHON = "python3"


def lower(pod: model.Pod, python: str = PYTHON) -> records.Plan:
    """The plan of a pod. ``python``: the interpreter with minipod that will be there for the probes that need one.
    ValueError with the cycle if ``after`` has one."""
    members = [unit.member for unit in pod.units]
    at = {unit.name: i for i, unit in enumerate(pod.units)}
    return records.Plan(
        name=pod.name,
        termination_message=pod.termination_message_path,
        default_path=DEFAULT_PATH,
        **_control(pod.control),
        own_log=pod.log.mode if pod.log.mode is LogMode.JSON else LogMode.PREFIX,
        labels=tuple(pod.labels.items()),
        env=tuple(pod.env.items()),
        main_unit=None if pod.main is None else at[pod.main],
        args_unit=_args_unit(pod, at),
        exact_env=False,
        leave_others=False,
        start_once=False,
        plain_hangup=False,
        deadline_ns=pod.deadline or 0,
        budget_ns=pod.termination_grace_period,
        retry_ns=backoff.RETRY_AFTER,
        term_floor_ns=budget.TERM_FLOOR,
        round_floor_ns=budget.ROUND_FLOOR,
        margin=budget.MARGIN,
        sidecars=budget.SIDECARS,
        usage_ns=budget.USAGE_PERIOD,
        eviction_ns=budget.EVICTION_GRACE,
        turn=budget.TURN,
        hosts=_hosts(pod),
        hostname=pod.hostname,
        volumes=_volumes(pod),
        units=tuple(_unit(pod, unit, rank, python) for unit, rank in zip(pod.units, order.ranks(members), strict=True)),
        edges=order.edges(members),
        rules=rules(pod.signals, at),
    )


def _control(control: model.Control) -> dict:
    """Where the pod is asked and told, as fields of the plan."""
    at = Control.OFF if not control.enabled else Control.AT if control.socket else Control.FOUND
    host, port = control.listen or ("", 0)
    return {"control": at, "control_path": control.socket, "listen_host": host, "listen_port": port}


def _args_unit(pod: model.Pod, at: Mapping[str, int]) -> int | None:
    """Whose args the words after ``--`` replace: main's, else the only service's (DESIGN.md section 7)."""
    if pod.main is not None:
        return at[pod.main]
    services = [at[unit.name] for unit in pod.units if unit.kind is Kind.SERVICE]
    return services[0] if len(services) == 1 else None


def _unit(pod: model.Pod, unit: model.Unit, rank: int, python: str) -> records.Unit:
    is_main = unit.name == pod.main
    return records.Unit(
        name=unit.name,
        argv=(*unit.command, *unit.args),
        command_count=len(unit.command),
        rank=rank,
        env=tuple(unit.env.items()),
        sources=_sources(unit),
        working_dir=unit.working_dir,
        user=unit.user,
        group=unit.group,
        delays=backoff.ladder(unit.backoff.initial, unit.backoff.max),
        exits=records.Exits(errands.exit_codes(unit), errands.exit_classes(unit)),
        umask=unit.umask,
        max_restarts=unit.max_restarts,
        kind=unit.kind,
        rule=roles.rule_of(unit.kind, unit.restart),
        standing=roles.standing_of(unit.kind, is_main=is_main, essential=unit.essential),
        unstartable_class=errands.start_failure(unit),
        unstartable_code=unit.unstartable_code or 0,
        stop_signal=unit.stop_signal,
        stop_scope=unit.stop_to,
        stdin_mode=unit.stdin,
        leave_rest=False,
        tty=unit.tty,
        tty_optional=False,
        forward_scope=StopScope.GROUP,
        keep_session=False,
        ask_rest=False,
        read_only=unit.read_only,
        notify_socket=unit.notify is not None and unit.notify.fd is None,
        notify_fd=unit.notify.fd if unit.notify else None,
        errands=_errands(unit, python),
        mounts=_mounts(pod, unit),
        log=records.Log(*unit.log),
        grace_ns=unit.termination_grace_period,
        rest_grace_ns=budget.rest_grace(unit.stop_to),
        deadline_ns=unit.deadline or 0,
        reset_ns=unit.backoff.reset_after,
        rights=_rights(unit),
        message_path=unit.termination_message_path,
        message_own=unit.message_own,
        message_from_log=unit.message_from_log,
        own_terminal=unit.own_terminal,
        labels=tuple(unit.labels.items()),
        image=unit.image,
    )


_RIGHTS = ("groups", "limits", "nice", "oom_score_adj", "no_new_privileges", "capabilities", "not_root")


def _rights(unit: model.Unit) -> records.Rights | None:
    """None when they are just minipod's own. A group that is named beside a user is the only one, as Docker has it,
    unless somebody says otherwise."""
    usual = not (unit.user and unit.group)
    member_groups = usual if unit.member_groups is None else unit.member_groups
    if all(getattr(unit, key) == model.Unit._field_defaults[key] for key in _RIGHTS) and member_groups == usual:
        return None
    from minipod.supervisor.rights import LIMITS, mask_of, names_of  # many pods have none

    drop, add = unit.capabilities
    added = mask_of(add)
    return records.Rights(
        dropped=mask_of(drop),
        added=added,
        added_names=names_of(added),
        groups=unit.groups,
        member_groups=member_groups,
        limits=tuple(records.Limit(name, LIMITS[name], *limit) for name, limit in unit.limits.items()),
        nice=unit.nice,
        oom_score_adj=unit.oom_score_adj,
        no_new_privileges=unit.no_new_privileges,
        not_root=unit.not_root,
    )


def _sources(unit: model.Unit) -> tuple[records.Source, ...]:
    if not unit.env_from:
        return ()
    from minipod.reaper.sources import sources  # many pods have none

    return sources(unit.env_from)


def _errands(unit: model.Unit, python: str) -> tuple[records.Task, ...]:
    given = errands.assignments(unit)
    if not given:
        return ()
    from minipod.reaper.requests import task  # many pods have none

    return tuple(task(assignment, python) for assignment in given)


def _hosts(pod: model.Pod) -> str:
    if not pod.hosts:
        return ""
    from minipod.hosts_file import block_text  # few pods have any

    return block_text(pod.hosts)


def _volumes(pod: model.Pod) -> tuple[records.Volume, ...]:
    if not pod.volumes:
        return ()
    from minipod.reaper.holdings import volume  # many pods have none

    return tuple(map(volume, pod.volumes))


def _mounts(pod: model.Pod, unit: model.Unit) -> tuple[records.Mount, ...]:
    if not unit.mounts:
        return ()
    from minipod.reaper.holdings import mounts

    return mounts(unit, pod.volumes)


def rules(configured: Mapping[int, model.SignalRule], at: Mapping[str, int]) -> tuple[records.SignalRule, ...]:
    """One rule for each signal 0..64; ``at`` gives the units' positions."""
    return tuple(_rules(configured, at))


def _rules(configured: Mapping[int, model.SignalRule], at: Mapping[str, int]) -> Iterable[records.SignalRule]:
    for number in range(signals.COUNT):
        rule = configured.get(number) or model.SignalRule(signals.default_verb(number))
        forwards = rule.verb is SignalVerb.FORWARD
        targets = tuple(sorted({at[name] for name in rule.to}))
        yield records.SignalRule(rule.verb, (rule.send or number) if forwards else 0, targets if forwards else ())
