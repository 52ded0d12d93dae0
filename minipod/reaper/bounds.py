"""What a unit's processes may do and use, taken on by a process that is none of them: groups, limits, priority,
capabilities, no_new_privileges. The rules are the core's own (csrc/rights.c, csrc/identity.c), but what whoever asks
may not do is left as it is: there is no more to be had by it.

It must never give this process more than it has.
"""

import ctypes
import os
import resource
from contextlib import suppress

from minipod.errors import FAILED, PodError
from minipod.reaper.context import Context, Identity, group_of, user_of
from minipod.reaper.peer import Peer
from minipod.reaper.records import Limit, Rights
from minipod.supervisor.rights import EVERY, UNLIMITED

# linux/prctl.h, linux/capability.h
_SET_KEEPCAPS, _CAPBSET_READ, _CAPBSET_DROP, _SET_NO_NEW_PRIVS, _CAP_AMBIENT, _AMBIENT_RAISE = 8, 23, 24, 38, 47, 2
_VERSION = 0x20080522
_BITS = range(64)


class Bounds:
    """Of one unit, for this process: ``begin`` while it is still whoever asked, ``end`` as the unit's user. What a pod
    says that is not root's is taken on in the end alone, where the kernel sees to it that it is nothing more."""

    def __init__(self, rights: Rights, peer: Peer) -> None:
        self.was_root = os.geteuid() == 0
        self.is_believed = peer.uid == 0 or not self.was_root
        self.rights = rights if self.is_believed else rights._replace(added=0, added_names=())
        self.libc = ctypes.CDLL(None, use_errno=True)

    def begin(self) -> None:
        """What only root may do."""
        if self.is_believed:
            self._take_on_limits()
        lost = self.rights.dropped & ~self.rights.added
        for bit in _BITS:
            if lost >> bit & 1 and self._prctl(_CAPBSET_READ, bit) == 1:
                self._prctl(_CAPBSET_DROP, bit)
        if self.rights.added:
            self._prctl(_SET_KEEPCAPS, 1)

    def end(self) -> None:
        """The rest; nothing that follows has more."""
        if not self.is_believed:
            self._take_on_limits()
        if self.rights.dropped or self.rights.added:
            self._set_capabilities()
        if self.rights.no_new_privileges:
            self._prctl(_SET_NO_NEW_PRIVS, 1)

    def _take_on_limits(self) -> None:
        for limit in self.rights.limits:
            _set_limit(limit)
        with suppress(OSError):
            if self.rights.nice is not None:
                os.setpriority(os.PRIO_PROCESS, 0, self.rights.nice)
        with suppress(OSError):
            if self.rights.oom_score_adj is not None:
                with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
                    file.write(str(self.rights.oom_score_adj))

    # --- capabilities

    def _prctl(self, option: int, second: int, third: int = 0) -> int:
        """What may not be done stays undone."""
        words = (ctypes.c_ulong(word) for word in (second, third, 0, 0))
        return self.libc.prctl(ctypes.c_int(option), *words)

    def _set_capabilities(self) -> None:
        """As root all but what is dropped; as anybody else who was root what is added alone."""
        header, data = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
        if self.libc.capget(header, data) < 0:
            raise self._refused()
        permitted, inheritable = (data[at] | data[at + 3] << 32 for at in (1, 2))
        is_root = os.geteuid() == 0
        added = self.rights.added & permitted
        kept = permitted & ~self.rights.dropped if is_root or not self.was_root else 0
        permitted = kept | added
        inheritable = inheritable & permitted | (0 if is_root else added)
        for at, mask in enumerate((permitted, permitted, inheritable)):
            data[at], data[at + 3] = mask & 0xFFFFFFFF, mask >> 32
        if self.libc.capset(header, data) < 0:
            raise self._refused()
        for bit in () if is_root else _BITS:
            if added >> bit & 1:
                self._prctl(_CAP_AMBIENT, _AMBIENT_RAISE, bit)

    def _refused(self) -> PodError:
        return PodError(f"cannot give capabilities up: {os.strerror(ctypes.get_errno()).lower()}", FAILED)


def _set_limit(limit: Limit) -> None:
    """What is above our own hard limit, and may not be, comes to that."""
    soft, hard = resource.getrlimit(limit.resource)
    wanted = (soft if limit.soft is None else _number(limit.soft), hard if limit.hard is None else _number(limit.hard))
    for most in (wanted[1], hard):
        with suppress(OSError, ValueError):
            resource.setrlimit(limit.resource, (_lower(wanted[0], most), _lower(wanted[1], most)))
            return


def _number(value: int) -> int:
    return resource.RLIM_INFINITY if value == UNLIMITED else value


def _lower(first: int, second: int) -> int:
    return min(first, second, key=lambda value: EVERY if value == resource.RLIM_INFINITY else value)


# --- groups -----------------------------------------------------------------------------------------------------------


def groups_of(context: Context, identity: Identity, rights: Rights, peer: Peer) -> Identity:
    """With the groups that the unit has; of a pod that is not root's at most its own. PodError when there is no such
    group, or when the unit itself would not start as who it is."""
    if rights.not_root and (peer.uid if identity.uid is None else identity.uid) == 0:
        raise PodError(f"{context.unit} would run as root, and runAsNonRoot forbids it", FAILED)
    if rights.member_groups and not rights.groups and not (context.user and context.group):
        return identity
    gid = peer.gid if identity.gid is None else identity.gid
    members = ()
    if rights.member_groups:
        members = (user_of(context.user).groups or ())[1:] if context.user else peer.groups
    found = tuple(dict.fromkeys((gid, *members, *map(group_of, rights.groups))))
    if peer.uid != 0:
        found = tuple(group for group in found if group in (peer.gid, *peer.groups))
    return identity._replace(groups=found)
