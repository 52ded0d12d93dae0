"""One command where something is missing, or not as it uses to be: it runs, and ends as it should, all the same."""

import json
import os
import select
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from system_harness import Launcher, bare_sh, tool, wait_until

Launch = Callable[..., Launcher]

# A daemon that is deaf to TERM and stays until its child has heeded one; the program leaves once both are ready.
FAMILY = """
import os, signal, time
reading, writing = os.pipe()
if os.fork():
    os.read(reading, 1)
    os._exit(3)
os.setsid()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    os.wait()
    os._exit(0)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.write(writing, b".")
os.write(1, b"asked by %d\\n" % signal.sigwait({signal.SIGTERM}))
"""

# A program that leaves its group for that of a child; another child stays where it was.
LEAVER = """
import os, signal
reading, writing = os.pipe()
for leads in (False, True):
    child = os.fork()
    if not child:
        if leads:
            os.setpgid(0, 0)
        os.write(writing, b".")
        signal.pause()
    os.read(reading, 1)
awaited = {signal.SIGUSR1, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
os.setpgid(0, child)
os.write(1, b"ready\\n")
os._exit(signal.sigwait(awaited))
"""


def python(script: str) -> list[str]:
    return [sys.executable, "-ISc", script]


# --- system calls


def test_who_is_far_below_is_asked_without_pidfds(launch_named: Launch) -> None:
    result = launch_named().call("--", *python(FAMILY), wrap=tool("given", "without-pidfds")).wait()
    assert (result.code, result.out) == (3, "asked by 15\n")


def test_the_report_is_written_in_time_without_pidfds(launch_named: Launch, tmp_path: Path) -> None:
    """Who wrote it may still be leaving."""
    path = tmp_path / "report"
    result = launch_named().call("--report", path, "--", *bare_sh("exit 3"), report_path=path,
                                 wrap=tool("given", "without-pidfds")).wait(others=True)
    assert (result.code, result.unit("main")["exitCode"]) == (3, 3)
    assert "cannot write" not in result.err


def test_pause_keeps_nothing_without_close_range(launch_named: Launch) -> None:
    """However high its number is, and however low the limit by now."""
    script = ("import os, resource, sys; os.dup2(0, 500); resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50)); "
              "os.execv(sys.argv[1], sys.argv[1:])")
    running = launch_named().call("pause", wrap=[*tool("given", "without-close-range"), *python(script)])
    wait_until(lambda: sorted(os.listdir(f"/proc/{running.pid}/fd")) == ["0", "1", "2"], "it has let go of all else")


# --- files


@pytest.mark.parametrize("given", [[], tool("given", "closed")], ids=["open", "closed"])
def test_there_is_no_dev_null(launch_named: Launch, tmp_path: Path, given: list[str]) -> None:
    """Nor anything else but a program: its own, which refuses its words."""
    launcher = launch_named()
    place = tmp_path / "root" / launcher.minipod.relative_to("/")
    place.parent.mkdir(parents=True)
    shutil.copy(launcher.minipod, place)
    words = ["-e", "64:42", "--", launcher.minipod, "--none"]
    assert launcher.call(*words, wrap=[*given, "chroot", tmp_path / "root"]).wait().code == 42


def test_a_report_that_nobody_reads_holds_nothing_up(launch_named: Launch, tmp_path: Path) -> None:
    """A pipe in the file system: neither the program's start nor its end waits for a reader."""
    os.mkfifo(tmp_path / "pipe")
    assert launch_named().call("--report", "pipe", "--", *bare_sh("exit 3")).wait().code == 3


def test_a_report_is_read_from_a_pipe(launch_named: Launch, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert launch_named().call("--report", "pipe", "--", *bare_sh("exit 3")).wait().code == 3
    with open(reader, encoding="utf-8") as lines:
        assert json.load(lines)["exitCode"] == 3


def test_a_pipe_is_not_opened_to_see_whether_it_is_a_terminal(launch_named: Launch, tmp_path: Path) -> None:
    """Nobody who waits for a writer is let go on by minipod's looks."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with select.epoll() as watch:
        watch.register(reader, select.EPOLLIN)
        assert launch_named().call("--", "true", stdin=reader).wait().code == 0
        assert watch.poll(0) == []  # it would tell that a writer has gone
    os.close(reader)


# --- the program's group


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_a_program_that_left_its_group_gets_signals(launch_named: Launch, number: int) -> None:
    running = launch_named().call("--", *python(LEAVER))
    running.expect("ready")
    running.send(number)
    assert running.wait().code == number
