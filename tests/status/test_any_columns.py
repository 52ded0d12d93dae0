"""Columns and conditions of pods at random, against kubectl's and the kubelet's own ways to find them (spec.md,
sections 10 and 11). The rules here are a second statement; they share nothing with the code that is asked.
"""

import random
from collections.abc import Sequence

import pytest

from minipod.status import columns, conditions
from minipod.status.records import (
    Condition,
    ContainerStatus,
    Part,
    PodInfo,
    PodStatus,
    Running,
    Terminated,
    Waiting,
)
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.vocabulary import Kind

NOW = 10_000_000 * SECOND
PODS = 3000


# --- kubectl's rule ---------------------------------------------------------------------------------------------------


def end_word(end: Terminated) -> str:
    if end.reason:
        return end.reason
    return f"Signal:{end.signal}" if end.signal else f"ExitCode:{end.exit_code}"


def finish(statuses: Sequence[ContainerStatus]) -> list[int]:
    return [each.last_state.finished_at for each in statuses if each.last_state and each.last_state.finished_at]


def is_true(status: PodStatus, kind: str) -> bool:
    return any(each.type == kind and each.status == "True" for each in status.conditions)


class Row:
    """READY's first number, STATUS and RESTARTS, found by walking the statuses as printPod does."""

    def __init__(self, info: PodInfo, status: PodStatus):
        self.info, self.status = info, status
        self.ready, self.word, self.seen = 0, status.reason or status.phase, list[ContainerStatus]()
        if any(each.type == "PodScheduled" and each.reason == "SchedulingGated" for each in status.conditions):
            self.word = "SchedulingGated"
        is_initializing = self.walk_inits()
        if not is_initializing or is_true(status, "Initialized"):
            self.seen = [each for each in self.seen if self.is_sidecar(each)]
            self.walk_mains()
        self.delete()

    def is_sidecar(self, each: ContainerStatus) -> bool:
        return Part(each.name, Kind.SIDECAR) in self.info.parts

    def walk_inits(self) -> bool:
        for at, each in enumerate(self.status.inits):
            self.seen.append(each)
            if isinstance(each.state, Terminated) and each.state.exit_code == 0:
                continue
            if self.is_sidecar(each) and each.started:
                self.ready += each.ready
                continue
            self.word = "Init:" + self.init_word(each.state, at)
            return True
        return False

    def init_word(self, state: object, at: int) -> str:
        if isinstance(state, Terminated):
            return end_word(state)
        if isinstance(state, Waiting) and state.reason and state.reason != "PodInitializing":
            return state.reason
        return f"{at}/{sum(part.kind in (Kind.INIT, Kind.SIDECAR) for part in self.info.parts)}"

    def walk_mains(self) -> None:
        has_running, error = False, ""
        for each in self.status.mains[::-1]:
            self.seen.append(each)
            if isinstance(each.state, Waiting) and each.state.reason:
                self.word = each.state.reason
            elif isinstance(each.state, Terminated):
                self.word = end_word(each.state)
                error = self.word if each.state.exit_code != 0 else error
            elif isinstance(each.state, Running) and each.ready:
                has_running = True
                self.ready += 1
        if self.word != "Completed":
            return
        if has_running and is_true(self.status, "Ready"):
            self.word = "Running"
        elif error:
            self.word = error
        elif has_running:
            self.word = "NotReady"

    def delete(self) -> None:
        if self.info.deleted_at is not None and self.status.reason == "NodeLost":
            self.word = "Unknown"
        elif self.info.deleted_at is not None and self.status.phase not in ("Failed", "Succeeded"):
            self.word = "Terminating"

    @property
    def restarts(self) -> str:
        count, ends = sum(each.restart_count for each in self.seen), finish(self.seen)
        return f"{count} ({(NOW - max(ends)) // SECOND}s ago)" if count and ends else str(count)


# --- the kubelet's rule -----------------------------------------------------------------------------------------------


def listed(**names: Sequence[str]) -> str:
    return ", ".join(f"containers with {word} status: [{' '.join(some)}]" for word, some in names.items() if some)


def containers_ready(parts: Sequence[Part], known: dict[str, ContainerStatus], phase: str) -> tuple[str, str, str]:
    names = [part.name for part in parts if part.kind is not Kind.INIT]
    unknown = [name for name in names if name not in known]
    unready = [name for name in names if name in known and not known[name].ready]
    if phase == "Succeeded" and not unknown:
        return "False", "PodCompleted", ""
    if phase == "Failed":
        return "False", "PodFailed", ""
    if unknown or unready:
        return "False", "ContainersNotReady", listed(unknown=unknown, unready=unready)
    return "True", "", ""


def initialized(parts: Sequence[Part], known: dict[str, ContainerStatus], phase: str) -> tuple[str, str, str]:
    inits = [part for part in parts if part.kind is not Kind.SERVICE]
    unknown = [part.name for part in inits if part.name not in known]
    incomplete = [
        part.name for part in inits
        if part.name in known
        and not (known[part.name].started if part.kind is Kind.SIDECAR else known[part.name].ready)
    ]  # fmt: skip
    if phase == "Succeeded" and not unknown:
        return "True", "PodCompleted", ""
    mains = [known[part.name].state for part in parts if part.kind is Kind.SERVICE and part.name in known]
    if any(isinstance(state, Running | Terminated) for state in mains):
        return "True", "", ""
    if unknown or incomplete:
        return "False", "ContainersNotInitialized", listed(unknown=unknown, incomplete=incomplete)
    return "True", "", ""


# --- pods -------------------------------------------------------------------------------------------------------------


def any_end(chance: random.Random) -> Terminated:
    code = chance.choice((0, 0, 1, 137))
    reason = chance.choice(("", "Completed" if code == 0 else "Error"))
    ago = chance.choice((None, chance.randrange(1, 100)))
    return Terminated(code, reason, chance.choice((0, 9)) if code else 0, "", None, ago and NOW - ago * SECOND)


def any_status(chance: random.Random, name: str) -> ContainerStatus:
    reasons = ("", "PodInitializing", "CrashLoopBackOff", "ContainerCreating")
    state = chance.choice((Running(None), Running(None), Waiting(chance.choice(reasons)), any_end(chance), None))
    last = chance.choice((None, any_end(chance)))
    flags = {"ready": chance.random() < 0.6, "started": chance.random() < 0.7}
    return ContainerStatus(name=name, state=state, last_state=last, restart_count=chance.randrange(4), **flags)


def any_pod(chance: random.Random) -> tuple[PodInfo, PodStatus]:
    inits = [Part(f"i{at}", chance.choice((Kind.INIT, Kind.SIDECAR))) for at in range(chance.randrange(4))]
    mains = [Part(f"m{at}", Kind.SERVICE) for at in range(chance.choice((1, 2, 3)))]
    kinds = [Condition(kind, chance.choice(("True", "False"))) for kind in ("Initialized", "Ready")]
    gated = [Condition("PodScheduled", "False", "SchedulingGated")] if chance.random() < 0.05 else []
    status = PodStatus(
        chance.choice(("Pending", "Running", "Running", "Succeeded", "Failed")),
        chance.choice(("", "", "", "DeadlineExceeded", "NodeLost")),
        conditions=(*(kind for kind in kinds if chance.random() < 0.8), *gated),
        inits=tuple(any_status(chance, part.name) for part in inits if chance.random() < 0.95),
        mains=tuple(any_status(chance, part.name) for part in mains if chance.random() < 0.95),
    )
    deleted = NOW if chance.random() < 0.2 else None
    return PodInfo("it", (*inits, *mains), created_at=NOW - 90 * SECOND, deleted_at=deleted), status


@pytest.fixture(scope="module")
def pods() -> list[tuple[PodInfo, PodStatus]]:
    chance = random.Random(0)
    return [any_pod(chance) for _ in range(PODS)]


def test_any_columns(pods: list[tuple[PodInfo, PodStatus]]) -> None:
    words = set()
    for info, status in pods:
        row = Row(info, status)
        total = sum(part.kind is not Kind.INIT for part in info.parts)
        wanted = ("it", f"{row.ready}/{total}", row.word, row.restarts, "90s")
        assert columns.of(info, status, NOW) == wanted, (info, status)
        words.add(row.word)
    assert words >= {
        "Init:0/2", "Init:1/3", "Init:CrashLoopBackOff", "Init:Error", "Init:Signal:9", "Init:ExitCode:1", "Completed",
        "PodInitializing", "CrashLoopBackOff", "Error", "NotReady", "Running", "Terminating", "Unknown",
        "SchedulingGated", "Signal:9", "ExitCode:0", "DeadlineExceeded", "Pending", "Succeeded", "Failed",
    }  # fmt: skip


def test_any_conditions(pods: list[tuple[PodInfo, PodStatus]]) -> None:
    found = set()
    for info, status in pods:
        known = {each.name: each for each in (*status.inits, *status.mains)}
        for rule, ask in ((containers_ready, conditions.containers_ready), (initialized, conditions.initialized)):
            got = ask(info.parts, list(known.values()), status.phase)
            assert got[1:4] == rule(info.parts, known, status.phase), (info, status)
            found.add((rule, got.status, got.reason))
        ready = conditions.ready(info.parts, list(known.values()), status.phase)
        assert ready[1:4] == containers_ready(info.parts, known, status.phase)
    assert len(found) == 7
