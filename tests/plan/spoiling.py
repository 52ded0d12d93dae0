"""Ways to spoil a plan: each gives a function that changes one thing in a draft, or is one."""

from collections.abc import Callable
from typing import Any

from minipod.reaper.layout import ffi, lib
from minipod.supervisor.words import LogMode

SET: Callable[[Any, str, Any], None] = setattr
# Sources of the realistic plan (conftest.py).
SECRET, FROM_FILE, FROM_DIRECTORY, MEMORY, LATE = range(5)


def nul_inside(draft) -> None:
    draft.words[0].size += 2


def no_end(draft) -> None:
    draft.words[0].at, draft.words[0].size = draft.header.arrays[lib.PLAN_BLOB].count - 1, 1


def behind_blob(draft) -> None:
    draft.words[0].at = draft.header.arrays[lib.PLAN_BLOB].count


def two_edges_swapped(draft) -> None:
    last = len(draft.edges) - 1
    draft.edges[0], draft.edges[last] = dict(fields_of(draft.edges[last])), dict(fields_of(draft.edges[0]))


def fields_of(struct) -> list[tuple[str, int]]:
    return [(name, getattr(struct, name)) for name, _ in ffi.typeof(struct).fields]


def padding(draft) -> None:
    place = draft.header.arrays[lib.PLAN_RULES]
    end = place.at + place.count * ffi.sizeof("struct plan_rule")
    assert end % 8, "65 rules do not end at a multiple of 8"
    draft.bytes[end] = 1


def service_first(draft) -> None:
    draft.units[0].kind, draft.units[0].standing, draft.units[0].deadline_ns = 2, 3, 0


def array_with(draft, which: int, **fields: int) -> None:
    for name, value in fields.items():
        setattr(draft.header.arrays[which], name, value)


def run_of(draft, unit: int, name: str, first: int, count: int) -> None:
    run = getattr(draft.units[unit], name)
    run.first, run.count = first, count


def unit_with(name: str, value: int, index: int = 0) -> Callable:
    return lambda draft: SET(draft.units[index], name, value)


def own_terminal_and(name: str, value: int) -> Callable:
    return lambda draft: (SET(draft.units[0], "own_terminal", 1), SET(draft.units[0], name, value))


def own_terminal_logs(mode: LogMode) -> Callable:
    return lambda draft: (SET(draft.units[0], "own_terminal", 1), SET(draft.units[0].log, "mode", mode.number))


def pod_with(name: str, value: int) -> Callable:
    return lambda draft: SET(draft.pod, name, value)


def string_of(name: str) -> Callable:
    return lambda draft: SET(getattr(draft.units[1], name), "size", 1)


def volume_with(index: int, name: str, value: Any) -> Callable:
    return lambda draft: SET(draft.volumes[index], name, value)


def mount_with(index: int, name: str, value: Any) -> Callable:
    return lambda draft: SET(draft.mounts[index], name, value)


def text_at(array: str, index: int, name: str, text: str) -> Callable:
    """A text that was not there before, over the longest of a command line."""

    def spoil(draft) -> None:
        at = longest(draft).at
        place = draft.header.arrays[lib.PLAN_BLOB].at + at
        draft.bytes[place:place + len(text) + 1] = text.encode() + b"\0"
        for word in draft.words:
            if word.at == at:
                word.size = len(text)
        setattr(getattr(draft, array)[index], name, {"at": at, "size": len(text)})

    return spoil


def rights_with(name: str, value: Any) -> Callable:
    return lambda draft: SET(draft.rights[0], name, value)


def source_with(index: int, name: str, value: Any) -> Callable:
    return lambda draft: SET(draft.sources[index], name, value)


def source_text(name: str) -> Callable:
    return lambda draft: SET(getattr(draft.sources[FROM_FILE], name), "size", 1)


def sources_of_another(draft) -> None:
    run_of(draft, 5, "sources", 0, 0)
    draft.units[4].sources.count = len(draft.sources)
    draft.units[4].sources.first = 1


def no_sources_run(draft) -> None:
    draft.units[5].sources.count -= 1


def task_with(index: int, name: str, value: int) -> Callable:
    return lambda draft: SET(draft.errands[index], name, value)


def task_text(index: int, name: str) -> Callable:
    return lambda draft: SET(getattr(draft.errands[index], name), "size", 1)


def task_is(index: int, name: str, other: int, others: str) -> Callable:
    """One text in the place of another."""
    return lambda draft: SET(draft.errands[index], name, dict(fields_of(getattr(draft.errands[other], others))))


def longest(draft) -> Any:
    """The longest text of a command line."""
    return max(draft.words, key=lambda word: word.size)


def fd_for_a_watchdog(draft) -> None:
    """A descriptor says "ready" once, and nothing else."""
    draft.units[4].notify_socket, draft.units[4].notify_fd = 0, 3
