"""From a supervisord.conf, and the files that it includes, to a pod file with comments. It reads these files, and does
nothing else.
"""

import os
import platform
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from minipod.config.durations import MOST, format_duration
from minipod.config.findings import word
from minipod.config.values import read_account
from minipod.errors import Place
from minipod.foreign.expansion import Ref
from minipod.foreign.ini import Ini, Option, Section, include
from minipod.foreign.ledger import Ledger
from minipod.foreign.names import pod_name, unit_names
from minipod.foreign.options import GROUP, INCLUDE, KNOWN, SECTIONS, SUPERVISORD
from minipod.foreign.page import Line, Table, listed, remark, to_text
from minipod.foreign.programs import (
    GRACE,
    PRIORITY,
    Given,
    Process,
    lose_rest,
    lose_section,
    pairs_as_toml,
    read_pairs,
    read_program,
    tell_of_identity,
)
from minipod.foreign.reader import Reader
from minipod.quoting import quoted

_PREFACE = (
    "Otherwise than with supervisord: the pod ends when all services have ended, and its exit code is theirs; a",
    "program that cannot be started, or kept running, ends it; no process is left behind.",
)
_MOST_UNITS = 5_000


class Imported(NamedTuple):
    """The pod file's text, and what is to be said of it. ``is_private``: there are texts in it that are kept apart."""

    text: str
    problems: tuple
    is_private: bool = False


def import_supervisord(text: str, name: str, environ: Mapping[str, str], here: str | None = None) -> Imported:
    """``here``: where the file will lie, for `%(here)s`; None: where it lies. ConfigError for a file that supervisord
    would refuse, or in which nothing is left to run."""
    ledger = Ledger()
    environ = {"HOSTNAME": platform.node(), **environ}
    folder = os.path.dirname(os.path.abspath(name))
    ini = Ini()
    ini.read(text, name, folder)
    files = _Here(folder, here)
    include(ini, lambda option: _include_files(ini, option, environ, ledger), name, ledger)
    return _Import(ini.sections(), environ, files, ledger).read(name)

_LIMITS = {"minfds": "nofile", "minprocs": "nproc"}


class _Here:
    """Where a file's folder will be."""

    def __init__(self, base: str, moved: str | None):
        self._base, self._moved = base, moved

    def __call__(self, folder: str) -> str:
        if self._moved is None:
            return folder or self._base
        return os.path.normpath(os.path.join(self._moved, os.path.relpath(folder or self._base, self._base)))


def _include_files(ini: Ini, option: Option, environ: Mapping[str, str], ledger: Ledger) -> str | None:
    section = next(each for each in ini.sections() if each.head == "include")
    return Reader(section, {}, environ, lambda folder: folder, ledger).settled(option.name)


class _Import:
    def __init__(self, sections: Sequence[Section], environ: Mapping[str, str], here: _Here, ledger: Ledger):
        self._sections, self._environ, self._here, self._ledger = sections, environ, here, ledger
        self._by_head = {section.head: section for section in sections}
        self._left: list[str] = []

    def read(self, name: str) -> Imported:
        pod, env, given = self._supervisord()
        processes = self._processes(given)
        self._others()
        running = [each for each in processes if not each.off]
        self._ledger.problems()
        if not running:
            why = "no [program:x] of it would be started" if processes else "there is no [program:x] in it"
            self._ledger.refuse(Place(name), "nothing is left to run", why, "name the file that has them")
            self._ledger.problems()
        processes.sort(key=lambda each: each.rank)  # of one rank as they stand in the file
        named = list(zip(processes, unit_names([(each.group, each.name) for each in processes]), strict=True))
        steps = _Steps([(each, unit) for each, unit in named if not each.off])
        tables = [*self._pod(pod, steps), *env, *(_service(each, unit, steps) for each, unit in named)]
        preface = (f"Made by `minipod import` from {os.path.basename(name)}.", *_PREFACE)
        rest = ("Not carried over:", *(f"  {line}" for line in self._left)) if self._left else ()
        return Imported(to_text(preface, tables, rest), self._ledger.problems())

    # --- [supervisord] ---

    def _supervisord(self) -> tuple[list[Line], list[Table], Given]:
        empty = Given(self._environ, self._here, self._ledger)
        section = self._by_head.get("supervisord")
        if section is None:
            return [], [], empty
        reader = Reader(section, {}, self._environ, self._here, self._ledger)
        pieces = reader.pieces("environment")
        pairs = read_pairs(reader, pieces) if pieces is not None else {}
        plain = {name: "".join(value) for name, value in pairs.items() if not any(isinstance(v, Ref) for v in value)}
        env = [Table("env", "[supervisord] environment", tuple(Line(n, v) for n, v in pairs_as_toml(pairs).items()))]
        user = reader.settled("user")
        given = Given(
            {**self._environ, **plain},
            self._here,
            self._ledger,
            reader.checked("user", user, read_account) if user is not None else None,
            reader.octal("umask"),
            reader.settled("directory") or None,
            self._limits(reader),
        )
        if given.user:
            tell_of_identity(reader, pairs.values())
        lines = self._identifier(reader)
        lose_rest(reader, SUPERVISORD)
        self._leave(reader)
        return lines, env if pairs else [], given

    def _limits(self, reader: Reader) -> dict[str, int]:
        found = {}
        for name, limit in _LIMITS.items():
            if name in reader.section.options:
                found[limit] = max(reader.integer(name, 0), 0)
                entry = SUPERVISORD[name]
                message = f"`{name}` is just the soft limit {limit} of every unit"
                self._ledger.differ(reader.section.options[name].place, message, entry.words, entry.instead)
        return found

    def _identifier(self, reader: Reader) -> list[Line]:
        text = reader.settled("identifier")
        name = pod_name(text) if text else ""
        if not name:
            return [remark(reader.shown("identifier", ""))] if text else []
        return [Line("name", quoted(name), reader.shown("identifier", ""))]

    def _leave(self, reader: Reader) -> None:
        """Options that have no line of their own are told of at the end."""
        kept = ("identifier", "environment", "user", "umask", "directory", *_LIMITS)
        for name, option in reader.section.options.items():
            if name not in kept and not (option.is_shared and name not in SUPERVISORD):
                entry = SUPERVISORD.get(name)
                why = entry.words if entry else "supervisord knows no such option"
                self._left.append(f"[{reader.section.head}] {name} = {option.value}: {why}")

    def _pod(self, lines: list[Line], steps: "_Steps") -> list[Table]:
        if steps.grace != GRACE:
            note = "stopwaitsecs of each priority, one after the other; let the runtime wait as long"
            lines = [*lines, Line("termination_grace_period", _seconds(steps.grace), note)]
        return [Table("pod", "", tuple(lines))] if lines else []

    # --- programs ---

    def _processes(self, given: Given) -> list[Process]:
        taken: set[str] = set()
        found: list[Process] = []
        grouped: set[str] = set()
        for section in self._sections:
            if section.kind == "group":
                found += self._group(section, given, taken, grouped)
        for section in self._sections:
            if section.kind in ("program", "fcgi-program") and section.head not in grouped:
                if self._is_named(section):
                    found += read_program(section, section.name, None, given, taken)
        if len(found) > _MOST_UNITS:
            self._ledger.refuse(self._sections[0].place, f"there are {len(found)} processes", "a pod has fewer")
        return found

    def _is_named(self, section: Section) -> bool:
        if section.name and not any(sign in section.name for sign in " :/"):
            return True
        self._ledger.refuse(section.place, f"{word(section.head)} has no proper name", "it has no blank, : or / in it")
        return False

    def _group(self, section: Section, given: Given, taken: set[str], grouped: set[str]) -> list[Process]:
        if not self._is_named(section):
            return []
        reader = Reader(section, {}, given.environ, self._here, self._ledger)
        programs = reader.settled("programs")
        rank = reader.integer("priority", PRIORITY)
        lose_rest(reader, GROUP)
        if not programs:
            self._ledger.lose(section.place, f"[{section.head}]", "it names no programs")
        why = "minipod has no groups of units; its words take several names"
        shown = ", ".join(f"{name} = {option.value}" for name, option in section.options.items())
        self._left.append(f"[{section.head}] ({shown}): {why}")
        found: list[Process] = []
        for name in filter(None, map(str.strip, (programs or "").split(","))):
            heads = [head for head in (f"program:{name}", f"fcgi-program:{name}") if head in self._by_head]
            if len(heads) != 1:
                what = "two programs are" if heads else "no program is"
                self._ledger.refuse(section.options["programs"].place, f"{what} called {word(name)}")
            elif heads[0] not in grouped:
                grouped.add(heads[0])
                found += read_program(self._by_head[heads[0]], section.name, rank, given, taken)
        return found

    # --- what is left behind ---

    def _others(self) -> None:
        for section in self._sections:
            if section.kind in SECTIONS:
                self._left.append(lose_section(section, self._ledger))
            elif section.kind == "include":
                self._left += [f"[include] {name} = {each.value}" for name, each in section.options.items()]
                reader = Reader(section, {}, self._environ, self._here, self._ledger)
                reader.option("files")
                lose_rest(reader, INCLUDE)
            elif section.kind not in KNOWN:
                names = ", ".join(section.options)
                self._left.append(f"[{section.head}] ({names}): supervisord knows no such section")
                self._ledger.lose(section.place, f"[{section.head}] ({names})", "supervisord knows no such section")


class _Steps:
    """Who starts after whom. Groups go by their priority; within a group its programs go by theirs. Groups of one
    priority know nothing of each other."""

    def __init__(self, named: Sequence[tuple[Process, str]]):
        self._levels: dict[int, dict[str, dict[int, list[tuple[Process, str]]]]] = {}
        for process, name in named:
            group, priority = process.rank
            self._levels.setdefault(group, {}).setdefault(process.group, {}).setdefault(priority, []).append(
                (process, name)
            )

    @property
    def grace(self) -> int:
        """Seconds for the stop of all: each step begins when the one before is done."""
        return sum(max(map(_longest, level.values())) for level in self._levels.values())

    def before(self, process: Process) -> tuple[list[str], str]:
        """Those that it waits for, and why."""
        group, priority = process.rank
        own = self._levels.get(group, {}).get(process.group, {})
        lower = max((each for each in own if each < priority), default=None)
        if lower is not None:
            why = f"priority within the group: {priority} starts after {lower}, and stops before it"
            return [name for _, name in own[lower]], why
        level = max((each for each in self._levels if each < group), default=None)
        if level is None:
            return [], ""
        last = [steps[max(steps)] for steps in self._levels[level].values()]
        why = f"priority: {group} starts after {level}, and stops before it"
        return [name for step in last for _, name in step], why


def _longest(steps: Mapping[int, list[tuple[Process, str]]]) -> int:
    return sum(max(process.grace for process, _ in step) for step in steps.values())


def _seconds(count: int) -> str:
    return quoted(format_duration(min(count * 10**9, MOST)))


def _service(process: Process, name: str, steps: _Steps) -> Table:
    lines = list(process.lines)
    names, why = steps.before(process)
    if names:
        lines.append(Line("after", listed(names), why))
    if process.grace != steps.grace:
        lines.append(Line("termination_grace_period", _seconds(process.grace), "stopwaitsecs"))
    else:
        lines.append(remark(f"stopwaitsecs = {process.grace}"))
    note = process.head + (f"; process {process.group}:{process.name}" if name != process.name else "")
    return Table(f"service.{name}", note, tuple(lines), process.off)
