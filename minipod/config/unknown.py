"""Why a key is refused: in the wrong table, or nobody's. Imported only when there is one."""

from minipod.config.findings import Findings, Path, word
from minipod.config.key import IMAGE, NAMED, SMALL, TOP
from minipod.config.keys import KEYS, MISPLACED, keys_of


def refuse_key(name: str, value: object, scope: str, at: Path, found: Findings) -> None:
    """Record why ``name`` is no key of ``scope``."""
    homes = [s for key in KEYS if key.name == name for s in key.scopes if s not in SMALL]
    if (scope, name) in MISPLACED:
        why, help = MISPLACED[scope, name]
        found.error(at, f"{word(name)} is no key of {title(scope)}", on_key=True, why=why, help=help)
    elif homes:
        where = ", ".join(dict.fromkeys(title(s) for s in homes))
        found.error(
            at,
            f"{word(name)} is no key of {title(scope)}",
            on_key=True,
            why=f"it is a key of {where}",
            help="move it there",
        )
    else:
        found.error(
            at,
            f"unknown key {word(name)}",
            on_key=True,
            near=(name, tuple(keys_of(scope))),
            why=f"{title(scope)} has no such key",
            help=_next_step(name, value, scope),
        )


def _next_step(name: str, value: object, scope: str) -> str:
    if scope == TOP:
        looks_like_unit = isinstance(value, dict) and "command" in value and name.isprintable()
        return f"a service is written [service.{name}]" if looks_like_unit else "`minipod explain` lists the keys"
    return f"`minipod explain {scope}` lists its keys"


def title(scope: str) -> str:
    """A scope as it is written in a file."""
    if scope == TOP:
        return "the top level"
    if scope == IMAGE:  # such names have dots and colons
        return '[image."NAME"]'
    return f"[{scope}.NAME]" if scope in NAMED else f"[{scope}]"
