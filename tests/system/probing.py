"""Pods of one service with a probe over the network, and the words that tell what came of it."""

import signal
import sys
from pathlib import Path

from costs import open_files, sockets
from system_harness import SLEEP, Running, wait_until

OFTEN = {"period": "20ms", "timeout": "20s"}
WELL = "a: ready$"
BADLY = "a: readiness probe failed: "


def http(port: int, path: str = "/", **keys: object) -> dict[str, object]:
    return {"http_get": {"port": port, "path": path}, **OFTEN, **keys}


def tcp(port: int, **keys: object) -> dict[str, object]:
    return {"tcp_socket": {"port": port}, **OFTEN, **keys}


def grpc(port: int, service: str = "", **keys: object) -> dict[str, object]:
    return {"grpc": {"port": port} | ({"service": service} if service else {}), **OFTEN, **keys}


def one(probe: dict[str, object], **keys: object) -> dict[str, dict[str, object]]:
    """A pod of one service that runs until it is stopped, ready when the probe says so."""
    return {"service.a": {"command": SLEEP, "readiness_probe": probe, **keys}}


def stop(running: Running) -> str:
    """What it has said on stderr by its end."""
    running.send(signal.SIGTERM)
    return running.wait().err


SYN_SENT = "02"


def is_on_its_way(pid: int, port: int) -> bool:
    """Whether somebody in its network has asked this port of the loopback to let him in, and was not heard yet."""
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[2:4] == [f"0100007F:{port:04X}", SYN_SENT] for line in lines)


def descriptors_at_rest(pid: int) -> int:
    """How many it holds in a moment without connections."""
    return len(wait_until(lambda: len(sockets(now := open_files(pid))) <= 1 and now, "no connection is left open"))


_ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS: up
while "=" in sys.argv[1]:
    name, _, value = sys.argv.pop(1).partition("=")
    with open("/proc/sys/net/" + name, "w") as setting:
        setting.write(value)
os.execv(sys.argv[1], sys.argv[1:])
"""


def alone(*settings: str) -> list[str]:
    """What becomes minipod in a new network namespace: with a loopback, and ``settings`` below /proc/sys/net."""
    return [sys.executable, "-IS", "-c", _ALONE, *settings]
