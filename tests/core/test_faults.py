"""The Nth call of each kind fails, for every N: PID 1 never dies, spins or waits, and the pod still ends right.

The fake kernel ends a run that turns round without the clock moving, or waits, or uses what it has closed. A fault
before the pod begins is an end with 71; what fails later is said and got over.
"""

import errno
from dataclasses import replace

import pytest
from knockers import every_kind
from player import Answer, Player, request

from minipod.model import Ask, Backoff, Log, Notify, Pod, Probe, Unit
from minipod.reaper import solo
from minipod.supervisor.vocabulary import Errand, Handler, Kind, LogMode, Milestone, Overflow, PodEvent, StopScope
from minipod.supervisor.world import Answer as Said
from minipod.supervisor.world import Behaviour, Fact, FactKind, Notice, Reply, Start, Stray

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
LACKING = {"fork", "fork_apart", "pipe", "pidfd", "epoll_add", "open", "list", "stream", "accept"}
IN_A_ROW = 5
# The same of what probes, hooks and notify are asked and heard by.
ASKING = {
    "fork": [errno.EAGAIN],
    "pipe": [errno.EMFILE],
    "kill": [errno.ESRCH],
    "epoll_add": [errno.ENOMEM],
    "read": [errno.EINTR],
    "datagrams": [errno.EMFILE],
    "credentials": [errno.EINVAL],
    "bind": [errno.EADDRINUSE],
    "peek": [errno.EINTR, errno.ENOMEM],
    "read_at": [errno.EIO],
    "memory_file": [errno.EMFILE, errno.ENOSYS],
    "stream": [errno.EMFILE, errno.ENOBUFS],
    "connect": [errno.EADDRNOTAVAIL, errno.ECONNREFUSED],
    "send_nowait": [errno.EAGAIN, errno.ENOBUFS],
}


def busy_pod() -> list[str]:
    """An init, a sidecar, services that crash, leave processes behind, ignore TERM, write much; strays; a stop."""
    pod = Pod(
        name="busy",
        termination_grace_period=10 * SECOND,
        units=(
            Unit("migrate", Kind.INIT, ("a",), "on_failure", backoff=Backoff(SECOND, 4 * SECOND)),
            Unit("logs", Kind.SIDECAR, ("b",), "always"),
            Unit("web", Kind.SERVICE, ("c",), "always", termination_grace_period=2 * SECOND),
            Unit("db", Kind.SERVICE, ("d",), "on_failure", stop_to=StopScope.MAIN, log=Log(LogMode.RAW)),
            Unit("job", Kind.SERVICE, ("e",), "never", after={"db": Milestone.READY}, log=Log(LogMode.NONE)),
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


def probe(handler: Handler, port: int = 0, **keys: int) -> Probe:
    return Probe(Ask(handler, ("probe",), port=port), period=4 * SECOND, **keys)


def asking_pod() -> list[str]:
    """A program that speaks for itself, one asked by commands, one asked over sockets; hooks; one that hangs."""
    pod = Pod(
        name="asking",
        termination_grace_period=10 * SECOND,
        units=(
            Unit("logs", Kind.SIDECAR, ("a",), "always", notify=Notify(), watchdog=3 * SECOND),
            Unit("web", Kind.SERVICE, ("b",), "always", notify=Notify(fd=4), liveness_probe=probe(Handler.EXEC),
                 readiness_probe=probe(Handler.TCP_SOCKET, 1), pre_stop=Ask(Handler.EXEC, ("c",))),
            Unit("db", Kind.SERVICE, ("d",), "always", startup_probe=probe(Handler.EXEC), message_own=True,
                 message_from_log=True,
                 liveness_probe=probe(Handler.GRPC, 2), readiness_probe=probe(Handler.HTTP_GET, 3),
                 post_start=Ask(Handler.HTTP_GET, port=4), pre_stop=Ask(Handler.EXEC, ("e",))),
        ),
    )
    hangs = {Errand.PRE_STOP: Said(Reply.NEVER)}
    beats = {Errand.WATCHDOG: Said(Reply.WELL, SECOND)}
    behaviours = (Behaviour(ready_after=SECOND, answers=beats), Behaviour(ready_after=0), Behaviour(answers=hangs))
    facts = [(5 * SECOND, Fact(FactKind.NOTIFIED, 0, Notice.RELOADING)), (6 * SECOND, Fact(FactKind.OOM_KILLED, 2)),
             (20 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    return request(pod, behaviours, facts, until=60 * SECOND)


# And of what lines go through.
WRITING = {
    "fork_apart": [errno.EAGAIN, errno.ENOMEM],
    "reap_apart": [errno.ECHILD],
    "pipe": [errno.EMFILE],
    "epoll_add": [errno.ENOMEM],
    "read": [errno.EINTR],
    "write": [errno.EAGAIN, errno.EINTR, errno.EPIPE, errno.EIO],
    "write_nowait": [errno.EAGAIN, errno.EOPNOTSUPP],
}


def writing_pod() -> list[str]:
    """Files, one of which hangs and one whose writer dies; objects; a unit that may drop lines, and a full stdout."""
    logs = {
        "web": Log(LogMode.RAW, file="/log/web", overflow=Overflow.DROP), "db": Log(LogMode.JSON, file="/log/db"),
        "job": Log(LogMode.JSON), "loud": Log(overflow=Overflow.DROP),
    }
    pod = Pod("writing", tuple(Unit(name, Kind.SERVICE, ("a",), "always", log=log) for name, log in logs.items()))
    text = b"a long line of text" * 50 + b"\n"
    facts = [(3 * SECOND, Fact(FactKind.ENDED, 2, 1)), (8 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    much = (text * 90).hex()
    writes = [f"at {at * SECOND + 1} write {unit} {at % 2} {much}" for at in (1, 2, 4) for unit in range(4)]
    files = ["1 stuck", "0 kill 9", "1 goes", "1 news 3 28 2", "1 news 0 0 0"]
    turns = [f"at {at * SECOND} file {what}" for at, what in zip((1, 3, 5, 6, 7), files, strict=True)]
    rooms = [f"at {at * SECOND} room {which} 120000" for at in (5, 6) for which in (0, 1)]
    return [*request(pod, (), facts, until=60 * SECOND), *writes, *turns, *rooms, "sink 0 4096 0 1 2000 9000",
            "sink 1 4096 1 1 90000 9000"]


# And of whom clients are asked, and by what they are heard and told.
STEERING = {
    "accept": [errno.EMFILE, errno.ECONNABORTED],
    "peer": [errno.ENOPROTOOPT],
    "hear": [errno.EINTR, errno.ECONNRESET],
    "tell": [errno.EINTR, errno.EPIPE, errno.EAGAIN],
    "shut": [errno.ENOTCONN],
    "give_back": [errno.EINVAL],
    "epoll_add": [errno.ENOMEM],
}


def steering_pod() -> list[str]:
    """Every kind of client, while lines are written; those that still follow at the end hear of it."""
    pod = Pod("steering", (Unit("web", Kind.SERVICE, ("a",), "always"), Unit("db", Kind.SERVICE, ("b",), "always")))
    facts = [(6 * SECOND, Fact(FactKind.ENDED, 0, 1)), (30 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    text = (b"a long line of text" * 50 + b"\n") * 12
    writes = [f"at {at * SECOND + 1} write {unit} 0 {text.hex()}" for at in (1, 2, 3, 4, 9) for unit in (0, 1)]
    return [*request(pod, (), facts, until=60 * SECOND), *writes, *every_kind()]


# And of what a terminal of a unit's own is made with.
SHOWING = {
    "open": [errno.EMFILE],
    "lock": [errno.ENOMEM],
    "other_side": [errno.ENFILE],
    "fork": [errno.EAGAIN],
    "pipe": [errno.EMFILE],
    "epoll_add": [errno.ENOMEM],
    "read": [errno.EINTR],
    "write": [errno.EAGAIN],
}


def showing_pod() -> list[str]:
    """Two units with a terminal each and one without; a full stdout."""
    units = (Unit("web", Kind.SERVICE, ("a",), "always", own_terminal=True),
             Unit("db", Kind.SERVICE, ("b",), "always", own_terminal=True, log=Log(overflow=Overflow.DROP)),
             Unit("job", Kind.SERVICE, ("c",), "always"))
    facts = [(at * SECOND, Fact(FactKind.ENDED, unit, 1)) for at, unit in ((2, 0), (3, 1), (5, 0), (6, 2))]
    facts.append((20 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD)))
    text = b"a long line of text" * 50 + b"\r\n"
    writes = [f"at {at * SECOND + 1} write {unit} 0 {text.hex()}" for at in (1, 3, 4, 7) for unit in range(3)]
    rooms = [f"at {at * SECOND} room {which} 1200" for at in range(8, 20) for which in (0, 1)]
    return [*request(Pod("showing", units), facts=facts, until=60 * SECOND), *writes, *rooms,
            "sink 0 4096 1 1 2000 900", "sink 1 4096 1 1 2000 900"]


# And of what one command is run by.
RUNNING = {call: PASSING[call] for call in PASSING if call not in ("write", "rewind")}
LEAVING = {call: errors for call, errors in RUNNING.items() if call not in ("pidfd", "pidfd_signal", "list")}
STARTING = {"fork", "pipe"}  # without which there is no process: that is the end, nothing is tried again
NO_PROCESS = 126


def one_command(*facts: tuple[int, Fact], **how: bool) -> list[str]:
    """A program that is deaf to TERM and leaves others behind, some of them far below; signals are sent to it."""
    plan = solo.plan()
    program = plan.units[0]._replace(argv=("a",), command_count=1, ask_rest=how.get("leave_others", False))
    strays = [Stray.HEEDS, Stray.IGNORES]
    lines = request(plan._replace(units=(program,), **how), [Behaviour(stop_after=None)], facts, strays, 60 * SECOND)
    happens = ["process 1 00 group u0 u0 61", "process 1 00 daemon u0 own 62", "process 1 00 below daemon own 63",
               "signal 10 0", "signal 20 0", "signal 18 0"]
    return [*lines, *(f"at {at * SECOND} {what}" for at, what in enumerate(happens, 2))]


def told_command() -> list[str]:
    return one_command((9 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD)))


def left_command() -> list[str]:
    """It ends by itself, and nobody waits for others."""
    return one_command((9 * SECOND, Fact(FactKind.ENDED, 0, 3)), leave_others=True)


PODS = {"writing": (writing_pod, 143, WRITING), "busy": (busy_pod, 137, PASSING), "asking": (asking_pod, 143, ASKING),
        "steering": (steering_pod, 143, STEERING), "showing": (showing_pod, 143, SHOWING),
        "told": (told_command, 137, RUNNING), "left": (left_command, 3, LEAVING)}
ONE_COMMAND = {"told", "left"}


@pytest.fixture(scope="module", params=PODS)
def pod(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def healthy(player: Player, pod: str) -> Answer:
    """The pod when nothing fails."""
    make, code, _ = PODS[pod]
    answer = player.play(make())
    assert (answer.status, answer.exit_code, answer.phase) == (0, code, "Failed"), answer.text[-3000:]
    return answer


def complaint(answer: Answer, healthy: Answer) -> str | None:
    """Why this is no right end."""
    if answer.status:
        return f"status {answer.status}: {answer.broken or answer.text[-1000:]}"
    if answer.exit_code != healthy.exit_code or answer.phase != healthy.phase:
        return f"it ended with {answer.exit_code} {answer.phase}"
    left = {answer.open[kind] for kind in ("pidfd", "connection", "client", "door")}
    if answer.open["pipe_read"][0] != answer.open["pipe_write"][0] + len(answer.files) or left != {(0, 0)}:
        return f"descriptors are left: {answer.open}"
    if answer.impossible_count or answer.lost_events:
        return f"impossible {answer.impossible}, {answer.lost_events} events lost"
    return None


def faults(call: str, errors: list[int]) -> list[tuple[int, int]]:
    """Each error once; the first one several times in a row where that can be."""
    return [*((error, 1) for error in errors), *[(errors[0], IN_A_ROW)] * (call in LACKING)]


@pytest.mark.parametrize("pod, call", [(pod, call) for pod, (_, _, calls) in PODS.items() for call in calls],
                         indirect=["pod"])
def test_nth_call_fails(pod, call, player, healthy):
    make, _, errors = PODS[pod]
    lines, found = make(), []
    assert healthy.called[call], "the pod never makes this call"
    for first in range(1, healthy.called[call] + 1):
        for error, count in faults(call, errors[call]):
            answer = player.play([*lines, f"fail {call} {first} {count} {error}"])
            if answer.status == SET_UP_FAILED and not answer.steps:
                continue
            has_no_process = pod in ONE_COMMAND and (call in STARTING or not answer.forks)
            why = complaint(answer, replace(healthy, exit_code=NO_PROCESS) if has_no_process else healthy)
            if why:
                found.append(f"{errno.errorcode[error]} from call {first}, {count} times: {why}")
    assert found == []
