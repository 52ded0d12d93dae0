"""The mount namespace of a unit: where volumes are mounted each unit has its own (csrc/mount.c). It must never leave
the one that PID 1 is in for any other than a unit's.
"""

import ctypes
import os

from minipod.errors import PodError

_NEWNS = 0x20000


def enter(name: str, pid: int | None, above: int) -> None:
    """Where the unit's process sees its volumes, if that is elsewhere than where PID 1 is, which is ``above`` here; a
    unit that is down has no such place. PodError if nobody may go there."""
    if pid is None or not _is_same(above, "self", "pid") or _is_same(above, pid, "mnt"):
        return
    try:
        fd = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as bad:
        raise _refused(name, bad.errno or 0) from None
    if ctypes.CDLL(None, use_errno=True).setns(fd, _NEWNS) < 0:
        raise _refused(name, ctypes.get_errno())
    os.close(fd)


def _is_same(first: int, second: int | str, kind: str) -> bool:
    """What cannot be looked at is taken for the same: there is no way into it either."""
    try:
        return os.path.samestat(os.stat(f"/proc/{first}/ns/{kind}"), os.stat(f"/proc/{second}/ns/{kind}"))
    except OSError:
        return kind == "mnt"


def _refused(name: str, error: int) -> PodError:
    return PodError(f"cannot see the volumes of {name}: {os.strerror(error).lower()}", 1)
