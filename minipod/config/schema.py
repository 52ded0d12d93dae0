"""A JSON Schema (draft 2020-12) of a pod file, from the key table: for editors that complete and check while one types.

It says what can be said of a key by itself; names that nobody has, cycles and the like are ``minipod check``'s.
"""

from typing import Any

from minipod.config.defaults import default_value
from minipod.config.durations import UNITS as TIME_UNITS
from minipod.config.keys import BACKOFF, POD, RULE, TOP, UNITS, Key, keys_of
from minipod.config.tables import CODES
from minipod.config.values import (
    ENV_NAME,
    LABEL,
    MILESTONES,
    MOST_ID,
    MOST_RESTARTS,
    QUALIFIED,
    RESTARTS,
    SUBDOMAIN,
    UMASK,
)
from minipod.supervisor.signals import ALIASES, NUMBERS
from minipod.supervisor.words import LogMode, StdinMode, StopScope

Schema = dict[str, Any]

# A look-ahead for at least one part: a pattern of only optional parts would take the empty string too.
_DURATION = "^(?=.)" + "".join(rf"([0-9]{{1,19}}(\.[0-9]{{1,9}})?{unit})?" for unit in TIME_UNITS) + "$"
_NAMES = "|".join((*NUMBERS, *ALIASES))
_SIGNAL = rf"^(SIG)?({_NAMES}|RTMIN(\+[0-9]{{1,2}})?|RTMAX(-[0-9]{{1,2}})?|[1-9]|[1-5][0-9]|6[0-4])$"
_NO_NUL = r"^[^\u0000]*$"
_TEXT: Schema = {"type": "string", "pattern": _NO_NUL}
_NON_EMPTY: Schema = {**_TEXT, "minLength": 1}


def _exactly(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _choice(words: Any) -> Schema:
    return {"enum": list(words)}


def _words_of(members: Any) -> Schema:
    return _choice(member.word for member in members)


def _table(values: Schema, names: Schema | None = None) -> Schema:
    return {"type": "object", "additionalProperties": values, **({"propertyNames": names} if names else {})}


def _closed(scope: str) -> Schema:
    """A table that has these keys and no other."""
    keys = keys_of(scope)
    required = [key.name for key in keys.values() if key.required]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key.name: _property(key, scope) for key in keys.values()},
        **({"required": required} if required else {}),
    }


def _property(key: Key, scope: str) -> Schema:
    shape = _shape(key, scope)
    default = None if scope == TOP else default_value(key, scope)
    described = {"description": f"{key.meaning}. {key.help}".strip()}
    return {**shape, **described, **({} if default is None else {"default": default})}


def _shape(key: Key, scope: str) -> Schema:
    if key.type == "units":
        needs_one = {"minProperties": 1} if key.required else {}
        return {**_table({"$ref": f"#/$defs/{key.name}"}, {"pattern": _exactly(LABEL)}), **needs_one}
    return SHAPES[key.type]


_DURATION_SHAPE: Schema = {
    "anyOf": [
        {"type": "string", "pattern": _DURATION},
        {"type": "number", "minimum": 0, "exclusiveMaximum": 2**63 / 1e9},
    ]
}
_SIGNAL_SHAPE: Schema = {
    "anyOf": [{"type": "string", "pattern": _SIGNAL}, {"type": "integer", "minimum": 1, "maximum": 64}]
}
_WORDS: Schema = {"type": "array", "items": _TEXT}
_NAME_LIST: Schema = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_ACCOUNT: Schema = {
    "anyOf": [
        {"type": "string", "pattern": "^[^-+ :/,][^ :/,]*$"},
        {"type": "integer", "minimum": 0, "maximum": MOST_ID},
    ]
}

# One shape for each type of the key table.
SHAPES: dict[str, Schema] = {
    "account": _ACCOUNT,
    "after": {"anyOf": [_NAME_LIST, _table(_choice(MILESTONES))]},
    "backoff": {"$ref": "#/$defs/backoff"},
    "command": {
        "anyOf": [
            {"type": "array", "items": _TEXT, "minItems": 1, "prefixItems": [_NON_EMPTY]},
            {**_NON_EMPTY, "pattern": r"^[^\u0000]*[^\u0000\s][^\u0000]*$"},
        ]
    },
    "count": {"type": "integer", "minimum": 0, "maximum": MOST_RESTARTS},
    "deadline": {**_DURATION_SHAPE, "not": {"const": 0}},
    "duration": _DURATION_SHAPE,
    "env": _table(_TEXT, {"pattern": _exactly(ENV_NAME)}),
    "exit_codes": _table(
        {"type": "integer", "minimum": CODES.low, "maximum": CODES.high},
        {"anyOf": [{"pattern": "^0*(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})$"}, {"pattern": _SIGNAL}]},
    ),
    "flag": {"type": "boolean"},
    "labels": _table({"type": "string", "pattern": f"^$|{_exactly(QUALIFIED)}"}),
    "log": _words_of(LogMode),
    "main": _NON_EMPTY,
    "names": {**_NAME_LIST, "minItems": 1},
    "pod_name": {"type": "string", "pattern": _exactly(SUBDOMAIN)},
    "restart": _choice(RESTARTS),
    "signal": _SIGNAL_SHAPE,
    "signals": _table(
        {"anyOf": [_choice(("ignore", "stop")), _SIGNAL_SHAPE, {"$ref": "#/$defs/signals"}]},
        {"pattern": _SIGNAL, "not": {"pattern": "^(SIG)?(KILL|STOP|CHLD|CLD|9|19|17|32|33)$"}},
    ),
    "stdin": _words_of(StdinMode),
    "stop_to": _words_of(StopScope),
    "string": _NON_EMPTY,
    "table": {"$ref": "#/$defs/pod"},
    "umask": {
        "anyOf": [
            {"type": "string", "pattern": _exactly(UMASK)},
            {"type": "integer", "minimum": 0, "maximum": 0o777},
        ]
    },
    "words": _WORDS,
}


def schema() -> Schema:
    """The whole schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "minipod pod file",
        **_closed(TOP),
        "not": {"required": ["signals", "pod"], "properties": {"pod": {"required": ["signals"]}}},
        "$defs": {scope: _closed(scope) for scope in (POD, *UNITS, BACKOFF, RULE)},
    }
