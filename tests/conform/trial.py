"""One probe, executed by the command that ships: a pod of two units whose exit code tells what came of it.

The first has the probe as its startup probe; the second, the pod's main, comes after the first has started. So success
is the second's exit code, failure is the first one's end, and what means nothing lets the pod's deadline run out.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from minipod.model import Ask, Pod, Probe, Unit
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.vocabulary import Kind, Milestone

_STARTED, _DEADLINE_PASSED = 7, 124
_PATIENCE = 40  # seconds, for a machine that is busy with something else
SOON = SECOND // 2


def command() -> Path | None:
    """The installed command, if there is one."""
    path = Path(os.environ.get("MINIPOD_TEST_COMMAND") or Path(sys.executable).with_name("minipod"))
    return path if os.access(path, os.X_OK) else None


def outcome(
    ask: Ask, environment: dict[str, str] | None = None, *, timeout: int = 8 * SECOND, deadline: int = 25 * SECOND
) -> tuple[str, str]:
    """success, failure or error, and what minipod said meanwhile. Times in ns: ``timeout`` is the probe's; without an
    answer to count it is an error at the ``deadline``. Give less of one when that is what is expected."""
    with tempfile.TemporaryDirectory() as directory:
        plan = Path(directory, "plan")
        plan.write_bytes(encode(lower(_pod(ask, timeout, deadline), sys.executable)))
        done = subprocess.run(
            [command(), "run", plan], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE,
            env={**os.environ, **(environment or {})},
        )
    words = {_STARTED: "success", _DEADLINE_PASSED: "error", 143: "failure", 137: "failure"}
    return words.get(done.returncode, f"exit code {done.returncode}"), done.stderr


def _pod(ask: Ask, timeout: int, deadline: int) -> Pod:
    probe = Probe(ask, period=SECOND // 10, timeout=timeout, failure_threshold=1)
    first = Unit("first", Kind.SERVICE, ("sleep", "60"), "never", startup_probe=probe)
    second = Unit(
        "second", Kind.SERVICE, ("true",), "never", after={"first": Milestone.STARTED}, exit_codes={0: _STARTED}
    )
    return Pod("trial", (first, second), main="second", deadline=deadline, termination_grace_period=SECOND)
