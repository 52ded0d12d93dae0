"""`minipod explain [KEY]`: what a key means, what it takes and what holds without it, from the key table."""

import sys

from minipod.config.findings import word
from minipod.config.key import INNER, NAMED, SCOPES
from minipod.config.keys import KEYS, keys_of
from minipod.config.reference import explain_key, explain_scope
from minipod.config.suggest import did_you_mean
from minipod.errors import UsageError
from minipod.options import sort_words

USAGE = """minipod explain [KEY]

Say what a key means. KEY is a key (restart), a key in its table (service.restart, pod.backoff.max,
liveness_probe.period) or a table (service); without KEY all keys are listed.
"""


def run(words: list[str]) -> int:
    """0; UsageError if there is no such key."""
    found = sort_words(words, flags=("-h", "--help"))
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    if len(found.operands) > 1:
        raise UsageError(f"one KEY only, not also {found.operands[1]}")
    sys.stdout.write(explain(found.operands[0]) if found.operands else _list_all())
    return 0


def explain(path: str) -> str:
    """The text for a key path such as ``service.web.restart``, ``restart`` or ``pod``."""
    parts = _without_names(path.strip("[]").split("."))
    scopes = _scopes_of(parts[:-1], path)
    text = explain_key(parts[-1], scopes)
    if not text:
        raise UsageError(_no_such_key(path, parts[-1], scopes))
    inner = f"\n{explain_scope(INNER[parts[-1]])}" if parts[-1] in INNER else ""
    return text + inner


def _without_names(parts: list[str]) -> list[str]:
    """``service.web.restart`` → ``service.restart``: the name of a unit (or NAME itself) is nobody's key."""
    named = len(parts) > 2 and parts[0] in NAMED and parts[1] not in keys_of(parts[0])
    return [parts[0], *parts[2:]] if named else parts


def _scopes_of(tables: list[str], path: str) -> list[str]:
    """Where to look: all scopes for a key alone, else those of the innermost table."""
    if not tables:
        return list(SCOPES)
    if tables[-1] in INNER:
        return [INNER[tables[-1]]]
    raise UsageError(f"no table {word(tables[-1])} has keys" + did_you_mean(tables[-1], INNER, before="; "))


def _no_such_key(path: str, name: str, scopes: list[str]) -> str:
    names = [key.name for key in KEYS if set(key.scopes) & set(scopes)]
    guess = did_you_mean(name, names, before="; ")
    if guess:
        return f"there is no key {word(path)}{guess}"
    return f"there is no key {word(path)}; `minipod explain` lists them"


def _list_all() -> str:
    return "\n".join(explain_scope(scope) for scope in SCOPES)
