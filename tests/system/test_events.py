"""--events: what happened, line by line, to a file or a descriptor, whoever reads it or does not."""

import fcntl
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from system_harness import Launcher, sh

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
    assert (result.code, result.unit("a")["restartCount"]) == (3, 5) and result.took < 8


def test_a_pipe_may_find_its_reader_later(launch: Launcher) -> None:
    path = launch.folder / "fifo"
    os.mkfifo(path)
    running = launch.start({"service.a": {"command": sh("echo up; read line < go"), "restart": "never"}},
                           "--events", "fifo")
    os.mkfifo(launch.folder / "go")
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
