"""The shape of each type of the key table, for the JSON Schema: what can be said of a value by itself."""

from typing import Any

from minipod.config.durations import UNITS as TIME_UNITS
from minipod.config.key import (
    BACKOFF,
    CONTROL,
    EXEC,
    GRPC,
    HOOK,
    HTTP_GET,
    LOG,
    NOTIFY,
    POD,
    PROBE,
    RESTART_RULE,
    RULE,
    TCP_SOCKET,
)
from minipod.config.probes import ACTIONS, FDS, MOST_CODES, MOST_RULES, THRESHOLDS
from minipod.config.requests import HEADER_NAME, HOST_NAME, MOST_PATH, PORTS, SCHEMES
from minipod.config.sight import KEEPS, MOST_SOCKET
from minipod.config.sizes import PATTERN as SIZE
from minipod.config.tables import CODES, UNCATCHABLE
from minipod.config.values import (
    ENV_NAME,
    MILESTONES,
    MOST_ID,
    MOST_RESTARTS,
    QUALIFIED,
    RESTARTS,
    SUBDOMAIN,
    UMASK,
)
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


_FILE: Schema = {"type": "string", "pattern": r"^/[^\u0000]*[^\u0000/]$"}
_SOCKET: Schema = {**_FILE, "maxLength": MOST_SOCKET}
_PORT = "0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"


def _inner(scope: str) -> Schema:
    return {"$ref": f"#/$defs/{scope}"}


# One shape for each type of the key table.
SHAPES: dict[str, Schema] = {
    "account": _ACCOUNT,
    "action": _choice(ACTIONS),
    "after": {"anyOf": [_NAME_LIST, table_of(_choice(MILESTONES))]},
    "backoff": _inner(BACKOFF),
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
    "labels": table_of({"type": "string", "pattern": f"^$|{exactly(QUALIFIED)}"}),
    "keep": {"type": "integer", "minimum": KEEPS.low, "maximum": KEEPS.high},
    "listen": {"type": "string", "pattern": rf"^([0-9.]*|\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]):{_PORT}$"},
    "log": {"anyOf": [_words_of(LogMode), _inner(LOG)]},
    "log_file": _FILE,
    "log_mode": _words_of(LogMode),
    "main": _NON_EMPTY,
    "names": {**_NAME_LIST, "minItems": 1},
    "notify": {"anyOf": [_choice(("sd",)), _inner(NOTIFY)]},
    "overflow": _words_of(Overflow),
    "path": _LINE,
    "pod_name": {"type": "string", "pattern": exactly(SUBDOMAIN)},
    "port": {"type": "integer", "minimum": PORTS.low, "maximum": PORTS.high},
    "positive": _POSITIVE_SHAPE,
    "probe": _inner(PROBE),
    "restart": _choice(RESTARTS),
    "restart_rules": {"type": "array", "maxItems": MOST_RULES, "items": _inner(RESTART_RULE)},
    "scheme": _choice((*SCHEMES, *map(str.upper, SCHEMES))),
    "service": _LINE,
    "signal": _SIGNAL_SHAPE,
    "signals": table_of(
        {"anyOf": [_choice(("ignore", "stop")), _SIGNAL_SHAPE, _inner(RULE)]},
        {"pattern": _SIGNAL, "not": {"pattern": rf"^(SIG)?({'|'.join(_names_of({*UNCATCHABLE, *LIBC}))})$"}},
    ),
    "size": {"anyOf": [{"type": "string", "pattern": exactly(SIZE)}, {"type": "integer", "minimum": 0}]},
    "socket": _SOCKET,
    "start_timeout": _POSITIVE_SHAPE,
    "stdin": _words_of(StdinMode),
    "stop_to": _words_of(StopScope),
    "string": _NON_EMPTY,
    "table": _inner(POD),
    "tcp_socket": _inner(TCP_SOCKET),
    "threshold": {"type": "integer", "minimum": THRESHOLDS.low, "maximum": THRESHOLDS.high},
    "umask": {
        "anyOf": [
            {"type": "string", "pattern": exactly(UMASK)},
            {"type": "integer", "minimum": 0, "maximum": 0o777},
        ]
    },
    "watchdog": _POSITIVE_SHAPE,
    "words": _WORDS,
}
