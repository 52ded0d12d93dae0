"""Which process belongs to which unit, and what each unit uses. Pure: processes are handed in, moments too.

It must never say more than was seen: what has ended between two looks is known by what its parent reaped of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

MINIPOD, OTHERS = "(minipod)", "(others)"


class Process(NamedTuple):
    """One process. ``cpu``: seconds, its own and those of the children that it has reaped; ``memory``: bytes."""

    pid: int
    parent: int
    session: int = 0
    cpu: float = 0.0
    memory: int = 0
    threads: int = 1


class Usage(NamedTuple):
    """Of all processes of one unit. ``leader``: the process that the unit is; ``share``: of one processor, 1.0 is all
    of it; None while there was one look only."""

    name: str
    leader: int | None = None
    cpu: float = 0.0
    memory: int = 0
    processes: int = 0
    threads: int = 0
    share: float | None = None


def owners(processes: Iterable[Process], leaders: Mapping[int, str], root: int) -> dict[int, str]:
    """Process id → unit, for all that are below ``root``, which is minipod itself. A unit's are those below its leader,
    and those of its session: a daemon that left its parent has left neither at once. Children in minipod's own session
    are minipod's: they write files. The others are commands of probes and hooks, and who was left behind."""
    every = {process.pid: process for process in processes}
    found = {root: MINIPOD} if root in every else {}
    for pid, process in every.items():
        line = _line_of(pid, every)
        if pid != root and root in line:
            below = next((leaders[each] for each in line if each in leaders), None)
            is_ours = process.parent == root and process.session == every[root].session
            found[pid] = below or leaders.get(process.session, MINIPOD if is_ours else OTHERS)
    return found


def _line_of(pid: int, every: Mapping[int, Process]) -> list[int]:
    """Itself, its parent and so on. What was read while processes came and went may go round in a circle."""
    line: list[int] = []
    while pid in every and pid not in line:
        line.append(pid)
        pid = every[pid].parent
    return line


def usages(processes: Iterable[Process], owner: Mapping[int, str], leaders: Mapping[int, str], names: Sequence[str]
           ) -> dict[str, Usage]:  # fmt: skip
    """Of each of the names, and of whoever else has processes."""
    found = {name: Usage(name) for name in names}
    for process in processes:
        name = owner.get(process.pid)
        if name is not None:
            found[name] = _plus(found.get(name, Usage(name)), process)
    for pid, name in leaders.items():
        found[name] = found.get(name, Usage(name))._replace(leader=pid)
    return found


def _plus(usage: Usage, process: Process) -> Usage:
    return usage._replace(
        cpu=usage.cpu + process.cpu,
        memory=usage.memory + process.memory,
        processes=usage.processes + 1,
        threads=usage.threads + process.threads,
    )


def shares(before: Mapping[str, Usage], now: Mapping[str, Usage], seconds: float) -> dict[str, Usage]:
    """``now``, with what each used in between. An instance that is new has used all of its time since."""
    return {name: usage._replace(share=_share(before.get(name), usage, seconds)) for name, usage in now.items()}


def _share(before: Usage | None, now: Usage, seconds: float) -> float:
    is_same = before is not None and before.leader == now.leader
    used = now.cpu - before.cpu if is_same and before is not None else now.cpu
    return max(0.0, used) / seconds if seconds > 0 else 0.0


def total(every: Iterable[Usage]) -> Usage:
    """All of them."""
    rows = list(every)
    known = [row.share for row in rows if row.share is not None]
    return Usage(
        "total",
        cpu=sum(row.cpu for row in rows),
        memory=sum(row.memory for row in rows),
        processes=sum(row.processes for row in rows),
        threads=sum(row.threads for row in rows),
        share=sum(known) if known else None,
    )
