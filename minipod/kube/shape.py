"""Whether a manifest has the shape that the table of fields says: known names, the right types, nothing missing that
must be there. What is right is handed on as plain data, so that no reader has to look at a type again; for what is
wrong there is a finding, and nothing in the data.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from minipod.config.findings import Findings, Path, key_of, word
from minipod.kube.field import Field, Verdict
from minipod.kube.fields import TYPES, inner_type
from minipod.kube.quantity import parse_quantity

_LIMITS = re.compile(r"int (-?\d+)\.\.(-?\d+)")
_TYPES = {
    bool: "true or false",
    int: "a number",
    float: "a fraction",
    str: "a string",
    list: "a list",
    dict: "a mapping",
}
_DROP: Any = object()


class Remark(NamedTuple):
    """What becomes of one field: where it stands, its path in words, the verdict and the reason."""

    at: Path
    path: str
    verdict: Verdict
    why: str
    matters: bool = False


class Shaper:
    """Reads one document. ``literal`` says how a value was written. ``allows_unknown``: fields that nobody knows are
    left out with a warning."""

    def __init__(self, found: Findings, literal: Callable[[Path], str], *, allows_unknown: bool = False):
        self.found, self.literal, self._allows_unknown = found, literal, allows_unknown
        self.remarks: list[Remark] = []
        self.wrong: set[Path] = set()  # what was given and is not in the data

    def shape(self, value: Any, type: str, at: Path, path: str = "") -> Any:
        """The data as far as it is right; None when nothing of it is."""
        read = self._read(value, type, at, path)
        return None if read is _DROP else read

    def _read(self, value: Any, type: str, at: Path, path: str) -> Any:
        if type == "any":
            return value
        if type[0] == "[":
            return self._list(value, type, at, path)
        if type[0] == "{":
            return self._map(value, type, at, path)
        if type in TYPES:
            return self._object(value, type, at, path)
        return self._scalar(value, type, at)

    # --- what holds others ---

    def _object(self, value: Any, type: str, at: Path, path: str) -> Any:
        if not isinstance(value, dict):
            return self._mismatch(value, "a mapping", at, _fields_of(type))
        fields = TYPES[type]
        read: dict[str, Any] = {}
        for name, inner in value.items():
            here = (*at, name)
            if name not in fields:
                self._refuse_name(name, fields, here)
                if not self._allows_unknown:
                    self.wrong.add(here)
            elif inner is not None and not _is_unset(inner, fields[name]):
                part = self._field(inner, fields[name], here, f"{path}.{name}" if path else name)
                if part is _DROP:
                    self.wrong.add(here)
                else:
                    read[name] = part
        for name, field in fields.items():
            if field.required and value.get(name) is None:
                what = f"`{key_of(at)}`" if len(at) > 1 else "the manifest"
                self.found.error(at, f"{what} has no {name}", on_key=True, help=f"add {name}")
        return read

    def _field(self, value: Any, field: Field, at: Path, path: str) -> Any:
        is_quiet = _is_quiet(value, field)
        if field.verdict is Verdict.REJECT:
            if not is_quiet:
                self.found.error(at, f"`{at[-1]}` cannot be had here", on_key=True, why=field.why, help=field.help)
            return _DROP
        if not is_quiet and (field.verdict is not Verdict.EXACT or inner_type(field.type)[0] not in TYPES):
            self.remarks.append(Remark(at, path, field.verdict, field.why, field.matters))
        return self._read(value, field.type, at, path)

    def _list(self, value: Any, type: str, at: Path, path: str) -> Any:
        if not isinstance(value, list):
            return self._mismatch(value, "a list", at, "write each entry on a line of its own, behind `- `")
        read = []
        for i, inner in enumerate(value):
            if inner is None:
                self.found.error((*at, i), f"`{key_of((*at, i))}` is empty", help="leave it out")
            else:
                read.append(self._read(inner, type[1:-1], (*at, i), f"{path}[]"))
        return _DROP if any(each is _DROP for each in read) or len(read) < len(value) else read

    def _map(self, value: Any, type: str, at: Path, path: str) -> Any:
        if not isinstance(value, dict):
            return self._mismatch(value, "a mapping", at, "write for example NAME: value")
        inner = type[1:-1]
        empty = "0" if inner == "quantity" else ""  # what nothing is to the API server
        read = {
            name: empty if part is None else self._read(part, inner, (*at, name), f"{path}{{}}")
            for name, part in value.items()
        }
        self.wrong.update((*at, name) for name, part in read.items() if part is _DROP)
        return {name: part for name, part in read.items() if part is not _DROP}

    def _refuse_name(self, name: str, fields: dict[str, Field], at: Path) -> None:
        tell = self.found.warn if self._allows_unknown else self.found.error
        tell(
            at,
            f"unknown field {word(name)}",
            on_key=True,
            near=(name, tuple(fields)),
            why="Kubernetes has no such field here",
            help="leave it out",
        )

    # --- plain values ---

    def _scalar(self, value: Any, type: str, at: Path) -> Any:
        if type == "text":
            return self._text(value, at)
        if type == "flag":
            return (
                value if isinstance(value, bool) else self._mismatch(value, "true or false", at, "write true or false")
            )
        if type == "quantity":
            return self._quantity(value, at)
        if type == "port":
            return value if isinstance(value, str) else self._whole(value, 1, 65535, at)
        limits = _LIMITS.fullmatch(type)
        if limits:
            return self._whole(value, int(limits[1]), int(limits[2]), at)
        return self._choice(value, tuple(type.split("|")), at)

    def _text(self, value: Any, at: Path) -> Any:
        if not isinstance(value, str):
            written = self.literal(at)
            shown = (
                f'write it in quotes: "{written}"' if written.isprintable() and len(written) < 60 else "write a string"
            )
            help = shown if not isinstance(value, (dict, list)) else "write a string"
            return self._mismatch(value, "a string", at, help)
        if "\0" in value:
            why = "the kernel ends every string at it"
            self.found.error(at, "a NUL character cannot be passed on", why=why, help="leave it out")
            return _DROP
        try:
            value.encode()
        except UnicodeEncodeError:
            why = "\\ud800 to \\udfff come in pairs"
            self.found.error(at, "half a character stands there", why=why, help="write both")
            return _DROP
        return value

    def _quantity(self, value: Any, at: Path) -> Any:
        text = str(value) if _is_number(value) else self._text(value, at)
        text = text.strip() if text is not _DROP else text  # as the API server does
        if text is _DROP or parse_quantity(text) is not None:
            return text
        why = "it is a number, and a unit"
        self.found.error(at, f"{word(text)} is no quantity", why=why, help="write for example 500m or 64Mi")
        return _DROP

    def _whole(self, value: Any, low: int, high: int, at: Path) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            is_figure = isinstance(value, str) and re.fullmatch(r"-?\d{1,10}", value)
            help = f"write {value} without quotes" if is_figure else f"write for example {max(low, 1)}"
            return self._mismatch(value, "a whole number", at, help)
        if low <= value <= high:
            return value
        help = f"the least is {low}" if value < low else f"the most is {high}"
        self.found.error(at, f"`{key_of(at)}` must be {low} to {high}", help=help)
        return _DROP

    def _choice(self, value: Any, words: tuple[str, ...], at: Path) -> Any:
        if isinstance(value, str) and value in words:
            return value
        if not isinstance(value, str):
            return self._mismatch(value, f"one of {', '.join(words)}", at, f"write {words[0]}")
        self.found.error(
            at,
            f"`{key_of(at)}` cannot be {word(value)}",
            why=f"it is one of {', '.join(words)}",
            help=f"write {words[0]}",
            near=(value, words),
        )
        return _DROP

    def _mismatch(self, value: Any, want: str, at: Path, help: str) -> Any:
        got = _TYPES[type(value)] if not isinstance(value, bool) else str(value).lower()
        self.found.error(at, f"`{key_of(at)}` must be {want}, not {got}", help=help)
        return _DROP


def _is_unset(value: Any, field: Field) -> bool:
    """A text that is empty is none, and a word the default: the API server cannot tell them apart."""
    return value == "" and not field.required and ("|" in field.type or field.type in ("text", "v1"))


def _is_quiet(value: Any, field: Field) -> bool:
    """Whether it says nothing of which anybody need hear. What is ignored says nothing when it is empty."""
    if field.verdict is Verdict.WARN and value in ("", [], {}):
        return True
    return any(value == quiet and isinstance(value, bool) == isinstance(quiet, bool) for quiet in field.quiet)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _fields_of(type: str) -> str:
    needed = [name for name, field in TYPES[type].items() if field.required]
    known = [*needed, "name"] if "name" in TYPES[type] else [*needed, *TYPES[type]]
    return f"write for example {known[0]}: …"
