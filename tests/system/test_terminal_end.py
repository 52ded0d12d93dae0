"""What is left of a terminal when its program is killed, comes late, cannot be ended, or leaves others behind."""

import ctypes
import os
import signal

from system_harness import Launcher, children, descendants, sh, status, tool, wait_until
from terminals import TIGHT, Terminal, leave, one, process_named, sit

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
