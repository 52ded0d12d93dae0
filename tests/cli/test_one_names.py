"""minipod by the names of other inits: how they end, and what they do that it does not under its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from system_harness import SLEEP, Launcher, Stage, bare_sh, beside, children, descendants, status, tool, wait_until

Launch = Callable[..., Launcher]
NAMES = ["tini", "tini-static", "docker-init", "dumb-init", "catatonit", "podman-init"]
# A program that ends with 3 once the child that it leaves behind, outside of its group, is ready.
LEAVES = [sys.executable, "-ISc", f"import os, subprocess, sys; subprocess.run({tool('daemonise', 'leave')!r}); "
          "sys.exit(3)"]


@pytest.fixture
def launch_below(minipod: Path, tmp_path: Path) -> Iterator[Launch]:
    """By any name, as an ordinary process: what is left behind lives on, and can be looked at."""
    launchers = []

    def make(name: str) -> Launcher:
        (tmp_path / name).symlink_to(minipod)
        launchers.append(Launcher(tmp_path / name, tmp_path, Stage.CHILD))
        return launchers[-1]

    yield make
    for launcher in launchers:
        launcher.close()


def state(pid: int) -> str:
    return status(pid).get("State", "X")[0]


# --- how they end


@pytest.mark.parametrize("name", NAMES)
def test_they_end_with_their_program(launch_below: Launch, name: str) -> None:
    """Nobody who is left is waited for, or told anything."""
    result = launch_below(name).call(*LEAVES).wait(others=True)
    assert result.code == 3 and "left behind" in result.err and result.took < 9


@pytest.mark.parametrize("name", NAMES)
def test_with_a_grace_nobody_is_left(launch_below: Launch, tmp_path: Path, name: str) -> None:
    """One that has left the group and needs a moment after TERM has it."""
    marker = tmp_path / "cleaned"
    script = ("import subprocess as s, sys; "
              "s.Popen(sys.argv[1:], stdout=s.PIPE, start_new_session=True).stdout.readline(); sys.exit(3)")
    leaves = [sys.executable, "-ISc", script, *tool("cleanup", "0.1", marker)]
    result = launch_below(name).call(*leaves, env={"MINIPOD_GRACE": "60s"}).wait()
    assert (result.code, marker.exists()) == (3, True)


def test_as_pid_1_they_end_with_their_program_too(launch_named: Launch) -> None:
    for name in NAMES:
        result = launch_named(name).call(*LEAVES).wait(others=True)
        assert result.code == 3 and result.took < 9


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_the_programs(launch_named: Launch, name: str) -> None:
    launcher = launch_named(name)
    for script, code in (("exit 0", 0), ("exit 42", 42), ("kill -9 $$", 137), ("kill -USR1 $$", 138)):
        assert launcher.call(*bare_sh(script)).wait().code == code


# --- TERM


@pytest.mark.parametrize("name", NAMES)
def test_term_is_a_signal_like_any_other(launch_named: Launch, name: str) -> None:
    """However often it comes, and whatever the program makes of it."""
    running = launch_named(name).call(*tool("signals", signal.SIGUSR2))
    running.expect("ready")
    for _ in range(3):
        running.send(signal.SIGTERM)
        running.expect("got 15")
    running.send(signal.SIGUSR2)
    assert running.wait().code == 0


@pytest.mark.parametrize("name", NAMES)
def test_with_a_grace_term_is_a_stop(launch_named: Launch, name: str) -> None:
    running = launch_named(name).call(*tool("stubborn"), env={"MINIPOD_GRACE": "300ms"})
    running.expect("ready")
    running.send(signal.SIGTERM)
    assert running.wait().code == 137


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("rewrite", "code"), [("", 143), ("TERM:USR1", 138)])
def test_a_stopped_program_ends_at_term(launch_named: Launch, name: str, rewrite: str, code: int) -> None:
    """And at what it gets for it."""
    running = launch_named(name).call(*SLEEP, env={"MINIPOD_REWRITE": rewrite})
    [program] = wait_until(lambda: children(running.pid), "it has a child")
    os.kill(program, signal.SIGSTOP)
    wait_until(lambda: state(program) == "T", "it is stopped")
    running.send(signal.SIGTERM)
    assert running.wait().code == code


# --- dumb-init's own


def session_of(pid: int) -> tuple[int, int]:
    return os.getsid(pid), os.getpgid(pid)


@pytest.mark.parametrize(("before", "told"), [([], 1), (["-c"], 0)])
def test_its_group_is_asked_to_end_and_not_waited_for(
    minipod: Path, tmp_path: Path, before: list[str], told: int
) -> None:
    """dumb-init tells the group when the program has ended, unless signals are for the program alone; those outside of
    it are not told. Whoever is left lives on in a namespace whose first process stays."""
    (tmp_path / "dumb-init").symlink_to(minipod)
    program = 'setsid "$@" 12 & "$@" 15 & read word; exit 3'
    own = [] if os.geteuid() == 0 else ["-Ur"]
    stays = '"$@"; echo over $?; exec sleep 1000'
    above = ["unshare", *own, "-pf", "--mount-proc", "--kill-child", "sh", "-c", stays, "sh"]
    command = [*above, str(tmp_path / "dumb-init"), *before, "sh", "-c", program, "sh", *tool("signals")]
    with beside(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        said = [process.stdout.readline().split()[0] for _ in range(2)]
        process.stdin.close()
        said += sorted(process.stdout.readline().strip() for _ in range(1 + told))
        assert said == ["ready", "ready", *["got 15"] * told, "over 3"]
        [first] = children(process.pid)
        for pid in wait_until(lambda: len(left := programs_below(first)) == 2 - told and left, "who was told has gone"):
            os.kill(pid, signal.SIGUSR1)
            assert process.stdout.readline() == "got 10\n"


def programs_below(pid: int) -> list[int]:
    """Those that tell their signals; one that has ended has no command line any more."""
    found = []
    for below in descendants(pid):
        with suppress(OSError):  # it is reaped by now
            if "signals" in Path(f"/proc/{below}/cmdline").read_text().split("\0"):
                found.append(below)
    return found


@pytest.mark.parametrize(("name", "before", "env", "own"), [
    ("dumb-init", [], {}, True), ("dumb-init", ["-c"], {}, False), ("dumb-init", [], {"DUMB_INIT_SETSID": "0"}, False),
    ("tini", [], {}, False), ("docker-init", ["-g"], {}, False), ("minipod", ["--"], {}, False),
    ("catatonit", ["-g"], {}, False),
])
def test_a_session_of_its_own(
    launch_named: Launch, name: str, before: Sequence[str], env: dict[str, str], own: bool
) -> None:
    """Its own group it has in any case."""
    running = launch_named(name).call(*before, *tool("signals", signal.SIGTERM), env=env)
    running.expect("ready")
    [program] = children(running.pid)
    assert session_of(program) == (program if own else os.getsid(running.pid), program)
    running.send(signal.SIGTERM)
    running.wait()


def test_stops_become_stop_for_all(launch_below: Launch) -> None:
    """As a shell's job control expects: the program's group and dumb-init itself; CONT is for both."""
    running = launch_below("dumb-init").call(*tool("signals", signal.SIGTERM))
    running.expect("ready")
    for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        [program] = descendants(running.pid)
        running.send(number)
        wait_until(lambda program=program: state(program) == state(running.pid) == "T", "both are stopped")
        running.send(signal.SIGCONT)
        running.expect("got 18")
        wait_until(lambda: state(running.pid) == "S", "it goes on")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0 and not {"got 20", "got 21", "got 22"} & set(result.lines)


def test_a_stop_in_a_pause_has_its_grace(launch_named: Launch) -> None:
    """As a process it is stopped itself, and hears of both when it goes on; as PID 1 it cannot be."""
    running = launch_named("dumb-init").call(*tool("stubborn"), env={"MINIPOD_GRACE": "300ms"})
    running.expect("ready")
    [program] = children(running.pid)
    running.send(signal.SIGTSTP)
    wait_until(lambda: state(program) == "T", "it is stopped")
    running.send(signal.SIGTERM)
    if running.stage is Stage.CHILD:
        wait_until(lambda: state(running.pid) == "T", "so is its init")
        running.send(signal.SIGCONT)
    assert running.wait().code == 137


def test_a_stop_may_be_rewritten(launch_named: Launch) -> None:
    running = launch_named("dumb-init").call("-r", "20:10", "--rewrite", "21:0", *tool("signals", signal.SIGTERM))
    running.expect("ready")
    running.send(signal.SIGTTIN, signal.SIGTSTP)
    running.expect("got 10")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


# --- what they say


@pytest.mark.parametrize(("name", "before", "env", "says"), [
    ("tini", [], {}, False), ("tini", ["-v"], {}, True), ("tini", ["-vvv"], {}, True),
    ("tini", ["-vvv"], {"TINI_VERBOSITY": "1"}, False), ("tini", [], {"TINI_VERBOSITY": "3"}, True),
    ("dumb-init", [], {"TINI_VERBOSITY": "3"}, False), ("dumb-init", ["-v"], {}, True),
    ("dumb-init", [], {"DUMB_INIT_DEBUG": "1"}, True), ("dumb-init", [], {"DUMB_INIT_DEBUG": "0"}, False),
    ("catatonit", [], {}, False), ("podman-init", ["--"], {"CATATONIT_DEBUG": ""}, True),
    ("tini", [], {"CATATONIT_DEBUG": "1"}, False), ("tini", ["-s"], {"TINI_SUBREAPER": ""}, False),
    ("tini", [], {"MINIPOD_VERBOSE": "1"}, True),
])
def test_words_are_asked_for(
    launch_named: Launch, name: str, before: list[str], env: dict[str, str], says: bool
) -> None:
    result = launch_named(name).call(*before, "true", env=env).wait()
    assert (result.code, "minipod: true: started" in result.err, bool(result.err)) == (0, says, says)


def test_at_verbosity_0_not_even_warnings(launch_named: Launch) -> None:
    orphan = bare_sh("(sleep 0.01 & echo $!) | { read pid; while [ -e /proc/$pid ]; do sleep 0.01; done; }")
    launcher = launch_named("tini")
    for verbosity, says in (("0", False), ("1", True)):
        result = launcher.call("-w", *orphan, env={"TINI_VERBOSITY": verbosity}).wait()
        assert ("Reaped zombie process with pid=" in result.err) is says
    assert "no-such-program" in launcher.call("no-such-program", env={"TINI_VERBOSITY": "0"}).wait().err
