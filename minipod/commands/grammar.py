"""What may stand on the command line of one word, read from its own help text: there is no second list of options. It
must never do anything but read.

A help text begins with lines such as ``minipod get [-o wide|json] [NAME...]``; behind a blank line others follow, such
as ``  -o, --output FORMAT     meaning``, where a long name without a letter may stand four blanks further in. Capitals
are a kind of thing, other words stand for themselves.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_DESCRIBED = re.compile(r" {2}(?: {4})?(-{1,2}\w[\w-]*(?:, -{1,2}\w[\w-]*)*)(?: (\S+))?(?: {2,}(.*))?")
_OPTIONAL = re.compile(r"\[(-{1,2}\w[\w-]*)(?: ([^\]]+))?\](?:\.\.\.)?")
_MORE = "..."


class Option(NamedTuple):
    """One option. ``values``: what it takes; () for none."""

    names: tuple[str, ...]
    values: tuple[str, ...] = ()
    meaning: str = ""


class Slot(NamedTuple):
    """A place for an operand: what may stand there, and whether more of it may follow."""

    values: tuple[str, ...]
    repeats: bool = False

    def takes(self, word: str) -> bool:
        return word in self.values or any(map(is_kind, self.values))


Line = tuple[Slot, ...]


class Grammar(NamedTuple):
    """``lines``: the operands of each way to write the command."""

    options: tuple[Option, ...] = ()
    lines: tuple[Line, ...] = ()

    def option(self, name: str) -> Option | None:
        return next((option for option in self.options if name in option.names), None)

    def expected(self, operands: Sequence[str]) -> tuple[str, ...]:
        """What may stand behind these operands."""
        return tuple(dict.fromkeys(value for line in self.lines for value in _next_of(line, operands)))


def is_kind(value: str) -> bool:
    """Whether it stands for others."""
    return value.isupper()


def _next_of(line: Line, operands: Sequence[str]) -> tuple[str, ...]:
    """The values of the slot behind them; () if they are not of this line."""
    at = 0
    for word in operands:
        if at == len(line) or not line[at].takes(word):
            return ()
        at += not line[at].repeats
    return line[at].values if at < len(line) else ()


# --- reading ----------------------------------------------------------------------------------------------------------


def parse(text: str, word: str) -> Grammar:
    """The grammar of ``minipod WORD``, of a text that may tell of other words, too."""
    head, _, body = text.partition("\n\n")
    options = [option for line in body.splitlines() for option in _described(line)]
    lines = []
    for line in head.splitlines():
        if line.split()[:2] == ["minipod", word]:
            lines.append(_read_line(re.split(r" {2,}", line)[0].split(maxsplit=2)[2:], options))
    return Grammar(tuple(options), tuple(lines))


def _described(line: str) -> list[Option]:
    match = _DESCRIBED.fullmatch(line)
    return [Option(tuple(match[1].split(", ")), _alternatives(match[2] or ""), match[3] or "")] if match else []


def _read_line(rest: Sequence[str], options: list[Option]) -> Line:
    """The operands; options go to where they are described, with what their values are here."""
    text = "".join(rest)
    for name, values in _OPTIONAL.findall(text):
        _add(options, name, _alternatives(values))
    slots: list[Slot] = []
    tokens = iter(_OPTIONAL.sub("", text).replace("[", "").replace("]", "").split())
    for token in tokens:
        if token.startswith("-") and token != "--":
            known = next((option for option in options if token in option.names), None)
            if known is None or known.values:
                _add(options, token, _alternatives(next(tokens, "")))
        elif token != "--":
            slots.append(Slot(_alternatives(token.removesuffix(_MORE)), token.endswith(_MORE)))
    return tuple(slots)


def _add(options: list[Option], name: str, values: tuple[str, ...]) -> None:
    """Words that stand for themselves say more than FORMAT."""
    for at, option in enumerate(options):
        if name in option.names:
            is_more = values and not all(map(is_kind, values))
            options[at] = option._replace(values=values) if is_more else option
            return
    options.append(Option((name,), values))


def _alternatives(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split("|") if part)
