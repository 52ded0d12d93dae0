"""Restart decisions: policies and rules are lowered as the compiler does it, and the engine's tables asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from cases import Case, Difference, compare, name_of
from engines import Engine
from shown import conditions_of
from units import class_of, kind_of_init, outcome_of, outcomes_of, rule_of, rules_of, runs_again, unit_of

from minipod import model
from minipod.supervisor.table import Machine
from minipod.supervisor.vocabulary import (
    Action,
    ExitClass,
    Kind,
    Life,
    LifeEvent,
    Outcome,
    Pod,
    PodEvent,
    Want,
    WantEvent,
)

_RULED = (ExitClass.RULE_RESTART, ExitClass.RULE_RESTART_ALL)
_SOME_CODE = (1,)
# The runtime's statuses that all cases of one upstream table share, newest first. A folder with a part of the cases may
# hold a part of them only, and then says of a container that runs that it ended: what it left out is filled in.
_SHARED = tuple(
    {"name": name, "state": state, "exitCode": code}
    for name, state, code in (
        ("alive", "running", 0), ("succeed", "exited", 0), ("failed", "exited", 1),
        ("alive", "exited", 2), ("unknown", "unknown", 0), ("failed", "exited", 3),
    )
)


def read(document: Mapping) -> Iterator[Case]:
    for group, check in _GROUPS.items():
        cases = document.get(group) or ()
        given = _completed(cases.get("runtimeStatuses") or ()) if isinstance(cases, Mapping) else ()
        for at, case in enumerate(cases.get("cases") or () if isinstance(cases, Mapping) else cases):
            whole = {"runtimeStatuses": given, **case}
            yield Case(name_of(case, f"{group} {at}"), _bound(check, whole))


def _completed(given: Sequence[Mapping]) -> Sequence[Mapping]:
    """All statuses of the shared list, if what is given is a part of it in its order; else what is given."""
    rest = iter(_SHARED)
    return _SHARED if all(any({"exitCode": 0, **each} == one for one in rest) for each in given) else given


def _bound(check: Callable[[Engine, Mapping], Iterator[Difference]], case: Mapping):
    return lambda engine: check(engine, case)


# --- shall it be started? ----------------------------------------------------------------------------------------


def _shall_be_restarted(engine: Engine, case: Mapping) -> Iterator[Difference]:
    container = case["container"] if isinstance(case["container"], Mapping) else {"name": case["container"]}
    unit = unit_of(container, Kind.SERVICE, case.get("podRestartPolicy"))
    status = _latest(case["runtimeStatuses"], unit.name)
    yield from compare("restart", case["expected"], _starts(engine, unit, status, bool(case.get("podDeleted"))))


def _latest(statuses: Sequence[Mapping], name: str) -> Mapping | None:
    return next((status for status in statuses if status.get("name", "") == name), None)


def _starts(engine: Engine, unit: model.Unit, status: Mapping | None, is_deleted: bool) -> bool:
    """The pod's end comes first, as the want machine takes it; then what there is decides. No process that is known to
    be ours counts as none: minipod is the parent of all, so that is one which never was."""
    want = Want.UP
    if is_deleted:
        want = _next(engine.tables.want, want, WantEvent.POD_STOP)
    if status is not None and status["state"] == "exited":
        return runs_again(outcome_of(engine, unit, status.get("exitCode", 0), want=want))
    asks = Action.ASK_GO in engine.tables.want.cell(want, WantEvent.CLEAR).actions
    life = Life.UP if status is not None and status["state"] == "running" else Life.HELD
    return asks and Action.SPAWN in engine.tables.life.cell(life, LifeEvent.GO).actions


def _next(machine: Machine, state, event):
    return machine.cell(state, event).next or state


# --- policies and rules ------------------------------------------------------------------------------------------


def _should_restart(engine: Engine, case: Mapping) -> Iterator[Difference]:
    unit = unit_of(case["container"], Kind.SERVICE, case.get("podRestartPolicy"))
    yield from compare("restart", case["expected"], runs_again(outcome_of(engine, unit, case.get("exitCode", 0))))


def _is_restartable(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """Whether any end at all would restart it, by its policy or by one of its rules, whichever of them comes first. A
    rule whose codes are not said is one that fits some code."""
    container = case["container"]
    unit = unit_of(container, Kind.SERVICE, case.get("podRestartPolicy"))
    rules = [rule_of(rule, unsaid=_SOME_CODE) for rule in rules_of(container) if container.get("restartPolicy")]
    ways = [unit._replace(restart_rules=()), *(unit._replace(restart_rules=(rule,)) for rule in rules)]
    could = any(Outcome.RESTART in outcomes_of(engine, way) for way in ways)
    yield from compare("restartable", case["expected"], could)


def _find_rule(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """The rule that decides is the first that fits when it stands alone; together they must say the same."""
    code, rules = case.get("exitCode", 0), rules_of(case["container"])
    alone = (rule for rule in rules if class_of(engine, _ruled(rule), code) in _RULED)
    found = next(alone, None)
    together = class_of(engine, _ruled(*rules), code)
    yield from compare("found", case["expectedFound"], together in _RULED)
    if case["expectedFound"]:
        yield from compare("rule", case.get("expectedRule", found), found)
        yield from compare("what it does", class_of(engine, _ruled(found), code), together)


def _ruled(*rules: Mapping) -> model.Unit:
    return unit_of({"restartPolicy": "Never", "restartPolicyRules": rules}, Kind.SERVICE, None)


# --- the whole pod anew ------------------------------------------------------------------------------------------


def _all_could_restart(engine: Engine, case: Mapping) -> Iterator[Difference]:
    spec = case["podSpec"]
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    rules = [rule_of(rule, _SOME_CODE) for each in containers for rule in rules_of(each)]
    could = any(_makes_anew(engine, rule) for rule in rules)
    yield from compare("could begin anew", case["expected"], could)


def _makes_anew(engine: Engine, rule: model.RestartRule) -> bool:
    unit = unit_of({"restartPolicy": "Never"}, Kind.SERVICE, None)._replace(restart_rules=(rule,))
    return Outcome.RESTART_ALL in outcomes_of(engine, unit)


def _should_all_restart(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """The pod machine has the last word: whoever asks, it begins anew only once."""
    conditions = conditions_of(case.get("podConditions"))
    anew = any(each.type == "AllContainersRestarting" and each.status == "True" for each in conditions)
    state = Pod.RESETTING if anew else Pod.RUNNING
    if any(_asks_for_all(engine, unit, case["runtimeStatuses"]) for unit in _units(case)):
        state = _next(engine.tables.pod, state, PodEvent.RESTART_ALL)
    yield from compare("begins anew", case["expected"], state is Pod.RESETTING)


def _units(case: Mapping) -> Iterator[model.Unit]:
    for container in case.get("initContainers") or ():
        yield unit_of(container, kind_of_init(container), case.get("podRestartPolicy"))
    for container in case.get("containers") or ():
        yield unit_of(container, Kind.SERVICE, case.get("podRestartPolicy"))


def _asks_for_all(engine: Engine, unit: model.Unit, statuses: Sequence[Mapping]) -> bool:
    status = _latest(statuses, unit.name)
    if status is None or status["state"] != "exited":
        return False
    return outcome_of(engine, unit, status.get("exitCode", 0)) is Outcome.RESTART_ALL


_GROUPS = {
    "shouldContainerBeRestarted": _shall_be_restarted,
    "containerShouldRestart": _should_restart,
    "isContainerRestartable": _is_restartable,
    "findMatchingRule": _find_rule,
    "allContainersCouldRestart": _all_could_restart,
    "shouldAllContainersRestart": _should_all_restart,
}
