"""Readers of [volume.NAME] and of a unit's volumes. As in ``values``: what is wrong is recorded, nothing is raised, no
key of another table is looked at. Imported only for pods that have one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from minipod.config.findings import Findings, Path, word
from minipod.config.key import COPIES, EMPTY_DIR, HOST_PATH, PROJECTED, VOLUME
from minipod.config.keys import keys_of
from minipod.config.parts import read_parts
from minipod.config.paths import read_absolute, read_inner
from minipod.config.sight import read_size
from minipod.config.tables import unknown_key
from minipod.config.values import LABEL, Reader, check_utf8, matches, read_choice, read_flag
from minipod.model import Volume, VolumeFile

FILE_MODE = 0o644  # Kubernetes' own
MODE = r"(?:0o)?0?[0-7]{3}"
DIRECTORY_MODE = r"(?:0o)?0?[0-7]{3,4}"  # with the sticky bit: 1777
MEDIA = {"": "", "Memory": "Memory"}
# What must be at the path of a host_path, in Kubernetes' words.
CHECKS = ("DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
FIELDS = ("metadata.name", "metadata.labels")
LABEL_FIELD = r"metadata\.labels\['([^']+)'\]"
SOURCES = ("empty_dir", "host_path", "files", "config_map", "secret", "downward_api", "projected")
OF_FILES = SOURCES[2:]
PARTS = OF_FILES[:-1]  # what a projected volume is made of
_UNSET = -1  # a file's mode is the volume's


class Meta(NamedTuple):
    """What files may say of the pod."""

    name: str
    labels: Mapping[str, str]


class Context(NamedTuple):
    """What the readers of one volume's sources share."""

    found: Findings
    meta: Meta


def read_volumes(tables: object, meta: Meta, found: Findings, at: Path = ()) -> tuple[Volume, ...]:
    """[volume.NAME], as far as it can be read; ``at``: the table that has it."""
    if not isinstance(tables, dict):
        found.mismatch((*at, VOLUME), tables, "a table", help="write [volume.NAME]")
        return ()
    volumes = [read_volume(name, table, (*at, VOLUME, name), meta, found) for name, table in tables.items()]
    return tuple(volume for volume in volumes if volume)


def read_volume(name: str, table: object, at: Path, meta: Meta, found: Findings) -> Volume | None:
    """One of them, which stands at ``at``."""
    if not matches(LABEL, name):
        why = "a name is at most 63 of a-z 0-9 and -, a letter or digit at both ends"
        found.error(at, f"{word(name)} cannot name a volume", on_key=True, why=why, help="call it for example data")
    if not isinstance(table, dict):
        return found.mismatch(at, table, "a table", help=f"write [volume.{name}]" if name.isprintable() else "")
    known = keys_of(VOLUME)
    for key in table:
        if key not in known:
            from minipod.config.unknown import refuse_key

            refuse_key(key, table[key], VOLUME, (*at, key), found)
    source = _only_source(table, SOURCES, f"the volume {word(name)}", at, found)
    mode = _read_default_mode(table, source, at, found)
    if source is None or mode is None:
        return None
    context = Context(found, meta)
    here = (*at, source)
    if source in OF_FILES:
        files = _FILES[source](table[source], here, context)
        return None if files is None else _of_files(name, files, mode, found)
    volume = (_read_empty_dir if source == "empty_dir" else _read_host_path)(table[source], here, found)
    return None if volume is None else volume._replace(name=name)


def _only_source(table: Mapping, sources: tuple[str, ...], what: str, at: Path, found: Findings) -> str | None:
    given = [key for key in table if key in sources]
    if len(given) == 1:
        return given[0]
    if given:
        message = f"{what} has both {given[0]} and {given[1]}"
        also = (((*at, given[0]), "the other one"),)
        why = "one of them would hide the other"
        can_be_joined = sources == SOURCES and {*given} <= {*PARTS}
        help = "keep one of them, or write projected = [{ … }, { … }]" if can_be_joined else "keep one of them"
        return found.error((*at, given[1]), message, on_key=True, also=also, why=why, help=help)
    if all(key in (*SOURCES, "default_mode") for key in table):  # else that key is told
        why = f"one of {', '.join(sources)} says what is in it"
        help = "add empty_dir = true" if sources == SOURCES else "add one of them"
        found.error(at, f"{what} has no source", on_key=True, why=why, help=help)
    return None


def _read_default_mode(table: Mapping, source: str | None, at: Path, found: Findings) -> int | None:
    if "default_mode" not in table:
        return FILE_MODE
    here = (*at, "default_mode")
    if source is not None and source not in OF_FILES:
        message = f"`default_mode` does not go with {source}"
        why = "it is for the files that minipod writes"
        help = "write it as empty_dir = { mode = … }" if source == "empty_dir" else "leave it out"
        return found.error(here, message, on_key=True, also=(((*at, source), "here"),), why=why, help=help)
    return read_mode(table["default_mode"], here, found)


def read_mode(value: object, at: Path, found: Findings) -> int | None:
    """Permissions: a string of octal digits, because 644 would be another number."""
    return _read_octal(value, MODE, "three octal digits", "0644", at, found)


def _read_directory_mode(value: object, at: Path, found: Findings) -> int | None:
    return _read_octal(value, DIRECTORY_MODE, "three or four octal digits", "1777", at, found)


def _read_octal(value: object, pattern: str, what: str, example: str, at: Path, found: Findings) -> int | None:
    if isinstance(value, str) and matches(pattern, value):
        return int(value.removeprefix("0o"), 8)
    help = f'write for example "{example}"'
    if isinstance(value, str):
        return found.error(at, f"`{at[-1]}` cannot be {word(value)}", why=f"it is {what}", help=help)
    return found.mismatch(at, value, f"{what}, in quotes", help=help)


# --- directories ------------------------------------------------------------------------------------------------------


def _read_empty_dir(value: object, at: Path, found: Findings) -> Volume | None:
    if value is True:
        return Volume("", "empty_dir")
    if not isinstance(value, dict):
        return found.mismatch(at, value, "true, or a table", help="write empty_dir = true")
    read = read_parts(value, EMPTY_DIR, at, found, _PARTS)
    return None if None in read.values() else Volume("", "empty_dir", **read)


def _read_host_path(value: object, at: Path, found: Findings) -> Volume | None:
    table = value if isinstance(value, dict) else {"path": value}
    if value is not table and not isinstance(value, str):
        return found.mismatch(at, value, "a path, or a table", help='write host_path = "/srv/data"')
    if value is not table:
        path = read_absolute(value, at, found)
        return None if path is None else Volume("", "host_path", path=path)
    read = read_parts(table, HOST_PATH, at, found, _PARTS)
    if "path" not in table:
        return found.error(at, "`host_path` has no path", on_key=True, help='add path = "/srv/data"')
    return None if None in read.values() else Volume("", "host_path", path=read["path"], check=read.get("type", ""))


def _read_medium(value: object, at: Path, found: Findings) -> str | None:
    return read_choice(value, at, found, MEDIA)


def _read_type(value: object, at: Path, found: Findings) -> str | None:
    return read_choice(value, at, found, {name: name for name in CHECKS})


_PARTS: dict[str, Reader] = {
    "absolute": read_absolute,
    "directory_mode": _read_directory_mode,
    "flag": read_flag,
    "host_type": _read_type,
    "medium": _read_medium,
    "size": read_size,
}


# --- volumes of files -------------------------------------------------------------------------------------------------

Files = list[tuple[VolumeFile, Path]]  # each with its place


def _of_files(name: str, files: Files, mode: int, found: Findings) -> Volume:
    """The volume of these files; those that say nothing have its mode, secret ones are on no disk."""
    check_file_paths(files, found)
    row = tuple(file._replace(mode=mode) if file.mode == _UNSET else file for file, _ in files)
    return Volume(name, "files", medium="Memory" if any(file.is_secret for file in row) else "", files=row)


def check_file_paths(files: Files, found: Findings) -> None:
    """No two files in one place, and none where another one needs a directory."""
    seen: dict[str, Path] = {}
    for file, at in files:
        if not file.path:
            continue
        also = seen.get(file.path)
        if also is not None:
            message = f"two files of the volume are called {word(file.path)}"
            found.error(at, message, on_key=True, also=((also, "the other one"),), help="rename one of them")
        seen.setdefault(file.path, at)
    for path, at in seen.items():
        parents = [path[: match.start()] for match in re.finditer("/", path)]
        for parent in (parent for parent in parents if parent in seen):
            message = f"{word(parent)} cannot be a file and a directory"
            also = ((seen[parent], "a file here"),)
            found.error(at, message, on_key=True, also=also, why=f"{word(path)} is in it", help="rename one of them")


def _read_files(value: object, at: Path, context: Context) -> Files | None:
    found = context.found
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table of texts", help='write files = { "app.conf" = "port = 80" }')
    return [each for name, inner in value.items() for each in _read_file(name, inner, (*at, name), "content", found)]


def _read_file(name: str, value: object, at: Path, wanted: str, found: Findings) -> Files:
    """``wanted``: the key that says what is in it, content or path."""
    table = value if isinstance(value, dict) else {wanted: value}
    inner_at = at if value is not table else (*at, wanted)
    path = read_inner(name, at, found, on_key=True)
    for key in table:
        if key not in (wanted, "mode"):
            unknown_key((*at, key), (wanted, "mode"), found)
    if wanted not in table:
        found.error(at, f"the file {word(name)} has no {wanted}", on_key=True, help=f"add {wanted} = …")
        return []
    given = (_read_content if wanted == "content" else read_absolute)(table[wanted], inner_at, found)
    mode = read_mode(table["mode"], (*at, "mode"), found) if "mode" in table else _UNSET
    if path is None or given is None or mode is None:
        return []
    made = {"content": given.encode()} if wanted == "content" else {"copy_of": given}
    return [(VolumeFile(path, mode, **made), at)]


def _read_content(value: object, at: Path, found: Findings) -> str | None:
    if not isinstance(value, str):
        return found.mismatch(at, value, "a string", help="write the text of the file in quotes")
    return check_utf8(value, at, found)


def _read_secret(value: object, at: Path, context: Context) -> Files | None:
    files = _read_copies(value, at, context)
    return None if files is None else [(file._replace(is_secret=True), place) for file, place in files]


def _read_copies(value: object, at: Path, context: Context) -> Files | None:
    found, key = context.found, at[-1]
    if isinstance(value, str):
        value = {"path": value}
        path = read_absolute(value["path"], at, found)
        return None if path is None else [(VolumeFile("", _UNSET, copy_of=path), at)]
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a path, or a table", help=f'write {key} = "/run/secrets"')
    known = tuple(keys_of(COPIES))
    for name in value:
        if name not in known:
            unknown_key((*at, name), known, found)
    is_optional = read_flag(value["optional"], (*at, "optional"), found) if "optional" in value else False
    if "path" in value and "files" in value:
        also = (((*at, "path"), "the other one"),)
        why = "path means all files of the directory"
        return found.error(
            (*at, "files"), f"`{key}` has both path and files", on_key=True, also=also, why=why, help="keep one of them"
        )
    files = _copied(value, at, found)
    return None if files is None else [(file._replace(is_optional=bool(is_optional)), place) for file, place in files]


def _copied(value: Mapping, at: Path, found: Findings) -> Files | None:
    if "path" in value:
        path = read_absolute(value["path"], (*at, "path"), found)
        return None if path is None else [(VolumeFile("", _UNSET, copy_of=path), at)]
    if "files" not in value:
        return found.error(at, f"`{at[-1]}` names no file", on_key=True, help='add path = "/run/secrets"')
    names, here = value["files"], (*at, "files")
    if not isinstance(names, dict):
        return found.mismatch(here, names, "a table of paths", help='write { "tls.key" = "/run/secrets/key.pem" }')
    return [each for name, inner in names.items() for each in _read_file(name, inner, (*here, name), "path", found)]


def _read_downward(value: object, at: Path, context: Context) -> Files | None:
    found = context.found
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table of fields", help='write { "labels" = "metadata.labels" }')
    files: Files = []
    for name, field in value.items():
        here = (*at, name)
        path = read_inner(name, here, found, on_key=True)
        text = _field(field, here, context)
        if path is not None and text is not None:
            files.append((VolumeFile(path, _UNSET, text.encode()), here))
    return files


def _field(value: object, at: Path, context: Context) -> str | None:
    if not isinstance(value, str):
        return context.found.mismatch(at, value, "the name of a field", help='write "metadata.labels"')
    if value == "metadata.name":
        return context.meta.name
    if value == "metadata.labels":
        from minipod.downward import map_text

        return map_text(context.meta.labels)
    label = re.fullmatch(LABEL_FIELD, value)
    if label:
        return context.meta.labels.get(label[1], "")
    why = f"it is one of {', '.join(FIELDS)}, metadata.labels['NAME']"
    message = f"a file cannot have {word(value)}"
    return context.found.error(at, message, near=(value, FIELDS), why=why, help="write metadata.labels")


def _read_projected(value: object, at: Path, context: Context) -> Files | None:
    found = context.found
    if not isinstance(value, list):
        return found.mismatch(at, value, "a list of tables", help='write [{ secret = "/run/secrets" }]')
    files: Files = []
    for i, part in enumerate(value):
        here = (*at, i)
        if not isinstance(part, dict):
            found.mismatch(here, part, "a table", help='write { secret = "/run/secrets" }')
            continue
        for key in part:
            if key not in keys_of(PROJECTED):
                unknown_key((*here, key), tuple(keys_of(PROJECTED)), found, of="a source")
        source = _only_source(part, PARTS, f"source {i + 1}", here, found)
        files += (_FILES[source](part[source], (*here, source), context) or []) if source else []
    return files


_FILES: dict[str, Callable[[Any, Path, Context], Files | None]] = {
    "files": _read_files,
    "config_map": _read_copies,
    "secret": _read_secret,
    "downward_api": _read_downward,
    "projected": _read_projected,
}
