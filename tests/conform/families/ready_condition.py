"""Pod conditions from container statuses, and the flags started and ready from what the probes said."""

from collections.abc import Callable, Iterator, Mapping

from cases import Case, Difference, compare, name_of
from engines import Engine
from shown import conditions_of, statuses_of
from ticking import Ticker
from units import parts_of

from minipod.status import conditions
from minipod.status.records import Condition, Terminated
from minipod.status.states import UnitRecord, container_status
from minipod.supervisor.vocabulary import Errand, Kind, Life, Outcome, ProbeEvent

_PROBES = {"startup": Errand.STARTUP, "liveness": Errand.LIVENESS, "readiness": Errand.READINESS}
_KINDS = {"regular": Kind.SERVICE, "init": Kind.INIT, "sidecar": Kind.SIDECAR}
_LIVES = {"running": Life.UP, "waiting": Life.HELD, "terminated": Life.ENDED}
_SAID = {"Success": ProbeEvent.PASSED, "Failure": ProbeEvent.FAILED, "Unknown": ProbeEvent.COUNTED}


def read(document: Mapping) -> Iterator[Case]:
    for group, check in (("cases", _check_condition), ("containerFlags", _check_flags)):
        for at, case in enumerate(document.get(group) or ()):
            yield Case(name_of(case, f"{group} {at}"), lambda engine, check=check, case=case: check(engine, case))


# --- conditions ----------------------------------------------------------------------------------------------------


def _check_condition(engine: Engine, case: Mapping) -> Iterator[Difference]:
    got, wanted = _MADE[case["conditionType"]](case), case["expected"]
    for field in ("type", "status", "reason"):
        yield from compare(field, wanted.get(field, ""), getattr(got, field))
    if case.get("messageChecked"):
        yield from compare("message", wanted.get("message", ""), got.message)


def _given(case: Mapping) -> tuple:
    return parts_of(case), statuses_of(case["statuses"]), case["phase"]


def _ready(case: Mapping) -> Condition:
    return conditions.ready(*_given(case), case.get("readinessGates") or (), conditions_of(case.get("podConditions")))


_MADE: dict[str, Callable[[Mapping], Condition]] = {
    conditions.CONTAINERS_READY: lambda case: conditions.containers_ready(*_given(case)),
    conditions.INITIALIZED: lambda case: conditions.initialized(*_given(case)),
    conditions.READY: _ready,
}


# --- flags ---------------------------------------------------------------------------------------------------------


def _check_flags(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """The probes' machines hear what is in the cache; what they leave is shown as the status shows it."""
    kind, life = _KINDS[case["containerKind"]], _LIVES[case["state"]]
    ticker = Ticker(engine, {_PROBES[word] for word in case["probesConfigured"]})
    ticker.begin()
    for word, result in sorted(case["cachedResults"].items(), reverse=True):  # startup first: it gates the others
        ticker.hear(_PROBES[word], _SAID[result])
    if life is not Life.UP:
        ticker.end()
    code = case.get("exitCode", 0)
    record = UnitRecord(
        "it", kind, life, outcome=Outcome.DONE if life is Life.ENDED and code == 0 else None, begun=True,
        started=ticker.started, ready=ticker.ready, instances=1,
        ends=(Terminated(code),) if life is Life.ENDED else (),
    )
    status = container_status(record, has_inits=kind is not Kind.SERVICE)
    for flag, wanted in case["expected"].items():
        yield from compare(flag, wanted, getattr(status, flag))
