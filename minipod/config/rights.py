"""Readers of what a unit's processes may do and use. As in ``values``: what is wrong is recorded, nothing is raised, no
other key is looked at. Imported only for pods that say so.
"""

from minipod.config.durations import BadDuration, parse_duration
from minipod.config.findings import Findings, Limits, Path, word
from minipod.config.sizes import BadSize, parse_size
from minipod.config.tables import unknown_key
from minipod.config.values import Reader, is_integer, is_number, read_account, read_integer, read_string
from minipod.model import Capabilities, Limit
from minipod.supervisor.rights import (
    ALL,
    CAPABILITIES,
    LIMITS,
    MICROSECONDS,
    NICE,
    OOM_SCORE,
    SECONDS,
    SIZES,
    UNLIMITED,
)

MOST_GROUPS = 128
_WORD = "unlimited"
_MOST_NUMBER = 2**63 - 1
_A_LIMIT = "write { nofile = 1024 }"
_A_LIST = 'write for example ["NET_BIND_SERVICE"]'
_UNIT_NS = {SECONDS: 10**9, MICROSECONDS: 10**3}
_PARTS = ("soft", "hard")
_SETS = ("drop", "add")


def _read_groups(value: object, at: Path, found: Findings) -> tuple[str, ...] | None:
    """Names or numbers, each once."""
    if not isinstance(value, list):
        return found.mismatch(at, value, "a list of names or numbers", help='write for example ["video"]')
    if len(value) > MOST_GROUPS:
        return found.error((*at, MOST_GROUPS), f"a unit has at most {MOST_GROUPS} groups", help="leave some out")
    names = [read_account(each, (*at, i), found) for i, each in enumerate(value)]
    return None if None in names else tuple(dict.fromkeys(names))


def _read_nice(value: object, at: Path, found: Findings) -> int | None:
    return read_integer(value, at, found, Limits(NICE[0], NICE[-1]))


def _read_oom_score(value: object, at: Path, found: Findings) -> int | None:
    return read_integer(value, at, found, Limits(OOM_SCORE[0], OOM_SCORE[-1]))


# --- limits -----------------------------------------------------------------------------------------------------------


def _read_limits(value: object, at: Path, found: Findings) -> dict[str, Limit] | None:
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help=_A_LIMIT)
    read = {}
    for name, inner in value.items():
        here = (*at, name)
        if name not in LIMITS:
            unknown_key(here, tuple(LIMITS), found)
            continue
        limit = _read_limit(name, inner, here, found)
        if limit is not None:
            read[name] = limit
    return read


def _read_limit(name: str, value: object, at: Path, found: Findings) -> Limit | None:
    if not isinstance(value, dict):
        number = _read_number(name, value, at, found)
        return None if number is None else Limit(number, number)
    strange = [unknown_key((*at, key), _PARTS, found) for key in value if key not in _PARTS]
    read = {key: _read_number(name, value[key], (*at, key), found) for key in _PARTS if key in value}
    if not value:
        return found.error(at, f"`{name}` limits nothing", help="write { soft = 1024, hard = 4096 }")
    if strange or None in read.values():
        return None
    limit = Limit(**read)
    if limit.soft is not None and limit.hard is not None and limit.soft > limit.hard:
        return found.error(
            (*at, "soft"),
            f"the soft limit of `{name}` is above the hard one",
            also=(((*at, "hard"), "the hard one"),),
            why="the kernel takes no such pair",
            help="swap them",
        )
    return limit


def _read_number(name: str, value: object, at: Path, found: Findings) -> int | None:
    """In the kernel's own unit."""
    if value == _WORD:
        return UNLIMITED
    if isinstance(value, str) and value.lower() in (_WORD, "infinity", "max", "none"):
        return found.error(at, f"`{name}` cannot be {word(value)}", help=f'write "{_WORD}"')
    try:
        if name in SIZES and (isinstance(value, str) or is_integer(value)):
            return parse_size(value)
        if name in _UNIT_NS and (isinstance(value, str) or is_number(value)):
            return -(-parse_duration(value) // _UNIT_NS[name])
    except (BadSize, BadDuration) as bad:
        return found.error(at, f"`{name}` {bad}", help=bad.help)
    if name in SIZES or name in _UNIT_NS:
        what, example = ("a size", '"512Mi"') if name in SIZES else ("a duration", '"30s"')
        return found.mismatch(at, value, what, help=f'write for example {example}, or "{_WORD}"')
    if not is_integer(value):
        return found.mismatch(at, value, "a whole number", help=f'write for example 1024, or "{_WORD}"')
    return read_integer(value, at, found, Limits(0, _MOST_NUMBER))


# --- capabilities -----------------------------------------------------------------------------------------------------


def _read_capabilities(value: object, at: Path, found: Findings) -> Capabilities | None:
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help='write { drop = ["ALL"] }')
    strange = [unknown_key((*at, key), _SETS, found) for key in value if key not in _SETS]
    read = {key: _read_names(value[key], (*at, key), found) for key in _SETS if key in value}
    return None if strange or None in read.values() else Capabilities(**read)


def _read_names(value: object, at: Path, found: Findings) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return found.mismatch(at, value, "a list of names", help=_A_LIST)
    names = [read_capability(each, (*at, i), found) for i, each in enumerate(value)]
    return None if None in names else tuple(dict.fromkeys(names))


def read_capability(value: object, at: Path, found: Findings) -> str | None:
    """A name without CAP_, or ALL."""
    if not isinstance(value, str):
        return found.mismatch(at, value, "the name of a capability", help=_A_LIST)
    name = value.upper().removeprefix("CAP_")
    if name == ALL or name in CAPABILITIES:
        return name
    return found.error(
        at,
        f"no capability is called {word(value)}",
        why="they are named as in capabilities(7), with or without CAP_",
        help="write for example NET_BIND_SERVICE, or ALL",
        near=(name, (ALL, *CAPABILITIES)),
    )


def _read_message_path(value: object, at: Path, found: Findings) -> str | None:
    path = read_string(value, at, found)
    if path is None or path.startswith("/"):
        return path
    why = "each program has a directory of its own to start in"
    return found.error(at, f"`{at[-1]}` must begin with /", why=why, help='write for example "/run/web/message"')


RIGHTS_READERS: dict[str, Reader] = {
    "capabilities": _read_capabilities,
    "groups": _read_groups,
    "limits": _read_limits,
    "message_path": _read_message_path,
    "nice": _read_nice,
    "oom_score_adj": _read_oom_score,
}
