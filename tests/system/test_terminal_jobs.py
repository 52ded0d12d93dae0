"""A pod with a terminal that is a shell's job: stopped, in the background, in front again; and whose the terminal is
afterwards."""

import os
import signal

import pytest
from system_harness import SLEEP, Launcher, Running, children, descendants, sh, status, tool, wait_until
from terminals import (
    APART,
    BASH,
    CTRL_C,
    CTRL_D,
    CTRL_Z,
    FG,
    INNER,
    PROMPT,
    Terminal,
    is_stopped,
    leave,
    one,
    process_named,
    sit,
    sit_at_shell,
    waits_for_input,
)

# Beside the one in front, which has the terminal.
BESIDE = {"service.other": {"command": SLEEP}}


def in_front(launch: Launcher, terminal: Terminal, pod: dict, above: tuple = ()) -> Running:
    """A shell's job, which has the terminal."""
    running = sit_at_shell(launch, terminal, pod, above)
    terminal.type('"$@"\n')
    return running


def expect_stop(terminal: Terminal) -> None:
    terminal.expect("Stopped")
    terminal.expect(PROMPT)


def bring_back(terminal: Terminal) -> None:
    terminal.type("fg\n")
    terminal.expect(FG)


def leave_shell(terminal: Terminal, running: Running) -> int:
    """The job's exit code: it is over, and the shell is told to end with that."""
    terminal.expect(PROMPT)
    terminal.type("exit $?\n")
    return leave(terminal, running)


def test_ctrl_z_gives_the_prompt_back_and_fg_resumes(launch: Launcher, terminal: Terminal) -> None:
    running = in_front(launch, terminal, one(["cat"]) | BESIDE)
    others = [process_named(running, name) for name in ("sleep", "cat", "minipod")]
    for word in ("one", "two"):
        terminal.type(CTRL_Z)
        expect_stop(terminal)
        wait_until(lambda: all(is_stopped(pid) for pid in others), "all are stopped")
        bring_back(terminal)
        wait_until(lambda: not any(is_stopped(pid) for pid in others), "all go on")
        terminal.type(f"{word}\n")
        terminal.expect(rf"{word}\r\n{word}\r\n")
    terminal.type(CTRL_C)
    assert leave_shell(terminal, running) == 128 + signal.SIGINT


def test_one_that_reads_nothing_is_in_front_again(launch: Launcher, terminal: Terminal) -> None:
    """So that keys are its own at once. The shell never forks meanwhile: one that waits for its vfork cannot stop."""
    unit = sh("trap 'echo got$((1+1))' INT; sleep 1000 & echo up; while :; do wait; done")
    running = in_front(launch, terminal, one(unit))
    terminal.expect("^up\r")
    minipod = process_named(running, "minipod")
    terminal.type(CTRL_Z)
    expect_stop(terminal)
    bring_back(terminal)
    wait_until(lambda: terminal.front() in children(minipod), "it is in front")
    terminal.type(CTRL_C)
    terminal.expect("got2\r")
    os.kill(minipod, signal.SIGTERM)
    terminal.expect(PROMPT)
    terminal.type("exit 0\n")
    leave(terminal, running)


def test_a_job_inside_is_in_front_again(launch: Launcher, terminal: Terminal) -> None:
    """The shell that is the unit had lent the terminal further."""
    running = in_front(launch, terminal, one([*BASH], env=INNER))
    terminal.expect("inner> ")
    terminal.type("cat\n")
    cat, minipod = process_named(running, "cat"), process_named(running, "minipod")
    wait_until(lambda: terminal.front() == cat and waits_for_input(cat), "it is in front")
    os.kill(minipod, signal.SIGTSTP)
    expect_stop(terminal)
    wait_until(lambda: is_stopped(cat), "it is stopped")
    bring_back(terminal)
    wait_until(lambda: terminal.front() == cat, "it is in front")
    terminal.type("word\n")
    terminal.expect(r"word\r\nword\r\n")
    terminal.type(CTRL_D)
    terminal.expect("inner> ")
    terminal.type("exit 5\n")
    assert leave_shell(terminal, running) == 5


def test_what_a_shell_took_meanwhile_stays_the_shells(launch: Launcher, terminal: Terminal) -> None:
    """Stopped without a word minipod could not hand it over; when its unit ends, it is not its own to take back."""
    unit = sh("until [ -e go ]; do sleep 0.01; done; exit 6")
    running = in_front(launch, terminal, one(unit))
    terminal.expect("it: started\r\n")
    minipod = process_named(running, "minipod")
    shell = os.getpgid(next(pid for pid in descendants(running.process.pid) if status(pid).get("Name") == "bash"))
    os.kill(minipod, signal.SIGSTOP)
    expect_stop(terminal)
    terminal.type("bg\n")
    terminal.expect(PROMPT)
    wait_until(lambda: not is_stopped(minipod), "it goes on")
    (launch.folder / "go").touch()
    wait_until(lambda: status(minipod).get("State", "Z").startswith("Z"), "it is over")
    assert terminal.front() == shell
    terminal.type("wait $!; exit $?\n")
    assert leave(terminal, running) == 6


def test_a_group_from_outside_can_have_it_back(launch: Launcher, terminal: Terminal) -> None:
    """PID 1 of a namespace that is somebody's job has no number for that job's group."""
    pod = one(sh("exit 3"), restart="always", backoff={"initial": "60s"})
    running = in_front(launch, terminal, pod, above=APART)
    terminal.expect("restart 2 in 60s")
    terminal.type(CTRL_C)
    assert leave_shell(terminal, running) == 3


# A parent that does nothing for the terminal but to put its job in front, once.
PARENT = (
    "import os, signal, sys\n"
    "job = os.fork()\n"
    "if job == 0:\n"
    "    os.setpgid(0, 0)\n"
    "    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})\n"
    "    os.tcsetpgrp(0, os.getpid())\n"
    "    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})\n"
    "    os.execvp(sys.argv[1], sys.argv[1:])\n"
    "while not os.WIFEXITED(state := os.waitpid(job, os.WUNTRACED)[1]):\n"
    "    os.write(1, b'stopped front=%d\\r\\n' % (os.tcgetpgrp(0) == job))\n"
    "    os.killpg(job, signal.SIGCONT)\n"
    "os.write(1, b'over front=%d\\r\\n' % (os.tcgetpgrp(0) == job))\n"
)


def test_whoever_put_it_in_front_finds_it_there(launch: Launcher, terminal: Terminal) -> None:
    """Shells look at it, and not all take the terminal from a group they do not know."""
    running = sit(launch, terminal, one(["cat"]), above=(*tool("")[:2], "-c", PARENT))
    terminal.expect("it: started\r\n")
    for word in ("one", "two"):
        terminal.type(CTRL_Z)
        terminal.expect("stopped front=1")
        terminal.type(f"{word}\n")
        terminal.expect(rf"{word}\r\n(?s:.*){word}\r\n")
    terminal.type(CTRL_C)
    terminal.expect("over front=1")
    assert leave(terminal, running) == 0


def test_in_the_background_it_waits_for_its_turn(launch: Launcher, terminal: Terminal) -> None:
    """Reading from there stops the job, as for any program; fg gives it what is typed."""
    running = sit_at_shell(launch, terminal, one(["cat"]))
    terminal.type('"$@" &\n')
    minipod = process_named(running, "minipod")
    wait_until(lambda: is_stopped(minipod), "it asked for input")
    terminal.type("\n")
    expect_stop(terminal)
    bring_back(terminal)
    terminal.type("word\n")
    terminal.expect("word\r\nword\r\n")
    terminal.type(CTRL_Z)
    expect_stop(terminal)
    terminal.type("bg\n")
    terminal.expect(r'^\[1\]\+ "\$@" &\r\n')
    terminal.expect(PROMPT)
    wait_until(lambda: is_stopped(minipod), "it asked for input again")  # a job that bash takes to run gets no CONT
    terminal.type("\n")
    expect_stop(terminal)
    bring_back(terminal)
    terminal.type("more\n")
    terminal.expect("more\r\nmore\r\n")
    terminal.type(CTRL_D)
    assert leave_shell(terminal, running) == 0


def test_brought_to_the_front_while_it_runs(launch: Launcher, terminal: Terminal) -> None:
    """The shell sends no signal then; the first read shows that the unit is not in front yet."""
    running = sit_at_shell(launch, terminal, one(sh("until [ -e go ]; do sleep 0.01; done; read it; exit $it")))
    terminal.type('"$@" &\n')
    terminal.expect("it: started")
    bring_back(terminal)
    (launch.folder / "go").touch()
    terminal.type("6\n")
    assert leave_shell(terminal, running) == 6


def test_a_shell_inside_a_shell(launch: Launcher, terminal: Terminal) -> None:
    """It stops itself by a signal that nobody can catch: still the whole pod stands still."""
    running = in_front(launch, terminal, one([*BASH], env=INNER) | BESIDE)
    other = process_named(running, "sleep")
    terminal.expect("inner> ")
    terminal.type("suspend\n")
    expect_stop(terminal)
    wait_until(lambda: is_stopped(other), "the other is stopped")
    terminal.type("fg\n")
    terminal.expect("inner> ")
    terminal.type("exit 5\n")
    assert leave_shell(terminal, running) == 5


@pytest.mark.parametrize("above", [(), APART], ids=["plain", "group outside"])
def test_afterwards_the_terminal_is_whose_it_was(launch: Launcher, terminal: Terminal, above: tuple) -> None:
    """No shell with job control there, that would take it by itself."""
    script = '"$@"; [ $? = 4 ] && read it && exit $it'
    words = ("bash", "-c", script, "sh") if not above else (*BASH, "-s")
    running = sit(launch, terminal, one(sh("read it; exit $it")), above=(*words, *above))
    if above:
        terminal.expect(PROMPT)
        terminal.type(f"{script}\n")
    process_named(running, "minipod")
    terminal.expect("started")
    terminal.type("4\n")
    terminal.expect(r"exited with 4|ended")
    terminal.type("8\n")
    assert leave(terminal, running) == 8
