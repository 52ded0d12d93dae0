"""The Nth call of each kind fails, for every N: PID 1 never dies, spins or waits, and the pod still ends right.

The fake kernel ends a run that turns round without the clock moving, or waits, or uses what it has closed. A fault
before the pod begins is an end with 71; what fails later is said and got over.
"""

import errno

import pytest
from player import Answer, Player, request

from minipod.model import Backoff, Pod, Unit
from minipod.supervisor.vocabulary import Kind, LogMode, Milestone, PodEvent, StopScope
from minipod.supervisor.world import Behaviour, Fact, FactKind, Start, Stray

SECOND = 1_000_000_000
SET_UP_FAILED = 71
# What each call may fail with: once, and (for what a machine may lack for a while) several times in a row.
PASSING = {
    "fork": [errno.EAGAIN, errno.ENOMEM],
    "pipe": [errno.EMFILE, errno.ENFILE],
    "pidfd": [errno.EMFILE, errno.ENOMEM, errno.ESRCH, errno.ENOSYS],
    "pidfd_signal": [errno.EPERM, errno.ESRCH],
    "kill": [errno.EPERM, errno.ESRCH],
    "epoll_add": [errno.ENOMEM, errno.ENOSPC],
    "epoll_wait": [errno.EINTR],
    "open": [errno.EMFILE, errno.ENOENT],
    "read": [errno.EINTR, errno.ESRCH],
    "write": [errno.EAGAIN, errno.EINTR, errno.EPIPE, errno.EIO],
    "list": [errno.ENOMEM, errno.EINTR],
    "rewind": [errno.EIO],
    "epoll": [errno.EMFILE],
    "signals": [errno.EMFILE],
}
LACKING = {"fork", "pipe", "pidfd", "epoll_add", "open", "list"}
IN_A_ROW = 5


def busy_pod() -> list[str]:
    """An init, a sidecar, services that crash, leave processes behind, ignore TERM, write much; strays; a stop."""
    pod = Pod(
        name="busy",
        termination_grace_period=10 * SECOND,
        units=(
            Unit("migrate", Kind.INIT, ("a",), "on_failure", backoff=Backoff(SECOND, 4 * SECOND)),
            Unit("logs", Kind.SIDECAR, ("b",), "always"),
            Unit("web", Kind.SERVICE, ("c",), "always", termination_grace_period=2 * SECOND),
            Unit("db", Kind.SERVICE, ("d",), "on_failure", stop_to=StopScope.MAIN, log=LogMode.RAW),
            Unit("job", Kind.SERVICE, ("e",), "never", after={"db": Milestone.READY}, log=LogMode.NONE),
        ),
    )
    behaviours = (
        Behaviour(), Behaviour(stop_after=SECOND // 10), Behaviour(stop_after=None, rest=None), Behaviour(rest=SECOND),
        Behaviour(starts=(Start(after=SECOND),)),
    )
    facts = [(at * SECOND, Fact(FactKind.ENDED, unit, code)) for at, unit, code in [
        (1, 0, 3), (3, 0, 0), (6, 2, 1), (7, 3, 139), (9, 1, 0), (11, 4, 0), (12, 2, 0)]]
    facts.append((20 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD)))
    lines = request(pod, behaviours, facts, [Stray.HEEDS, Stray.IGNORES], 60 * SECOND)
    text = b"a long line of text" * 50 + b"\n"
    writes = [f"at {at * SECOND + 1} write {unit} {at % 2} {text.hex()}" for at in (10, 14, 17) for unit in (1, 2, 3)]
    rooms = [f"at {at * SECOND} room {which} 1200" for at in range(11, 30) for which in (0, 1)]
    below = ["process 1 00 child u2 own 61", "process 1 00 grandchild child own 62"]
    deep = [f"at {at * SECOND} {line}" for at, line in zip((18, 19), below, strict=True)]
    return [*lines, *writes, *rooms, *deep, "sink 0 4096 1 1 2000 900", "sink 1 4096 1 1 2000 900"]


@pytest.fixture(scope="module")
def busy() -> list[str]:
    return busy_pod()


@pytest.fixture(scope="module")
def healthy(player: Player, busy: list[str]) -> Answer:
    """The same pod when nothing fails."""
    answer = player.play(busy)
    assert (answer.status, answer.exit_code, answer.phase) == (0, 137, "Failed"), answer.text[-3000:]
    return answer


def complaint(answer: Answer, healthy: Answer) -> str | None:
    """Why this is no right end."""
    if answer.status:
        return f"status {answer.status}: {answer.broken or answer.text[-1000:]}"
    if answer.exit_code != healthy.exit_code or answer.phase != healthy.phase:
        return f"it ended with {answer.exit_code} {answer.phase}"
    if answer.open["pipe_read"][0] != answer.open["pipe_write"][0] or answer.open["pidfd"] != (0, 0):
        return f"descriptors are left: {answer.open}"
    if answer.impossible_count or answer.lost_events:
        return f"impossible {answer.impossible}, {answer.lost_events} events lost"
    return None


def faults(call: str) -> list[tuple[int, int]]:
    """Each error once; the first one several times in a row where that can be."""
    return [*((error, 1) for error in PASSING[call]), *[(PASSING[call][0], IN_A_ROW)] * (call in LACKING)]


@pytest.mark.parametrize("call", PASSING)
def test_nth_call_fails(call, player, busy, healthy):
    found = []
    for first in range(1, healthy.called[call] + 1):
        for error, count in faults(call):
            answer = player.play([*busy, f"fail {call} {first} {count} {error}"])
            if answer.status == SET_UP_FAILED and not answer.steps:
                continue
            why = complaint(answer, healthy)
            if why:
                found.append(f"{errno.errorcode[error]} from call {first}, {count} times: {why}")
    assert found == []
