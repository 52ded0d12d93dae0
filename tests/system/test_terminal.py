"""One unit has the terminal: what a person types, signals by keys, job control inside and above, settings afterwards.

Every terminal here is a real one. What is typed comes back as an echo, so commands spell what they will print in
another way.
"""

import ctypes
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from system_harness import (
    IMPOSSIBLE,
    PATIENCE,
    SLEEP,
    Launcher,
    Running,
    children,
    descendants,
    sh,
    status,
    tool,
    wait_until,
)

CTRL_C, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x1a", "\x1c"
PROMPT = "outer> "
FG = r'fg\r\n"\$@"\r\n'  # what it was called by
# No line editing: what is typed is echoed by the terminal alone.
BASH = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
SHELL_ENV = {"PS1": PROMPT, "TERM": "dumb", "NO_COLOR": "1"}
INNER = {"PS1": "inner> ", "TERM": "dumb"}
APART = ("unshare", "-pf", "--mount-proc", "--kill-child")
TIGHT = {"initial": "1ms", "max": "1ms"}


class Terminal:
    """A terminal from the side of who sits in front of it."""

    def __init__(self) -> None:
        self.ours, self.its = pty.openpty()
        self.name = os.ttyname(self.its)
        self.text = b""
        self._cursor = 0

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def expect(self, pattern: str) -> re.Match:
        """The next match on the screen, after the one before."""
        wanted, end = re.compile(pattern.encode(), re.MULTILINE), time.monotonic() + PATIENCE
        while not (found := wanted.search(self.text, self._cursor)):
            rest = max(0.0, end - time.monotonic())
            assert select.select([self.ours], [], [], rest)[0], f"no {pattern!r}: {self.text!r}"
            self.text += os.read(self.ours, 65536)
        self._cursor = found.end()
        return found

    def take_rest(self) -> bytes:
        while select.select([self.ours], [], [], 0)[0]:
            self.text += os.read(self.ours, 65536)
        return self.text

    def flags(self) -> list:
        """Input, output, control and local modes as they are set."""
        return termios.tcgetattr(self.its)[:4]

    def front(self) -> int:
        """The group in the foreground."""
        return os.tcgetpgrp(self.ours)

    def hang_up(self) -> None:
        os.close(self.ours)
        self.ours = -1

    def close(self) -> None:
        for fd in (self.ours, self.its):
            with suppress(OSError):
                os.close(fd)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal()
    yield one
    one.close()


def streams(terminal: Terminal) -> dict[str, int]:
    return {"stdin": terminal.its, "stdout": terminal.its, "stderr": terminal.its}


def sit(launch: Launcher, terminal: Terminal, pod: dict, *words: str, above: tuple = ()) -> Running:
    """The pod in front of the terminal, as `docker run -it` has it; ``above`` becomes or starts minipod."""
    wrap = (*tool("on_terminal", terminal.name), *above)
    return launch.start(pod, *words, wrap=wrap, env=SHELL_ENV, **streams(terminal))


def sit_at_shell(launch: Launcher, terminal: Terminal, pod: dict, above: tuple = ()) -> Running:
    """An interactive shell in front of the terminal, whose words are minipod's command line."""
    running = sit(launch, terminal, pod, above=(*BASH, "-s", *above))
    terminal.expect(PROMPT)
    return running


def leave(terminal: Terminal, running: Running) -> int:
    """The exit code of minipod, or of the shell above, at its end; nothing impossible was ever said."""
    code = running.wait().code
    assert IMPOSSIBLE not in terminal.take_rest()
    return code


def one(command: list[str], **keys: object) -> dict:
    return {"pod": {"main": "it"}, "service.it": {"command": command, "tty": True, **keys}}


def process_named(running: Running, name: str) -> int:
    def find() -> int:
        return next((pid for pid in descendants(running.process.pid) if status(pid).get("Name") == name), 0)

    return wait_until(find, f"{name} runs")


def waits_for_input(pid: int) -> bool:
    """Whether it is in the middle of a read."""
    return Path(f"/proc/{pid}/syscall").read_text().startswith("0 ") and status(pid)["State"].startswith("S")


def is_stopped(pid: int) -> bool:
    return status(pid).get("State", "").startswith("T")


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


# --- under a shell


def test_ctrl_z_gives_the_prompt_back_and_fg_resumes(launch: Launcher, terminal: Terminal) -> None:
    pod = one(["cat"])
    pod["service.other"] = {"command": SLEEP}
    running = sit_at_shell(launch, terminal, pod)
    terminal.type('"$@"\n')
    others = [process_named(running, name) for name in ("sleep", "cat", "minipod")]
    for word in ("one", "two"):
        terminal.type(CTRL_Z)
        terminal.expect("Stopped")
        terminal.expect(PROMPT)
        wait_until(lambda: all(is_stopped(pid) for pid in others), "all are stopped")
        terminal.type("fg\n")
        terminal.expect(FG)
        wait_until(lambda: not any(is_stopped(pid) for pid in others), "all go on")
        terminal.type(f"{word}\n")
        terminal.expect(rf"{word}\r\n{word}\r\n")
    terminal.type(CTRL_C)
    terminal.expect(PROMPT)
    terminal.type("exit $?\n")
    assert leave(terminal, running) == 128 + signal.SIGINT


def test_one_that_reads_nothing_is_in_front_again(launch: Launcher, terminal: Terminal) -> None:
    """So that keys are its own at once. The shell never forks meanwhile: one that waits for its vfork cannot stop."""
    unit = sh("trap 'echo got$((1+1))' INT; sleep 1000 & echo up; while :; do wait; done")
    running = sit_at_shell(launch, terminal, one(unit))
    terminal.type('"$@"\n')
    terminal.expect("^up\r")
    minipod = process_named(running, "minipod")
    terminal.type(CTRL_Z)
    terminal.expect("Stopped")
    terminal.expect(PROMPT)
    terminal.type("fg\n")
    terminal.expect(FG)
    wait_until(lambda: terminal.front() in children(minipod), "it is in front")
    terminal.type(CTRL_C)
    terminal.expect("got2\r")
    os.kill(minipod, signal.SIGTERM)
    terminal.expect(PROMPT)
    terminal.type("exit 0\n")
    leave(terminal, running)


def test_a_job_inside_is_in_front_again(launch: Launcher, terminal: Terminal) -> None:
    """The shell that is the unit had lent the terminal further."""
    running = sit_at_shell(launch, terminal, one([*BASH], env=INNER))
    terminal.type('"$@"\n')
    terminal.expect("inner> ")
    terminal.type("cat\n")
    cat, minipod = process_named(running, "cat"), process_named(running, "minipod")
    wait_until(lambda: terminal.front() == cat and waits_for_input(cat), "it is in front")
    os.kill(minipod, signal.SIGTSTP)
    terminal.expect("Stopped")
    terminal.expect(PROMPT)
    wait_until(lambda: is_stopped(cat), "it is stopped")
    terminal.type("fg\n")
    terminal.expect(FG)
    wait_until(lambda: terminal.front() == cat, "it is in front")
    terminal.type("word\n")
    terminal.expect(r"word\r\nword\r\n")
    terminal.type("\x04")
    terminal.expect("inner> ")
    terminal.type("exit 5\n")
    terminal.expect(PROMPT)
    terminal.type("exit $?\n")
    assert leave(terminal, running) == 5


def test_what_a_shell_took_meanwhile_stays_the_shells(launch: Launcher, terminal: Terminal) -> None:
    """Stopped without a word minipod could not hand it over; when its unit ends, it is not its own to take back."""
    unit = sh("until [ -e go ]; do sleep 0.01; done; exit 6")
    running = sit_at_shell(launch, terminal, one(unit))
    terminal.type('"$@"\n')
    terminal.expect("it: started\r\n")
    minipod = process_named(running, "minipod")
    shell = os.getpgid(next(pid for pid in descendants(running.process.pid) if status(pid).get("Name") == "bash"))
    os.kill(minipod, signal.SIGSTOP)
    terminal.expect("Stopped")
    terminal.expect(PROMPT)
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
    running = sit_at_shell(launch, terminal, pod, above=("unshare", "-pf", "--mount-proc", "--kill-child"))
    terminal.type('"$@"\n')
    terminal.expect("restart 2 in 60s")
    terminal.type(CTRL_C)
    terminal.expect(PROMPT)
    terminal.type("exit $?\n")
    assert leave(terminal, running) == 3


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
    terminal.expect("Stopped")
    terminal.expect(PROMPT)
    terminal.type("fg\n")
    terminal.expect(FG)
    terminal.type("word\n")
    terminal.expect("word\r\nword\r\n")
    terminal.type(CTRL_Z)
    terminal.expect("Stopped")
    terminal.expect(PROMPT)
    terminal.type("bg\n")
    terminal.expect(r'^\[1\]\+ "\$@" &\r\n')
    terminal.expect(PROMPT)
    terminal.type("fg\n")
    terminal.expect(FG)
    terminal.type("more\n")
    terminal.expect("more\r\nmore\r\n")
    terminal.type("\x04")
    terminal.expect(PROMPT)
    terminal.type("exit $?\n")
    assert leave(terminal, running) == 0


def test_brought_to_the_front_while_it_runs(launch: Launcher, terminal: Terminal) -> None:
    """The shell sends no signal then; the first read shows that the unit is not in front yet."""
    running = sit_at_shell(launch, terminal, one(sh("until [ -e go ]; do sleep 0.01; done; read it; exit $it")))
    terminal.type('"$@" &\n')
    terminal.expect("it: started")
    terminal.type("fg\n")
    terminal.expect(FG)
    (launch.folder / "go").touch()
    terminal.type("6\n")
    terminal.expect(PROMPT)
    terminal.type("exit $?\n")
    assert leave(terminal, running) == 6


def test_a_shell_inside_a_shell(launch: Launcher, terminal: Terminal) -> None:
    """It stops itself by a signal that nobody can catch: still the whole pod stands still."""
    pod = one([*BASH], env=INNER)
    pod["service.other"] = {"command": SLEEP}
    running = sit_at_shell(launch, terminal, pod)
    terminal.type('"$@"\n')
    other = process_named(running, "sleep")
    terminal.expect("inner> ")
    terminal.type("suspend\n")
    terminal.expect("Stopped")
    terminal.expect(PROMPT)
    wait_until(lambda: is_stopped(other), "the other is stopped")
    terminal.type("fg\n")
    terminal.expect("inner> ")
    terminal.type("exit 5\n")
    terminal.expect(PROMPT)
    terminal.type("exit $?\n")
    assert leave(terminal, running) == 5


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


# --- what is left of it


RAW = (
    "import os, sys, termios, tty\n"
    "flags = termios.tcgetattr(0)[3] & termios.ICANON\n"
    "tty.setraw(0)\n"
    "front = os.tcgetpgrp(0) == os.getpgrp()\n"
    "os.write(1, b'cooked=%d front=%d\\r\\n' % (flags != 0, front))\n"
    "os.read(0, 1)\n"
)


def test_a_killed_program_leaves_a_sane_terminal(launch_both: Launcher, terminal: Terminal) -> None:
    """The next instance has it as the first had; so has whoever comes after minipod."""
    before = terminal.flags()
    pod = one([*tool("")[:2], "-c", RAW], restart="on_failure", backoff=TIGHT)
    running = sit(launch_both, terminal, pod)
    for _ in range(3):
        terminal.expect("cooked=1 front=1")
        assert terminal.flags() != before
        os.kill(next(pid for pid in descendants(running.pid) if pid), signal.SIGKILL)
        wait_until(lambda: terminal.take_rest().count(b"ended by SIGKILL"), "it is heard of")
    terminal.expect("cooked=1 front=1")
    terminal.type("q")
    assert leave(terminal, running) == 0
    assert terminal.flags() == before


LATE = (
    "import os, signal, sys\n"
    "job = os.fork()\n"
    "if job == 0:\n"
    "    os.setpgid(0, 0)\n"
    "    os.execvp(sys.argv[1], sys.argv[1:])\n"
    "open('front').read()\n"
    "os.tcsetpgrp(0, job)\n"
    "open('late', 'w').close()\n"
    "os.waitpid(job, 0)\n"
)


def test_a_killed_program_that_came_to_the_front_late_does_so_too(launch: Launcher, terminal: Terminal) -> None:
    before = terminal.flags()
    for fifo in ("front", "late"):
        os.mkfifo(launch.folder / fifo)
    raw = [*tool("")[:2], "-c", f"open('late').read()\n{RAW}"]  # asked for before, it would stop for ever
    running = sit(launch, terminal, one(raw), above=(*tool("")[:2], "-c", LATE))
    terminal.expect("it: started")
    (launch.folder / "front").write_text("")
    terminal.expect("cooked=1 front=1")
    assert terminal.flags() != before
    minipod = process_named(running, "minipod")
    os.kill(children(minipod)[0], signal.SIGKILL)
    leave(terminal, running)
    assert terminal.flags() == before


def test_one_that_cannot_be_ended_does_not_keep_it(launch: Launcher, terminal: Terminal) -> None:
    """What somebody traces cannot be reaped until he says so: minipod leaves in time, and takes the terminal back."""
    libc = ctypes.CDLL(None, use_errno=True)
    pod = one(["cat"])
    pod["pod"]["termination_grace_period"] = "1s"
    running = sit(launch, terminal, pod, above=("bash", "-c", '"$@"; read it; exit $it', "sh"))
    terminal.expect("it: started\r\n")
    minipod = process_named(running, "minipod")
    unit = children(minipod)[0]
    assert libc.ptrace(0x4206, unit, None, None) == 0, os.strerror(ctypes.get_errno())  # PTRACE_SEIZE
    os.kill(minipod, signal.SIGTERM)
    wait_until(lambda: not status(minipod), "it has left")
    terminal.type("9\n")
    os.waitid(os.P_PID, unit, os.WEXITED)
    assert running.wait().code == 9


def test_lines_of_others_meanwhile(launch: Launcher, terminal: Terminal) -> None:
    """Each begins at the left, minipod's own also where the program has switched that off."""
    pod = one([*tool("")[:2], "-c", RAW])
    pod["service.other"] = {"command": sh("read it <go; echo word; exit 2"), "restart": "never"}
    os.mkfifo(launch.folder / "go")
    running = sit(launch, terminal, pod)
    terminal.expect("cooked=1 front=1")
    with open(launch.folder / "go", "w") as go:
        go.write("\n")
    terminal.expect(r"other \| word\n")
    terminal.expect(r"minipod: other: exited with 2[^\r\n]*\r\n")
    terminal.type("q")
    assert leave(terminal, running) == 0


def test_what_a_shell_left_behind_goes_with_it(launch: Launcher, terminal: Terminal) -> None:
    """Jobs have groups of their own, in a session that is minipod's, too."""
    script = "set -m; sleep 1000 & sleep 1001 & echo run; read it; exit 1"
    running = sit(launch, terminal, one(["bash", "-c", script], restart="on_failure", backoff=TIGHT))

    def sleepers() -> list[int]:
        return [pid for pid in descendants(running.process.pid) if status(pid).get("Name") == "sleep"]

    terminal.expect("^run\r")
    first = wait_until(lambda: len(sleepers()) == 2 and sleepers(), "both sleep")
    terminal.type("\n")
    terminal.expect("^run\r")
    wait_until(lambda: len(sleepers()) == 2 and not set(first) & set(sleepers()), "others sleep")
    running.send(signal.SIGTERM)
    leave(terminal, running)


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
    os.close(terminal.its)
    terminal.hang_up()
    result = running.wait()
    assert result.code == 0 and result.report["toldBy"] == "SIGHUP"


def test_a_terminal_that_is_nobodys_is_taken(launch: Launcher, terminal: Terminal) -> None:
    """By a container's first process, which leads a session that has none."""
    running = launch.start(one(sh("read it </dev/tty; exit $it")), wrap=["setsid"], **streams(terminal))
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
    os.close(terminal.its)
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
