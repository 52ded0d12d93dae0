"""--events: what happened, line by line, to a file or a descriptor, whoever reads it or does not."""

import fcntl
import json
import os
import re
import select
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
from costs import descriptors
from system_harness import Launcher, sh, status, wait_until
from writers import stopped_between_lines, writer

POD = {
    "init.first": {"command": sh("exit 0")},
    "service.web": {"command": sh("exit 3"), "exit_codes": {"3": 5}, "restart": "never"},
    "service.db": {"command": sh("kill -9 $$"), "restart": "never"},
}


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_has_it_all(launch_both: Launcher) -> None:
    """Folded it says what the report says."""
    path = launch_both.folder / "events"
    result = launch_both.run(POD, "--events", str(path))
    records = read(path)
    assert [each["seq"] for each in records] == list(range(len(records)))
    last = {each["unit"]: each for each in records if each["machine"] == "lifecycle"}
    for unit in result.report["units"]:
        told = last[unit["name"]]
        assert (told["to"], told["exitCode"], told["signal"], told["reason"]) == (
            unit["state"], unit["exitCode"], unit["signal"], unit["reason"])
    assert records[-1]["machine"] == "pod" and records[-1]["exitCode"] == result.code
    assert result.report["startedAt"] <= records[0]["time"] <= records[-1]["time"] <= result.report["finishedAt"]


def test_a_file_is_added_to(launch: Launcher) -> None:
    path = launch.folder / "events"
    path.write_text("before\n")
    launch.run(POD, "--events=events")
    assert path.read_text().startswith('before\n{"seq":0,')


def test_a_descriptor_is_ours_alone(launch: Launcher) -> None:
    """Of what minipod was given only this one stays open, and no unit gets it."""
    path = launch.folder / "events"
    script = "ls -l /proc/self/fd; echo and above; ls -l /proc/$PPID/fd"
    pod = {"service.a": {"command": sh(script), "restart": "never", "log": "raw"}}
    with path.open("ab") as events, open("/dev/zero", "rb") as other:
        given = [events.fileno(), other.fileno()]
        result = launch.run(pod, "--events", str(events.fileno()), pass_fds=given)
    own, parents = result.out.split("and above")
    assert str(path) not in own and re.search(rf" {given[0]} -> {re.escape(str(path))}$", parents, re.MULTILINE)
    assert "/dev/zero" not in result.out
    assert read(path)[-1]["to"] == "over"


def test_on_stdout_lines_stay_apart(launch_both: Launcher) -> None:
    lines = "i=0; while [ $i -lt 200 ]; do echo line; i=$((i+1)); done"
    pod = {f"service.{name}": {"command": sh(lines), "restart": "never", "log": "raw"} for name in "abc"}
    result = launch_both.run(pod, "--events", "1")
    events = [json.loads(line) for line in result.lines if line != "line"]
    assert result.lines.count("line") == 600
    assert [each["seq"] for each in events] == list(range(len(events)))


def test_on_a_stdout_that_nobody_reads_for_a_while_they_do_so_too(launch_both: Launcher) -> None:
    """Neither begins in the middle of what there was no room for."""
    reading, writing = os.pipe()
    again = {"restart": "on_failure", "backoff": {"initial": "1ms", "max": "1ms"}}
    pod = {
        "service.brief": {"command": ["false"], **again},
        "service.loud": {"command": sh(f"i=0; while [ $i -lt 9000 ]; do echo {'line' * 20}; i=$((i+1)); done"),
                         "restart": "never", "log": "raw"},
    }  # fmt: skip
    running = launch_both.start({"pod": {"main": "loud"}, **pod}, "--events", "1", stdout=writing)
    wait_until(lambda: not select.select([], [writing], [], 0)[1], "it is full")
    running.expect_error("brief: restart 40 ")
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = pipe.read().splitlines()
    running.wait()
    events = [json.loads(line) for line in lines if line != "line" * 20]
    assert lines.count("line" * 20) == 9000 and len(events) > 40
    seen = [each["seq"] for each in events if "seq" in each]
    assert seen == sorted(seen)


def full_pipe(path: Path) -> int:
    """A pipe with a name, a reader that does not read, and no room."""
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    os.write(reader, b"x" * 4096)
    return reader


def test_who_does_not_read_holds_nobody(launch_both: Launcher) -> None:
    """Units run, restart and are reaped; at the end the budget bounds what is still written."""
    path = launch_both.folder / "fifo"
    reader = full_pipe(path)
    pod = {"pod": {"termination_grace_period": "1s"}, "service.a": {
        "command": sh("exit 3"), "restart": "always", "max_restarts": 5, "backoff": {"initial": "0s", "max": "0s"}}}
    result = launch_both.run(pod, "--events", str(path))
    os.close(reader)
    assert (result.code, result.unit("a")["restartCount"]) == (3, 5)


def test_a_pipe_may_find_its_reader_later(launch: Launcher) -> None:
    path = launch.folder / "fifo"
    os.mkfifo(path)
    os.mkfifo(launch.folder / "go")
    running = launch.start({"service.a": {"command": sh("echo up; read line < go"), "restart": "never"}},
                           "--events", "fifo")
    running.expect("up")
    with path.open() as reader:
        first = json.loads(reader.readline())
        (launch.folder / "go").write_text("now\n")
        assert first["seq"] == 0 and json.loads(reader.read().splitlines()[-1])["to"] == "over"
    assert running.wait().code == 0


def test_a_full_disk_is_said_once(launch_both: Launcher) -> None:
    result = launch_both.run(POD, "--events", "/dev/full")
    assert result.code in (5, 137) and result.err.count("cannot write events") == 1  # whoever failed first


@pytest.mark.parametrize("target, code, why", [
    ("", 71, "cannot write the events"),
    ("nowhere/events", 71, "no such file or directory"),
    (".", 71, "is a directory"),
    ("9", 64, "there is no open descriptor 9"),
    ("99999999999999999999", 71, "cannot write the events"),
])
def test_what_cannot_be_written_is_said_at_once(target: str, code: int, why: str, launch: Launcher) -> None:
    if target.startswith("99999999999"):
        (launch.folder / target).mkdir()  # too long for a descriptor: a file's name
    result = launch.run({"service.a": {"command": sh("touch started"), "restart": "never"}}, "--events", target)
    assert result.code == code and why in result.err and not (launch.folder / "started").exists()


def test_a_descriptor_that_cannot_be_written(launch: Launcher) -> None:
    with open("/dev/zero", "rb") as given:
        result = launch.run(POD, "--events", str(given.fileno()), pass_fds=[given.fileno()])
    assert result.code == 64 and "for reading only" in result.err


def test_a_file_is_readable_by_others(launch: Launcher) -> None:
    os.umask(0o022)
    launch.run(POD, "--events", "events")
    assert stat.S_IMODE((launch.folder / "events").stat().st_mode) == 0o644


# --- on a disk

SMALL = ["sh", "-c", 'mount -t tmpfs -o size=64k none "$0" && exec "$@"']
RESTARTS = {"command": sh("exit 1"), "log": "none", "backoff": {"initial": "1ms", "max": "1ms"}}


def told(text: str) -> tuple[list[int], int]:
    """The numbers of the records, every line whole, and how many more there have been."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert text.endswith("\n") and "\0" not in text
    return [line["seq"] for line in lines if "seq" in line], sum(line.get("lost", 0) for line in lines)


@pytest.mark.parametrize("given", [False, True])
def test_a_disk_that_is_full_for_a_while(launch_both: Launcher, given: bool) -> None:
    """By name, or as a descriptor: what finds no room is counted where it should stand, and it goes on."""
    disk = launch_both.folder / "disk"
    disk.mkdir()
    mount = SMALL[2].replace('"$@"', '"$@" 9>>"$0/events"') if given else SMALL[2]
    running = launch_both.start({"service.a": RESTARTS}, "--events", "9" if given else f"{disk}/events",
                                wrap=["sh", "-c", mount, str(disk)])
    running.expect_error(r"events: cannot write \S+: no space left on device; what it writes is dropped")
    inside = Path(f"/proc/{running.pid}/root{disk}/events")
    before_it = descriptors(running.pid)
    before = stopped_between_lines(writer(running), inside)
    os.truncate(inside, 0)
    os.kill(writer(running), signal.SIGCONT)
    running.expect_error("events: .* is written again")
    wait_until(lambda: inside.stat().st_size > 10000, "much more is written")
    assert descriptors(running.pid) <= before_it + 4  # a child that is being started
    file = os.open(inside, os.O_RDONLY)
    running.send(signal.SIGTERM)
    running.wait()
    after = os.pread(file, 65536, 0).decode()
    os.close(file)
    first, counted = told(before)
    numbers, _ = told(after)
    assert first == list(range(len(first))) and after.startswith('{"lost":')
    counted += json.loads(after.splitlines()[0])["lost"]
    assert numbers[0] == len(first) + counted and numbers == sorted(set(numbers))


@pytest.mark.parametrize("ends", ["goes on", "hangs for ever"])
def test_a_disk_that_hangs(launch_both: Launcher, ends: str) -> None:
    """Whoever writes there is stopped as a dead disk stops him: PID 1 starts, reaps and ends in time."""
    path = launch_both.folder / "events"
    grace = "2s" if ends == "hangs for ever" else "1h"  # nobody needs it who goes on
    running = launch_both.start({"pod": {"termination_grace_period": grace}, "service.a": RESTARTS}, "--events", path)
    wait_until(lambda: path.exists() and path.stat().st_size, "it is written")
    pid = writer(running)
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: status(pid)["State"].startswith("T"), "it is stopped")
    size = path.stat().st_size
    running.expect_error("a: restart 400 ")  # the record holds fewer events
    assert path.stat().st_size == size
    if ends == "goes on":
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: path.stat().st_size > size, "it goes on")
    running.send(signal.SIGTERM)
    result = running.wait()
    numbers, lost = told(path.read_text())
    assert result.code in (1, 143)  # as the stop finds it
    if ends == "goes on":
        assert numbers[-1] + 1 == len(numbers) + lost and lost > 0
    else:
        assert "events could not be written in time: its last lines are lost" in result.err


def test_a_writer_that_is_killed(launch_both: Launcher) -> None:
    """Another one goes on in the same file."""
    path = launch_both.folder / "events"
    running = launch_both.start({"service.a": RESTARTS}, "--events", str(path))
    wait_until(lambda: path.exists() and path.stat().st_size, "it is written")
    first = writer(running)
    os.kill(first, signal.SIGKILL)
    running.expect_error("events: the writer of .*/events was ended by SIGKILL")
    wait_until(lambda: writer(running) != first, "another one is begun")
    size = path.stat().st_size
    wait_until(lambda: path.stat().st_size > size, "more is written")
    running.send(signal.SIGTERM)
    running.wait()
    last = json.loads(path.read_text().splitlines()[-1])
    assert (last["machine"], last["to"]) == ("pod", "over")


def test_all_of_a_crowd_that_begins_at_once(launch: Launcher) -> None:
    """More transitions in one turn than the record holds, to a reader with room for them. (A file's writer may come too
    late where the machine lets nobody but PID 1 run.)"""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1 << 20)
    pod = {f"service.s{i}": {"command": ["true"], "log": "none", "restart": "never"} for i in range(400)}
    running = launch.start(pod, "--events", str(writing), pass_fds=[writing])
    os.close(writing)
    running.wait()
    with os.fdopen(reading, encoding="utf-8") as events:
        numbers, lost = told(events.read())
    assert lost == 0 and numbers == list(range(len(numbers))) and len(numbers) > 1600
