"""[program:x] and [fcgi-program:x]: from a section to the units that it stands for, line by line, each with the option
it comes from. The table in ``options`` says what becomes of which option; here it is done.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from minipod.config.durations import MOST as LONGEST
from minipod.config.durations import format_duration
from minipod.config.findings import word
from minipod.config.values import ENV_NAME, MOST_RESTARTS, matches, read_account, read_signal, read_string
from minipod.foreign.expansion import Marked, Piece, Ref, to_minipod
from minipod.foreign.ini import Section
from minipod.foreign.ledger import Ledger
from minipod.foreign.options import KNOWN, PROGRAM, SECTIONS, Fate
from minipod.foreign.page import Line, listed, remark, table_of
from minipod.foreign.program_logs import read_logs
from minipod.foreign.reader import Reader
from minipod.model import EMPTY
from minipod.quoting import quoted
from minipod.supervisor.signals import name_of

PRIORITY = 999
GRACE = 10  # seconds; stopwaitsecs' default
_STARTSECS, _RETRIES = 1, 3
_SECOND = 1_000_000_000
_LONGEST_WAIT = 60  # seconds between two restarts; minipod's own default
_PAIR_SIGNS = "/.+-():"  # what a value may have without quotes, besides letters, digits and _
_IDENTITY = {"HOME", "USER", "LOGNAME"}
_RESTARTS = {"always": "true", "on_failure": "unexpected", "never": "false"}


class Given(NamedTuple):
    """What holds for all programs. ``user``, ``umask``, ``directory``: [supervisord]'s; None where it has none.
    ``limits``: soft ones, by prlimit's names."""

    environ: Mapping[str, str]
    here: Callable[[str], str]
    ledger: Ledger
    user: str | None = None
    umask: int | None = None
    directory: str | None = None
    limits: Mapping[str, int] = EMPTY


class Process(NamedTuple):
    """One unit to be. ``rank``: who is lower starts earlier; ``grace`` in seconds; ``off``: why it is commented out."""

    group: str
    name: str
    rank: tuple[int, int]
    head: str
    grace: int
    lines: list[Line]
    off: str


def read_program(section: Section, group: str, rank: int | None, given: Given, taken: set[str]) -> list[Process]:
    """The processes of one section. ``rank``: its group's, or None for the section's own; ``taken``: log files that are
    some unit's already."""
    program = {"program_name": section.name, "group_name": group}
    reader = Reader(section, program, given.environ, given.here, given.ledger)
    count, first = reader.integer("numprocs", 1), reader.integer("numprocs_start", 0)
    if not 0 <= count <= 1000:
        reader.wrong("numprocs", f"`numprocs` is {count}", "it is 0 to 1000")
        count = 1
    found = []
    for number in range(first, first + count):
        reader.knows({"process_num": number, "numprocs": count})
        found.append(_Program(reader, given, number).read(group, rank, taken))
    if count == 0:
        given.ledger.lose(section.place, f"[{section.head}]", "its numprocs is 0")
        return []
    _account(reader)
    return found


def _account(reader: Reader) -> None:
    """Say of every option that nobody asked for why that is."""
    lose_rest(reader, KNOWN[reader.section.kind])


def lose_rest(reader: Reader, known: Mapping) -> None:
    """Say of every option that nobody asked for what becomes of it."""
    for name in set(reader.section.options) - reader.asked:
        option, entry = reader.section.options[name], known.get(name)
        if entry is None and not option.is_shared:
            from minipod.config.suggest import did_you_mean

            why = f"supervisord knows no such option of [{reader.section.head}]"
            reader.ledger.lose(option.place, word(name), why, did_you_mean(name, known).removesuffix("?"))
        elif entry and entry.fate is Fate.LOST and option.value.strip().lower() not in entry.idle:
            reader.ledger.lose(option.place, f"`{name}`", entry.words, entry.instead)


class _Program:
    """One process of a section."""

    def __init__(self, reader: Reader, given: Given, number: int):
        self._reader, self._given, self._number = reader, given, number

    def read(self, group: str, rank: int | None, taken: set[str]) -> Process:
        reader = self._reader
        environment = self._environment()
        settled = {name: "".join(p for p in pieces if isinstance(p, str)) for name, pieces in environment.items()}
        reader.knows({}, {name: text for name, text in settled.items() if _is_plain(environment[name])})
        priority = reader.integer("priority", PRIORITY)
        grace = max(0, reader.integer("stopwaitsecs", GRACE))
        directory, directory_note = self._directory()
        identity = self._identity()
        if any(line.key == "user" for line in identity):
            tell_of_identity(reader, [*environment.values(), reader.pieces("command") or []])
        logs = read_logs(reader, directory, taken)
        taken |= {logs.file} - {""}
        lines = [
            *self._command(),
            *([Line("env", table_of(_in_order(environment)), "environment")] if environment else []),
            *([Line("working_dir", quoted(directory), directory_note)] if directory else []),
            *identity,
            *self._restart(),
            *self._stop(),
            *logs.lines,
            *self._idle(),
        ]
        own = (priority if rank is None else rank, priority)
        return Process(group, self._name(), own, self._head(), grace, lines + self._unsaid(lines), self._off())

    def _unsaid(self, lines: list[Line]) -> list[Line]:
        """Options of which nothing came, as an empty environment, are not passed over in silence."""
        said = " ".join([self._head(), *(line.note for line in lines), "stopwaitsecs"])
        asked = [name for name in self._reader.section.options if name in self._reader.asked]
        return [remark(self._reader.shown(name, "")) for name in asked if not re.search(rf"\b{name}\b", said)]

    # --- what it is called ---

    def _name(self) -> str:
        reader = self._reader
        option = reader.option("process_name")
        if reader.integer("numprocs", 1) > 1 and (option is None or "%(process_num)" not in option.value):
            reader.wrong("numprocs", "`process_name` lacks %(process_num)s", "numprocs asks for several")
        return (reader.settled("process_name") or reader.section.name).strip()

    def _head(self) -> str:
        section = self._reader.section
        parts = [f"[{section.head}], {os.path.basename(section.place.name)}:{section.place.line}"]
        names = ("process_name", "numprocs", "numprocs_start", "priority", "autostart")
        parts += [self._reader.shown(name, "") for name in names if name in section.options]
        return "; ".join(parts)

    def _off(self) -> str:
        reader = self._reader
        starts = reader.flag("autostart", True)
        if reader.section.kind == "fcgi-program":
            return f"socket: {KNOWN['fcgi-program']['socket'].words}; {KNOWN['fcgi-program']['socket'].instead}"
        if not starts:
            entry = PROGRAM["autostart"]
            place = reader.section.options["autostart"].place
            reader.ledger.lose(place, "`autostart = false`", entry.words, entry.instead)
            return f"{reader.shown('autostart', '')}: {entry.words}; {entry.instead}"
        return ""

    # --- what it runs ---

    def _command(self) -> list[Line]:
        reader = self._reader
        if reader.option("command") is None:
            return self._given.ledger.refuse(reader.section.place, f"[{reader.section.head}] has no command") or []
        pieces = reader.pieces("command")
        if pieces is None:
            return []
        marked = Marked(pieces)
        try:
            words = shlex.split(marked.text)
        except ValueError as bad:
            return reader.wrong("command", f"cannot split `command` into words: {str(bad).lower()}") or []
        if not words or not words[0]:
            return reader.wrong("command", "`command` names no program") or []
        if any(isinstance(piece, Ref) for piece in pieces):
            why = "minipod replaces it when the words are told apart already"
            place = reader.section.options["command"].place
            reader.ledger.differ(place, "a variable in `command` is one word, or a part of one, whatever is in it", why)
        return [Line("command", listed(to_minipod(marked.pieces(each)) for each in words), "command")]

    def _environment(self) -> dict[str, list[Piece]]:
        pieces = self._reader.pieces("environment")
        return {} if pieces is None else read_pairs(self._reader, pieces)

    def _directory(self) -> tuple[str, str]:
        own = self._reader.settled("directory")
        if own:
            own = self._reader.checked("directory", own, read_string)
        if own:
            return own, "directory"
        inherited = self._given.directory
        return (inherited, "[supervisord] directory") if inherited else ("", "")

    def _identity(self) -> list[Line]:
        reader, lines = self._reader, []
        own = reader.settled("user")
        user = reader.checked("user", own, read_account) if own is not None else self._given.user
        if user:
            lines.append(Line("user", quoted(user), "user" if own is not None else "[supervisord] user"))
        mask = reader.octal("umask")
        if mask is None:
            mask = self._given.umask
        if mask is not None:
            note = "umask" if "umask" in reader.section.options else "[supervisord] umask"
            lines.append(Line("umask", quoted(f"{mask & 0o777:03o}"), note))
        if self._given.limits:
            limits = {name: table_of({"soft": str(number)}) for name, number in self._given.limits.items()}
            lines.append(Line("limits", table_of(limits), "[supervisord] minfds, minprocs"))
        return lines

    # --- what its end means ---

    def _restart(self) -> list[Line]:
        reader = self._reader
        restart = reader.parsed("autorestart", _restart, "on_failure", "true, false or unexpected")
        codes = reader.parsed("exitcodes", _codes, [0], "exit codes from 0 to 255, with commas between")
        seconds, retries = reader.integer("startsecs", _STARTSECS), reader.integer("startretries", _RETRIES)
        note = reader.shown("autorestart", _RESTARTS[restart])
        if restart == "on_failure" and not codes:
            restart, note = "always", f"{note}, and exitcodes has none"
        lines = [Line("restart", quoted(restart), note)]
        counts = {str(code): "0" for code in sorted(set(codes) - {0})}
        if restart == "on_failure" and 0 not in codes:
            counts = {"0": "1", **counts}
        if counts or "exitcodes" in reader.section.options:
            shown = reader.shown("exitcodes", "0")
            lines.append(Line("exit_codes", table_of(counts), shown) if counts else remark(shown))
        return lines + self._patience(restart, seconds, retries)

    def _patience(self, restart: str, seconds: int, retries: int) -> list[Line]:
        """How often, and how soon, it is started again."""
        reader = self._reader
        shown = f"{reader.shown('startretries', str(_RETRIES))}, {reader.shown('startsecs', str(_STARTSECS))}"
        given = [name for name in ("startsecs", "startretries") if name in reader.section.options]
        if restart == "never":
            if given and seconds > 0:
                why = "supervisord would try it again when it ends too soon, even so"
                reader.ledger.differ(reader.section.options[given[0]].place, "it is started once", why, _TO_TRY_AGAIN)
            return [remark(f"{shown}: restart is never")] if given else []
        self._tell_of_giving_up(seconds, retries, given)
        longest = min(max(retries, 1), _LONGEST_WAIT)
        after = min(max(seconds, 1) * _SECOND, LONGEST)
        wait = table_of({"max": quoted(f"{longest}s"), "reset_after": quoted(format_duration(after))})
        lines = [Line("backoff", wait, f"{shown}; the first restart is immediate")]
        if seconds > 0:
            note = "startretries; then the pod ends"
            lines.append(Line("max_restarts", str(min(max(retries, 0), MOST_RESTARTS)), note))
        return lines

    def _tell_of_giving_up(self, seconds: int, retries: int, given: list[str]) -> None:
        for name in given:
            place = self._reader.section.options[name].place
            if name == "startretries" and seconds > 0:
                why = "in a container nobody would see that a program is FATAL"
                self._given.ledger.differ(place, f"after {max(retries, 0)} restarts in a row the pod ends", why)
            elif name == "startsecs" and seconds > 0:
                message = f"it counts as started at once, not after {seconds} s"
                self._given.ledger.differ(place, message, "a probe knows better", PROGRAM["startsecs"].instead)

    def _stop(self) -> list[Line]:
        reader, lines = self._reader, []
        signal = reader.settled("stopsignal")
        number = reader.checked("stopsignal", signal.strip(), read_signal) if signal is not None else None
        if number is not None:
            lines.append(Line("stop_signal", quoted(name_of(number).removeprefix("SIG")), "stopsignal"))
        as_group = reader.flag("stopasgroup", False)
        kills = reader.flag("killasgroup", as_group)
        if as_group and not kills:
            reader.wrong("killasgroup", "`killasgroup` cannot be false", "stopasgroup is true")
        scope = "group" if as_group else "main"
        lines.append(Line("stop_to", quoted(scope), reader.shown("stopasgroup", "false")))
        if "killasgroup" in reader.section.options:
            lines.append(remark(f"{reader.shown('killasgroup', '')}: minipod leaves nothing of a group behind"))
            if not kills:
                place = reader.section.options["killasgroup"].place
                reader.ledger.differ(place, "the whole group is killed", "minipod leaves nothing of it behind")
        return lines

    def _idle(self) -> list[Line]:
        """A comment for each option that asks for nothing, or for what cannot be had."""
        reader = self._reader
        return [
            remark(f"{reader.shown(name, '')}: {entry.words}")
            for name, entry in KNOWN[reader.section.kind].items()
            if entry.fate is Fate.LOST and name in reader.section.options
        ]


_TO_TRY_AGAIN = 'write restart = "on_failure" and max_restarts'


def _is_plain(pieces: list[Piece]) -> bool:
    return all(isinstance(piece, str) for piece in pieces)


def _restart(text: str) -> str:
    text = text.lower()
    if text == "unexpected":
        return "on_failure"
    if text in ("yes", "true", "on", "1"):
        return "always"
    if text in ("no", "false", "off", "0"):
        return "never"
    raise ValueError(text)


def _codes(text: str) -> list[int]:
    codes = [int(part) for part in text.split(",")] if text else []
    if any(not 0 <= code <= 255 for code in codes):
        raise ValueError(text)
    return codes


# --- environment ------------------------------------------------------------------------------------------------------


def read_pairs(reader: Reader, pieces: list[Piece], name: str = "environment") -> dict[str, list[Piece]]:
    """``KEY=val,KEY2="val,2"``, as supervisord splits it."""
    marked = Marked(pieces)
    lexer = shlex.shlex(marked.text, posix=False)
    lexer.wordchars += _PAIR_SIGNS
    try:
        tokens = list(lexer)
    except ValueError as bad:
        return reader.wrong(name, f"cannot split `{name}`: {str(bad).lower()}") or {}
    found: dict[str, list[Piece]] = {}
    for at in range(0, len(tokens), 4):
        if len(tokens) < at + 3 or tokens[at + 1] != "=":
            return reader.wrong(name, f"`{name}` is no list of NAME=value", "commas stand between them") or {}
        key = marked.pieces(tokens[at])
        plain = "".join(part for part in key if isinstance(part, str))
        if not _is_plain(key) or not matches(ENV_NAME, plain):
            return reader.wrong(name, f"{word(marked.whole(tokens[at]))} cannot name a variable") or {}
        found[plain] = marked.pieces(tokens[at + 2].strip("'\""))
        if tokens[at + 3 : at + 4] not in ([], [","]):
            place = reader.section.options[name].place
            why = "the value has no quotes, so supervisord drops the rest of it, too"
            reader.ledger.lose(place, f"{word(marked.whole(tokens[at + 3]))} in `{name}`", why, "put quotes around it")
    return found


def _in_order(environment: Mapping[str, list[Piece]]) -> dict[str, str]:
    """The variables as TOML. To supervisord `%(ENV_A)s` is what A was before; minipod sees those above it in the table:
    so who uses a name stands above who sets it."""
    rest = dict(environment)
    found: dict[str, str] = {}
    while rest:
        used = {name: {piece.name for piece in pieces if isinstance(piece, Ref)} for name, pieces in rest.items()}
        free = [name for name in rest if not any(name in refs for other, refs in used.items() if other != name)]
        name = free[0] if free else next(iter(rest))
        found[name] = quoted(to_minipod(rest.pop(name)))
    return found


def tell_of_identity(reader: Reader, texts: Iterable[list[Piece]]) -> None:
    """The core hides these from a unit with a user, whose own they are not."""
    for name in {piece.name for pieces in texts for piece in pieces if isinstance(piece, Ref)} & _IDENTITY:
        why = "a unit with a user of its own does not see whose environment minipod has"
        reader.ledger.lose(reader.section.place, f"%(ENV_{name})s", why, f"write out what $({name}) shall be")


def pairs_as_toml(environment: Mapping[str, list[Piece]]) -> dict[str, str]:
    """The variables of a table of their own, in the order in which they are to stand."""
    return _in_order(environment)


def lose_section(section: Section, ledger: Ledger) -> str:
    """A section that is left behind as a whole; the comment that says so."""
    entry = SECTIONS[section.kind]
    names = ", ".join(section.options)
    ledger.lose(section.place, f"[{section.head}]" + (f" ({names})" if names else ""), entry.words, entry.instead)
    return f"[{section.head}]" + (f" ({names})" if names else "") + f": {entry.words}"
