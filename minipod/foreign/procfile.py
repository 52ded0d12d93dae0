"""From a Procfile, as foreman, honcho and the like run it, with its formation and its .env, to a pod file with
comments. It reads these files, and does nothing else.
"""

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from minipod.config.findings import word
from minipod.config.text import load_text
from minipod.dotenv import entries
from minipod.errors import Place, UsageError
from minipod.foreign.dotenv import is_env_file, read_dotenv
from minipod.foreign.expansion import plain
from minipod.foreign.ledger import Ledger
from minipod.foreign.names import unit_names
from minipod.foreign.page import Line, Table, listed, table_of, to_text
from minipod.foreign.supervisord import Imported
from minipod.quoting import quoted

PORT, STEP = 5000, 100
_MOST = 1000
_PORTS = range(1, 65536)
_RELEASE = "release"
_LINE = re.compile(r"(?P<name>[A-Za-z0-9_-]+)\s*:\s*(?P<command>.+?)\s*")
# What a shell passes on unchanged; anything else is for a shell to read.
_PLAIN = re.compile(r"""(?:[\w@%+=:,./-]|[ \t]|'[^'\n]*'|"[^"$`\\!\n]*")+""", re.ASCII)
_BUILTIN = frozenset(
    ". : [ alias bg break case cd command continue declare do done elif else esac eval exec exit export fg fi for "
    "function getopts hash if in jobs let local pushd popd printf read readonly return select set shift source test "
    "then times trap type ulimit umask unalias unset until wait while { } ! [[".split()
)  # fmt: skip
_PREFACE = (
    "As with foreman: each command gets PORT and PS, and when one fails, all are stopped. Otherwise than with it: one",
    "that ends with 0 leaves the others alone; the pod ends when all have ended.",
)
_PARAMETERS = re.compile(r"^(?P<name>formation|concurrency|port|timeout|env)\s*:\s*(?P<value>.*?)\s*$", re.MULTILINE)
_GRACE = "5"  # seconds; what foreman and honcho wait before they kill


class Entry(NamedTuple):
    """One line of the Procfile. ``number``: which, from 0: it decides the ports."""

    name: str
    command: str
    place: Place
    number: int


def import_procfile(
    text: str, name: str, *, formation: str | None = None, variables: str | None = None, port: str | None = None
) -> Imported:
    """``formation``: `web=2,worker=1`; ``variables``: a file, in the place of .env; ``port``: the first. ConfigError
    for what is no Procfile; UsageError for what was said on the command line."""
    ledger = Ledger()
    folder = os.path.dirname(os.path.abspath(name))
    habits = _habits(folder)
    row = list(_entries(text, name, ledger))
    wanted = formation if formation is not None else habits.get("formation", habits.get("concurrency", ""))
    counts = _formation(wanted, {entry.name for entry in row})
    env = _variables(folder, variables or habits.get("env"), variables is not None, ledger)
    first = _first_port(port or habits.get("port") or env.port)
    kinds = _units(row, counts, first, env.files, ledger)
    if not any(table.head.startswith("service.") for table in kinds):
        ledger.refuse(Place(name), "nothing is left to run", "no line of it says what, or the formation has 0 of each")
    ledger.problems()
    grace = habits.get("timeout", _GRACE)
    pod = Table("pod", "", (Line("termination_grace_period", quoted(f"{grace}s"), "as long as foreman waits"),))
    preface = (f"Made by `minipod import` from {os.path.basename(name)}.", *_PREFACE)
    said = to_text(preface, [pod, *_env_table(env.texts), *kinds], ())
    return Imported(said, ledger.problems(), is_private=bool(env.texts))


# --- what is read -----------------------------------------------------------------------------------------------------


def _entries(text: str, name: str, ledger: Ledger) -> Iterator[Entry]:
    seen: dict[str, Place] = {}
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        place = Place(name, number, 1, line.rstrip("\r"), max(1, len(bare)))
        match = _LINE.fullmatch(bare)
        if match is None:
            ledger.refuse(place, "cannot read this line", "it is no name: command", "a name is of A-Z a-z 0-9 _ -")
        elif match["name"] in seen:
            ledger.refuse(place, f"{word(match['name'])} is there twice", help="rename one of them")
        else:
            seen[match["name"]] = place
            yield Entry(match["name"], match["command"], place, len(seen) - 1)


def _habits(folder: str) -> Mapping[str, str]:
    """What `.foreman` beside it says: a flat file of options."""
    path = os.path.join(folder, ".foreman")
    if not os.path.isfile(path):
        return {}
    found = {match["name"]: match["value"].strip("'\"") for match in _PARAMETERS.finditer(load_text(path, path))}
    return {name: value for name, value in found.items() if value and (name != "timeout" or _is_number(value))}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7


def _formation(text: str, names: set[str]) -> Mapping[str, int]:
    """How many of each; the key "all" is for those that are not named."""
    counts: dict[str, int] = {"all": 1}
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, count = part.replace(":", "=").partition("=")
        name = name.strip()
        if not equals or not _is_number(count.strip()) or int(count) > _MOST:
            raise UsageError(f"{part!r} is no part of a formation: write for example web=2,worker=1")
        if name not in names and name != "all":
            raise UsageError(f"the formation names {name!r}, which the Procfile does not")
        counts[name] = int(count)
    return counts


class Variables(NamedTuple):
    """``files`` can be named as they are; ``texts`` are of those that PID 1 would not take. ``port``: what they say of
    PORT."""

    files: tuple[str, ...] = ()
    texts: Mapping[str, str] = {}
    port: str | None = None


def _variables(folder: str, path: str | None, must: bool, ledger: Ledger) -> Variables:
    """Those of files; of .env, if it is there."""
    found = Variables()
    for each in (path or ".env").split(","):
        file = os.path.abspath(each) if must else os.path.join(folder, each)
        if must or os.path.isfile(file):
            found = _with_file(found, file, ledger)
    return found


def _with_file(found: Variables, path: str, ledger: Ledger) -> Variables:
    if os.path.isfile(path) and not os.path.getsize(path):
        return found
    text = load_text(path, path)
    if is_env_file(text):
        values = {entry.name: entry.value for entry in entries(text) if entry.value is not None}
        return found._replace(files=(*found.files, path), port=values.get("PORT", found.port))
    env = read_dotenv(text.replace("\0", ""), path, ledger)
    if env:
        message = f"variables of {word(os.path.basename(path))} stand under [env]"
        help = "keep the pod file as close as that one: -o makes one that nobody else may read"
        ledger.differ(Place(path), message, "secrets, too", help)
    return found._replace(texts={**found.texts, **env}, port=env.get("PORT", found.port))


def _first_port(text: str | None) -> int:
    if text is None:
        return PORT
    if not _is_number(text) or int(text) not in _PORTS:
        raise UsageError(f"{text!r} is no port")
    return int(text)


# --- what is written --------------------------------------------------------------------------------------------------


def _env_table(env: Mapping[str, str]) -> list[Table]:
    lines = tuple(Line(name, quoted(plain(text))) for name, text in env.items() if name != "PORT")
    return [Table("env", "the variables of .env, secrets, too: keep this file as close", lines)] if lines else []


def _units(
    row: list[Entry], counts: Mapping[str, int], first: int, files: tuple[str, ...], ledger: Ledger
) -> list[Table]:
    of = {entry.name: counts.get(entry.name, counts["all"]) for entry in row}
    several = [(entry, at, of[entry.name]) for entry in row for at in range(of[entry.name])]
    if len(several) > _MOST:
        raise UsageError(f"the formation has {len(several)} processes, and a pod fewer")
    names = unit_names([("", entry.name if count == 1 else f"{entry.name}-{at + 1}") for entry, at, count in several])
    for entry in row:
        if not of[entry.name]:
            ledger.lose(entry.place, word(entry.name), "the formation has 0 of it")
    return [_unit(*each, name, first, files, ledger) for each, name in zip(several, names, strict=True)]


def _unit(
    entry: Entry, at: int, count: int, name: str, first: int, files: tuple[str, ...], ledger: Ledger
) -> Table:
    port = first + STEP * entry.number + at
    if port not in _PORTS:
        ledger.lose(entry.place, "PORT", f"{port} is no port", "write one into env, or begin with a lower --port")
    of = f", {at + 1} of {count}" if count > 1 else ""
    env = {"PORT": quoted(str(port))} if port in _PORTS else {}
    env["PS"] = quoted(f"{entry.name}.{at + 1}")
    lines = [_command(entry), Line("env", table_of(env), "as foreman numbers them")]
    if files:
        lines.append(Line("env_file", listed(files), "read when the pod starts; env goes before"))
    head = f"line {entry.place.line}{of}"
    if entry.name == _RELEASE:
        why = "as on a platform; foreman runs it beside them"
        ledger.differ(entry.place, "release runs once, before all others", why)
        return Table(f"init.{name}", f"{head}: what a release does before anything else starts", tuple(lines))
    lines.append(Line("restart", quoted("never"), "foreman starts nothing again"))
    lines.append(Line("essential", "true", "it ends the others when it fails"))
    return Table(f"service.{name}", head, tuple(lines))


def _command(entry: Entry) -> Line:
    words = _words(entry.command)
    if words is not None:
        return Line("command", listed(map(plain, words)), "no shell is needed for it")
    return Line("command", listed(["/bin/sh", "-c", plain(entry.command)]), "a shell reads it, as foreman's does")


def _words(command: str) -> list[str] | None:
    """The words of a command in which a shell would do nothing but tell them apart; None for any other."""
    if not _PLAIN.fullmatch(command):
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    is_plain = bool(words) and bool(words[0]) and words[0] not in _BUILTIN and "=" not in words[0]
    return words if is_plain else None
