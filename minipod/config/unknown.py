"""Why a key is refused: not there yet, in the wrong table, or nobody's. Imported only when there is one."""

from minipod.config.findings import Findings, Path, word
from minipod.config.keys import KEYS, MISPLACED, SMALL, TOP, UNITS, keys_of
from minipod.config.later import LATER


def refuse_key(name: str, value: object, scope: str, at: Path, found: Findings) -> None:
    """Record why ``name`` is no key of ``scope``."""
    homes = [s for key in KEYS if key.name == name for s in key.scopes if s not in SMALL]
    if name in LATER[scope]:
        found.error(
            at,
            f"{word(name)} is not there yet",
            on_key=True,
            why="a later version of minipod has it",
            help="leave it out",
        )
    elif (scope, name) in MISPLACED:
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
    return f"[{scope}.NAME]" if scope in UNITS else f"[{scope}]"
