"""The shape of each type of the key table, for the JSON Schema: what can be said of a value by itself."""

from typing import Any

from minipod.config.durations import UNITS as TIME_UNITS
from minipod.config.key import (
    BACKOFF,
    CONTROL,
    EXEC,
    EXPRESSION,
    GRPC,
    HOOK,
    HTTP_GET,
    IMAGE,
    LOG,
    NOTIFY,
    POD,
    PRESET,
    PROBE,
    RESTART_RULE,
    RULE,
    SELECTOR,
    TCP_SOCKET,
)
from minipod.config.probes import ACTIONS, FDS, MOST_CODES, MOST_RULES, THRESHOLDS
from minipod.config.requests import HEADER_NAME, HOST_NAME, MOST_PATH, PORTS, SCHEMES
from minipod.config.rights import MOST_GROUPS
from minipod.config.shapes_sources import SOURCE_SHAPES
from minipod.config.shapes_volumes import VOLUME_SHAPES
from minipod.config.sight import KEEPS, MOST_SOCKET
from minipod.config.sizes import PATTERN as SIZE
from minipod.config.tables import CODES, UNCATCHABLE
from minipod.config.values import (
    ENV_NAME,
    MILESTONES,
    MOST_ID,
    MOST_RESTARTS,
    OWN,
    QUALIFIED,
    RESTARTS,
    SUBDOMAIN,
    UMASK,
)
from minipod.presets.merge import OPERATORS
from minipod.supervisor.rights import CAPABILITIES, LIMITS, MICROSECONDS, NICE, OOM_SCORE, SECONDS, SIZES
from minipod.supervisor.signals import ALIASES, LIBC, NUMBERS
from minipod.supervisor.words import LogMode, Overflow, StdinMode, StopScope

Schema = dict[str, Any]

# A look-ahead for at least one part: a pattern of only optional parts would take the empty string too.
_DURATION = "^(?=.)" + "".join(rf"([0-9]{{1,19}}(\.[0-9]{{1,9}})?{unit})?" for unit in TIME_UNITS) + "$"
_NAMES = "|".join((*NUMBERS, *ALIASES))
_SIGNAL = rf"^(SIG)?({_NAMES}|RTMIN(\+[0-9]{{1,2}})?|RTMAX(-[0-9]{{1,2}})?|[1-9]|[1-5][0-9]|6[0-4])$"
_NO_NUL = r"^[^\u0000]*$"
_TEXT: Schema = {"type": "string", "pattern": _NO_NUL}
_NON_EMPTY: Schema = {**_TEXT, "minLength": 1}


def exactly(pattern: str) -> str:
    """The pattern for all of a text; JSON Schema looks anywhere in it."""
    return f"^(?:{pattern})$"


def _any_case(name: str) -> str:
    return "".join(f"[{c}{c.lower()}]" if c.isalpha() else c for c in name)


def _names_of(numbers: Any) -> list[str]:
    """Every way to name one of these signals, without SIG."""
    names = [name for name, number in {**NUMBERS, **ALIASES}.items() if number in numbers]
    return [*names, *map(str, sorted(numbers))]


def _choice(words: Any) -> Schema:
    return {"enum": list(words)}


def _words_of(members: Any) -> Schema:
    return _choice(member.word for member in members)


def table_of(values: Schema, names: Schema | None = None) -> Schema:
    """A table whose keys the user names: what its values are, and what its names must be."""
    return {"type": "object", "additionalProperties": values, **({"propertyNames": names} if names else {})}


_DURATION_SHAPE: Schema = {
    "anyOf": [
        {"type": "string", "pattern": _DURATION},
        {"type": "number", "minimum": 0, "exclusiveMaximum": 2**63 / 1e9},
    ]
}
_SIGNAL_SHAPE: Schema = {
    "anyOf": [{"type": "string", "pattern": _SIGNAL}, {"type": "integer", "minimum": 1, "maximum": 64}]
}
_NUMBER: Schema = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_WORDS: Schema = {"type": "array", "items": _TEXT}
_NAME_LIST: Schema = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_ACCOUNT: Schema = {
    "anyOf": [
        {"type": "string", "pattern": "^[^-+ :/,][^ :/,]*$"},
        {"type": "integer", "minimum": 0, "maximum": MOST_ID},
    ]
}

_COMMAND: Schema = {
    "anyOf": [
        {"type": "array", "items": _TEXT, "minItems": 1, "prefixItems": [_NON_EMPTY]},
        {**_NON_EMPTY, "pattern": r"^[^\u0000]*[^\u0000\s][^\u0000]*$"},
    ]
}
_CODES: Schema = {
    "type": "array",
    "maxItems": MOST_CODES,
    "uniqueItems": True,
    "items": {
        "anyOf": [
            {"type": "integer", "minimum": CODES.low, "maximum": CODES.high},
            {"type": "string", "pattern": _SIGNAL},
        ]
    },
}
_POSITIVE_SHAPE: Schema = {
    "anyOf": [
        {"type": "string", "pattern": _DURATION, "not": {"pattern": "^[0.hmsun]*$"}},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 2**63 / 1e9},
    ]
}
_LINE: Schema = {"type": "string", "pattern": r"^[^\u0000-\u001f\u007f]+$", "maxLength": MOST_PATH}
_HEADER: Schema = {"type": "string", "pattern": r"^[^\u0000-\u001f\u007f]*$"}
_HEADER_LIST: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "value"],
        "properties": {"name": {"type": "string", "pattern": exactly(HEADER_NAME)}, "value": _HEADER},
    },
}


_SIZE: Schema = {"anyOf": [{"type": "string", "pattern": exactly(SIZE)}, {"type": "integer", "minimum": 0}]}
_UNLIMITED: Schema = {"const": "unlimited"}
_CAPABILITY_NAMES: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": f"^{_any_case('(CAP_)?(' + '|'.join(('ALL', *CAPABILITIES)) + ')')}$"},
}


def _limit(name: str) -> Schema:
    number = _SIZE if name in SIZES else _DURATION_SHAPE if name in (SECONDS, MICROSECONDS) else _NUMBER
    value: Schema = {"anyOf": [_UNLIMITED, number]}
    pair = {"type": "object", "additionalProperties": False, "minProperties": 1,
            "properties": {"soft": value, "hard": value}}
    return {"anyOf": [_UNLIMITED, number, pair]}


_FILE: Schema = {"type": "string", "pattern": r"^/[^\u0000]*[^\u0000/]$"}
_SOCKET: Schema = {**_FILE, "maxLength": MOST_SOCKET}
_PORT = "0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_LABEL_VALUE: Schema = {"type": "string", "pattern": f"^$|{exactly(QUALIFIED)}"}
_LABEL_NAME: Schema = {"type": "string", "pattern": exactly(f"(?:[a-z0-9.-]{{1,253}}/)?{QUALIFIED}")}


def _inner(scope: str) -> Schema:
    return {"$ref": f"#/$defs/{scope}"}


# One shape for each type of the key table.
SHAPES: dict[str, Schema] = {
    **SOURCE_SHAPES,
    "account": _ACCOUNT,
    "action": _choice(ACTIONS),
    "after": {"anyOf": [_NAME_LIST, table_of(_choice(MILESTONES))]},
    "backoff": _inner(BACKOFF),
    "capabilities": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"drop": _CAPABILITY_NAMES, "add": _CAPABILITY_NAMES},
    },
    "codes": _CODES,
    "command": _COMMAND,
    "control": {"anyOf": [{"type": "boolean"}, _SOCKET, _inner(CONTROL)]},
    "count": {"type": "integer", "minimum": 0, "maximum": MOST_RESTARTS},
    "deadline": {**_DURATION_SHAPE, "not": {"const": 0}},
    "duration": _DURATION_SHAPE,
    "env": table_of(_TEXT, {"pattern": exactly(ENV_NAME)}),
    "exec": {"anyOf": [_COMMAND, _inner(EXEC)]},
    "exit_codes": table_of(
        {"type": "integer", "minimum": CODES.low, "maximum": CODES.high},
        {"anyOf": [{"pattern": "^0*(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})$"}, {"pattern": _SIGNAL}]},
    ),
    "fd": {"type": "integer", "minimum": FDS.low, "maximum": FDS.high},
    "flag": {"type": "boolean"},
    "groups": {"type": "array", "items": _ACCOUNT, "maxItems": MOST_GROUPS},
    "grpc": _inner(GRPC),
    "hook": _inner(HOOK),
    "host": {
        "anyOf": [
            {"type": "string", "pattern": exactly(HOST_NAME)},
            {"type": "string", "pattern": r"^\[?[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*\]?$"},
        ]
    },
    "http_get": _inner(HTTP_GET),
    "http_headers": {"anyOf": [table_of(_HEADER, {"pattern": exactly(HEADER_NAME)}), _HEADER_LIST]},
    "label": _LABEL_NAME,
    "label_values": {"type": "array", "items": _LABEL_VALUE},
    "labels": table_of(_LABEL_VALUE),
    "image_user": {
        "anyOf": [
            {"type": "string", "pattern": "^[^-+ :/,][^ :/,]*(:[^-+ :/,][^ :/,]*)?$"},
            {"type": "integer", "minimum": 0, "maximum": MOST_ID},
        ]
    },
    "images": table_of(_inner(IMAGE)),
    "keep": {"type": "integer", "minimum": KEEPS.low, "maximum": KEEPS.high},
    "limits": {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _limit(name) for name in LIMITS},
    },
    "listen": {"type": "string", "pattern": rf"^([0-9.]*|\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]):{_PORT}$"},
    "log": {"anyOf": [_words_of(LogMode), _inner(LOG)]},
    "log_file": _FILE,
    "log_mode": _words_of(LogMode),
    "main": _NON_EMPTY,
    "message_path": {"type": "string", "pattern": r"^/[^\u0000]*$"},
    "match_expressions": {"type": "array", "items": _inner(EXPRESSION)},
    "names": {**_NAME_LIST, "minItems": 1},
    "nice": {"type": "integer", "minimum": NICE[0], "maximum": NICE[-1]},
    "notify": {"anyOf": [_choice(("sd",)), _inner(NOTIFY)]},
    "oom_score_adj": {"type": "integer", "minimum": OOM_SCORE[0], "maximum": OOM_SCORE[-1]},
    "operator": _choice(OPERATORS),
    "overflow": _words_of(Overflow),
    "path": _LINE,
    "pod_name": {"type": "string", "pattern": exactly(SUBDOMAIN)},
    "port": {"type": "integer", "minimum": PORTS.low, "maximum": PORTS.high},
    "positive": _POSITIVE_SHAPE,
    "presets": table_of(_inner(PRESET), {"pattern": exactly(SUBDOMAIN)}),
    "probe": _inner(PROBE),
    "restart": _choice(RESTARTS),
    "restart_rules": {"type": "array", "maxItems": MOST_RULES, "items": _inner(RESTART_RULE)},
    "scheme": _choice((*SCHEMES, *map(str.upper, SCHEMES))),
    "selector": _inner(SELECTOR),
    "service": _LINE,
    "signal": _SIGNAL_SHAPE,
    "signals": table_of(
        {"anyOf": [_choice(("ignore", "stop")), _SIGNAL_SHAPE, _inner(RULE)]},
        {"pattern": _SIGNAL, "not": {"pattern": rf"^(SIG)?({'|'.join(_names_of({*UNCATCHABLE, *LIBC}))})$"}},
    ),
    "size": _SIZE,
    "socket": _SOCKET,
    "start_timeout": _POSITIVE_SHAPE,
    "stdin": _words_of(StdinMode),
    "stop_to": _words_of(StopScope),
    "string": _NON_EMPTY,
    "table": _inner(POD),
    "tcp_socket": _inner(TCP_SOCKET),
    "threshold": {"type": "integer", "minimum": THRESHOLDS.low, "maximum": THRESHOLDS.high},
    "tty": {"anyOf": [{"type": "boolean"}, {"const": OWN}]},
    "umask": {
        "anyOf": [
            {"type": "string", "pattern": exactly(UMASK)},
            {"type": "integer", "minimum": 0, "maximum": 0o777},
        ]
    },
    "watchdog": _POSITIVE_SHAPE,
    "words": _WORDS,
    **VOLUME_SHAPES,
}
