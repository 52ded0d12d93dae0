"""What the command line says over the file: ``--set KEY=VALUE`` and ``--exit-code-from NAME``."""

from typing import Any, NamedTuple

from minipod.config import toml
from minipod.config.build import Doc
from minipod.config.findings import Findings, Path, type_of, word
from minipod.config.keys import POD, SERVICE, TOP, UNITS, keys_of
from minipod.errors import UsageError

# Types whose value is text: 81 then means "81".
_TEXT = frozenset("account log main pod_name restart signal stdin stop_to string".split())
_NAMES_TO_TEXT = frozenset({"env", "labels"})


class Override(NamedTuple):
    """``path`` := ``value``, given by ``option`` as ``text``; ``begin`` is where the value stands in it."""

    option: str
    text: str
    path: Path
    value: Any
    begin: int

    @property
    def literal(self) -> str:
        return self.text[self.begin :]


def parse_set(text: str) -> Override:
    """``service.web.env.PORT=81``. The value is TOML; what is no TOML is text. UsageError if there is no KEY=."""
    from minipod.config.scan import read_key

    parts, end = read_key(text, 0)
    rest = text[end:].lstrip(" \t")
    spaced = len(rest) < len(text) - end  # KEY = VALUE; otherwise blanks after the = are the value's
    if not parts or not rest.startswith("="):
        raise UsageError(f"--set {word(text)}: write KEY=VALUE, for example --set service.web.user=app")
    path = tuple(name for name, _ in parts)
    raw = rest[1:].lstrip(" \t") if spaced else rest[1:]
    return Override("--set", text, path, _value(path, raw), len(text) - len(raw))


def exit_code_from(name: str, doc: Doc) -> list[Override]:
    """``main = NAME``, and that service never restarts (DESIGN.md section 4)."""
    over = [Override("--exit-code-from", name, (POD, "main"), name, 0)]
    services = doc.get(SERVICE)
    if isinstance(services, dict) and isinstance(services.get(name), dict):
        over.append(Override("--exit-code-from", name, (SERVICE, name, "restart"), "never", 0))
    return over


def apply(over: Override, doc: Doc, found: Findings) -> None:
    """Put the value where it belongs, making tables on the way."""
    table = doc
    for i, part in enumerate(over.path[:-1]):
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            message = f"{word('.'.join(over.path[: i + 1]))} is {type_of(inner)}, not a table"
            found.error(over.path, message, help="set that key itself")
            return
        table = inner
    table[over.path[-1]] = over.value


def _value(path: Path, raw: str) -> Any:
    try:
        parsed = toml.loads(f"value = {raw}")
    except (ValueError, RecursionError):
        return raw
    if len(parsed) != 1 or not isinstance(parsed["value"], _types_of(path)):
        return raw
    return parsed["value"]


def _types_of(path: Path) -> tuple[type, ...]:
    """What a value may be read as; anything else is text."""
    *at, name = path
    if at and at[-1] in _NAMES_TO_TEXT:
        return (str,)
    scope = TOP if not at else at[0] if len(at) == (2 if at[0] in UNITS else 1) else None
    key = keys_of(scope).get(name) if scope in (TOP, POD, *UNITS) else None
    if key is not None and key.type == "command":
        return (str, list)
    return (str,) if key is not None and key.type in _TEXT else (object,)
