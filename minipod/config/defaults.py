"""The default of each key as text. The numbers are the model's; this only prints them as a file would have them."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from minipod.config.durations import format_duration
from minipod.config.key import CONTROL, EMPTY_DIR, LOG, MOUNT
from minipod.config.keys import BACKOFF, GRPC, HTTP_GET, INIT, POD, PROBE, SERVICE, SIDECAR, TCP_SOCKET, UNITS, Key
from minipod.config.sizes import format_size
from minipod.model import Ask, Backoff, Capabilities, Control, Log, Mount, Pod, Probe, Unit, Volume, default_restart
from minipod.supervisor.signals import name_of
from minipod.supervisor.words import Kind

_MODELS: dict[str, type] = {
    POD: Pod,
    BACKOFF: Backoff,
    PROBE: Probe,
    LOG: Log,
    CONTROL: Control,
    EMPTY_DIR: Volume,
    MOUNT: Mount,
    **dict.fromkeys((HTTP_GET, TCP_SOCKET, GRPC), Ask),
    **dict.fromkeys(UNITS, Unit),
}
_KINDS = {INIT: Kind.INIT, SIDECAR: Kind.SIDECAR, SERVICE: Kind.SERVICE}
_TIMES = frozenset({"duration", "deadline", "positive"})


def default_value(key: Key, scope: str) -> Any:
    """The value that a file could give to the same effect, as the parser would return it; None if there is none: then
    ``default_text`` says in words what holds."""
    if key.required:
        return None
    if key.name == "restart":
        return None if scope == POD else default_restart(_KINDS[scope], is_main=False)
    if key.name == "backoff":
        return {name: format_duration(ns) for name, ns in Backoff._field_defaults.items()} if scope == POD else None
    if (key.name, scope) in _ELSEWHERE:
        return None
    return _plain(_model_default(key, scope), key)


# The value comes from somewhere else: the pod, or another key of the table.
_ELSEWHERE = frozenset(
    {(name, kind) for name in ("termination_grace_period", "log") for kind in (*UNITS, PROBE)}
    | {("mode", LOG), ("overflow", LOG)}
)


def _model_default(key: Key, scope: str) -> Any:
    return _MODELS[scope]._field_defaults.get(key.name) if scope in _MODELS else None


def _plain(value: Any, key: Key) -> Any:
    if value is None or value == "" or value == Capabilities():
        return None
    if isinstance(value, Enum):
        return value.word
    if isinstance(value, Log):
        return value.mode.word
    if isinstance(value, Control):
        return value.enabled
    if key.type == "size":
        return format_size(value)
    if key.type in ("mode", "directory_mode"):
        return f"{value:04o}"
    if key.type in _TIMES:
        return format_duration(value)
    if key.type == "signal":
        return name_of(value).removeprefix("SIG")
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def default_text(key: Key, scope: str) -> str:
    """What holds without the key, for people: a TOML value, or words."""
    if key.required:
        return "none: it must be there"
    words = {
        ("restart", POD): "each unit's own",
        ("restart", SERVICE): '"always"; "never" for the one named by main',
        **{
            (name, kind): "the pod's"
            for kind in UNITS
            for name in ("backoff", "termination_grace_period", "max_restarts")
        },
    }
    if (key.name, scope) in words:
        return words[key.name, scope]
    value = default_value(key, scope)
    return key.unset or "none" if value is None or value in ({}, []) else to_toml(value)


def to_toml(value: Any) -> str:
    """A value as TOML, on one line. Strings must be printable."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(to_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {to_toml(v)}" for k, v in value.items()) + " }" if value else "{}"
    return str(value)
