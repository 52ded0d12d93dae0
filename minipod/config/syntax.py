"""A text that is no TOML: the parser's complaint in words that help. One mistake only: after it nothing is sure."""

import re

from minipod.config.findings import word
from minipod.config.locate import place_at
from minipod.config.scan import Node, first_deep_bracket, scan, walk
from minipod.errors import ERROR, Place, Problem

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_NESTING = 100  # deeper than any pod, less deep than the parser can go
# What the parser says (its beginning): how to go on.
_HELP = (
    ("Invalid value", 'text stands in quotes: key = "text"'),
    (
        "Expected '=' after a key",
        "write KEY = VALUE, or [TABLE]; a key with other characters than A-Z a-z 0-9 _ - is quoted",
    ),
    ("Invalid initial character for a key part", "keys are A-Z a-z 0-9 _ -, or quoted"),
    ("Expected newline or end of document", "write one key on a line, and text in quotes"),
    ("Unclosed array", "close it with ]"),
    ("Unclosed inline table", "close it with }"),
    ("Unterminated string", "close it with the quotes it began with"),
    ("Illegal character '\\n'", "close the string with the quotes it began with"),
    ("Illegal character", 'control characters are written as escapes: "\\u001b"'),
    ("Found invalid character", 'control characters are written as escapes: "\\u001b"'),
    ("Unescaped '\\' in a string", "write \\\\, or use '…' quotes, where a backslash is a backslash"),
    ("Expected ']' at the end", "close it with ]"),
    ("Invalid statement", "write KEY = VALUE, or [TABLE]"),
    ("Invalid date or datetime", 'text stands in quotes: key = "text"'),
)


def explain_syntax(message: str, name: str, text: str) -> Problem:
    """The problem behind a TOMLDecodeError's ``message``."""
    twice = _given_twice(message, text)
    if twice:
        node, begin_end = twice
        return Problem(
            ERROR,
            place_at(name, text, begin_end),
            f"{word(text[slice(*begin_end)])} is given twice",
            "TOML allows each key and each table once",
            "keep one of them",
            ((place_at(name, text, node.key), "the first one"),),
        )
    position = _POSITION.search(message)
    plain = message[: position.start()] if position else message
    help = next((h for begin, h in _HELP if plain.startswith(begin)), "")
    place = _place(position, name, text)
    if re.search(r"=\s*[+-]?0\d*\Z", place.source[: place.column - 1]):
        help = "a number cannot begin with 0: write it in quotes"
    return Problem(ERROR, place, f"no valid TOML: {plain[:1].lower()}{plain[1:]}", "", help)


def _place(position: re.Match | None, name: str, text: str) -> Place:
    if position is None:
        return Place(name)
    if position.group(1) is None:
        end = len(text.rstrip())
        return place_at(name, text, (max(0, end - 1), end))
    begin = 0
    for _ in range(int(position.group(1)) - 1):
        begin = text.index("\n", begin) + 1
    begin += int(position.group(2)) - 1
    return place_at(name, text, (begin, begin + 1))


def _given_twice(message: str, text: str) -> tuple[Node, tuple[int, int]] | None:
    if not message.startswith(("Cannot overwrite a value", "Cannot declare", "Duplicate inline table key")):
        return None
    again = [(node, node.again) for node in walk(scan(text)) if node.again]
    return min(again, key=lambda pair: pair[1]) if again else None


def explain_depth(name: str, text: str) -> Problem:
    """Brackets nested so deep that the parser gave up."""
    at = first_deep_bracket(text, _NESTING)
    place = Place(name) if at is None else place_at(name, text, (at, at + 1))
    return Problem(
        ERROR,
        place,
        "cannot parse: brackets are nested too deep",
        f"no pod needs more than {_NESTING} levels",
        "close the brackets",
    )


def explain_number(name: str, text: str) -> Problem:
    """A number so long that Python will not read it."""
    digits = re.search(r"[\d_]{4000,}", text)
    place = place_at(name, text, digits.span()) if digits else Place(name)
    return Problem(ERROR, place, "cannot parse: a number is too long", "", 'text stands in quotes: key = "text"')
