"""supervisord's ``%(NAME)s``. What is known when the file is read becomes text; a variable of the environment becomes
minipod's ``$(NAME)``, where minipod replaces such names when the pod starts. Pure.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_EXPRESSION = re.compile(
    r"%(?:\((?P<name>[^)]*)\))?(?P<form>[-#0 +]{0,5}\d{0,3}(?:\.\d{1,3})?[hlL]?)(?P<kind>[a-zA-Z%]?)"
)
_VARIABLE = "ENV_"
# What is the machine's name to supervisord is the container's, wherever that will be.
_ALIASES = {"host_node_name": "ENV_HOSTNAME"}
_HIDES = re.compile(r"\$(?=[$(])")


class Ref(NamedTuple):
    """A variable of the environment, by its name."""

    name: str


Piece = str | Ref


class BadExpression(ValueError):
    """supervisord itself would refuse it."""

    def __init__(self, message: str, why: str = ""):
        super().__init__(message)
        self.why = why


class Unset(ValueError):
    """A variable whose value is needed now, and that is not set here."""


class Expander:
    """``known``: what has a value now; ``environ``: the environment in which the file is read."""

    def __init__(self, known: Mapping[str, str | int], environ: Mapping[str, str]):
        self._known, self._environ = known, environ

    def pieces(self, text: str) -> list[Piece]:
        """The text, and the variables in it. BadExpression; Unset for a variable that has a width."""
        found: list[Piece] = []
        at = 0
        while (begin := text.find("%", at)) >= 0:
            match = _EXPRESSION.match(text, begin)
            found += [text[at:begin], self._piece(match)]
            at = match.end()
        return _joined([*found, text[at:]])

    def settled(self, text: str) -> str:
        """The text with all values as they are now. BadExpression, Unset."""
        return "".join(self._value(piece.name) if isinstance(piece, Ref) else piece for piece in self.pieces(text))

    def _piece(self, match: re.Match) -> Piece:
        whole, name, form, kind = match[0], match["name"], match["form"], match["kind"]
        if kind == "%" and not form:
            return "%"
        if name is None or not kind:
            raise BadExpression(f"{whole!r} is no expression", "a % that means itself is written twice")
        if name in self._known:
            return _formatted(whole, name, self._known[name])
        return self._variable(whole, name, _ALIASES.get(name, name), form + kind)

    def _variable(self, whole: str, given: str, name: str, form: str) -> Piece:
        if not name.startswith(_VARIABLE):
            listed = ", ".join([*sorted(self._known), *_ALIASES, "ENV_…"])
            raise BadExpression(f"nothing is called {name!r} here", f"there is {listed}")
        if form == "s":
            return Ref(name.removeprefix(_VARIABLE))
        return _formatted(whole, given, self._value(name.removeprefix(_VARIABLE)))

    def _value(self, name: str) -> str:
        if name not in self._environ:
            raise Unset(name)
        return _writable(self._environ[name], f"%({_VARIABLE}{name})s")


def _formatted(whole: str, name: str, value: str | int) -> str:
    try:
        text = whole % {name: value}
    except (TypeError, ValueError, OverflowError, MemoryError):
        raise BadExpression(f"{whole!r} does not fit its value") from None
    return _writable(text, whole)


def _writable(text: str, whole: str) -> str:
    """The text, unless it stands for bytes that no file of text can have."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadExpression(f"{whole!r} is no UTF-8", "a pod file is written in it, as every TOML") from None
    return text


def _joined(pieces: list[Piece]) -> list[Piece]:
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece != "":
            found.append(piece)
    return found


# --- texts whose words are still to be told apart ---------------------------------------------------------------------


class Marked:
    """A text in which each variable is a word of letters, so that a splitter of words takes it for one."""

    def __init__(self, pieces: list[Piece]):
        plain = "".join(piece for piece in pieces if isinstance(piece, str))
        self._mark = "Zq"
        while self._mark in plain:
            self._mark += "q"
        self._refs = [piece for piece in pieces if isinstance(piece, Ref)]
        numbers = iter(range(len(self._refs)))
        self.text = "".join(
            piece if isinstance(piece, str) else f"{self._mark}{next(numbers)}{self._mark}" for piece in pieces
        )

    def pieces(self, part: str) -> list[Piece]:
        """A part of the text, with its variables."""
        parts = re.split(f"{self._mark}(\\d+){self._mark}", part)
        return _joined([self._refs[int(each)] if at % 2 else each for at, each in enumerate(parts)])

    def whole(self, part: str) -> str:
        """A part as the file has it."""
        return "".join(piece if isinstance(piece, str) else f"%(ENV_{piece.name})s" for piece in self.pieces(part))


def to_minipod(pieces: list[Piece]) -> str:
    """What stands in a pod file: ``$(NAME)`` for a variable, and every ``$`` of the text such that it means itself."""
    text = ""
    for at, piece in enumerate(pieces):
        if isinstance(piece, Ref):
            text += f"$({piece.name})"
        else:
            text += plain(piece, at + 1 < len(pieces))
    return text


def plain(text: str, before_variable: bool = False) -> str:
    """The text such that minipod finds no variable in it."""
    escaped = _HIDES.sub("$$", text)
    return escaped + "$" if before_variable and escaped.endswith("$") else escaped
