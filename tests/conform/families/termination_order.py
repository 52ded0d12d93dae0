"""Who is stopped when, with how much grace, and which hooks run: all of it in the simulator."""

from collections.abc import Iterator, Mapping, Sequence

from cases import Case, Difference, compare, name_of
from engines import Engine
from units import kind_of_init

from minipod.model import Ask, Backoff, Pod, Probe, Unit
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.books import Report
from minipod.supervisor.simulate import Simulation, simulate
from minipod.supervisor.vocabulary import Errand, Handler, Kind, PodEvent, WantEvent
from minipod.supervisor.world import Answer, Behaviour, Fact, FactKind, Reply

_STOP_AT = 10 * SECOND  # all that is to run runs by then
_LONG = 3600 * SECOND
_BUDGET, _EXACT = 9, 31
_PROBE = Ask(Handler.TCP_SOCKET, port=80)
_HANDLERS = {"exec": Handler.EXEC, "httpGet": Handler.HTTP_GET, "sleep": Handler.SLEEP, "tcpSocket": Handler.TCP_SOCKET}


def read(document: Mapping) -> Iterator[Case]:
    for group, check in _GROUPS.items():
        for at, case in enumerate(document.get(group) or ()):
            yield Case(name_of(case, f"{group} {at}"), lambda engine, check=check, case=case: check(engine, case))


# --- order ---------------------------------------------------------------------------------------------------------


def _check_order(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """A container's grace is how long it waits for its turn; none is killed for it in these cases. A wait that lasts
    for all of the grace is one that nobody's end has ended: how long it lasts is the budget's, not Kubernetes'."""
    grace = max(case["graceSeconds"].values())
    units = tuple(_ordered(case, _ns(grace)))
    behaviours = [_obeying((case.get("exitAfterStopSeconds") or {}).get(unit.name, 0)) for unit in units]
    pod = Pod("pod", units, termination_grace_period=_ns(grace))
    facts = [*_absent(units, case["running"]), (_STOP_AT, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    report = simulate(pod, behaviours, facts, tables=engine.tables)
    for name, wanted in case["expectedWholeSecondsWaitedBeforeStop"].items():
        rule = _EXACT if wanted >= grace else None
        yield from compare(f"{name} waited", wanted, _waited(report, name), rule)


def _ordered(case: Mapping, grace: int) -> Iterator[Unit]:
    for container in case.get("initContainers") or ():
        yield _unit(container["name"], kind_of_init(container), grace)
    for container in case.get("containers") or ():
        yield _unit(container["name"], Kind.SERVICE, grace)


def _absent(units: Sequence[Unit], running: Sequence[str]) -> Iterator[tuple[int, Fact]]:
    """What does not run when the pod is stopped: an init is done, all else waits in back-off after two ends."""
    for at, unit in enumerate(units):
        if unit.kind is Kind.INIT and unit.name not in running:
            yield 0, Fact(FactKind.ENDED, at, 0)
        elif unit.name not in running:
            yield from ((moment * SECOND, Fact(FactKind.ENDED, at, 1)) for moment in (1, 2))


def _waited(report: Report, name: str) -> int | None:
    stops = [at for at, who, what in report.sent if who == name and what == "stop"]
    return (stops[0] - _STOP_AT) // SECOND if stops else None


# --- grace ---------------------------------------------------------------------------------------------------------


def _check_grace(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """How long a unit that ignores its stop signal is left alive. Stopped with the pod, it has the pod's budget."""
    deletion = case.get("deletionGracePeriodSeconds")
    pods = case.get("podTerminationGracePeriodSeconds") or 0
    unit = _unit(
        "it", Kind.SERVICE, _ns(pods),
        startup_probe=_probe(case, "startup"), liveness_probe=_probe(case, "liveness"),
    )
    reason = Errand.STARTUP if case["reason"] == "StartupProbe" else Errand.LIVENESS
    is_sick = case["reason"] in ("StartupProbe", "LivenessProbe") and deletion is None  # who is deleted is so first
    answers = {reason: Answer(Reply.BADLY)} if is_sick else {}
    said = PodEvent.TOLD if deletion is not None else WantEvent.ORDER_STOP
    facts = [] if answers else [(_STOP_AT, Fact(FactKind.SAID, None if deletion is not None else 0, said))]
    pod = Pod("pod", (unit,), termination_grace_period=_ns(pods if deletion is None else deletion))
    behaviour = Behaviour(stop_after=None, answers=answers)
    report = simulate(pod, [behaviour], facts, until=_LONG, tables=engine.tables)
    rule = None if deletion is None else _BUDGET
    yield from compare("grace", case["expectedGracePeriodSeconds"], _grace(report), rule)


def _probe(case: Mapping, which: str) -> Probe | None:
    """A case that is about another probe's failure has this one passing at once."""
    own = case.get(f"{which}ProbeTerminationGracePeriodSeconds")
    if own is None and case["reason"] != f"{which.capitalize()}Probe":
        return None
    return Probe(_PROBE, period=SECOND, failure_threshold=1, termination_grace_period=None if own is None else _ns(own))


def _grace(report: Report) -> float | None:
    at = {what: moment for moment, _, what in reversed(report.sent)}
    return (at["kill"] - at["stop"]) / SECOND if {"stop", "kill"} <= at.keys() else None


# --- hooks ---------------------------------------------------------------------------------------------------------


def _check_hook(engine: Engine, case: Mapping) -> Iterator[Difference]:
    when, _, how = case["hook"].partition(" ")
    hook = Ask(_HANDLERS.get(how, Handler.EXEC), ("true",))
    override = case.get("gracePeriodOverrideSeconds")
    grace = _ns(30 if override is None else override)
    kind = Errand.PRE_STOP if when == "preStop" else Errand.POST_START
    unit = _unit("it", Kind.SERVICE, grace, **{kind.name.lower(): hook})
    error = case.get("expectedStartError")
    seen: list[tuple[int, bool]] = []

    def watch(sim: Simulation) -> None:
        seen.append((sim.units[0].errands[kind].attempt, sim.units[0].sick))

    answers = {kind: Answer(Reply.BADLY if error else Reply.WELL)}
    facts = [(_STOP_AT, Fact(FactKind.SAID, 0, WantEvent.ORDER_STOP))]
    simulate(Pod("pod", (unit,)), [Behaviour(answers=answers)], facts, until=_LONG, tables=engine.tables, watch=watch)
    yield from compare("hook run", case["expectedHookRun"], any(attempts for attempts, _ in seen))
    if "expectedStartError" in case:
        yield from compare("failed start", bool(error), any(sick for _, sick in seen))


# --- small things ---------------------------------------------------------------------------------------------------


def _unit(name: str, kind: Kind, grace: int, **keys: object) -> Unit:
    restart = "never" if kind is Kind.INIT else "always"
    patient = Backoff(initial=_LONG, max=_LONG)
    return Unit(name, kind, ("true",), restart, termination_grace_period=grace, backoff=patient, **keys)


def _obeying(seconds: float) -> Behaviour:
    return Behaviour(stop_after=_ns(seconds), stop_code=0)


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)


_GROUPS = {"ordering": _check_order, "gracePeriod": _check_grace, "hooks": _check_hook}
