"""What this machine says to files that variables are read from: what is missing, and lines that PID 1 would refuse. For
``minipod check``; only warnings, because the container may differ.
"""

import os

from minipod.config.check import path_of
from minipod.config.findings import Findings, Path, word
from minipod.config.key import SOURCE_KEYS as KEYS
from minipod.dotenv import Entry, entries
from minipod.model import EnvSource, Unit

_ELSEWHERE = "the container may differ"
_MOST = 1 << 20


def check_sources(unit: Unit, found: Findings) -> set[str] | None:
    """Names of the variables that its sources give it; None: nobody can tell here."""
    sets = [
        _check(source, (*path_of(unit), KEYS[source.kind]), found) if source.kind in KEYS else {source.name}
        for source in unit.env_from
    ]
    known = [names for names in sets if names is not None]
    return set().union(*known) if len(known) == len(sets) else None


def _check(source: EnvSource, at: Path, found: Findings) -> set[str] | None:
    at = (*at, source.name) if source.kind == "secret_file" else at
    what = "directory" if source.kind == "directory" else "file"
    is_there = (os.path.isdir if source.kind == "directory" else os.path.isfile)(source.path)
    if not is_there and not source.is_optional:
        found.warn(
            at,
            f"there is no {what} {word(source.path)} here",
            why=f"{_ELSEWHERE}; without it nothing is started",
            help="see to it that it is there when the pod starts, or make it optional",
        )
    elif is_there and not os.access(source.path, os.R_OK):
        found.warn(at, f"{word(source.path)} cannot be read here", why=_ELSEWHERE, help="let minipod's user read it")
        return None
    if source.kind == "secret_file":
        return {source.name if source.to == "env" else f"{source.name}_FILE"}
    if not is_there:
        return set() if source.is_optional else None
    if source.kind == "directory":
        return {source.name + name for name in os.listdir(source.path) if not name.startswith("..")}
    return _check_lines(source.path, at, found)


def _check_lines(path: str, at: Path, found: Findings) -> set[str] | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            row = list(entries(file.read(_MOST)))
    except OSError:
        return None
    for entry in row:
        _check_line(entry, path, at, found)
    return {entry.name for entry in row if entry.value is not None}


def _check_line(entry: Entry, path: str, at: Path, found: Findings) -> None:
    """The line is not shown: it may hold a secret."""
    where = f"line {entry.line} of {word(path)}"
    if not entry.name:
        why = "minipod would start nothing"
        found.warn(at, f"{where} is no NAME=VALUE", why=why, help="write one, or put # before it")
    elif entry.looks_replaced:
        why = "nothing is replaced in such a file"
        found.warn(at, f"${{ or $( in {where} stays as it is", why=why, help="write what is meant, or quote it with '")
