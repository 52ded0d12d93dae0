"""The children that write files for minipod: who they are, and one held where nothing is half done."""

import os
import signal
from pathlib import Path

from system_harness import Running, children, status, wait_until


def writers(running: Running) -> list[int]:
    """Their pids."""
    return [pid for pid in children(running.pid) if status(pid).get("Name") == "minipod-log"]


def writer(running: Running) -> int:
    """The first of them, once there is one."""
    return wait_until(lambda: writers(running), "it writes a file")[0]


def stopped_between_lines(pid: int, file: Path) -> str:
    """What is in the file when its writer is stopped, not within a line of which it is about to take out the half."""

    def stop() -> str | None:
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: status(pid).get("State", "").startswith("T"), "the writer is stopped")
        text = file.read_text()
        if text.endswith("\n"):
            return text
        os.kill(pid, signal.SIGCONT)
        return None

    return wait_until(stop, "it is between two lines")
