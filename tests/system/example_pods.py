"""The pods of examples/ as processes, each with a network, a /srv and a /run of its own, in the directory of the
programs; and a visitor in that network.

It must never mount anything where others see it, nor leave anything in the checkout.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from system_harness import PATIENCE, Launcher, Running, children, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = EXAMPLES / "programs"
ENTRYPOINTS = ("redis:7=python3 resp.py", "jmeter:5.6=python3 jmeter.py")


class Volumes(Enum):
    """How minipod can make them: with CAP_SYS_ADMIN by mounts, without it by links."""

    MOUNTS = "mounts"
    LINKS = "links"


_PLACE = """
import ctypes, fcntl, os, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS: up
for place in (b"/srv", b"/run"):
    if libc.mount(b"none", place, b"tmpfs", 0, b"mode=1777"):
        raise OSError(ctypes.get_errno(), f"cannot mount {place}")
if sys.argv[2] == "links" and libc.prctl(24, 21, 0, 0, 0):  # PR_CAPBSET_DROP, CAP_SYS_ADMIN
    raise OSError(ctypes.get_errno(), "cannot drop a capability")
os.chdir(sys.argv[1])
os.execv(sys.argv[3], sys.argv[3:])
"""

_VISITOR = """
import contextlib, http.client, json, os, socket, sys
def ask(port, path="/", method="GET", body=None, host="127.0.0.1", **headers):
    asked = http.client.HTTPConnection(host, port, timeout=60)
    asked.request(method, path, body, headers)
    reply = asked.getresponse()
    return reply.status, reply.read().decode()
def refused(port, host):
    with socket.socket() as asked:
        return asked.connect_ex((host, port)) == 111
def redis(port, *commands):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as asked:
        asked.sendall(b"".join(command.encode() + b"\\r\\n" for command in (*commands, "QUIT")))
        return asked.makefile(newline="\\n").read()
"""


def start(
    launch: Launcher, name: str | Path, *words: str, volumes: Volumes = Volumes.MOUNTS, **how: Any
) -> Running:
    """An example's pod by its file's name below examples/, or a changed one by its path."""
    path = EXAMPLES / name
    text = path.read_text(encoding="utf-8") if path.suffix != ".toml" else ""
    entrypoints = [word for each in ENTRYPOINTS if each.partition("=")[0] in text for word in ("--entrypoint", each)]
    report = launch.folder / f"{path.stem}-report.json"
    place = [sys.executable, "-IS", "-c", _PLACE, str(PROGRAMS), volumes.value]
    env = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    return launch.call(
        "run", path, *entrypoints, "--report", report, *words,
        report_path=report, namespaces=["-n", "-m"], wrap=place, env=env, **how,
    )  # fmt: skip


def change(name: str, folder: Path, *pairs: tuple[str, str]) -> Path:
    """A copy of an example's file, each of these texts, which must be there, replaced by its other."""
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, new)
    path = folder / Path(name).name
    path.write_text(text, encoding="utf-8")
    return path


def visitor(running: Running, code: str, at: int = 0) -> list[str]:
    """The command that runs Python code in the pod's network, where ``ask``, ``refused`` and ``redis`` are known."""
    return [*_entering(at or running.pid), sys.executable, "-IS", "-c", _VISITOR + code]


def tell(launch: Launcher, running: Running, *words: str) -> str:
    """What ``minipod WORDS`` says beside the pod; it must go well."""
    done = subprocess.run(
        [*_entering(running.pid), str(launch.minipod), *words], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def process_of(running: Running, program: str, *before: int) -> int:
    """The process of the unit that runs this program, or this part of one; another than those of ``before``."""

    def find() -> int:
        for pid in set(children(running.pid)) - {*before}:
            with suppress(OSError):  # a probe's, that is over
                if program.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    return pid
        return 0

    return wait_until(find, f"{program} runs")


def kill(running: Running, program: str) -> int:
    """Its next process."""
    pid = process_of(running, program)
    os.kill(pid, signal.SIGKILL)
    return process_of(running, program, pid)


def _entering(pid: int) -> list[str]:
    own = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
    return ["nsenter", "-t", str(pid), "-n", "-m", "-p", *own]


def visit(running: Running, expression: str, *, at: int = 0) -> Any:
    """The value of a Python expression in the pod's network; with the mounts of the process ``at``, or minipod's."""
    command = visitor(running, f"print(json.dumps({expression}))", at)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, f"{done.stderr}\n{running.told()}"
    return json.loads(done.stdout)
