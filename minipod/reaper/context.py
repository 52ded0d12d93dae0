"""What a unit's processes are given, from PID 1's words, and how this process takes it on: environment, user, groups,
umask, directory. The same rules as the core's own child (csrc/identity.c, csrc/child.c), for a process that is none.

It must never change this process before all that can be looked up is known.
"""

import grp
import os
import pwd
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from minipod.errors import FAILED, PodError
from minipod.reaper.peer import Peer

# These are said to one instance, and answered by it: whoever runs beside it must not speak in its name. The last one is
# how PID 1 knows what an instance leaves behind, which this is not.
OF_ONE_INSTANCE = frozenset({"NOTIFY_SOCKET", "NOTIFY_FD", "WATCHDOG_USEC", "MINIPOD_INSTANCE"})
_LEFT_OUT = frozenset(map(str.encode, OF_ONE_INSTANCE))
_DESCRIPTOR = re.compile(rb"/proc/self/fd/(\d{1,4})")
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class Identity(NamedTuple):
    """Who a process is. None: as it is. ``name`` is "" for a number that has no entry in /etc/passwd."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None
    name: str = ""
    home: str = ""


class Context(NamedTuple):
    """What ``GET /v1/units/NAME/context`` answers; ``env`` as the kernel has it. ``adds``: variables that come from the
    user's entry."""

    unit: str
    env: Mapping[bytes, bytes]
    adds: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    group: str = ""
    umask: int | None = None


def parse(facts: Mapping[str, Any]) -> Context:
    """PodError when it is no such answer."""
    try:
        return Context(
            unit=facts["unit"],
            env={name: value for name, _, value in (_bytes_of(entry).partition(b"=") for entry in facts["env"])},
            adds=tuple(facts.get("adds") or ()),
            working_dir=facts["workingDir"] or "",
            user=facts.get("user") or "",
            group=facts.get("group") or "",
            umask=facts.get("umask"),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as bad:
        raise PodError(f"PID 1 said something that this minipod does not understand: {bad}") from None


def _bytes_of(value: str | Mapping[str, str]) -> bytes:
    """A text, or bytes that are none: whatever this process's own encoding is."""
    return value.encode() if isinstance(value, str) else bytes.fromhex(value["hex"])


# --- looking up -------------------------------------------------------------------------------------------------------


def identity_of(context: Context) -> Identity:
    """Names win over numbers; a group that is named is the only one. PodError when nobody is called so."""
    found = user_of(context.user) if context.user else Identity()
    if not context.group:
        return found
    gid = group_of(context.group)
    return found._replace(gid=gid, groups=(gid,) if context.user else None)


def limit(context: Context, wanted: Identity, peer: Peer) -> Identity:
    """At most what whoever said the context is: a server that is not root gives no unit more than it has itself
    (csrc/identity.c), so that root does not run what another user chose. PodError when a unit's user or group is none
    that it could become."""
    if peer.uid == 0 or os.geteuid() != 0:
        return wanted  # the unit's may be anybody; or the kernel itself lets us be nobody else
    if wanted.uid not in (None, peer.uid) or wanted.gid not in (None, peer.gid):
        who = f"user {context.user}" if wanted.uid not in (None, peer.uid) else f"group {wanted.gid}"
        raise PodError(
            f"cannot become {who} for {context.unit}: its pod runs as user {peer.uid}, group {peer.gid}, and could not;"
            f" run the pod as root, or leave out the unit's user and group",
            FAILED,
        )
    return wanted._replace(uid=peer.uid, gid=peer.gid, groups=peer.groups)


def user_of(name: str) -> Identity:
    """By the entry in /etc/passwd, its own group first. PodError when nobody is called so."""
    entry = _entry_of(name)
    if entry is None:
        return Identity(uid=int(name), gid=0, groups=(0,), home="/")  # as Docker has it
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return Identity(entry.pw_uid, entry.pw_gid, tuple(groups), entry.pw_name, entry.pw_dir or "/")


def _entry_of(name: str) -> pwd.struct_passwd | None:
    """None: a number that no entry has."""
    for look_up, key in ((pwd.getpwnam, name), (pwd.getpwuid, int(name) if _is_id(name) else None)):
        try:
            if key is not None:
                return look_up(key)
        except KeyError:
            continue
    if not _is_id(name):
        raise PodError(f"there is no user {name} here; minipod exec runs where the unit does, in its container", FAILED)
    return None


def group_of(name: str) -> int:
    """PodError when there is none of this name."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        if not _is_id(name):
            raise PodError(f"there is no group {name} here", FAILED) from None
        return int(name)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 2**32 - 1


def environment(context: Context, identity: Identity, terminal: str | None = None) -> dict[bytes, bytes]:
    """What the program shall see. ``terminal``: the TERM of whoever sits before it, for a unit that has none."""
    known = {"HOME": identity.home, "USER": identity.name, "LOGNAME": identity.name}
    added = {os.fsencode(name): os.fsencode(known[name]) for name in context.adds if known.get(name)}
    found = {**context.env, **added}
    if terminal:
        found.setdefault(b"TERM", os.fsencode(terminal))
    return {name: value for name, value in found.items() if name not in _LEFT_OUT}


def lend(environment: Mapping[bytes, bytes], folder: str) -> None:
    """The descriptors that variables name, as a unit's process gets them: those of PID 1, which are in ``folder``. What
    cannot be had is not there: whoever reads it says so."""
    for name, value in environment.items():
        match = _DESCRIPTOR.fullmatch(value) if name.endswith(b"_FILE") else None
        with suppress(OSError):
            if match:
                mine = os.open(f"{folder}/{int(match[1])}", os.O_RDONLY)
                os.dup2(mine, int(match[1]), inheritable=True)


# --- taking on --------------------------------------------------------------------------------------------------------


def take_on(context: Context, identity: Identity, above: str) -> None:
    """This process is the unit's from here on, in all but its environment. ``above``: a link to where PID 1 is: a unit
    without a directory of its own starts there. PodError says what is not allowed."""
    if context.umask is not None:
        os.umask(context.umask)
    try:
        folder = os.readlink(above)  # by its name: the link itself might lead into other mounts than ours
    except OSError:
        folder = "."  # nobody may see it but PID 1's user; most are there already: it is the image's own directory
    try:
        _become(identity)
    except PermissionError:
        who = context.user or (f"group {context.group}" if context.group else f"user {identity.uid}")
        raise PodError(f"cannot become {who}: not permitted; ask as root, or as {who}", FAILED) from None
    _enter(context, folder)
    for number in _IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)


def _enter(context: Context, folder: str) -> None:
    """As the unit's user, never as root: a name that another user chose might lead where he may not go."""
    with suppress(OSError):
        os.chdir(folder)
    try:
        if context.working_dir:
            os.chdir(context.working_dir)
    except OSError as bad:
        why = os.strerror(bad.errno or 0).lower()
        raise PodError(f"cannot enter {context.working_dir}: {why}", FAILED) from None


def _become(wanted: Identity) -> None:
    """What we are already need not be asked for."""
    changes = wanted.uid not in (None, os.geteuid()) or wanted.gid not in (None, os.getegid())
    if not changes and os.geteuid() != 0:
        return
    if wanted.groups is not None:
        os.setgroups(wanted.groups)
    if wanted.gid is not None:
        os.setresgid(wanted.gid, wanted.gid, wanted.gid)
    if wanted.uid is not None:
        os.setresuid(wanted.uid, wanted.uid, wanted.uid)
