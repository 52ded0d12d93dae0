"""What the outer container may use, where a manifest names no limit of its own: from its cgroup, else all there is."""

import os
from fractions import Fraction

# By cgroup version 2, then 1.
_CPU = "/sys/fs/cgroup/cpu.max"
_OLD_CPU = ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us")
_MEMORY = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_NO_LIMIT = 1 << 62  # version 1 has a number near 2^63 for none


def outer_limit(resource: str) -> Fraction | None:
    """Of cpu in processors, of memory and ephemeral-storage in bytes; None for anything else."""
    if resource == "cpu":
        return _processors()
    if resource == "memory":
        return Fraction(_memory())
    if resource == "ephemeral-storage":
        room = os.statvfs("/")
        return Fraction(room.f_blocks * room.f_frsize)
    return None


def _processors() -> Fraction:
    words = _words(_CPU) or [*_words(_OLD_CPU[0]), *_words(_OLD_CPU[1])]
    if len(words) == 2 and all(word.isdigit() for word in words) and int(words[1]):
        return Fraction(int(words[0]), int(words[1]))
    return Fraction(len(os.sched_getaffinity(0)))


def _memory() -> int:
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in _MEMORY:
        (word,) = _words(path) or ["max"]
        if word.isdigit() and int(word) < _NO_LIMIT:
            return min(int(word), whole)
    return whole


def _words(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []
