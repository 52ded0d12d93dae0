"""Who answers at the control socket, as the kernel has it. It must never trust a number that the other side says."""

import socket
import struct

from minipod.errors import NOT_RUNNING, PodError
from minipod.reaper.client import Client

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


def peer_of(client: Client) -> int:
    """PID 1's process id as it is seen from here. PodError 3 when it cannot be seen: it is in another PID namespace."""
    with client.request("HEAD", "/livez") as answer:
        raw = answer.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid = _CREDENTIALS.unpack(raw)[0]
    if pid <= 0:
        raise PodError("the pod's processes cannot be seen from here: ask inside its container", NOT_RUNNING)
    return pid
