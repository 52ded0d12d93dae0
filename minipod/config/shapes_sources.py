"""The shapes of env_file, env_from and secrets, for the JSON Schema: part of ``shapes``."""

from typing import Any

from minipod.config.sources import FILE_KEYS, HANDED, SECRET_KEYS, SET_KEYS
from minipod.config.values import ENV_NAME

Schema = dict[str, Any]

_PATH: Schema = {"type": "string", "pattern": r"^[^\u0000]+$"}
_NAME: Schema = {"pattern": f"^(?:{ENV_NAME})$"}
_KINDS: dict[str, Schema] = {
    "optional": {"type": "boolean"},
    "prefix": {"type": "string", "pattern": f"^(?:{ENV_NAME})?$"},
    "to": {"enum": list(HANDED)},
}


def _table(keys: tuple[str, ...]) -> Schema:
    """The first of them must be there."""
    shapes = {key: _KINDS.get(key, _PATH) for key in keys}
    return {"type": "object", "properties": shapes, "required": [keys[0]], "additionalProperties": False}


_FILE: Schema = {"anyOf": [_PATH, _table(FILE_KEYS)]}

SOURCE_SHAPES: dict[str, Schema] = {
    "env_files": {"anyOf": [*_FILE["anyOf"], {"type": "array", "items": _FILE}]},
    "env_sets": {"type": "array", "items": _table(SET_KEYS)},
    "secrets": {
        "type": "object",
        "propertyNames": _NAME,
        "additionalProperties": {"anyOf": [_PATH, _table(SECRET_KEYS)]},
    },
}
