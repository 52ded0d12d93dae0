"""Whole statuses: phase, conditions and container states from what a runtime and an earlier status say of containers.

A container that the runtime has lost sight of is one that minipod would not know: it never loses its children, and what
it finds at its start it does not adopt. So what follows from such a container may differ, and only that.
"""

from collections.abc import Iterator, Mapping, Sequence

from cases import Case, Difference, compare, name_of
from engines import Engine
from shown import conditions_of
from units import ANEW, kind_of_init, record_of, state_of, unit_of, units_of

from minipod import model
from minipod.status import conditions
from minipod.status.pod import TERMINAL, PodRecord, follow, parts_of, phase_of
from minipod.status.records import ContainerStatus, PodStatus, Running, State, Terminated, Waiting
from minipod.status.states import UnitRecord, container_status
from minipod.supervisor.pod import UNDECIDED_CODE
from minipod.supervisor.verdict import RESET_CODE
from minipod.supervisor.vocabulary import Kind, Life, Outcome, Want
from minipod.supervisor.vocabulary import Pod as PodState

_ADOPTION = 11


def read(document: Mapping) -> Iterator[Case]:
    for group, check in (("cases", _check_pod), ("containerStatusCases", _check_containers)):
        for at, case in enumerate(document.get(group) or ()):
            yield Case(name_of(case, f"{group} {at}"), lambda engine, check=check, case=case: check(engine, case))


# --- one container -------------------------------------------------------------------------------------------------


def _known(unit: model.Unit, runtime: Sequence[Mapping], before: Mapping, is_anew: bool) -> UnitRecord:
    """What minipod would know of a container of which the runtime, and an earlier status, say this."""
    count = max([before.get("restartCount", 0), *(each.get("restartCount", 0) for each in runtime)])
    blank = UnitRecord(unit.name, unit.kind, want=Want.RESET if is_anew else Want.UP, instances=count + 1)
    last = state_of(before.get("lastState"))
    ends = [last] if last else []
    if runtime and runtime[0]["state"] == "running":
        ends = [*ends, *map(_end, runtime[1:2])]
        return blank._replace(life=Life.UP, begun=True, begun_in_round=True, started=True, ready=True, ends=ends)
    if runtime and runtime[0]["state"] == "exited":
        ends = [*ends, *map(_end, reversed(runtime[:2]))]
        return blank._replace(life=Life.DRAINING, begun=True, begun_in_round=True, ends=ends)
    return _remembered(blank, before, ends, is_anew)


def _remembered(blank: UnitRecord, before: Mapping, ends: Sequence[Terminated], is_anew: bool) -> UnitRecord:
    """Of a container that the runtime does not have: removed for a new beginning, ended before, or not to be known."""
    state = state_of(before.get("state"))
    if is_anew and isinstance(state, Running | Terminated):
        return blank._replace(begun=True, ends=(Terminated(RESET_CODE, ANEW),))
    if isinstance(state, Waiting) and ends and ends[-1].reason == ANEW:
        return blank._replace(begun=True, ends=ends, instances=blank.instances - 1)
    if isinstance(state, Terminated):
        return blank._replace(life=Life.DRAINING, begun=True, ends=(*ends, state))
    return blank._replace(instances=0)


def _end(runtime: Mapping) -> Terminated:
    return Terminated(runtime.get("exitCode", 0), runtime.get("reason", ""))


def _is_lost(unit: model.Unit, runtime: Mapping[str, Sequence], before: Mapping) -> bool:
    """Whether it has run, as others say, and the runtime does not have it; an init has when a service runs."""
    if unit.name in runtime:
        return False
    ran = isinstance(state_of(before.get("state")), Running)
    return ran or (unit.kind is Kind.INIT and not before and bool(runtime))


def _by_name(statuses: Sequence[Mapping]) -> dict[str, list[Mapping]]:
    found: dict[str, list[Mapping]] = {}
    for status in statuses:
        found.setdefault(status["name"], []).append(status)
    return found


def _first(statuses: Sequence[Mapping]) -> dict[str, Mapping]:
    return {name: some[0] for name, some in _by_name(statuses).items()}


def _check_containers(engine: Engine, case: Mapping) -> Iterator[Difference]:
    runtime, before = _by_name(case["runtimeStatuses"]), _first(case["previousStatuses"])
    for container, wanted in zip(case["converted"], case["expected"], strict=True):
        kind = kind_of_init(container) if case["isInitContainer"] else Kind.SERVICE
        unit = unit_of(container, kind, case["podRestartPolicy"])
        own = before.get(unit.name, {})
        record = _known(unit, runtime.get(unit.name, ()), own, bool(case.get("podRestarting")))
        status = container_status(record, has_inits=bool(case["hasInitContainers"]))
        rule = _ADOPTION if _is_lost(unit, runtime, own) and not case.get("podRestarting") else None
        yield from _compare_container(wanted, status, rule)


def _compare_container(wanted: Mapping, got: ContainerStatus, rule: int | None) -> Iterator[Difference]:
    name = wanted["name"]
    yield from compare(f"{name}'s state", _told(state_of(wanted.get("state"))), _told(got.state), rule)
    yield from compare(f"{name}'s last state", _told(state_of(wanted.get("lastState"))), _told(got.last_state), rule)
    yield from compare(f"{name}'s restarts", wanted.get("restartCount", 0), got.restart_count, rule)


def _told(state: State | None) -> tuple:
    """What a case says of a state: times and messages are left out there."""
    if isinstance(state, Terminated):
        return "terminated", state.exit_code, state.reason
    if isinstance(state, Waiting):
        return "waiting", state.reason
    return ("running",) if isinstance(state, Running) else ()


# --- the pod -------------------------------------------------------------------------------------------------------


def _check_pod(engine: Engine, case: Mapping) -> Iterator[Difference]:
    units = tuple(units_of(case))
    runtime, before = _by_name(case["runtimeStatuses"]), _before(case)
    records = [_known(unit, runtime.get(unit.name, ()), before.get(unit.name, {}), False) for unit in units]
    lost = {unit.name for unit in units if _is_lost(unit, runtime, before.get(unit.name, {}))}
    got, wanted = _status(engine, case, units, records), case["expected"]
    rule = _ADOPTION if lost else None
    yield from compare("phase", wanted["phase"], got.phase, rule)
    yield from compare("reason", wanted.get("reason", ""), got.reason, rule)
    for condition in conditions_of(wanted["conditions"]):
        mine = got.condition(condition.type)
        yield from compare(condition.type, condition[1:3], mine and mine[1:3], rule)
    for key, statuses in (("initContainerStatuses", got.inits), ("containerStatuses", got.mains)):
        for each, status in zip(wanted.get(key) or (), statuses, strict=True):
            yield from _compare_container(each, status, _ADOPTION if status.name in lost else None)


def _before(case: Mapping) -> dict[str, Mapping]:
    """What was known of each container: what the supervisor remembers goes before what the API has."""
    cached, api = case.get("cachedStatusBefore") or {}, case.get("apiStatusBefore") or {}
    told = {}
    for status in (api, cached):
        told.update(_first([*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]))
    return told


def _status(
    engine: Engine, case: Mapping, units: Sequence[model.Unit], records: Sequence[UnitRecord]
) -> PodStatus:
    """The status now, as the one after the earlier ones. Whether a container is ready is given, not computed."""
    has_inits = any(unit.kind is not Kind.SERVICE for unit in units)
    unready = set(case.get("unreadyContainers") or ())
    statuses = [
        container_status(record, has_inits=has_inits)._replace(ready=record.name not in unready) for record in records
    ]
    earlier = [case.get(key) or {} for key in ("cachedStatusBefore", "apiStatusBefore")]
    phase = phase_of(_pod(engine, case, units, records), engine.tables.phase).word
    phase = next((each["phase"] for each in earlier if each.get("phase") in TERMINAL), phase)  # only who adopts has one
    now = PodStatus(
        phase,
        conditions=conditions.all_of(parts_of(records), statuses, phase),
        inits=tuple(s for s, u in zip(statuses, units, strict=True) if u.kind is not Kind.SERVICE),
        mains=tuple(sorted(s for s, u in zip(statuses, units, strict=True) if u.kind is Kind.SERVICE)),
    )
    before = earlier[0] or earlier[1]
    return follow(PodStatus(before.get("phase", ""), before.get("reason", "")), now, 0)


def _pod(
    engine: Engine, case: Mapping, units: Sequence[model.Unit], records: Sequence[UnitRecord]
) -> PodRecord:
    """Those that have ended are judged; in a pod whose end is here, everything is over."""
    is_over = bool(case.get("podIsTerminal"))
    want = Want.STOP if is_over else Want.UP
    judged = [_judged(engine, unit, record, want) for unit, record in zip(units, records, strict=True)]
    if not is_over:
        return PodRecord(judged)
    codes = [UNDECIDED_CODE if r.code is None else r.code for r in judged if r.kind is Kind.SERVICE]
    return PodRecord(judged, PodState.OVER, exit_code=next(filter(None, codes), 0))


def _judged(engine: Engine, unit: model.Unit, record: UnitRecord, want: Want) -> UnitRecord:
    if record.life is Life.DRAINING:
        end = record.ends[-1]
        state = {"terminated": {"exitCode": end.exit_code, "reason": end.reason}}
        return record_of(engine, unit, {"state": state}, want=want, in_round=record.begun_in_round)
    if record.life is Life.HELD and want is Want.STOP:
        return record._replace(life=Life.ENDED, outcome=Outcome.STOPPED)
    return record


