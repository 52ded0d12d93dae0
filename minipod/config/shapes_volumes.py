"""The shapes of what [volume.NAME], a unit's volumes and [hosts] take, for the JSON Schema: part of ``shapes``."""

from typing import Any

from minipod.config.key import COPIES, EMPTY_DIR, FILE, HOST_PATH, MOUNT, PROJECTED
from minipod.config.values import SUBDOMAIN
from minipod.config.volumes import CHECKS, DIRECTORY_MODE, FIELDS, LABEL_FIELD, MEDIA, MODE

Schema = dict[str, Any]

_DOTS = r"(^|/)\.\.(/|$)"
_ABSOLUTE: Schema = {"type": "string", "pattern": r"^/[^\u0000]*[^/\u0000]", "not": {"pattern": _DOTS}}
_INNER: Schema = {"type": "string", "pattern": r"^[^/\u0000][^\u0000]*$", "not": {"pattern": rf"^\.\.|{_DOTS}"}}
_ADDRESS: Schema = {"pattern": r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$"}
_NAME: Schema = {"type": "string", "pattern": f"^(?:{SUBDOMAIN})$"}


def _ref(scope: str) -> Schema:
    return {"$ref": f"#/$defs/{scope}"}


def _files(key: str, plain: Schema) -> Schema:
    """Names of files, each with its text or its path; ``key`` says in a table which."""
    other = {"content": "path", "path": "content"}[key]
    table = {"allOf": [_ref(FILE), {"required": [key], "properties": {other: False}}]}
    return {"type": "object", "propertyNames": _INNER, "additionalProperties": {"anyOf": [plain, table]}}


_MOUNT: Schema = {"anyOf": [_ABSOLUTE, _ref(MOUNT)]}
_FIELD = f"^(?:{'|'.join(field.replace('.', chr(92) + '.') for field in FIELDS)}|{LABEL_FIELD})$"

VOLUME_SHAPES: dict[str, Schema] = {
    "absolute": _ABSOLUTE,
    "content": {"type": "string"},
    "copied_files": _files("path", _ABSOLUTE),
    "copies": {"anyOf": [_ABSOLUTE, _ref(COPIES)]},
    "directory_mode": {"type": "string", "pattern": f"^(?:{DIRECTORY_MODE})$"},
    "downward": {
        "type": "object",
        "propertyNames": _INNER,
        "additionalProperties": {"type": "string", "pattern": _FIELD},
    },
    "empty_dir": {"anyOf": [{"const": True}, _ref(EMPTY_DIR)]},
    "files": _files("content", {"type": "string"}),
    "host_path": {"anyOf": [_ABSOLUTE, _ref(HOST_PATH)]},
    "host_type": {"enum": list(CHECKS)},
    "hosts": {
        "type": "object",
        "propertyNames": _ADDRESS,
        "additionalProperties": {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]},
    },
    "medium": {"enum": list(MEDIA)},
    "mode": {"type": "string", "pattern": f"^(?:{MODE})$"},
    "mounts": {
        "type": "object",
        "additionalProperties": {"anyOf": [*_MOUNT["anyOf"], {"type": "array", "items": _MOUNT}]},
    },
    "projected": {"type": "array", "items": _ref(PROJECTED)},
    "sub_path": _INNER,
}
