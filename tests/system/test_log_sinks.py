"""stdout and stderr that are odd: full, slow, closed, gone, shared, on a disk without room. It stops nothing."""

import fcntl
import os
import re
import select
import signal
import socket
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from system_harness import Launcher, at_term, sh, tool, wait_until
from terminals import both_ends


def never(command: list[str], **keys: object) -> dict[str, object]:
    return {"command": command, "restart": "never", **keys}


def has_unread(ours: int) -> bool:
    """Of a terminal's other end: much lies there. (Whether a write would wait changes behind its back.)"""
    return int.from_bytes(fcntl.ioctl(ours, termios.FIONREAD, bytes(4)), sys.byteorder) >= 1024


@contextmanager
def stuck(kind: str) -> Iterator[tuple[int, Callable[[], bool]]]:
    """Something to write to that nobody ever reads, and whether much has been written to it."""
    if kind == "terminal":
        with both_ends() as (ours, its):
            yield its, lambda: has_unread(ours)
    elif kind == "socket":
        near, far = socket.socketpair()
        with near, far:
            yield far.fileno(), lambda: is_full(far.fileno())
    else:
        reading, writing = os.pipe()
        yield writing, lambda: is_full(writing)
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("form", ["prefix", "raw", "json"])
@pytest.mark.parametrize("kind", ["pipe", "terminal", "socket"])
def test_what_nobody_reads_stops_nothing(launch_both: Launcher, tmp_path: Path, kind: str, form: str) -> None:
    """stdout and stderr are full: children are reaped and begun anew, probes are asked, signals are passed on, and the
    end comes in time."""
    def lines_of(name: str) -> int:
        return len((tmp_path / name).read_text()) // 2 if (tmp_path / name).exists() else 0

    script = "trap 'echo x >>signals' WINCH; echo up >up; while :; do sleep 0.01; done"
    pod = {
        "pod": {"termination_grace_period": "1s", "log": form},
        "service.loud": {"command": tool("flood")},
        "service.loud2": {"command": sh("exec >&2; while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done")},
        "service.brief": {"command": sh("echo x >>runs; exit 1"), "backoff": {"initial": "20ms", "max": "20ms"}},
        "service.heard": {"command": sh(script), "log": "none",
                          "liveness_probe": {"exec": sh("echo x >>probes"), "period": "50ms", "timeout": "20s"}},
    }
    with stuck(kind) as (sink, is_stuck):
        running = launch_both.start(pod, stdout=sink, stderr=sink, report=False)
        wait_until(is_stuck, "it is full")
        wait_until(lambda: (tmp_path / "up").exists(), "it is up")
        for name in ("runs", "probes"):
            before = lines_of(name)
            wait_until(lambda name=name, before=before: lines_of(name) >= before + 5, f"five more {name}")
        running.send(signal.SIGWINCH)
        wait_until(lambda: lines_of("signals"), "the signal")
        running.send(signal.SIGTERM)
        assert running.wait().code in (143, 137)  # as soon as the first of them has come to die of it


@pytest.mark.parametrize("own", [True, False])
def test_a_full_terminal_of_another_user_stops_nothing(launch: Launcher, open_folder: Path, own: bool) -> None:
    """It cannot be opened by its name. If it is our own there is another name; if not, it is written with care."""
    pod = {"pod": {"termination_grace_period": "1s"}, "service.loud": {"command": ["yes", "word"]},
           "service.other": {"command": sh("echo x >>runs; exit 1"), "log": "none",
                             "backoff": {"initial": "20ms", "max": "20ms"}}}
    with both_ends() as (ours, its):
        os.fchmod(its, 0o600)
        wrap = [*(tool("on_terminal", os.ttyname(its)) if own else []), "setpriv", "--reuid=54321", "--clear-groups"]
        running = launch.start(pod, wrap=wrap, stdout=its, report=False)
        wait_until(lambda: has_unread(ours), "it is full")
        running.expect_error(r"other: restart \d+ ")
        running.expect_error(r"other: restart \d+ ")
        running.send(signal.SIGTERM)
        assert running.wait().code in (143, 137)


def test_who_may_drop_lines_does_not_wait(launch_both: Launcher, tmp_path: Path) -> None:
    """A million lines to a pipe that nobody reads; stderr says how many were lost. Then somebody reads whole lines."""
    reading, writing = os.pipe()
    loud = {"command": sh("yes word | head -n 1000000; touch done; exec sleep 1000"), "log": {"overflow": "drop"}}
    running = launch_both.start({"service.a": loud}, stdout=writing)
    os.close(writing)
    wait_until((tmp_path / "done").exists, "it has written all")
    running.expect_error(r"minipod: a: \d+ lines dropped")
    running.send(signal.SIGTERM)
    with os.fdopen(reading, "rb") as pipe:
        lines = pipe.read().split(b"\n")
    result = running.wait()
    assert result.code == 143 and lines.pop() == b"" and set(lines) == {b"a | word"}
    lost = sum(map(int, re.findall(r"minipod: a: (\d+) lines? dropped", result.err)))
    assert len(lines) + lost == 1_000_000 and result.report["droppedLines"] == lost


def test_a_reader_that_has_gone_while_much_is_put_together(launch_both: Launcher, tmp_path: Path) -> None:
    """One read becomes many times what a sink holds, and in the midst of it turns out to be for nobody."""
    (tmp_path / "empty lines").write_text(60000 * "\n")
    reading, writing = os.pipe()
    script = sh("trap '' PIPE; while [ ! -e gone ]; do sleep 0.01; done; dd if='empty lines' bs=60000 count=1; exit 3")
    pod = {"pod": {"control": False}, "service.a-long-name-for-a-unit": never(script)}
    running = launch_both.start(pod, stdout=writing)
    os.close(writing)
    running.expect_error("started")
    os.close(reading)
    (tmp_path / "gone").touch()
    assert running.wait().code == 3


def test_a_reader_that_goes_while_its_pipe_is_full(launch_both: Launcher, open_folder: Path) -> None:
    """A pipe of somebody else's, and a kernel that cannot be told not to wait: who waits for it goes on, so do we."""
    reading, writing = os.pipe()
    other = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
    script = sh("trap '' PIPE; head -c 1000000 /dev/zero | tr '\\0' '\\n'; exit 3")
    wrap = [*tool("given", "without-nowait"), *other]
    running = launch_both.start({"service.a": never(script)}, stdout=writing, report=False, wrap=wrap)
    wait_until(lambda: is_full(writing), "the pipe is full")
    os.close(writing)
    os.close(reading)
    assert running.wait().code == 3


def test_stdout_is_a_file_on_a_disk_that_is_full_for_a_while(launch_both: Launcher, tmp_path: Path) -> None:
    """What finds no room is dropped and counted, nobody waits; then lines come again, whole ones. The disk holds more
    than all that can still be in the unit's pipe, so that it is full once, and then in the midst of a line."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = 'mount -t tmpfs -o size=252k none "$0" && exec "$@" >"$0/out"'
    script = sh("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo $i; done; touch full; "
                "while [ ! -e room ]; do sleep 0.01; done; echo later; exit 3")
    running = launch_both.start({"service.a": never(script)}, wrap=["sh", "-c", mount, str(disk)])
    running.expect_error("minipod: cannot write to stdout: no space left on device; lines are dropped until there is")
    wait_until((tmp_path / "full").exists, "it has written all")
    out = os.open(f"/proc/{running.pid}/root{disk}/out", os.O_RDWR)
    before = os.pread(out, 1 << 18, 0)
    os.ftruncate(out, 0)
    (tmp_path / "room").touch()
    result = running.wait()
    after = os.pread(out, 1 << 20, 0)
    os.close(out)
    assert result.code == 3 and result.err.count("cannot write") == 1
    whole = before.decode().splitlines()[:-1]
    assert whole == [f"a | {n + 1}" for n in range(len(whole))] and after.endswith(b"\na | later\n")
    late = re.findall(rb"^a \| \d+$", after.lstrip(b"\0"), re.M)  # they were still in the pipe
    assert 0 <= 60000 - len(whole) - len(late) - result.report["droppedLines"] <= 1


def test_a_reader_that_does_not_read_stops_nothing_else(launch_both: Launcher) -> None:
    """Writers wait, PID 1 does not: it reaps, restarts, and stops in time."""
    reading, writing = os.pipe()
    pod = {
        "pod": {"termination_grace_period": "1s"},
        "service.loud": {"command": tool("flood")},
        "service.other": {"command": sh("echo x >>runs; exit 1"), "log": "none",
                          "backoff": {"initial": "20ms", "max": "20ms"}},
    }
    running = launch_both.start(pod, stdout=writing)
    running.expect_error("flooding")
    running.expect_error(r"other: restart 5 ")
    wait_until(lambda: is_full(writing), "the pipe is full")
    running.expect_error(r"other: restart 10 ")
    running.send(signal.SIGTERM)
    result = running.wait()
    os.close(reading)
    os.close(writing)
    assert result.code in (143, 137)


def is_full(pipe: int) -> bool:
    """Of its writing end: a write would wait."""
    return not select.select([], [pipe], [], 0)[1]


def test_a_slow_reader_gets_everything(launch_both: Launcher) -> None:
    """More than all buffers hold, read only after the writer has filled them."""
    reading, writing = os.pipe()
    running = launch_both.start({"service.a": never(tool("lines", "a", 5000, 100))}, stdout=writing)
    wait_until(lambda: is_full(writing), "the pipe is full")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    assert running.wait().code == 0
    assert text.decode().splitlines() == ["a | " + f"a {n} ".ljust(100, "x") for n in range(5000)]


@pytest.mark.parametrize("form", ["prefix", "raw"])
def test_all_who_wait_for_a_reader_have_their_turn(launch_both: Launcher, form: str) -> None:
    """None is passed over, however many there are and however much each writes."""
    names = [f"w{i:02}" for i in range(24)]
    pod = {"pod": {"log": form}} | {f"service.{name}": {"command": ["yes", f"{name} x"]} for name in names}
    reading, writing = os.pipe()
    launch_both.start(pod, stdout=writing)
    with os.fdopen(reading, "rb") as pipe:
        for _ in range(3):
            heard, most = set(), 1 << 30  # far more than a machine needs that lets each of them run
            while len(heard) < len(names) and most > 0:
                heard |= set(re.findall(rb"(w\d\d) x\n", pipe.read(1 << 20)))
                most -= 1 << 20
            assert sorted(heard) == [name.encode() for name in names]
    os.close(writing)


def test_last_words_wait_for_a_slow_reader(launch_both: Launcher) -> None:
    """The unit is gone; its last words stand in its pipe, because nobody has read us. Then somebody does."""
    reading, writing = os.pipe()
    script = sh("head -c 60000 /dev/zero | tr '\\0' '\\n'; echo last; exit 3")
    running = launch_both.start({"service.a": never(script)}, stdout=writing)
    running.expect_error("a: exited with 3")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    assert running.wait().code == 3
    assert text == b"a | \n" * 60000 + b"a | last\n"


def test_a_reader_that_went_away_stops_nothing(launch_both: Launcher) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    unit = never(sh("for i in 1 2 3; do echo $i; done; exit 3"))
    result = launch_both.run({"service.a": unit}, stdout=writing, stderr=writing)
    os.close(writing)
    assert result.code == 3 and result.unit("a")["signal"] == 0


def test_flags_of_what_others_share_are_left_alone(launch_both: Launcher) -> None:
    """A shell's terminal that is suddenly non-blocking breaks the shell."""
    reading, writing = os.pipe()
    other, sharing = socket.socketpair()
    before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (writing, sharing.fileno())]
    running = launch_both.start({"service.a": {"command": at_term(0)}}, stdout=writing, stderr=sharing.fileno())
    with os.fdopen(os.dup(reading), "rb") as pipe:
        assert b"ready" in pipe.readline()
    assert [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in (writing, sharing.fileno())] == before
    running.send(signal.SIGTERM)
    assert running.wait().code == 0
    for fd in (reading, writing):
        os.close(fd)
    other.close()
    sharing.close()


def test_a_socket_a_file_and_dev_null_will_do(launch_both: Launcher, tmp_path: Path) -> None:
    near, far = socket.socketpair()
    unit = {"service.a": never(sh("echo word; exit 3"))}
    assert launch_both.run(unit, stdout=far.fileno()).code == 3
    far.close()
    assert near.makefile().read() == "a | word\n"
    near.close()
    path = tmp_path / "appended"
    path.write_text("before\n")
    with path.open("a") as file:
        assert launch_both.run(unit, stdout=file.fileno()).code == 3
    assert path.read_text() == "before\na | word\n"
    assert launch_both.run(unit, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).code == 3


@pytest.mark.parametrize("closed", ["closed-0", "closed-1", "closed-2", "closed"])
def test_closed_descriptors_end_up_nowhere_odd(launch_both: Launcher, closed: str) -> None:
    """The next file that is opened would get the number, and lines would land in it."""
    unit = never(sh("echo out; echo err >&2; readlink /proc/self/fd/0; exit 3"))
    plan = launch_both.compile({"service.a": unit})
    result = launch_both.run(plan, wrap=tool("given", closed))
    assert result.code == 3 and plan.read_bytes().startswith(b"minipod\n")
    assert result.out == ("" if closed in ("closed", "closed-1") else "a | out\na | /dev/null\n")
    assert ("a | err" in result.err) == (closed in ("closed-0", "closed-1"))
    assert result.report["exitCode"] == 3


def test_a_full_disk_stops_nothing(launch_both: Launcher) -> None:
    with open("/dev/full", "wb") as full:
        result = launch_both.run({"service.a": never(sh("echo word; exit 3"))}, stdout=full, stderr=full)
    assert result.code == 3


def test_dev_stdout_opens(launch: Launcher) -> None:
    for mode in ("prefix", "raw", "inherit", "none"):
        unit = never(sh("echo by name >/dev/stdout; echo by number >/proc/self/fd/2"), log=mode)
        result = launch.run({"service.a": unit})
        assert result.code == 0, (mode, result.err)
        assert ("by name" in result.out) == (mode != "none")
