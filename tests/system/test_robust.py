"""Nothing that the system refuses, and nothing that hangs, keeps PID 1 from its duties."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from system_harness import PATIENCE, SLEEP, Launcher, Running, Stage, at_term, children, sh, status, tool, wait_until

# --- the system refuses


def ends_on_file(name: str) -> list[str]:
    """Ends with 1 whenever there is such a file, which it removes."""
    return sh(f"echo here; while [ ! -e {name} ]; do sleep 0.01; done; rm {name}; exit 1")


OTHER = ["setpriv", "--reuid=54321", "--clear-groups"]


def set_limit(pid: int, limit: str) -> None:
    """A soft limit of a process of OTHER, who may change it for itself."""
    subprocess.run([*OTHER, "prlimit", f"--pid={pid}", f"--{limit}:"], check=True, timeout=30)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("nproc", "fork: no resources for another process right now"),
        ("nofile", "a pipe: too many open files in this process"),
    ],
)
def test_a_lack_of_resources_is_waited_out(launch_both: Launcher, open_folder: Path, limit: str, said: str) -> None:
    """One warning, a new attempt a little later, and never the end of anything; it is no restart of the unit's.
    As another user, because root is above the limit on processes."""
    running = launch_both.start({"service.a": {"command": ends_on_file("end")}}, wrap=OTHER, report=False)
    running.expect("here")
    set_limit(running.pid, f"{limit}=1")
    (open_folder / "end").touch()
    running.expect_error(f"a: cannot start now: {said}; trying again")
    set_limit(running.pid, f"{limit}=256")
    running.expect("here")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 143 and result.err.count("a: restart ") == 1
    assert result.err.count("cannot start now") == 1  # however often it was tried


@pytest.mark.parametrize("most", [8, 12, 16, 20])
def test_too_few_descriptors_are_waited_out(launch_both: Launcher, most: int) -> None:
    """Three units with pipes of their own want fifteen. It says so, serves whom it can, and stops in time."""
    pod = {f"service.{name}": {"command": sh("exec sleep 1000")} for name in "abc"}
    running = launch_both.start(pod, wrap=["prlimit", f"--nofile={most}:{most}"], report=False,
                                env={"MINIPOD_GRACE": "1h"})
    running.expect_error("cannot start now: .*: too many open files in this process; trying again|c: started")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 143


@pytest.mark.parametrize("most", range(3, 8))
def test_hardly_any_descriptors_is_a_sentence_or_a_pod(launch: Launcher, most: int) -> None:
    """Too few for itself: 71 with one line. Too few for the start of one program: 126 with one."""
    result = launch.solo("true", wrap=["prlimit", f"--nofile={most}:{most}"]).wait()
    says = "minipod: cannot execute true: too many open files in this process" if most > 5 else "cannot set up"
    assert result.code == (126 if most > 5 else 71) and says in result.err and result.err.count("\n") == 1


def test_a_limit_on_memory_is_a_sentence(launch: Launcher) -> None:
    pod = {f"service.unit-{i}": {"command": ["true"]} for i in range(200)}
    result = launch.run(pod, wrap=["prlimit", "--as=4000000:4000000"])
    assert result.code == 71 and "cannot get" in result.err and "memory" in result.err


def test_no_proc_is_no_reason_not_to_work(launch: Launcher) -> None:
    """Strays are found by their group alone then; all else is as ever."""
    wrap = ["sh", "-c", 'umount -l /proc; exec "$@"', "sh"]
    pod = {"service.a": {"command": sh("sleep 900 & exit 3"), "max_restarts": 2, "backoff": {"initial": "10ms"}}}
    result = launch.run(pod, wrap=wrap)
    assert result.code == 3 and result.unit("a")["restartCount"] == 2


# --- something hangs


@pytest.fixture
def hanging_accounts(tmp_path: Path) -> list[str]:
    """A wrap: /etc/passwd is a FIFO that nobody writes, so a child that looks a user up blocks before its exec."""
    os.mkfifo(tmp_path / "fifo")
    return ["sh", "-c", 'mount --bind fifo /etc/passwd; exec "$@"', "sh"]


def hung_child(running: Running) -> int:
    """The one that is still a copy of minipod."""
    return wait_until(
        lambda: next((pid for pid in children(running.pid) if status(pid).get("Name") == "minipod"), 0),
        "a child hangs before its exec",
    )


def test_a_child_that_hangs_before_exec_stops_nothing(launch_both: Launcher, hanging_accounts: list[str]) -> None:
    """Other units start, are restarted and signalled; the hung one is killed in time at the end."""
    pod = {
        "service.hung": {"command": sh("echo no"), "user": "root"},
        "service.a": {"command": tool("signals", signal.SIGTERM)},
        "service.b": {"command": sh("exit 1"), "backoff": {"initial": "10ms", "max": "10ms"}},
    }
    running = launch_both.start(pod, wrap=hanging_accounts, env={"MINIPOD_GRACE": "4s"})
    running.expect(r"a +\| ready")
    hung = hung_child(running)
    running.expect_error("b: restart 5 ")
    running.send(signal.SIGUSR1)
    running.expect(r"a +\| got 10")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert not status(hung)
    assert result.code != 0 and "no" not in result.out.split() and result.unit("a")["exitCode"] == 0


def test_a_hung_child_lets_told_twice_end_at_once(launch_both: Launcher, hanging_accounts: list[str]) -> None:
    running = launch_both.start({"service.hung": {"command": ["true"], "user": "root"}}, wrap=hanging_accounts)
    hung_child(running)
    began = time.monotonic()
    running.send(signal.SIGTERM)
    running.expect_error("stopping")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert time.monotonic() - began < 9 and result.code in (137, 143)


def test_a_hung_init_runs_into_its_deadline(launch: Launcher, hanging_accounts: list[str]) -> None:
    pod = {
        "init.hung": {"command": ["true"], "user": "root", "deadline": "200ms",
                      "termination_grace_period": "200ms"},
        "service.a": {"command": ["true"]},
    }
    result = launch.run(pod, wrap=hanging_accounts, env={"MINIPOD_GRACE": "1s"})
    assert result.code == 124 and result.took < 9


def test_a_hung_child_that_gets_on_is_started(launch_both: Launcher, hanging_accounts: list[str]) -> None:
    """Somebody writes the FIFO at last."""
    pod = {"service.late": {"command": sh("echo here"), "user": "root", "restart": "never"}}
    running = launch_both.start(pod, wrap=hanging_accounts)
    hung_child(running)
    with open(launch_both.folder / "fifo", "w") as file:
        file.write("root:x:0:0:root:/root:/bin/sh\n")
    result = running.wait()
    assert result.code == 0 and result.lines == ["late | here"]


@pytest.fixture
def leased(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A program and our write lease on it: until we give it up, the kernel lets an exec wait as for a disk that does
    not answer."""
    program = tmp_path / "program"
    shutil.copy("/bin/echo", program)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # how the kernel asks for it
    lease = os.open(program, os.O_RDONLY)
    fcntl.fcntl(lease, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    yield program, lease
    os.close(lease)
    signal.signal(signal.SIGIO, before)


def test_a_child_that_hangs_in_exec_stops_nothing(launch_both: Launcher, leased: tuple[Path, int]) -> None:
    """It shares PID 1's memory all the while, and PID 1 goes on: that is what vfork could not do. There are more of
    them than stacks to share."""
    program, lease = leased
    names = [f"hung-{i}" for i in range(12)]
    pod = {f"service.{name}": {"command": [str(program), "at last"], "restart": "never"} for name in names}
    pod["service.a"] = {"command": tool("signals", signal.SIGTERM)}
    pod["service.b"] = {"command": sh("exit 1"), "backoff": {"initial": "10ms", "max": "10ms"}}
    pod["signals"] = {"USR1": {"send": "USR1", "to": ["a"]}}  # it would end those that hang
    running = launch_both.start(pod)
    running.expect(r"a +\| ready")
    running.expect_error("b: restart 5 ")
    running.send(signal.SIGUSR1)
    running.expect(r"a +\| got 10")
    assert b"at last" not in running.out
    fcntl.fcntl(lease, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    for _ in names:
        running.expect(r"hung-\d+ +\| at last")
    running.send(signal.SIGTERM)
    assert running.wait().unit("a")["exitCode"] == 0


def test_an_interpreter_that_is_a_pipe_is_refused(launch: Launcher, write_script: Callable) -> None:
    os.mkfifo(launch.folder / "interpreter")
    (launch.folder / "interpreter").chmod(0o755)
    write_script("program", f"#!{launch.folder}/interpreter\n")
    pod = {
        "service.odd": {"command": [str(launch.folder / "program")]},
        "service.a": {"command": at_term(0)},
    }
    result = launch.run(pod, env={"MINIPOD_GRACE": "1s"})
    assert result.code == 126 and result.took < 9  # the kernel executes regular files only


# --- many of everything


def test_two_hundred_units(launch_both: Launcher) -> None:
    """All start, all are stopped; the report has them all."""
    pod = {f"service.unit-{i}": {"command": SLEEP, "log": "inherit"} for i in range(200)}
    running = launch_both.start(pod)
    wait_until(lambda: len(children(running.pid)) == 200, "all run")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 143 and len(result.report["units"]) == 200


def test_a_storm_of_signals_delays_no_duty(launch_both: Launcher) -> None:
    """While 20,000 signals come in, units are restarted; then the stop is obeyed at once."""
    pod = {
        "service.a": {"command": sh("trap '' USR1; echo ready; while :; do sleep 1; done")},
        "service.b": {"command": sh("exit 1"), "backoff": {"initial": "10ms", "max": "10ms"}},
    }
    running = launch_both.start(pod, env={"MINIPOD_GRACE": "2s"})
    running.expect("ready")
    for _ in range(20_000):
        os.kill(running.pid, signal.SIGUSR1)
    running.expect_error("b: restart 5 ")
    began = time.monotonic()
    running.send(signal.SIGTERM)
    running.wait()
    assert time.monotonic() - began < 9


def test_it_sleeps_when_nothing_happens(launch_both: Launcher) -> None:
    """No polling anywhere: not one wake-up while all is quiet (tini has one a second). The kernel itself may wake
    anybody now and then, but not in each of many spells. Its socket is where nobody else asks for pods."""
    pod = {"pod": {"control": str(launch_both.folder / "s")}, "service.a": {"command": at_term(0)}}
    running = launch_both.start({**pod, "sidecar.s": {"command": SLEEP}})
    running.expect("ready")
    wait_until(lambda: [status(pid).get("Name") for pid in children(running.pid)].count("sleep") == 1, "both run")
    wait_until(lambda: _rests(running), "it sleeps for more than a second", 4 * PATIENCE)
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


def _switches(running: Running) -> int:
    shown = status(running.pid)
    return int(shown["voluntary_ctxt_switches"]) + int(shown["nonvoluntary_ctxt_switches"])


def _rests(running: Running) -> bool:
    before = _switches(running)
    time.sleep(1.2)
    return _switches(running) == before


def test_it_needs_no_writable_file_system(launch_both: Launcher) -> None:
    """A read-only root all the way down, and hardly an environment."""
    script = "for at in $(awk '{print $5}' /proc/self/mountinfo); do mount -o remount,bind,ro $at; done 2>/dev/null"
    wrap = ["sh", "-c", script + '; ! touch here 2>/dev/null && exec "$@"', "sh", "env", "-i", "PATH=/usr/bin:/bin"]
    pod = {"service.a": {"command": sh("echo here; exit 3"), "restart": "never"}}
    result = launch_both.run(pod, wrap=wrap, report=False)
    assert result.code == 3 and result.lines == ["a | here"]


def test_the_sanitized_command_does_the_same(minipod_asan: Path, tmp_path: Path) -> None:
    """One rich pod under address and undefined-behaviour checks, to its end and to a stop."""
    pod = {
        "pod": {"termination_message_path": str(tmp_path / "message")},
        "signals": {"HUP": {"send": "USR1", "to": ["a"]}},
        "init.i": {"command": sh("echo init; printf half")},
        "sidecar.s": {"command": tool("daemonise")},
        "service.a": {"command": tool("signals", signal.SIGTERM), "env": {"X": "$(PATH)"}},
        "service.b": {"command": sh("head -c 40000 /dev/zero; exit 1"), "backoff": {"initial": "20ms", "max": "20ms"}},
        "service.c": {"command": SLEEP, "after": ["a"], "log": "raw"},
    }
    with Launcher(minipod_asan, tmp_path, Stage.CHILD) as launcher:
        running = launcher.start(pod, env={"MINIPOD_GRACE": "6s", "ASAN_OPTIONS": "detect_leaks=0"})
        running.expect_all(r"s \| ready", r"a \| ready")
        running.send(signal.SIGHUP)
        running.expect_all(r"a \| got 10")
        running.expect_error("b: restart 8 ")
        running.send(signal.SIGTERM)
        result = running.wait()
    assert result.code in (1, 143) and "runtime error" not in result.err  # b may run just then

