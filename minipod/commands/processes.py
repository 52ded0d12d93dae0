"""The processes of this machine that are minipod's, as psutil reads them. It must never fail because one of them ended
while it looked."""

import os
from collections.abc import Iterator, Mapping

import psutil

from minipod.status.usage import Process, owners

_PROC = "/proc"


def tree() -> list[Process]:
    """All there are: who they are, not what they use."""
    return [Process(process.pid, process.info["ppid"] or 0, _session(process.pid)) for process in _every()]


def _every() -> Iterator[psutil.Process]:
    return psutil.process_iter(["ppid"])


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def read(leaders: Mapping[int, str], root: int) -> tuple[list[Process], dict[int, str]]:
    """Those below ``root`` with what they use, and whose they are."""
    every = tree()
    owner = owners(every, leaders, root)
    found = (_measured(process, is_root=process.pid == root) for process in every if process.pid in owner)
    return [process for process in found if process is not None], owner


def _measured(process: Process, is_root: bool) -> Process | None:
    """None: it has ended. What minipod has reaped were units, and is none of its own."""
    try:
        seen = psutil.Process(process.pid)
        with seen.oneshot():
            times = seen.cpu_times()
            reaped = 0.0 if is_root else times.children_user + times.children_system
            cpu = times.user + times.system + reaped
            return process._replace(cpu=cpu, threads=seen.num_threads(), memory=_memory(seen))
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return process


def _memory(seen: psutil.Process) -> int:
    """Its proportional share, so that units can be added up; all that it has resident where we may not see that."""
    try:
        return seen.memory_full_info().pss
    except psutil.AccessDenied:
        return seen.memory_info().rss


def inner_ids(root: int) -> dict[int, int]:
    """What minipod calls a process → what it is called here, of all below ``root``: it may be in a PID namespace of its
    own."""
    owner = owners(tree(), {}, root)
    return {inner: pid for pid in owner for inner in _inner_id(pid)}


def _inner_id(pid: int) -> Iterator[int]:
    try:
        with open(f"{_PROC}/{pid}/status", encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith("NSpid:"):
                    yield int(line.split()[-1])
    except (OSError, ValueError):
        return
