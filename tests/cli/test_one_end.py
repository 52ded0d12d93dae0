"""The end of one command where whoever is left is hard to find, or may not be signalled."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from system_harness import Launcher, bare_sh, beside, children, descendants, status, tool, wait_until

Launch = Callable[..., Launcher]
LONG, SHORT = {"MINIPOD_GRACE": "60s"}, {"MINIPOD_GRACE": "1s"}
SOON = 20.0  # s: less than the long grace, more than any machine needs
# A program that ends with 5 as soon as the one it starts, of its group, has said that it is ready.
LEAVE = [sys.executable, "-ISc",
         "import subprocess as s, sys; s.Popen(sys.argv[1:], stdout=s.PIPE).stdout.readline(); sys.exit(5)"]
# In a mount namespace of its own; the second shows the one that lies below: that of the PID namespace above.
NO_PROC = {
    "none": ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc; exec "$@"', "sh"],
    "foreign": ["unshare", "-m", "sh", "-c", 'umount /proc; exec "$@"', "sh"],
}


@pytest.mark.parametrize("kind", NO_PROC)
def test_without_proc_the_group_may_clean_up(launch_named: Launch, tmp_path: Path, kind: str) -> None:
    marker = tmp_path / "cleaned"
    result = launch_named().solo(*LEAVE, *tool("cleanup", "0.1", marker), wrap=NO_PROC[kind], env=LONG).wait()
    assert (result.code, marker.exists()) == (5, True) and result.took < SOON


@pytest.mark.parametrize("kind", NO_PROC)
def test_without_proc_the_group_is_killed_in_time(launch_named: Launch, kind: str) -> None:
    result = launch_named().solo(*LEAVE, *tool("stubborn"), wrap=NO_PROC[kind], env=SHORT).wait()
    assert result.code == 5 and result.took < SOON


def test_numbers_of_another_namespace_are_not_believed(minipod: Path) -> None:
    """Its /proc shows forty processes of the namespace above, whose numbers somebody else has in its own."""
    crowd = 'for i in $(seq 40); do sleep 1000 & done; exec unshare -pf --kill-child "$@"'
    own = [] if os.geteuid() == 0 else ["-Ur"]
    command = ["unshare", *own, "-pf", "--mount-proc", "--kill-child", "sh", "-c", crowd, "sh",
               minipod, "--", "sh", "-c", 'read go; exec "$@"', "sh", *LEAVE, *tool("stubborn")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    with beside(command, env={**os.environ, **SHORT}, **pipes) as process:
        init = wait_until(lambda: with_a_child(process.pid, "minipod"), "its program runs")
        enter = ["nsenter", "-t", str(init), "-p", "--", *tool("signals", 40)]
        with beside(enter, stdout=subprocess.PIPE) as other:
            assert other.stdout.readline().startswith(b"ready")
            process.stdin.write(b"go\n")
            assert process.wait(SOON) == 5
            assert other.stdout.read() == b""


def with_a_child(above: int, name: str) -> int:
    return next((pid for pid in descendants(above) if status(pid).get("Name") == name and children(pid)), 0)


def test_whoever_may_not_be_signalled_is_told_of_and_waited_for_no_longer(launch_named: Launch) -> None:
    launcher = launch_named()
    fifo = launcher.folder / "ready"
    os.mkfifo(fifo)
    daemon = f"setpriv --reuid 1 --clear-groups setsid sh -c 'echo ready >&3; exec sleep 1000' 3>{fifo} &"
    program = bare_sh(f"{daemon} read ready <{fifo}; exit 5")
    result = launcher.solo(*program, wrap=["setpriv", "--bounding-set=-kill"], env=SHORT).wait(others=True)
    assert result.code == 5 and result.took < SOON
    assert "cannot send SIGTERM: operation not permitted" in result.err
