"""`podman run -it`: a unit with the terminal, as a person in front of the container sees it. How a terminal is dealt
with in all its details is shown in tests/system; here it is the runtime's, and minipod may be PID 1 of it.

What is typed comes back as an echo, so commands spell what they will print in another way; and at once, so nothing is
typed before the prompt that it is for.
"""

from contextlib import closing

import pytest

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]

TERMINATED, INTERRUPTED = 143, 130
CTRL_C, CTRL_Z = "\x03", "\x1a"
PATIENT = 90
LONG = ("--env", f"MINIPOD_GRACE={PATIENT}")
SHELL = """
[pod]
name = "shop"
main = "shell"
[service.shell]
command = "env"
args = ["PS1=inner> ", "sh"]
tty = true
stop_signal = "HUP"
[service.web]
command = ["sleep", "infinity"]
log = "none"
"""
STARTED = ("shell: started", "web: started")  # minipod's own words come when they come
WATCHES = (
    "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH]); "
    'print("watches", 1 + 1); signal.sigwait([signal.SIGWINCH]); print("now", *os.get_terminal_size())'
)
WORDS = ("--entrypoint", '["minipod", "run", "/etc/minipod.toml", "--"]')  # docker run -it IMAGE WORDS


@pytest.mark.parametrize("options", [(), ("--init",), ("--user=12345:54321", "--read-only")], ids=" ".join)
def test_a_shell(sit, options):
    """A prompt, both keys, the window's size at its beginning and later, and its exit code."""
    terminal, _ = sit(pod=SHELL, options=options)
    terminal.expect_all("inner> ", *STARTED)
    terminal.type("stty size; echo keys$((1+1))\r")
    terminal.expect(r"^24 80\r\nkeys2")
    terminal.expect("inner> ")
    terminal.type("cat\r")
    terminal.expect("cat\r\n")
    terminal.type("here\r")
    terminal.expect(r"here\r\nhere")  # the echo, then cat: it runs
    terminal.type(CTRL_C)
    terminal.expect("inner> ")
    terminal.type("echo code $?\r")
    terminal.expect(f"^code {INTERRUPTED}")
    terminal.expect("inner> ")
    terminal.type("cat\r")
    terminal.expect("cat\r\n")
    terminal.type("here\r")
    terminal.expect(r"here\r\nhere")
    terminal.type(CTRL_Z)
    terminal.expect("Stopped")
    terminal.type("kill %1; fg\r")
    terminal.expect("Terminated")
    terminal.expect("inner> ")
    terminal.type(f"python3 -uc '{WATCHES}'; exit 42\r")
    terminal.expect("^watches 2")
    terminal.resize(50, 132)
    terminal.expect("^now 132 50")
    assert terminal.wait() == 42


def test_words_of_the_command_line(sit):
    """One program in front: Ctrl-Z is nothing where nobody could resume it, Ctrl-C ends it, and that is the end."""
    terminal, container = sit("sh", "-c", "echo begun; exec cat", pod=SHELL, options=WORDS)
    terminal.expect_all("^begun", *STARTED)
    terminal.type(CTRL_Z)
    terminal.type("here\r")
    terminal.expect(r"here\r\nhere")
    assert container.minipod("get", "-o", "name").stdout.split() == ["pod/shop", "service/shell", "service/web"]
    terminal.type(CTRL_C)
    assert terminal.wait() == INTERRUPTED


def test_what_cannot_be_found(sit):
    terminal, _ = sit("no-such-program", pod=SHELL, options=WORDS)
    assert terminal.wait() == 127


def test_stop_with_a_shell_in_front(sit):
    terminal, container = sit(pod=SHELL, options=LONG)
    terminal.expect("inner> ")
    code, seconds = container.stop(PATIENT)
    assert seconds < PATIENT - 30
    assert terminal.wait() == code == 129  # HUP


def test_sessions_beside_the_shell(sit, engine):
    """A second terminal in the same container: a following that Ctrl-C ends, a program in a unit's place."""
    first, container = sit(pod=SHELL)
    first.expect("inner> ")
    with closing(engine.terminal("exec", "-it", container.name, "minipod", "events", "--follow")) as second:
        second.expect("shell")
        second.type(CTRL_C)
        assert second.wait() == INTERRUPTED
    inside = ("minipod", "exec", "web", "--", "sh", "-c", "tty; read word; exit $word")
    with closing(engine.terminal("exec", "-it", container.name, *inside)) as third:
        third.expect(r"/dev/pts/\d")
        third.type("9\r")
        assert third.wait() == 9
    first.type("exit\r")
    assert first.wait() == 0
