"""Units that speak by speakers.py: their commands, the gates that they wait at, and what stops their pod."""

import os
import signal
import sys
from pathlib import Path

from system_harness import Running, sh

SPEAKERS = Path(__file__).with_name("speakers.py")
FAST = {"initial": "10ms", "max": "10ms"}
HERE = sh("echo here; exec sleep 1000")
FOLLOWER = {"command": HERE, "after": {"a": "ready"}}


def speaker(*steps: str, **keys: object) -> dict[str, object]:
    """A unit that speaks by sd_notify, unless told otherwise."""
    return {"command": [sys.executable, "-IS", str(SPEAKERS), *steps], "notify": "sd", **keys}


def gate(folder: Path, name: str = "gate") -> str:
    """The step that waits for ``open_gate``."""
    os.mkfifo(folder / name)
    return f"await={folder / name}"


def open_gate(folder: Path, name: str = "gate") -> None:
    with open(folder / name, "w", encoding="ascii"):
        pass


def stop(running: Running) -> Running:
    running.send(signal.SIGTERM)
    return running


def once(folder: Path, first: dict[str, object], second: list[str]) -> dict[str, object]:
    """The unit ``first``, whose second instance and all that follow run another command."""
    script = 'mark=$0; count=$1; shift; [ -e "$mark" ] && shift "$count"; touch "$mark"; exec "$@"'
    command = [*sh(script), str(folder / "once"), str(len(first["command"])), *first["command"], *second]
    return {**first, "command": command}
