"""From what the config means to what the core does: names become positions, words become rows of the policy's tables.

Pure. Every decision is the supervisor's; it must never invent a default that a user could have set.
"""

from collections.abc import Iterable, Mapping

from minipod import model
from minipod.reaper import records
from minipod.supervisor import backoff, budget, order, roles, signals
from minipod.supervisor.words import ExitClass, Kind, SignalVerb, StopScope

EXIT_CODES = 256
_UNCHANGED = bytes(range(EXIT_CODES))
_CLASSES = bytes([ExitClass.OK.number, *[ExitClass.FAIL.number] * (EXIT_CODES - 1)])  # by exit code
# Docker's own: for a unit that is given none, or no search would find anything.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The rest of a stopped group is asked to end together with its leader, so it keeps what is left of the grace: longer
# than any grace, and two of them still fit into 63 bits.
WHOLE_GRACE = 1 << 61


def lower(pod: model.Pod) -> records.Plan:
    """The plan of a pod. ValueError with the cycle if ``after`` has one."""
    members = [unit.member for unit in pod.units]
    at = {unit.name: i for i, unit in enumerate(pod.units)}
    return records.Plan(
        name=pod.name,
        termination_message=pod.termination_message_path,
        default_path=DEFAULT_PATH,
        labels=tuple(pod.labels.items()),
        env=tuple(pod.env.items()),
        main_unit=None if pod.main is None else at[pod.main],
        args_unit=_args_unit(pod, at),
        exact_env=False,
        deadline_ns=pod.deadline or 0,
        budget_ns=pod.termination_grace_period,
        retry_ns=backoff.RETRY_AFTER,
        margin=budget.MARGIN,
        sidecars=budget.SIDECARS,
        turn=budget.TURN,
        units=tuple(_unit(pod, unit, rank) for unit, rank in zip(pod.units, order.ranks(members), strict=True)),
        edges=order.edges(members),
        rules=rules(pod.signals, at),
    )


def _args_unit(pod: model.Pod, at: Mapping[str, int]) -> int | None:
    """Whose args the words after ``--`` replace: main's, else the only service's (DESIGN.md section 7)."""
    if pod.main is not None:
        return at[pod.main]
    services = [at[unit.name] for unit in pod.units if unit.kind is Kind.SERVICE]
    return services[0] if len(services) == 1 else None


def _unit(pod: model.Pod, unit: model.Unit, rank: int) -> records.Unit:
    is_main = unit.name == pod.main
    return records.Unit(
        name=unit.name,
        argv=(*unit.command, *unit.args),
        command_count=len(unit.command),
        rank=rank,
        env=tuple(unit.env.items()),
        working_dir=unit.working_dir,
        user=unit.user,
        group=unit.group,
        delays=backoff.ladder(unit.backoff.initial, unit.backoff.max),
        exits=exits(unit.exit_codes),
        umask=unit.umask,
        max_restarts=unit.max_restarts,
        kind=unit.kind,
        rule=roles.rule_of(unit.kind, unit.restart),
        standing=roles.standing_of(unit.kind, is_main=is_main, essential=unit.essential),
        unstartable_class=ExitClass.UNSTARTABLE,
        unstartable_code=0,
        stop_signal=unit.stop_signal,
        stop_scope=unit.stop_to,
        log_mode=unit.log,
        stdin_mode=unit.stdin,
        leave_rest=False,
        grace_ns=unit.termination_grace_period,
        rest_grace_ns=0 if unit.stop_to is StopScope.MAIN else WHOLE_GRACE,
        deadline_ns=unit.deadline or 0,
        reset_ns=unit.backoff.reset_after,
    )


def exits(codes: Mapping[int, int]) -> records.Exits:
    """What each raw exit code 0..255 becomes and means; ``codes`` are the remapped ones."""
    mapped = bytes(codes.get(raw, raw) for raw in range(EXIT_CODES)) if codes else _UNCHANGED
    return records.Exits(mapped, mapped.translate(_CLASSES))


def rules(configured: Mapping[int, model.SignalRule], at: Mapping[str, int]) -> tuple[records.SignalRule, ...]:
    """One rule for each signal 0..64; ``at`` gives the units' positions."""
    return tuple(_rules(configured, at))


def _rules(configured: Mapping[int, model.SignalRule], at: Mapping[str, int]) -> Iterable[records.SignalRule]:
    for number in range(signals.COUNT):
        rule = configured.get(number) or model.SignalRule(signals.default_verb(number))
        forwards = rule.verb is SignalVerb.FORWARD
        targets = tuple(sorted({at[name] for name in rule.to}))
        yield records.SignalRule(rule.verb, (rule.send or number) if forwards else 0, targets if forwards else ())
