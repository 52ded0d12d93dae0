"""The ten options of a program's output, and the one log that a unit has instead. Pure, but for the ledger."""

from typing import NamedTuple

from minipod.config.sight import KEEPS
from minipod.config.sizes import MOST, format_size
from minipod.foreign.page import Line, remark, table_of
from minipod.foreign.reader import Reader
from minipod.quoting import quoted

_STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_STDERR = ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2")
AUTO, NONE, OUT, ERR, SYSLOG, FILE = "auto", "none", "stdout", "stderr", "syslog", "file"
_BOTH = "a unit has one log for both of its streams"
_MAX_BYTES = 50 << 20
_BACKUPS = 10


class Target(NamedTuple):
    """Where one stream goes."""

    kind: str
    path: str = ""


class Logs(NamedTuple):
    """The lines of a unit, and the file that is its own, if there is one."""

    lines: list[Line]
    file: str = ""


def read_logs(reader: Reader, directory: str, taken: set[str]) -> Logs:
    """What becomes of a program's output. ``directory``: where relative paths begin, "" if nobody knows; ``taken``:
    files that other units write."""
    merged = reader.flag("redirect_stderr", False)
    out = _target(reader, "stdout", directory)
    err = out if merged else _target(reader, "stderr", directory)
    remarks = _idle(reader, merged)
    if out.kind == FILE or (err.kind == FILE and out.kind in (AUTO, NONE)):
        return _to_file(reader, out, err, taken, remarks)
    return Logs([*_without_file(reader, out, err, merged), *remarks])


def _target(reader: Reader, stream: str, directory: str) -> Target:
    name = f"{stream}_logfile"
    text = reader.settled(name)
    if text is None or text.lower() == AUTO:
        return Target(AUTO)
    if text.lower() in ("none", "off", "/dev/null", ""):
        return Target(NONE)
    if text.lower() == SYSLOG:
        option = reader.section.options[name]
        reader.ledger.lose(option.place, f"`{name} = syslog`", "minipod writes to no syslog", "pipe into logger")
        return Target(AUTO)
    if text in _STDOUT or text in _STDERR:
        return Target(OUT if text in _STDOUT else ERR)
    path = text if text.startswith("/") or not directory.startswith("/") else f"{directory.rstrip('/')}/{text}"
    if not path.startswith("/") or path.endswith("/"):
        option = reader.section.options[name]
        why = "nobody can say relative to which directory it is" if path == text else "it names a directory"
        reader.ledger.lose(option.place, f"`{name}`", why, "write a path that begins with / into log")
        return Target(AUTO)
    return Target(FILE, path)


def _idle(reader: Reader, merged: bool) -> list[Line]:
    """Options of files where there is none; they are looked at all the same, because they may be wrong."""
    for stream in ("stdout", "stderr"):
        reader.size(f"{stream}_logfile_maxbytes", _MAX_BYTES)
        reader.integer(f"{stream}_logfile_backups", _BACKUPS)
    given = reader.section.options.get("stderr_logfile") if merged else None
    if given:
        reader.ledger.differ(given.place, "`stderr_logfile` has no meaning", "redirect_stderr is true")
    names = ("redirect_stderr", "stdout_logfile", "stderr_logfile")
    numbers = [f"{stream}_logfile_{what}" for stream in ("stdout", "stderr") for what in ("maxbytes", "backups")]
    shown = [reader.shown(name, "") for name in (*names, *numbers) if name in reader.section.options]
    return [remark(", ".join(shown))] if shown else []


def _to_file(reader: Reader, out: Target, err: Target, taken: set[str], remarks: list[Line]) -> Logs:
    stream, target = ("stdout", out) if out.kind == FILE else ("stderr", err)
    name = f"{stream}_logfile"
    option = reader.section.options[name]
    if target.path in taken:
        reader.ledger.lose(
            option.place, f"`{name}` of all but the first unit", "two writers of one file would lose lines",
            "give each unit a file of its own",
        )  # fmt: skip
        return Logs(remarks)
    _tell_of_the_other(reader, out, err)
    size = min(reader.size(f"{name}_maxbytes", _MAX_BYTES), MOST)
    keep = reader.integer(f"{name}_backups", _BACKUPS)
    bounded = min(max(keep, KEEPS.low), KEEPS.high)
    if bounded != keep:
        place = reader.section.options[f"{name}_backups"].place
        reader.ledger.differ(place, f"`keep` is {bounded}", f"it is {KEEPS.low} to {KEEPS.high}")
    given = {"file": quoted(target.path), "max_size": quoted(format_size(size)), "keep": str(bounded)}
    note = "both streams" if out == err else f"both streams, of which {name} was one"
    return Logs([Line("log", table_of(given), note), *remarks], target.path)


def _tell_of_the_other(reader: Reader, out: Target, err: Target) -> None:
    """The stream that would have gone elsewhere."""
    if out.kind == FILE:
        name, other = "stderr_logfile", err
    else:
        name, other = "stdout_logfile", out
    option = reader.section.options.get(name)
    if option is None or other == out == err:
        return
    if other.kind == FILE or other.kind in (OUT, ERR):
        reader.ledger.lose(option.place, f"`{name}`", _BOTH, "let the program write the other one by itself")
    else:
        reader.ledger.differ(option.place, f"what `{name}` is for is in the other's file, too", _BOTH)


def _without_file(reader: Reader, out: Target, err: Target, merged: bool) -> list[Line]:
    kinds = {out.kind, err.kind}
    if kinds == {NONE}:
        return [Line("log", '"none"', "nothing is kept of either stream")]
    _tell_of_lost_ends(reader, out, err, merged)
    if kinds & {OUT, ERR}:
        return [Line("log", '"raw"', "whole lines, unchanged, to minipod's own stdout and stderr")]
    return []


def _tell_of_lost_ends(reader: Reader, out: Target, err: Target, merged: bool) -> None:
    for name, target, own in (("stdout_logfile", out, OUT), ("stderr_logfile", err, ERR)):
        option = reader.section.options.get(name)
        if option is None or target.kind in (own, AUTO) or (merged and name == "stderr_logfile"):
            continue
        if target.kind == FILE:
            reader.ledger.lose(option.place, f"`{name}`", _BOTH, "let the program write it by itself")
        else:
            place = "nowhere" if target.kind == NONE else f"to {target.kind}"
            stream = name.partition("_")[0]
            reader.ledger.differ(option.place, f"{stream} does not go {place}, but to {stream}", _BOTH)
    if merged and out.kind == OUT:
        option = reader.section.options["redirect_stderr"]
        reader.ledger.differ(option.place, "stderr does not go to stdout", "minipod keeps the two apart")
