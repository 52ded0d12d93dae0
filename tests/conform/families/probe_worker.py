"""One probe's worker, tick by tick: what the kubelet caches is read from what the machines left behind.

Readiness is the flag ready; liveness is Failure once the unit was told to be unhealthy, and without a process; startup
is Success once it started, or once nobody asks any more without a failure; until then it is Unknown.
"""

from collections.abc import Iterator, Mapping

from cases import Case, Difference, compare, name_of
from engines import Engine
from pod_file import is_probe
from texts import expand
from ticking import Ticker
from units import ANEW, kind_of_init, outcome_of, runs_again, unit_of

from minipod.supervisor.vocabulary import Errand, Kind, Probe, ProbeEvent

_PROBES = {"startup": Errand.STARTUP, "liveness": Errand.LIVENESS, "readiness": Errand.READINESS}
_OVER = ("Succeeded", "Failed")
_ADOPTION = 11
_PERIOD, _HANDLER = 'period = "1s"', "tcp_socket = { port = 80 }"
_KINDS = {"regular": Kind.SERVICE, "main": Kind.SERVICE, "sidecar": Kind.SIDECAR, "init": Kind.INIT}


def read(document: Mapping) -> Iterator[Case]:
    for group, check in _GROUPS.items():
        for at, case in enumerate(document.get(group) or ()):
            yield Case(name_of(case, f"{group} {at}"), lambda engine, check=check, case=case: check(engine, case))


# --- ticks -------------------------------------------------------------------------------------------------------


class _Worker:
    """What one worker sees, and what its unit has come to."""

    def __init__(self, engine: Engine, case: Mapping):
        probe = case.get("probe") or {}
        needed = probe.get("successThreshold", 1), probe.get("failureThreshold", 1)
        self._engine, self._kind = engine, _PROBES[case["probeType"]]
        container = case.get("container") or {}
        kind = _KINDS.get(case.get("containerKind", "regular")) or kind_of_init(container)
        self._unit = unit_of(container, kind, case.get("podRestartPolicy"))
        self._ticker = Ticker(engine, {self._kind}, needed, probe.get("initialDelaySeconds", 0))
        self._id: str | None = None
        self._runs = self._begun = self._is_retired = False

    def tick(self, step: Mapping) -> bool:
        """One step; whether there will be another."""
        pod = step["pod"]
        container = (pod or {}).get("container")
        if pod is not None and pod.get("phase") in _OVER:
            return False
        if container is None:
            return True
        if container["id"] != self._id:
            self._renew(container["id"])
        if self._is_held:
            return True
        if container["state"] != "running":
            return self._ended(pod, container)
        self._begin(container)
        if pod.get("deleted"):
            self._ticker.stop()
            if self._ends_with_stop:
                self._is_retired = True
                return False
        self._ticker.tick(self._kind, step["probeOutcome"], container.get("runningForSeconds", 0))
        return True

    def _renew(self, instance: str) -> None:
        if self._begun:
            self._ticker.end()
        self._ticker.renew()
        self._id, self._begun = instance, False

    def _ended(self, pod: Mapping, container: Mapping) -> bool:
        if self._begun:
            self._ticker.end()
        self._runs = self._begun = False
        if container["state"] == "waiting":
            return True
        reason = ANEW if pod.get("allContainersRestarting") else ""
        return runs_again(outcome_of(self._engine, self._unit, container.get("exitCode", 0), reason))

    def _begin(self, container: Mapping) -> None:
        """A startup probe is there until the container has started, all others from then on."""
        self._runs = True
        if not self._begun and bool(container.get("started")) is not (self._kind is Errand.STARTUP):
            self._begun = True
            self._ticker.begin()

    @property
    def _state(self) -> Probe:
        return self._ticker.states[self._kind]

    @property
    def _is_held(self) -> bool:
        """It had its last answer of this instance, and the next thing it sees is another one."""
        return self._begun and self._state is Probe.OFF

    @property
    def _ends_with_stop(self) -> bool:
        machine = self._ticker.machines[self._kind]
        return machine.cell(Probe.REST, ProbeEvent.STOPPING).next is Probe.OFF

    @property
    def result(self) -> str | None:
        """What the kubelet would have cached."""
        if self._id is None:
            return None
        if not self._runs:
            return "Failure"
        if self._kind is Errand.READINESS:
            return "Success" if self._ticker.ready else "Failure"
        if self._ticker.unhealthy:
            return "Failure"
        is_unknown = self._kind is Errand.STARTUP and (not self._begun or self._state is not Probe.OFF)
        return "Unknown" if is_unknown else "Success"

    @property
    def facts(self) -> dict[str, object]:
        return {
            "result": self.result,
            "onHold": self._is_held and not self._is_retired,
            "resultRun": self._ticker.run[self._kind],
        }


def _check_ticks(engine: Engine, case: Mapping) -> Iterator[Difference]:
    worker = _Worker(engine, case)
    for at, step in enumerate(case["steps"], start=1):
        goes_on = worker.tick(step)
        for fact, wanted in step["expect"].items():
            got = goes_on if fact == "continue" else worker.facts[fact]
            yield from compare(f"tick {at}, {fact}", wanted, got)


# --- what one execution means --------------------------------------------------------------------------------------


def _check_mapping(engine: Engine, case: Mapping) -> Iterator[Difference]:
    if not case["probeConfigured"]:
        yield from compare("result", case["expectedResult"], _result_of(engine, None))
    elif case["handlerConfigured"]:
        yield from _check_outcome(engine, case)
    else:
        yield from compare("refused", case["expectedError"], _is_refused())
    if "expectedCommand" in case:
        variables = {each["name"]: each.get("value", "") for each in case.get("env") or ()}
        yield from compare("command", case["expectedCommand"], [expand(w, [variables]) for w in case["execCommand"]])


def _check_outcome(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """An error is an error in that it means nothing: whatever held holds."""
    is_error = bool(case.get("handlerError"))
    outcome = "error" if is_error else case["handlerOutcome"]
    held = {ready: _result_of(engine, outcome, ready) for ready in (False, True)}
    changes_nothing = held == {False: "Failure", True: "Success"}
    yield from compare("error", case["expectedError"], changes_nothing)
    if not is_error:
        yield from compare("result", case["expectedResult"], held[False])


def _result_of(engine: Engine, outcome: str | None, was_ready: bool = False) -> str:
    """What a readiness probe makes of an outcome; no probe for None."""
    ticker = Ticker(engine, {Errand.READINESS} if outcome else ())
    ticker.begin()
    for each in ["success"] * was_ready + [outcome] * bool(outcome):
        ticker.tick(Errand.READINESS, each, 0)
    return "Success" if ticker.ready else "Failure"


def _is_refused() -> bool:
    """Whether a probe without a handler is a mistake in a pod file, and the same one with a handler is none."""
    return not is_probe(_PERIOD) and is_probe(f"{_PERIOD}, {_HANDLER}")


# --- a supervisor that finds containers -----------------------------------------------------------------------------


def _check_adoption(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """Instances that began before us are not ours, so no probe has anything to say of them."""
    got = None
    if not case["containerStartedBeforeSupervisor"]:
        kind = case["probeType"]
        role = "sidecar" if case.get("isSidecar") else "regular"
        worker = _Worker(engine, {"probeType": kind, "containerKind": role})
        young = {"id": "it", "state": "running", "started": kind != "startup"}
        worker.tick({"pod": {"phase": "Running", "container": young}, "probeOutcome": "error"})
        got = worker.result
    rule = _ADOPTION if case["containerStartedBeforeSupervisor"] else None
    yield from compare("result", case["expectedResult"], got, rule)


_GROUPS = {"cases": _check_ticks, "resultMapping": _check_mapping, "supervisorRestart": _check_adoption}
