"""Readers of env_file, env_from and secrets. As in ``values``: what is wrong is recorded, nothing is raised, no file is
opened. Imported only for pods that have them.
"""

from collections.abc import Container

from minipod.config.findings import Findings, Path, word
from minipod.config.tables import unknown_key
from minipod.config.values import ENV_NAME, Reader, matches
from minipod.model import EnvSource

HANDED = ("env", "fd")
FILE_KEYS, SET_KEYS, SECRET_KEYS = ("path", "optional"), ("directory", "prefix", "optional"), ("file", "optional", "to")
_FILE = '"/etc/app.env"'
_A_FILE = f"write for example {_FILE}"
_A_SET = 'write for example [{ directory = "/etc/config" }]'
_A_SECRET = 'write for example "/run/secrets/db"'


def read_env_files(value: object, at: Path, found: Findings) -> tuple[EnvSource, ...] | None:
    """A path, a table, or a list of them."""
    if not isinstance(value, list):
        return _joined([_read_env_file(value, at, found)])
    return _joined([_read_env_file(each, (*at, i), found) for i, each in enumerate(value)])


def _joined(sources: list[EnvSource | None]) -> tuple[EnvSource, ...] | None:
    return tuple(each for each in sources if each is not None)


def _read_env_file(value: object, at: Path, found: Findings) -> EnvSource | None:
    if isinstance(value, str):
        return _source("env_file", "", _path(value, at, found, _A_FILE))
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a path, a table or a list of them", help=_A_FILE)
    return _source("env_file", "", _required("path", value, at, found, FILE_KEYS, _FILE), _optional(value, at, found))


def read_env_sets(value: object, at: Path, found: Findings) -> tuple[EnvSource, ...] | None:
    """A list of tables."""
    if not isinstance(value, list):
        return found.mismatch(at, value, "a list of tables", help=_A_SET)
    return _joined([_read_set(each, (*at, i), found) for i, each in enumerate(value)])


def _read_set(value: object, at: Path, found: Findings) -> EnvSource | None:
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help=_A_SET)
    prefix = value.get("prefix", "")
    if not isinstance(prefix, str):
        return found.mismatch((*at, "prefix"), prefix, "a string", help='write for example "APP_"')
    if prefix:
        _check_name(prefix, (*at, "prefix"), found)
    path = _required("directory", value, at, found, SET_KEYS, '"/etc/config"')
    return _source("directory", prefix, path, _optional(value, at, found))


def read_secrets(value: object, at: Path, found: Findings) -> tuple[EnvSource, ...] | None:
    """A table by the variable's name."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help='write { DB_PASSWORD = "/run/secrets/db" }')
    return _joined([_read_secret(name, each, (*at, name), found) for name, each in value.items()])


def _read_secret(name: str, value: object, at: Path, found: Findings) -> EnvSource | None:
    _check_name(name, at, found, on_key=True)
    if isinstance(value, str):
        return _secret(_source("secret_file", name, _path(value, at, found, _A_SECRET)))
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a path or a table", help=_A_SECRET)
    path = _required("file", value, at, found, SECRET_KEYS, '"/run/secrets/db"')
    to = value.get("to", HANDED[0])
    if to not in HANDED:
        why = "a secret is handed over in the environment or by descriptor"
        found.error((*at, "to"), f"`to` cannot be {word(to)}", why=why, help='write "env" or "fd"')
    return _secret(_source("secret_file", name, path, _optional(value, at, found), str(to)))


def _secret(source: EnvSource | None) -> EnvSource | None:
    return None if source is None else source._replace(is_secret=True)


def check_handed(sources: tuple[EnvSource, ...], unit: Path, env: Container[str], found: Findings) -> None:
    """Two that want one variable where no rule says who wins: who comes by descriptor is told by NAME_FILE."""
    others = {each.name: (*unit, "secrets", each.name) for each in sources if each.to == "env" and each.is_secret}
    for each in sources:
        name = f"{each.name}_FILE"
        if each.to != "fd" or not (name in others or name in env):
            continue
        found.error(
            (*unit, "secrets", each.name),
            f"{word(each.name)} by descriptor and {word(name)} are the same variable",
            on_key=True,
            also=((others.get(name, (*unit, "env", name)), "the other one"),),
            why=f"a program is told by {name} which descriptor it is",
            help="rename one of them, or leave one out",
        )


# --- parts ------------------------------------------------------------------------------------------------------------


def _source(kind: str, name: str, path: str | None, is_optional: bool = False, to: str = "env") -> EnvSource | None:
    return None if path is None else EnvSource(kind, name, path=path, is_optional=is_optional, to=to)


def _path(value: object, at: Path, found: Findings, help: str) -> str | None:
    if not isinstance(value, str):
        return found.mismatch(at, value, "a path", help=help)
    if not value or "\0" in value:
        return found.error(at, f"{word(value)} is no path", help=help)
    return value


def _required(key: str, table: dict, at: Path, found: Findings, known: tuple[str, ...], example: str) -> str | None:
    """The path in a table that has only these keys."""
    for name in table:
        if name not in known:
            unknown_key((*at, name), known, found, of="it")
    if key not in table:
        return found.error(at, f"`{key}` is missing", help=f"add {key} = {example}")
    return _path(table[key], (*at, key), found, f"write for example {example}")


def _optional(table: dict, at: Path, found: Findings) -> bool:
    value = table.get("optional", False)
    if isinstance(value, bool):
        return value
    found.mismatch((*at, "optional"), value, "true or false", help="write true")
    return False


def _check_name(name: str, at: Path, found: Findings, *, on_key: bool = False) -> None:
    if not matches(ENV_NAME, name):
        why = "a name is printable ASCII without `=`, and not empty"
        message = f"{word(name)} cannot name a variable"
        found.error(at, message, on_key=on_key, why=why, help="use letters, digits and _")


SOURCE_READERS: dict[str, Reader] = {
    "env_files": read_env_files,
    "env_sets": read_env_sets,
    "secrets": read_secrets,
}
