"""A JSON Schema (draft 2020-12) of a pod file, from the key table: for editors that complete and check while one types.

It says what can be said of a key by itself, and of a few together; names that nobody has, cycles and the like are
``minipod check``'s.
"""

from minipod.config.defaults import default_value
from minipod.config.key import (
    COPIES,
    EXPRESSION,
    HOOK,
    LOG,
    MOUNT,
    PROBE,
    PROJECTED,
    RESTART_RULE,
    SCOPES,
    SERVICE,
    SIDECAR,
    TOP,
    VOLUME,
    Key,
)
from minipod.config.keys import keys_of
from minipod.config.probes import HOOK_HANDLERS, PROBE_HANDLERS
from minipod.config.shapes import SHAPES, Schema, exactly, table_of
from minipod.config.sight import PASSED_BY
from minipod.config.values import LABEL
from minipod.config.volumes import OF_FILES, PARTS, SOURCES

# What is known of several keys together.
_TOGETHER: dict[str, Schema] = {
    PROBE: {"oneOf": [{"required": [name]} for name in PROBE_HANDLERS]},
    HOOK: {"oneOf": [{"required": [name]} for name in HOOK_HANDLERS]},
    RESTART_RULE: {"oneOf": [{"required": ["exit_codes"]}, {"required": ["not_exit_codes"]}]},
    VOLUME: {
        "oneOf": [{"required": [name]} for name in SOURCES],
        "dependentSchemas": {"default_mode": {"anyOf": [{"required": [name]} for name in OF_FILES]}},
    },
    PROJECTED: {"oneOf": [{"required": [name]} for name in PARTS]},
    COPIES: {"oneOf": [{"required": [name]} for name in ("path", "files")]},
    MOUNT: {"not": {"required": ["sub_path", "sub_path_expr"]}},
    EXPRESSION: {
        "if": {"required": ["operator"], "properties": {"operator": {"enum": ["In", "NotIn"]}}},
        "then": {"required": ["values"], "properties": {"values": {"minItems": 1}}},
        "else": {"properties": {"values": {"maxItems": 0}}},
    },
    LOG: {
        "dependentRequired": {"max_size": ["file"], "keep": ["file"]},
        "not": {
            "required": ["mode"],
            "properties": {"mode": {"enum": [mode.word for mode in PASSED_BY]}},
            "anyOf": [{"required": ["file"]}, {"required": ["overflow"]}],
        },
    },
    **dict.fromkeys(
        (SIDECAR, SERVICE),
        {
            "dependentRequired": {"watchdog": ["notify"], "start_timeout": ["notify"]},
            "not": {"required": ["startup_probe", "notify"]},
        },
    ),
}
# What is known of a probe by its name.
_ONE_SUCCESS: Schema = {"properties": {"success_threshold": {"const": 1}}}
_BY_NAME: dict[str, Schema] = {
    "startup_probe": _ONE_SUCCESS,
    "liveness_probe": _ONE_SUCCESS,
    "readiness_probe": {"not": {"required": ["termination_grace_period"]}},
}


def _closed(scope: str) -> Schema:
    """A table that has these keys and no other."""
    keys = keys_of(scope)
    required = [key.name for key in keys.values() if key.required]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key.name: _property(key, scope) for key in keys.values()},
        **({"required": required} if required else {}),
        **_TOGETHER.get(scope, {}),
    }


def _property(key: Key, scope: str) -> Schema:
    shape = _shape(key, scope)
    default = None if scope == TOP else default_value(key, scope)
    described = {"description": f"{key.meaning}. {key.help}".strip()}
    return {**shape, **described, **({} if default is None else {"default": default})}


def _shape(key: Key, scope: str) -> Schema:
    if key.type == "units":
        needs_one = {"minProperties": 1} if key.required else {}
        return {**table_of({"$ref": f"#/$defs/{key.name}"}, {"pattern": exactly(LABEL)}), **needs_one}
    by_name = _BY_NAME.get(key.name)
    return {"allOf": [SHAPES[key.type], by_name]} if by_name else SHAPES[key.type]


def schema() -> Schema:
    """The whole schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "minipod pod file",
        **_closed(TOP),
        "not": {"required": ["signals", "pod"], "properties": {"pod": {"required": ["signals"]}}},
        "$defs": {scope: _closed(scope) for scope in SCOPES if scope != TOP},
    }
