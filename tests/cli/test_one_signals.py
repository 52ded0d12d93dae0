"""What options of one command do to signals: who gets which, and how long there is to stop."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from system_harness import Launcher, Running, children, status, tool, wait_until

Launch = Callable[..., Launcher]
PROGRAM = tool("signals", signal.SIGTERM, signal.SIGQUIT)
# A leader and a child in its group; each tells what it gets. TERM ends them.
PAIR = [sys.executable, "-ISc", f"import os, runpy, sys; sys.argv = ['', 'signals', '15']; os.fork(); "
        f"runpy.run_path({tool('signals')[2]!r}, run_name='__main__')"]


def begin(launcher: Launcher, before: Sequence[str], command: Sequence[str], **env: str) -> Running:
    running = launcher.call(*before, *command, env=env)
    running.expect(r"ready \d+\n")
    return running


# --- which


@pytest.mark.parametrize(("before", "env"), [
    (["-r", "USR1:USR2", "-r10:12", "--rewrite", "SIGHUP:rtmin+3", "-r", "INT:ignore", "--rewrite=14:0", "--"], {}),
    (["--"], {"MINIPOD_REWRITE": "usr1:SIGUSR2 1:37,INT:0\nALRM:IGNORE"}),
    (["-rINT:0", "--"], {"MINIPOD_REWRITE": "USR1:12 HUP:RTMAX-27 INT:INT ALRM:0"}),
])
def test_another_signal_is_sent_instead(launch_named: Launch, before: list[str], env: dict[str, str]) -> None:
    running = begin(launch_named(), before, PROGRAM, **env)
    for sent, got in ((signal.SIGUSR1, 12), (signal.SIGHUP, 37), (signal.SIGUSR2, 12)):
        running.send(signal.SIGINT, signal.SIGALRM, sent)
        running.expect(rf"got {got}\n")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0
    assert not {"got 2", "got 14", "got 10", "got 1"} & set(result.lines)


def test_what_replaces_term_stops_it(launch_named: Launch) -> None:
    """The grace runs all the same."""
    running = begin(launch_named(), ["-r", "TERM:USR1", "-t", "400ms", "--"], PROGRAM)
    running.send(signal.SIGTERM)
    running.expect("got 10")
    assert running.wait().code == 137


def test_term_may_be_dropped(launch_named: Launch) -> None:
    running = begin(launch_named(), ["-rTERM:0", "--"], PROGRAM)
    running.send(signal.SIGTERM, signal.SIGUSR1)
    running.expect("got 10")
    running.send(signal.SIGQUIT)
    running.expect("got 3")
    result = running.wait()
    assert (result.code, "got 15" in result.lines) == (0, False)


# --- to whom


@pytest.mark.parametrize(("name", "before", "env", "count"), [
    ("minipod", ["--"], {}, 2),
    ("minipod", ["-g", "--"], {"MINIPOD_SINGLE_CHILD": "1"}, 2),
    ("minipod", ["-c", "--"], {}, 1),
    ("minipod", ["-gc", "--"], {}, 1),
    ("minipod", ["--"], {"MINIPOD_SINGLE_CHILD": "true"}, 1),
    ("minipod", ["--"], {"MINIPOD_SINGLE_CHILD": "false"}, 2),
    ("tini", [], {}, 1),
    ("docker-init", ["--"], {}, 1),
    ("tini", ["-g"], {}, 2),
    ("tini", [], {"TINI_KILL_PROCESS_GROUP": ""}, 2),
    ("tini", [], {"MINIPOD_GROUP": "1"}, 2),
    ("podman-init", ["--"], {}, 1),
    ("catatonit", ["-g"], {}, 2),
    ("dumb-init", [], {}, 2),
    ("dumb-init", ["-c"], {}, 1),
    ("dumb-init", ["--single-child", "--"], {}, 1),
    ("dumb-init", [], {"DUMB_INIT_SETSID": "0"}, 1),
    ("dumb-init", [], {"DUMB_INIT_SETSID": "1"}, 2),
])
def test_the_group_or_the_program_alone(
    launch_named: Launch, name: str, before: list[str], env: dict[str, str], count: int
) -> None:
    """Both are asked for a last word by another signal: what is to come has come by then. The leader ends last, because
    the originals leave with it."""
    running = begin(launch_named(name), before, PAIR, **env)
    running.expect(r"ready \d+\n")
    for number in (signal.SIGUSR1, signal.SIGCONT):
        running.send(number)
        for _ in range(count):
            running.expect(rf"got {int(number)}\n")
    [leader] = children(running.pid)
    [sibling] = children(leader)
    for pid in (leader, sibling):
        os.kill(pid, signal.SIGUSR2)
        running.expect("got 12")
    assert bytes(running.out).count(b"got 10") == bytes(running.out).count(b"got 18") == count
    for pid in (sibling, leader):
        os.kill(pid, signal.SIGTERM)
        running.expect("got 15")
        wait_until(lambda pid=pid: status(pid).get("State", "Z")[0] in "ZX", "it has ended")
    assert running.wait().code == 0


def test_each_of_the_group_is_told_to_stop_once(launch_named: Launch) -> None:
    """What is to come has come when the last word has."""
    several = [word.replace("'15'", "'3'") for word in PAIR]
    running = begin(launch_named(), ["--"], several)
    running.expect(r"ready \d+\n")
    running.send(signal.SIGTERM)
    for _ in range(2):
        running.expect("got 15")
    [leader] = children(running.pid)
    for pid in (*children(leader), leader):
        os.kill(pid, signal.SIGUSR2)
        running.expect("got 12")
        os.kill(pid, signal.SIGQUIT)
        running.expect("got 3")
    result = running.wait()
    assert (result.code, result.lines.count("got 15")) == (0, 2)


# --- for how long


@pytest.mark.parametrize(("before", "env"), [
    (["-t", "300ms", "--"], {}), (["--grace=0.3", "--"], {}), (["--"], {"MINIPOD_GRACE": "300ms"}),
    (["-t300ms", "--"], {"MINIPOD_GRACE": "1h"}),
])
def test_a_stop_has_its_grace(launch_named: Launch, before: list[str], env: dict[str, str]) -> None:
    running = begin(launch_named(), before, tool("stubborn"), **env)
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 137 and result.took < 9


def test_a_second_term_hurries(launch_named: Launch) -> None:
    running = begin(launch_named(), ["-t", "1h", "--"], tool("stubborn"))
    running.send(signal.SIGTERM)
    wait_until(lambda: not pending(running, signal.SIGTERM), "the first is taken")
    running.send(signal.SIGTERM)
    assert running.wait().code == 137


def test_a_second_term_hurries_who_has_left_the_group_as_well(launch_named: Launch) -> None:
    both = ["sh", "-c", 'setsid "$@" & exec "$@"', "sh", *tool("stubborn")]
    running = begin(launch_named(), ["-t", "1h", "--"], both)
    running.expect(r"ready \d+\n")
    running.send(signal.SIGTERM)
    wait_until(lambda: not pending(running, signal.SIGTERM), "the first is taken")
    running.send(signal.SIGTERM)
    assert running.wait().code == 137


def pending(running: Running, number: int) -> bool:
    return bool(int(status(running.pid).get("ShdPnd", "0"), 16) >> (number - 1) & 1)


# --- from whom


@pytest.mark.parametrize(("name", "before", "env"), [
    ("minipod", ["-p", "USR1", "--"], {}),
    ("minipod", ["--"], {"MINIPOD_PDEATHSIG": "10"}),
    ("tini", ["-p", "SIGUSR1"], {}),
])
def test_the_parents_end_is_a_signal(
    minipod: Path, tmp_path: Path, name: str, before: list[str], env: dict[str, str]
) -> None:
    """It stands below a process that ends at the end of its input; both in a namespace that the test can end."""
    (tmp_path / name).symlink_to(minipod)
    script = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); sys.stdin.read()"
    parent = [sys.executable, "-ISc", script, tmp_path / name, *before, *PROGRAM]
    own = [] if os.geteuid() == 0 else ["-Ur"]
    command = ["unshare", *own, "-pf", "--mount-proc", "--kill-child", "sh", "-c", '"$@"; sleep 1000', "sh", *parent]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env={**os.environ, **env}, text=True, **streams) as process:
        try:
            assert process.stdout.readline().startswith("ready")
            process.stdin.close()
            assert process.stdout.readline() == "got 10\n"
        finally:
            process.kill()
