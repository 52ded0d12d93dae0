"""INI files as supervisord reads them: sections and options with their places, files that are included among them.
Python's own parser does the reading; this adds where each thing stands. It must never decide what an option means.
"""

import configparser
import glob
import os
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from minipod.config.findings import word
from minipod.config.text import load_text
from minipod.errors import ERROR, ConfigError, Place, Problem
from minipod.foreign.ledger import Ledger

DEFAULTS = "DEFAULT"  # a section whose options are everybody's
_COMMENT = re.compile(r"(?:^|(?<=\s))[;#]")


class Option(NamedTuple):
    """One option. ``folder``: where the file lies in which it stands; ``is_shared``: it is [DEFAULT]'s, and so of every
    section, whether it means anything there or not."""

    name: str
    value: str
    place: Place
    folder: str
    is_shared: bool = False


class Section(NamedTuple):
    """``kind`` and ``name`` of ``[kind:name]``; the name is "" where there is none."""

    head: str
    kind: str
    name: str
    place: Place
    options: dict[str, Option]


class Ini:
    """What has been read so far. Later files go before, option by option."""

    def __init__(self) -> None:
        self._parser = configparser.RawConfigParser(
            strict=False, inline_comment_prefixes=(";", "#"), default_section=DEFAULTS
        )
        self._places: dict[tuple[str, str], tuple[Place, str]] = {}
        self._heads: dict[str, Place] = {}

    def read(self, text: str, name: str, folder: str) -> None:
        """Add a file's text. ConfigError if it is no INI file."""
        try:
            self._parser.read_string(text, source=name)
        except configparser.Error as bad:
            raise ConfigError(tuple(_problems(bad, text, name))) from None
        for section, option, place in places(text, name):
            if option:
                self._places[section, option] = place, folder
            else:
                self._heads[section] = place

    def sections(self) -> list[Section]:
        """In the order in which they were met."""
        return [self._section(head) for head in self._parser.sections()]

    def _section(self, head: str) -> Section:
        kind, _, name = head.partition(":")
        place = self._heads.get(head, Place(""))
        options = {key: self._option(head, key, value, place) for key, value in self._parser.items(head)}
        return Section(head, kind.strip(), name.strip(), place, options)

    def _option(self, head: str, key: str, value: str, place: Place) -> Option:
        own = self._places.get((head, key))
        where, folder = own or self._places.get((DEFAULTS, key)) or (place, "")
        return Option(key, value or "", where, folder, is_shared=own is None)


def _problems(bad: configparser.Error, text: str, name: str) -> Iterator[Problem]:
    lines = text.splitlines()
    numbers = [number for number, _ in getattr(bad, "errors", ())] or [getattr(bad, "lineno", 0)]
    for number in numbers:
        source = lines[number - 1] if 0 < number <= len(lines) else ""
        place = Place(name, number, 1, source, max(1, len(source)))
        yield Problem(ERROR, place, "cannot read this line", "it is no [section], and no name = value", _HELP)


_HELP = "is it a supervisord.conf? `--from` says what a file is"
_HEADER = re.compile(r"\[(?P<header>.+)\]")
_OPTION = re.compile(r"(?P<name>.*?)\s*[=:]")


def places(text: str, name: str) -> Iterator[tuple[str, str, Place]]:
    """Where each section begins ("" for the option) and each of its options stands, by the parser's rules of
    indentation."""
    section = option = ""
    indent = 0
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        bare = _COMMENT.split(line.strip(), maxsplit=1)[0].strip()
        if not bare:
            continue
        depth = len(line) - len(line.lstrip())
        if section and option and depth > indent:
            continue  # a value goes on
        indent = depth
        header, pair = _HEADER.match(bare), _OPTION.match(bare)
        if header:
            section, option = header["header"], ""
            yield section, "", Place(name, number, depth + 1, line, len(bare))
        elif pair and section:
            option = pair["name"].rstrip().lower()
            yield section, option, Place(name, number, depth + 1, line, max(1, len(pair["name"])))


def include(ini: Ini, expand: Callable[[Option], str | None], name: str, ledger: Ledger) -> None:
    """Read the files that ``[include] files`` names, as far as they are there; those that they name are not."""
    section = next((each for each in ini.sections() if each.head == "include"), None)
    files = section.options.get("files") if section else None
    if section and not files:
        return ledger.refuse(section.place, "[include] has no files", help="leave it out")
    patterns = expand(files) if files else None
    base = os.path.dirname(os.path.abspath(name))
    for pattern in (patterns or "").split():
        found = sorted(glob.glob(os.path.join(base, pattern)))
        if not found:
            why = "there is no such file here"
            ledger.lose(files.place, f"what {word(pattern)} includes", why, "import it where these files are")
        for path in found:
            ini.read(load_text(path, path), path, os.path.dirname(os.path.abspath(path)))
    return None
