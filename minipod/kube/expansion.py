"""``$(VAR)`` as Kubernetes has it (spec.md section 12), done when a manifest is read: the plan then holds texts in
which only what is known later is left for PID 1 to replace.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from minipod.quoting import literal as quote

MOST_WORD = 131_071  # bytes: the kernel passes on no longer word or variable
MOST_TEXTS = 64 << 20  # bytes of all texts of a pod: no plan holds more


class Later(NamedTuple):
    """A value that is known only where the pod runs: PID 1 looks it up by ``name``."""

    name: str


class Room:
    """What is left of ``MOST_TEXTS``: a few lines of a manifest can stand for more than any memory holds."""

    def __init__(self) -> None:
        self.left = MOST_TEXTS

    def take(self, size: int) -> bool:
        """Whether there is so much left; from then on there is less."""
        self.left -= size
        return self.left >= 0


Value = str | Later
Look = Callable[[str], Value | None]


def expand(text: str, look: Look) -> Value | str:
    """The text with every reference that ``look`` knows replaced, written so that PID 1's own expansion gives just
    that: a `$` that is meant is doubled where it could mean more."""
    return "".join(quote(part) if isinstance(part, str) else f"$({part.name})" for part in _parts(text, look))


def expand_plain(text: str, look: Look) -> str:
    """The text itself, when all values are known."""
    return "".join(part for part in _pieces(text, look) if isinstance(part, str))


def length(text: str, look: Look) -> int:
    """How many bytes ``expand`` would make of it, about, found without making them."""
    return sum(size_of(part) if isinstance(part, str) else len(part.name) + 3 for part in _pieces(text, look))


def size_of(text: str) -> int:
    """Bytes."""
    return len(text) if text.isascii() else len(text.encode())


def is_final(text: str, look: Look) -> bool:
    """Whether nothing of it is left to be replaced later."""
    return all(isinstance(part, str) for part in _pieces(text, look))


def references(text: str) -> list[str]:
    """The names in it, whether anybody knows them or not."""
    names: list[str] = []
    for _ in _pieces(text, lambda name: names.append(name)):  # type: ignore[func-returns-value]
        pass
    return names


def _parts(text: str, look: Look) -> list[Value]:
    """Texts as they are meant, joined where they touch, and what is known later."""
    parts: list[Value] = []
    plain: list[str] = []
    for piece in _pieces(text, look):
        if isinstance(piece, Later):
            parts += ["".join(plain), piece]
            plain = []
        else:
            plain.append(piece)
    return [*parts, "".join(plain)]


def _pieces(text: str, look: Look) -> Iterator[Value]:
    at = 0
    while at < len(text):
        here = text.find("$", at)
        if here < 0 or here + 1 == len(text):
            break
        yield text[at:here]
        end = text.find(")", here + 2) if text[here + 1] == "(" else -1
        if text[here + 1] == "$":
            yield "$"
            at = here + 2
        elif end < 0:
            yield text[here : here + 2]
            at = here + 2
        else:
            value = look(text[here + 2 : end])
            yield text[here : end + 1] if value is None else value
            at = end + 1
    yield text[at:]
