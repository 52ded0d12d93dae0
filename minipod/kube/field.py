"""One field of a manifest: what may stand in it, what minipod makes of it, and why.

The words of a type: ``text``, ``flag``, ``int LOW..HIGH``, ``number`` (a fraction), ``port`` (a number or a name),
``quantity``, ``any`` (nobody looks in), ``[T]`` a list, ``{T}`` a mapping to T, ``a|b`` one of these words, and a name
with a capital for a mapping with fields of its own.
"""

from enum import Enum
from typing import Any, NamedTuple

MOST_INT = 2**31 - 1
MOST_LONG = 2**63 - 1


class Verdict(Enum):
    """What becomes of a field, from pod_fields.md."""

    EXACT = "as in Kubernetes"
    APPROX = "honoured, with a difference"
    WARN = "taken, and ignored"
    REJECT = "refused: without it the pod would run wrongly"

    @property
    def word(self) -> str:
        return self.name.lower()


class Field(NamedTuple):
    """``quiet``: values that say what holds anyway, so nobody need hear of them. ``help``: what to do instead.
    ``matters``: --strict makes an error of it, because the program may count on it."""

    type: str
    verdict: Verdict
    why: str = ""
    help: str = ""
    quiet: tuple[Any, ...] = ()
    required: bool = False
    matters: bool = False


Type = dict[str, Field]


def exact(type: str, why: str = "") -> Field:
    return Field(type, Verdict.EXACT, why)


def needed(type: str) -> Field:
    """One that must be there."""
    return Field(type, Verdict.EXACT, required=True)


def approx(type: str, why: str, *quiet: Any) -> Field:
    return Field(type, Verdict.APPROX, why, quiet=quiet)


def warn(type: str, why: str, *quiet: Any) -> Field:
    return Field(type, Verdict.WARN, why, quiet=quiet)


def warn_strictly(type: str, why: str, *quiet: Any) -> Field:
    """One that the program may count on."""
    return Field(type, Verdict.WARN, why, quiet=quiet, matters=True)


def reject(why: str, help: str = "leave it out", *quiet: Any) -> Field:
    return Field("any", Verdict.REJECT, why, help, quiet)
