"""One unit has the terminal: what a person types, signals by keys, what is lost; and stdin without it."""

import fcntl
import os
import re
import signal
import struct
import termios

import pytest
from system_harness import Launcher, sh, status, tool, wait_until
from terminals import (
    APART,
    BASH,
    CTRL_BACKSLASH,
    CTRL_C,
    CTRL_Z,
    INNER,
    PROMPT,
    TIGHT,
    Terminal,
    is_stopped,
    leave,
    one,
    process_named,
    sit,
    sit_at_shell,
)

# --- a shell as the unit


def test_a_shell_has_job_control(launch_both: Launcher, terminal: Terminal) -> None:
    running = sit(launch_both, terminal, one([*BASH], env=INNER))
    terminal.expect("inner> ")
    terminal.type("echo flags=$-; [ -t 0 ] && [ -t 2 ] && echo at$((40+2)); echo own$((1+1)) >/dev/tty; tty\n")
    assert b"m" in terminal.expect(r"^flags=(\w+)").group(1)
    terminal.expect(r"^at42")
    terminal.expect(r"^own2")
    terminal.expect(f"^{terminal.name}")
    terminal.type("sleep 1000\n")
    terminal.expect("sleep 1000\r\n")
    sleeper = process_named(running, "sleep")
    terminal.type(CTRL_C)
    wait_until(lambda: not status(sleeper), "it has ended")
    terminal.expect("inner> ")
    terminal.type("sleep 1000\n")
    terminal.expect("sleep 1000\r\n")
    sleeper = process_named(running, "sleep")
    terminal.type(CTRL_Z)
    terminal.expect("Stopped +sleep")
    assert is_stopped(sleeper)
    terminal.expect("inner> ")
    terminal.type("fg\n")
    wait_until(lambda: not is_stopped(sleeper), "it goes on")
    terminal.expect("fg\r\nsleep 1000\r\n")
    terminal.type(CTRL_C)
    wait_until(lambda: not status(sleeper), "it has ended")
    terminal.expect("inner> ")
    terminal.type("exit 7\n")
    assert leave(terminal, running) == 7
    assert b"job control" not in terminal.text and b"cannot set terminal" not in terminal.text


def test_the_words_behind_the_dashes_are_what_runs(launch: Launcher, terminal: Terminal) -> None:
    """`docker run -it IMAGE sh`: the image's entry point ends in --."""
    running = sit(launch, terminal, one(["env"], args=["false"]), "--", "sh", "-c", "read it; exit $it")
    terminal.type("9\n")
    assert leave(terminal, running) == 9


# --- keys


def test_each_key_is_one_signal_for_the_unit_alone(launch_both: Launcher, terminal: Terminal) -> None:
    pod = one(tool("signals", signal.SIGTERM))
    pod["service.other"] = {"command": tool("signals", signal.SIGTERM)}
    running = sit(launch_both, terminal, pod)
    terminal.expect(r"ready(.|\n)*ready")
    for key, number in ((CTRL_C, signal.SIGINT), (CTRL_BACKSLASH, signal.SIGQUIT), (CTRL_Z, signal.SIGTSTP)):
        terminal.type(key)
        terminal.expect(rf"(?<!\| )got {int(number)}\r")
    fcntl.ioctl(terminal.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
    terminal.expect(rf"(?<!\| )got {int(signal.SIGWINCH)}\r")
    running.send(signal.SIGTERM)
    assert leave(terminal, running) == 0
    got = re.findall(rb"(other \| )?got (\d+)", terminal.text)
    assert sorted(int(number) for name, number in got if not name) == [2, 3, 15, 20, 28]
    assert [int(number) for name, number in got if name] == [15]


def test_ctrl_z_is_nothing_where_nobody_could_resume(launch_both: Launcher, terminal: Terminal) -> None:
    running = sit(launch_both, terminal, one(["cat"]))
    terminal.expect("it: started\r\n")
    for word in ("one", "two"):
        terminal.type(CTRL_Z)
        terminal.expect(r"\^Z")
        terminal.type(f"{word}\n")
        terminal.expect(rf"{word}\r\n{word}\r\n")
    terminal.type(CTRL_C)
    assert leave(terminal, running) == 128 + signal.SIGINT


def test_ctrl_z_is_nothing_for_a_namespace_that_is_a_job(launch: Launcher, terminal: Terminal) -> None:
    """PID 1 cannot stop, so the shell above would never hear of it, and nobody would ever continue anybody."""
    running = sit_at_shell(launch, terminal, one(["cat"]), above=APART)
    terminal.type('"$@"\n')
    terminal.expect("it: started\r\n")
    terminal.type(CTRL_Z)
    terminal.expect(r"\^Z")
    terminal.type("word\n")
    terminal.expect(r"word\r\nword\r\n")
    terminal.type(CTRL_C)
    terminal.expect(PROMPT)
    terminal.type("exit $?\n")
    assert leave(terminal, running) == 128 + signal.SIGINT


def test_its_hooks_and_probes_have_no_terminal(launch: Launcher, terminal: Terminal) -> None:
    """They would be stopped when they read what is typed, and never end."""
    asks = {"exec": sh("if true 2>/dev/null </dev/tty; then echo lent; else echo apart; fi >>said"), "timeout": "20s"}
    pod = one(["cat"], post_start={"exec": asks["exec"]}, liveness_probe={**asks, "period": "1s"})
    running = sit(launch, terminal, pod)
    said = launch.folder / "said"
    wait_until(lambda: said.exists() and said.read_text().count("\n") > 1, "both have looked")
    assert set(said.read_text().split()) == {"apart"}
    terminal.type("word\n")
    terminal.expect(r"word\r\nword\r\n")
    terminal.type(CTRL_C)
    assert leave(terminal, running) == 128 + signal.SIGINT


def test_while_it_does_not_run_ctrl_c_ends_the_pod(launch_both: Launcher, terminal: Terminal) -> None:
    running = sit(launch_both, terminal, one(sh("exit 3"), restart="always", backoff={"initial": "60s"}))
    terminal.expect("restart 2 in 60s")
    terminal.type(CTRL_C)
    assert leave(terminal, running) == 3


# --- without


def test_without_a_terminal_it_runs_all_the_same(launch_both: Launcher) -> None:
    """Said once, however often it is started."""
    pod = one(sh("exit 3"), restart="always", backoff=TIGHT, max_restarts=2)
    result = launch_both.run(pod, start_new_session=True)
    assert result.code == 3 and result.err.count("no terminal") == 1


HARDY = sh("trap '' HUP; trap 'exit 0' TERM; sleep 1000 & echo ready; wait")


def test_a_terminal_that_is_lost_stops_the_pod(launch_both: Launcher, terminal: Terminal) -> None:
    running = sit(launch_both, terminal, one(HARDY))
    terminal.expect("ready")
    process_named(running, "sleep")  # before that a shell's child may miss what it is sent
    terminal.let_go()
    terminal.hang_up()
    result = running.wait()
    assert result.code == 0 and result.report["toldBy"] == "SIGHUP"


def test_a_terminal_that_is_nobodys_is_taken(launch: Launcher, terminal: Terminal) -> None:
    """By a container's first process, which leads a session that has none."""
    running = launch.start(one(sh("read it </dev/tty; exit $it")), wrap=["setsid"], **terminal.streams())
    terminal.type("4\n")
    assert leave(terminal, running) == 4


@pytest.mark.parametrize("prefix", ["", "trap '' HUP; "], ids=["told", "nohup"])
def test_under_a_shell_it_is_lost_to_us_as_well(launch: Launcher, terminal: Terminal, prefix: str) -> None:
    """The kernel tells the leader of the session, not us; and nobody who ignores it."""
    above = ("bash", "-c", f'set -m; ({prefix}"$@")', "sh")
    running = sit(launch, terminal, one(HARDY), above=above)
    minipod = process_named(running, "minipod")
    terminal.expect("ready")
    process_named(running, "sleep")
    terminal.let_go()
    terminal.hang_up()
    if prefix:
        os.kill(minipod, signal.SIGTERM)
    result = running.wait()
    assert result.code == 0 and result.report["toldBy"] == ("SIGTERM" if prefix else "SIGHUP")


# --- stdin without tty


def test_stdin_alone_is_no_terminal_of_its_own(launch_both: Launcher, terminal: Terminal) -> None:
    """It reads what is typed; keys that are signals are minipod's."""
    pod = {"service.it": {"command": sh("read it; echo its $it; exec sleep 1000"), "stdin": "inherit"}}
    running = sit(launch_both, terminal, pod)
    terminal.expect("it: started")
    terminal.type("word\n")
    terminal.expect(r"its word\r")
    terminal.type(CTRL_C)
    assert leave(terminal, running) == 128 + signal.SIGTERM
