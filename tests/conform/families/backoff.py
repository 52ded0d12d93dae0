"""Back-off: the ladder of delays that the plan holds, and when the simulator climbs it and begins it anew."""

import operator
import re
from collections.abc import Iterator, Mapping

from cases import Case, Difference, compare, name_of
from engines import Engine

from minipod.model import Backoff, Pod, Unit
from minipod.status.records import Terminated, Waiting
from minipod.status.states import CRASH_LOOP, UnitRecord, container_status
from minipod.supervisor.backoff import CAP, INITIAL, SECOND, delay_before
from minipod.supervisor.simulate import Simulation, simulate
from minipod.supervisor.vocabulary import Kind, Life
from minipod.supervisor.world import Behaviour, Fact, FactKind

# What the kubelet takes where nobody says otherwise, and what it takes with KEP-4603's gate on: DESIGN.md section 4.
_KUBELET, _RESET_AFTER = (10 * SECOND, 300 * SECOND), 600 * SECOND
_EXPIRY = re.compile(r"(>=?)\s*([0-9.]+)")
_COMPARE = {">": operator.gt, ">=": operator.ge}


def read(document: Mapping) -> Iterator[Case]:
    for group, check in _GROUPS.items():
        for at, case in enumerate(document.get(group) or ()):
            yield Case(name_of(case, f"{group} {at}"), lambda engine, check=check, case=case: check(engine, case))


# --- one entry of the back-off ------------------------------------------------------------------------------------


class _Entry:
    """How often a unit was restarted since its back-off was reset, and when last. ``now`` and ``event`` in seconds."""

    def __init__(self, engine: Engine, case: Mapping):
        self._ladder = engine.ladder(_ns(case["initialSeconds"]), _ns(case["maxSeconds"]))
        sign, limit = _EXPIRY.search(case["expiry"]).groups()
        self._is_beyond, self._limit = _COMPARE[sign], float(limit)
        self._streak, self._updated = 0, 0.0

    def do(self, step: Mapping) -> object:
        return getattr(self, f"_{step['op']}")(step["at"], step.get("event", step["at"]))

    def _expired(self, event: float) -> bool:
        return self._is_beyond(event - self._updated, self._limit)

    def _delay(self) -> float:
        return delay_before(self._streak, self._ladder) / SECOND

    def _get(self, now: float, event: float) -> float:
        return self._delay()

    def _next(self, now: float, event: float) -> None:
        self._streak = 1 if self._expired(event) else self._streak + 1
        self._updated = now

    def _reset(self, now: float, event: float) -> None:
        self._streak = 0

    def _gc(self, now: float, event: float) -> None:
        self._streak *= not self._expired(now)

    def _hasEntry(self, now: float, event: float) -> bool:
        return self._streak > 0

    def _isInBackOffSince(self, now: float, event: float) -> bool:
        return self._streak > 0 and not self._expired(event) and now - event < self._delay()

    def _isInBackOffSinceUpdate(self, now: float, event: float) -> bool:
        return self._streak > 0 and not self._expired(event) and event - self._updated < self._delay()


def _check_sequence(engine: Engine, case: Mapping) -> Iterator[Difference]:
    entry = _Entry(engine, case)
    for at, step in enumerate(case["steps"], start=1):
        got = entry.do(step)
        if "expect" in step:
            yield from compare(f"step {at}, {step['op']} at {step['at']}", step["expect"], got)


# --- the kubelet's numbers ----------------------------------------------------------------------------------------


def _check_numbers(engine: Engine, case: Mapping) -> Iterator[Difference]:
    initial, cap = (INITIAL, CAP) if case["reduceDefaultCrashLoopBackOffDecay"] else _KUBELET
    configured = case.get("configuredMaxSeconds")
    ladder = engine.ladder(initial, cap if configured is None else _ns(configured))
    yield from compare("initial", _ns(case["expectedInitialSeconds"]), ladder[1])
    yield from compare("cap", _ns(case["expectedMaxSeconds"]), ladder[-1])


def _check_gate(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """A start is put off for as long as the ladder says from the last end on; meanwhile the status says why."""
    entry = case.get("entry")
    own = _ns(entry["backoffSeconds"]) if entry else _KUBELET[0]
    exited = case["latestStatus"] == "exited"
    delay = delay_before(1 if entry else 0, engine.ladder(own, max(own, _KUBELET[1])))
    left = delay - _ns(case.get("finishedSecondsAgo", 0)) if exited else 0
    yield from compare("in back-off", case["expectedInBackOff"], left > 0)
    if case["expectedInBackOff"]:
        yield from compare("reason", case.get("expectedWaitingReason", CRASH_LOOP), _reason())
        yield from compare("ends in", case.get("expectedBackoffEndsInSeconds", left / SECOND), left / SECOND)


def _reason() -> str:
    unit = UnitRecord("it", Kind.SERVICE, Life.BACKOFF, begun=True, instances=1, ends=(Terminated(1, "Error"),))
    state = container_status(unit, has_inits=False).state
    return state.reason if isinstance(state, Waiting) else ""


# --- whole lives ---------------------------------------------------------------------------------------------------


def _check_life(engine: Engine, case: Mapping) -> Iterator[Difference]:
    """A service that runs each time as long as is said; how long each restart was put off."""
    runs = [_ns(seconds) for seconds in case["runSeconds"]]
    began: list[int] = []

    def watch(sim: Simulation) -> None:
        unit = sim.units[0]
        if unit.life is Life.UP and unit.instances > len(began):
            began.append(unit.started_at)
            if len(began) <= len(runs):
                sim.world.plan(sim.now + runs[len(began) - 1], Fact(FactKind.ENDED, 0, case.get("exitCode", 1)))

    initial, cap = _KUBELET
    unit = Unit("it", Kind.SERVICE, ("true",), "always", backoff=Backoff(initial, cap, _RESET_AFTER))
    most = sum(runs) + len(runs) * cap
    simulate(Pod("pod", (unit,)), [Behaviour()], [], until=most, tables=engine.tables, watch=watch)
    delays = [(nxt - start - run) / SECOND for start, nxt, run in zip(began, began[1:], runs, strict=False)]
    yield from compare("delays", case["expectedDelayBeforeRestartSeconds"], delays)


def _ns(seconds: float) -> int:
    return round(seconds * SECOND)


_GROUPS = {
    "sequences": _check_sequence,
    "kubeletConfig": _check_numbers,
    "doBackOff": _check_gate,
    "derivedTimelines": _check_life,
}
