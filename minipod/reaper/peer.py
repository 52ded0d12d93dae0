"""Who is at the other end of a connection to the control socket, as the kernel has it: what that process was when it
began to listen. It must never trust a number that the other side says.
"""

import os
import socket
import struct
from typing import NamedTuple

from minipod.errors import NOT_RUNNING, PodError

_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid
_GROUP = struct.Struct("I")
_SO_PEERGROUPS = 59  # Linux 4.13; the library has no name for it
_ROOM = 1024  # bytes, the most that the library takes: 256 groups


class Peer(NamedTuple):
    """``pid`` is 0 where it is in a PID namespace that cannot be seen. ``groups``: the supplementary ones; the
    group alone where the kernel does not tell them, or there are more than 256."""

    pid: int
    uid: int
    gid: int
    groups: tuple[int, ...]

    def is_stranger(self) -> bool:
        """Nobody is believed but root and who we are; root may ask everybody. The same as csrc/ask.c has it."""
        return os.geteuid() != 0 and self.uid not in (0, os.geteuid())

    def is_near(self) -> bool:
        """True in our own container: several may share PID and network namespace, but hardly mounts. Whoever must not
        be looked at is elsewhere."""
        try:
            return os.path.samestat(os.stat(f"/proc/{self.pid}/ns/mnt"), os.stat("/proc/self/ns/mnt"))
        except OSError:
            return False


def peer_at(connection: socket.socket) -> Peer:
    """Of a connected Unix socket."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return Peer(pid, uid, gid, _groups_at(connection, gid))


def _groups_at(connection: socket.socket, gid: int) -> tuple[int, ...]:
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _ROOM)
    except OSError:
        return (gid,)
    return tuple(group for (group,) in _GROUP.iter_unpack(raw))


def seen(peer: Peer) -> Peer:
    """PodError 3 when its process cannot be seen from here: it is in another PID namespace."""
    if peer.pid <= 0:
        raise PodError("the pod's processes cannot be seen from here: ask inside its container", NOT_RUNNING)
    return peer
