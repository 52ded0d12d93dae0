"""From the v1 API's words to minipod's: containers become units, container statuses what is known of one.

What an end means is always looked up in the engine's verdict table; nothing here knows a restart policy.
"""

from collections.abc import Iterator, Mapping, Sequence

from engines import Engine

from minipod import model
from minipod.status.records import Part, Running, State, Terminated, Waiting
from minipod.status.states import UnitRecord
from minipod.supervisor import backoff, roles
from minipod.supervisor.verdict import reason_of
from minipod.supervisor.vocabulary import Budget, ExitClass, Kind, Life, Outcome, Want

POLICY = {"Always": "always", "OnFailure": "on_failure", "Never": "never", "": "always", None: "always"}
ANEW = reason_of(ExitClass.RESET, 1)
_CLASSES = tuple(ExitClass)
_AGAIN = {
    Outcome.RESTART: (Life.BACKOFF, Want.UP),
    Outcome.RESTART_NOW: (Life.BACKOFF, Want.UP),
    Outcome.RESTART_ALL: (Life.HELD, Want.RESET),
    Outcome.HELD: (Life.HELD, Want.RESET),
}


# --- specs --------------------------------------------------------------------------------------------------------


def unit_of(container: Mapping, kind: Kind, pod_policy: str | None, **keys: object) -> model.Unit:
    """A container as a unit. Rules without a policy of the container's own do not count (spec.md section 3)."""
    own = container.get("restartPolicy")
    rules = rules_of(container) if own else ()
    return model.Unit(
        container.get("name", ""), kind, ("true",), POLICY[own or pod_policy],
        restart_rules=tuple(map(rule_of, rules)), **keys,
    )


def rules_of(container: Mapping) -> Sequence[Mapping]:
    """The restart rules that a container has, whether they count or not."""
    return container.get("restartPolicyRules") or ()


def rule_of(rule: Mapping, unsaid: Sequence[int] = ()) -> model.RestartRule:
    """A restart rule; one that names no exit codes, or an operator that nobody knows, matches ``unsaid``."""
    codes = rule.get("exitCodes") or {}
    operator = codes.get("operator")
    is_known = operator in ("In", "NotIn")
    return model.RestartRule(
        tuple(_coded(codes.get("values") or ())) if is_known else tuple(unsaid),
        negated=operator == "NotIn",
        restart_all=rule.get("action") == "RestartAllContainers",
    )


def _coded(values: Sequence[int]) -> Iterator[int]:
    """Those that a process can end with, -1 being some code that is not 0."""
    return (code % 256 for code in values if -1 <= code <= 255)


def units_of(case: Mapping) -> Iterator[model.Unit]:
    """All containers of a case in the spec's order."""
    policy = case.get("podRestartPolicy")
    for container in case.get("initContainers") or ():
        yield unit_of(container, kind_of_init(container), policy)
    for container in case.get("containers") or ():
        yield unit_of(container, Kind.SERVICE, policy)


def kind_of_init(container: Mapping) -> Kind:
    """Exactly ``Always`` makes an entry of initContainers a sidecar."""
    return Kind.SIDECAR if container.get("restartPolicy") == "Always" else Kind.INIT


def parts_of(case: Mapping) -> tuple[Part, ...]:
    """What the spec of a case says of its containers."""
    inits = (Part(c.get("name", ""), kind_of_init(c)) for c in case.get("initContainers") or ())
    return (*inits, *(Part(c.get("name", ""), Kind.SERVICE) for c in case.get("containers") or ()))


# --- ends ---------------------------------------------------------------------------------------------------------


def class_of(engine: Engine, unit: model.Unit, code: int, reason: str = "") -> ExitClass:
    """What an exit code means to a unit, -1 being some code that is not 0."""
    return ExitClass.RESET if reason == ANEW else _CLASSES[engine.classes(unit)[code % 256]]


def outcome_of(
    engine: Engine, unit: model.Unit, code: int, reason: str = "", want: Want = Want.UP
) -> Outcome:
    """The verdict on an instance that ended."""
    return verdict_of(engine, unit, class_of(engine, unit, code, reason), want)


def verdict_of(engine: Engine, unit: model.Unit, exit_class: ExitClass, want: Want = Want.UP) -> Outcome:
    """The verdict on an instance that ended so."""
    return engine.tables.verdict[roles.rule_of(unit.kind, unit.restart), want, exit_class, Budget.LEFT]


def outcomes_of(engine: Engine, unit: model.Unit) -> set[Outcome]:
    """What any end of a unit by itself may come to."""
    return {verdict_of(engine, unit, _CLASSES[number]) for number in set(engine.classes(unit))}


def runs_again(outcome: Outcome) -> bool:
    """Whether the unit will run again, by itself or with the whole pod."""
    return outcome in _AGAIN


# --- statuses -----------------------------------------------------------------------------------------------------


def state_of(state: Mapping | None, now: int = 0) -> State | None:
    """The one-of as a record; None for an empty one. Moments are relative to ``now``."""
    if not state:
        return None
    if "waiting" in state:
        waiting = state["waiting"] or {}
        return Waiting(waiting.get("reason", ""), waiting.get("message", ""))
    if "running" in state:
        return Running(moment((state["running"] or {}).get("startedAt"), now))
    if "terminated" not in state:
        return None
    end = state["terminated"]
    return Terminated(
        end.get("exitCode", 0), end.get("reason", ""), end.get("signal", 0), end.get("message", ""),
        moment(end.get("startedAt"), now), moment(end.get("finishedAt"), now),
    )


def moment(when: Mapping | None, now: int) -> int | None:
    """``{"secondsAgo": s}`` as ns."""
    return None if when is None else now - int(when["secondsAgo"] * backoff.SECOND)


def record_of(
    engine: Engine, unit: model.Unit, status: Mapping, *, want: Want = Want.UP, in_round: bool = False
) -> UnitRecord:
    """What is known of a unit whose status says this. ``in_round``: a service has been up since the pod began."""
    state, last = state_of(status.get("state")), state_of(status.get("lastState"))
    known = UnitRecord(
        unit.name, unit.kind, want=want, begun_in_round=in_round,
        instances=status.get("restartCount", 0) + 1, started=bool(status.get("started")),
        ends=(last,) if last else (),
    )
    if isinstance(state, Running):
        return known._replace(life=Life.UP, begun=True)
    if isinstance(state, Terminated):
        return _ended(engine, unit, known, state, (*known.ends, state))
    if last is not None:
        # One that waits and will not run again never counts as one that succeeded (spec.md section 1, step 3).
        counts = last.exit_code or unit.kind is not Kind.SERVICE
        return _ended(engine, unit, known, last, (last,) if counts else (), if_again=(last,))
    return known._replace(instances=0)


def _ended(
    engine: Engine, unit: model.Unit, known: UnitRecord, end: Terminated, ends: tuple, if_again: tuple | None = None
) -> UnitRecord:
    outcome = outcome_of(engine, unit, end.exit_code, end.reason, known.want)
    if not runs_again(outcome):
        return known._replace(life=Life.ENDED, outcome=outcome, begun=True, ends=ends)
    life, want = _AGAIN[outcome]
    if end.reason == ANEW:
        life, want = Life.HELD, Want.RESET
    return known._replace(life=life, want=want, outcome=outcome, begun=True, ends=if_again or ends)
