"""Order: who waits for whom, as lists of predecessors. Start order, ``after``, sidecar gates and stop order are one
thing here; the core only counts down.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from minipod.supervisor.words import Direction, Kind, Milestone


class Member(NamedTuple):
    """What order needs to know of a unit. ``after`` maps unit names to STARTED, READY or COMPLETED. ``follows``: a unit
    before it in the file whose start must be over, however that went; the stop has no order from it."""

    name: str
    kind: Kind
    after: Mapping[str, Milestone] = MappingProxyType({})
    follows: str | None = None


class Edge(NamedTuple):
    """``second`` is held back, in ``direction``, until ``first`` reaches ``milestone``. Both are positions."""

    first: int
    second: int
    milestone: Milestone
    direction: Direction


def edges(members: Sequence[Member]) -> tuple[Edge, ...]:
    """All edges of a pod, sorted by ``first``. ``members`` are in file order, inits and sidecars before services."""
    found = [*_chain(members), *_after(members), *_stop(members)]
    return tuple(sorted(set(found), key=lambda e: (e.first, e.second, e.direction.number, e.milestone.number)))


# What the next in the chain waits for: an init's success, a sidecar's start.
_GATES = {Kind.INIT: Milestone.COMPLETED, Kind.SIDECAR: Milestone.STARTED}


def _chain(members: Sequence[Member]) -> Iterable[Edge]:
    """Inits and sidecars one by one in file order, then every service."""
    row = [i for i, m in enumerate(members) if m.kind is not Kind.SERVICE]
    for first, second in zip(row, row[1:], strict=False):
        yield Edge(first, second, _GATES[members[first].kind], Direction.START)
    for last in row[-1:]:
        for i, member in enumerate(members):
            if member.kind is Kind.SERVICE:
                yield Edge(last, i, _GATES[members[last].kind], Direction.START)


def is_the_rows(edge: Edge, kind: Kind) -> bool:
    """Whether it is what every service waits for, whether its ``after`` says so or not. ``kind``: of its first."""
    return kind is not Kind.SERVICE and edge.milestone is _GATES[kind]


def _after(members: Sequence[Member]) -> Iterable[Edge]:
    """``after`` forward for the start, backward for the stop; ``follows`` forward alone."""
    at = {m.name: i for i, m in enumerate(members)}
    for i, member in enumerate(members):
        if member.follows is not None:
            yield Edge(at[member.follows], i, Milestone.TRIED, Direction.START)
        for name, milestone in member.after.items():
            yield Edge(at[name], i, milestone, Direction.START)
            if members[at[name]].kind is Kind.SERVICE:
                yield Edge(i, at[name], Milestone.GONE, Direction.STOP)


def _stop(members: Sequence[Member]) -> Iterable[Edge]:
    """Sidecars go after every service, the last one first (spec.md section 8.2)."""
    sidecars = [i for i, m in enumerate(members) if m.kind is Kind.SIDECAR]
    for earlier, later in zip(sidecars, sidecars[1:], strict=False):
        yield Edge(later, earlier, Milestone.GONE, Direction.STOP)
    for sidecar in sidecars:
        for i, member in enumerate(members):
            if member.kind is Kind.SERVICE:
                yield Edge(i, sidecar, Milestone.GONE, Direction.STOP)


def ranks(members: Sequence[Member]) -> tuple[int, ...]:
    """A number per unit that grows along every start edge and falls along every stop edge: the core checks a plan for
    cycles by looking at each edge once. ValueError with the cycle if there is one."""
    cycle = find_cycle(members)
    if cycle:
        raise ValueError(f"cycle: {' -> '.join(cycle)}")
    before: dict[int, list[int]] = {i: [] for i in range(len(members))}
    for edge in edges(members):
        low, high = (edge.first, edge.second) if edge.direction is Direction.START else (edge.second, edge.first)
        before[high].append(low)
    rank: dict[int, int] = {}
    pending = list(before)
    while pending:  # each round settles at least one: there is no cycle
        later = []
        for i in pending:
            if all(j in rank for j in before[i]):
                rank[i] = 1 + max((rank[j] for j in before[i]), default=-1)
            else:
                later.append(i)
        pending = later
    return tuple(rank[i] for i in range(len(members)))


def find_cycle(members: Sequence[Member]) -> tuple[str, ...]:
    """One cycle of ``after``, first name repeated at its end; () if there is none. Unknown names are passed over."""
    after = {m.name: [n for n in m.after if any(o.name == n for o in members)] for m in members}
    done: set[str] = set()
    for start in after:
        path: list[str] = []
        stack = [(start, iter(after[start]))] if start not in done else []
        path = [start] if stack else []
        while stack:
            name, rest = stack[-1]
            nxt = next(rest, None)
            if nxt is None:
                done.add(name)
                stack.pop()
                path.pop()
            elif nxt in path:
                return (*path[path.index(nxt):], nxt)
            elif nxt not in done:
                stack.append((nxt, iter(after[nxt])))
                path.append(nxt)
    return ()
