"""The pod's deadline, in the simulator; its reason and message, in the status."""

from collections.abc import Iterator, Mapping

from cases import Case, Difference, compare, name_of
from engines import Engine

from minipod.model import Pod, Unit
from minipod.status.pod import PodRecord, pod_status
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.simulate import simulate
from minipod.supervisor.vocabulary import Kind, PodEvent
from minipod.supervisor.vocabulary import Pod as PodState
from minipod.supervisor.world import Behaviour


def read(document: Mapping) -> Iterator[Case]:
    for at, case in enumerate(document["cases"]):
        yield Case(name_of(case, f"case {at}"), lambda engine, case=case: _check(engine, case))


def _check(engine: Engine, case: Mapping) -> Iterator[Difference]:
    cause = _cause(engine, case)
    yield from compare("exceeded", case["expectedExceeded"], cause is PodEvent.POD_DEADLINE)
    status = pod_status(PodRecord((), PodState.OVER, cause, exit_code=124 if cause else None))
    for field, key in (("reason", "expectedReason"), ("message", "expectedMessage")):
        if case.get(key):
            yield from compare(field, case[key], getattr(status, field))


def _cause(engine: Engine, case: Mapping) -> PodEvent | None:
    """Why a pod that never ends by itself ends until now; a pod that never began has no reason to."""
    age, deadline = case.get("startedSecondsAgo"), case.get("activeDeadlineSeconds")
    causes: list[PodEvent | None] = [None]
    if age is not None:
        pod = Pod("pod", (Unit("it", Kind.SERVICE, ("true",), "always"),), deadline=_ns(deadline))
        until, tables = _ns(age), engine.tables
        simulate(pod, [Behaviour()], [], until=until, tables=tables, watch=lambda sim: causes.append(sim.cause))
    return causes[-1]


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * SECOND)
