"""What is in volumes of files: ConfigMaps and Secrets of the manifest, and what the downward API says of the pod. The
paths are checked here; nothing is written.
"""

from fractions import Fraction

from minipod.config.findings import Path, key_of, word
from minipod.config.paths import clean
from minipod.config.volumes import Files, check_file_paths
from minipod.downward import map_text
from minipod.kube.fields_volume import UNPROJECTED
from minipod.kube.lookup import (
    decode,
    field_value,
    find_container,
    find_helper,
    refuse_kept,
    resource_value,
    secret_keys,
    secret_value,
)
from minipod.kube.outer_limit import outer_limit
from minipod.kube.quantity import in_units, parse_quantity
from minipod.kube.setting import Doc, Helper, Setting
from minipod.model import EnvSource, VolumeFile

FILE_MODE = 0o644
_UNSET = -1  # the volume's mode
_ITEMS = ("fieldRef", "resourceFieldRef")
_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations")
_DOTS = "with .. it would lead out of where it belongs"


def read_files(kind: str, given: Doc, at: Path, setting: Setting) -> tuple[VolumeFile, ...]:
    """The files of a volume of that kind, as far as they can be read."""
    files = _READERS[kind](given, at, setting)
    check_file_paths(files, setting.found)
    mode = given.get("defaultMode", FILE_MODE)
    return tuple(file._replace(mode=mode) if file.mode == _UNSET else file for file, _ in files)


def is_inside(path: str | None, at: Path, setting: Setting) -> bool:
    """Whether it stays in the volume."""
    if path is None:
        return False
    if path and not path.startswith("/") and ".." not in path.split("/"):
        return True
    why = "it is the name of a file" if not path else "it begins where the volume begins" if path[0] == "/" else _DOTS
    setting.found.error(
        at, f"`{key_of(at)}` cannot be {word(path)}", why=why, help="write it without .., and no / before it"
    )
    return False


def _is_name(path: str | None, at: Path, setting: Setting) -> bool:
    """Whether a file in a volume may be called so."""
    if not is_inside(path, at, setting):
        return False
    if path is not None and path.startswith(".."):
        why = "Kubernetes keeps names that begin with .. for itself"
        setting.found.error(at, f"`{key_of(at)}` cannot be {word(path)}", why=why, help="write another one")
        return False
    return True


# --- ConfigMaps and Secrets -------------------------------------------------------------------------------------------


def _config_map(given: Doc, at: Path, setting: Setting) -> Files:
    helper = find_helper("ConfigMap", given, at, setting)
    if helper is None:
        return []
    contents = {key: text.encode() for key, text in helper.data.get("data", {}).items()}
    contents |= {key: decode(text) or b"" for key, text in helper.data.get("binaryData", {}).items()}
    what = f"the ConfigMap {word(given['name'])}"
    row = _items(given, tuple(contents), helper, at, setting, what)
    return [(VolumeFile(path, mode, contents[key]), here) for key, path, mode, here in row]


def _secret(given: Doc, at: Path, setting: Setting) -> Files:
    name = given.get("secretName", given.get("name"))
    if name is None:
        return []
    helper = setting.secrets.get((setting.namespace, name))
    source = EnvSource("secret", "", name, is_optional=given.get("optional", False), is_secret=True)
    if helper is None:
        _tell_missing(name, given, at, setting)
        if "items" not in given:
            return [(VolumeFile("", _UNSET, source=source._replace(kind="secrets"), is_secret=True), at)]
    keys = secret_keys(helper.data) if helper else tuple(item.get("key", "") for item in given["items"])
    files = []
    for key, path, mode, here in _items(given, keys, helper, at, setting, f"the Secret {word(name)}"):
        value = secret_value(helper.data, key) if helper else None
        files.append((VolumeFile(path, mode, source=source._replace(key=key, value=value), is_secret=True), here))
    if helper is not None and files and not setting.here:
        refuse_kept(name, helper, at, setting, instead="name a directory that has its files: --volume NAME=/path")
    return files


def _tell_missing(name: str, given: Doc, at: Path, setting: Setting) -> None:
    """It may be a cluster's own: what is here can be checked all the same, and not run."""
    if given.get("optional"):
        return
    setting.later.error(
        (*at, "secretName" if "secretName" in given else "name"),
        f"there is no Secret {word(name)}",
        near=(name, tuple(other for _, other in setting.secrets)),
        why="it must stand in the same manifest",
        help="add the Secret behind `---`, or name a directory that takes the volume's place: --volume NAME=/path",
        once=True,
    )


def _items(
    given: Doc, keys: tuple[str, ...], helper: Helper | None, at: Path, setting: Setting, what: str
) -> list[tuple[str, str, int, Path]]:
    """Key, path, mode and place of each file."""
    if "items" not in given:
        return [(key, key, _UNSET, at) for key in keys]
    found = []
    for i, item in enumerate(given["items"]):
        here = (*at, "items", i)
        if "key" not in item or not _is_name(item.get("path"), (*here, "path"), setting):
            continue
        if item["key"] in keys:
            found.append((item["key"], clean(item["path"]), item.get("mode", _UNSET), (*here, "path")))
        elif not given.get("optional"):
            setting.found.error(
                (*here, "key"),
                f"{what} has no key {word(item['key'])}",
                near=(item["key"], keys),
                also=((helper.at, "it stands here"),) if helper else (),
                why="Kubernetes would not start the pod either",
                help="add the key, or write optional: true",
            )
    return found


# --- downward API -----------------------------------------------------------------------------------------------------


def _downward(given: Doc, at: Path, setting: Setting) -> Files:
    files: Files = []
    for i, item in enumerate(given.get("items", ())):
        here = (*at, "items", i)
        sources = [name for name in _ITEMS if name in item]
        if len(sources) != 1:
            message = "a file has fieldRef or resourceFieldRef, and one of them"
            setting.found.error(here, message, help="keep one of them" if sources else "add fieldRef")
        elif _is_name(item.get("path"), (*here, "path"), setting):
            file = _downward_file(item, sources[0], here, setting)
            files += [(file, (*here, "path"))] if file else []
    return files


def _downward_file(item: Doc, kind: str, at: Path, setting: Setting) -> VolumeFile | None:
    value = (_field if kind == "fieldRef" else _resource)(item[kind], (*at, kind), setting)
    path, mode = clean(item["path"]), item.get("mode", _UNSET)
    if isinstance(value, EnvSource):
        return VolumeFile(path, mode, source=value)
    return None if value is None else VolumeFile(path, mode, value.encode())


def _field(ref: Doc, at: Path, setting: Setting) -> str | None:
    field = ref.get("fieldPath", "")
    if field in ("metadata.labels", "metadata.annotations"):
        return map_text(setting.meta.get(field.partition(".")[2], {}))
    text = field_value(field, setting) if field.startswith("metadata.") else None
    if text is None and field:
        why = f"it is one of {', '.join(_FIELDS)}, metadata.labels['KEY'], metadata.annotations['KEY']"
        message = f"a file cannot have {word(field)}"
        setting.found.error((*at, "fieldPath"), message, near=(field, _FIELDS), why=why, help="write metadata.labels")
    return text


def _resource(ref: Doc, at: Path, setting: Setting) -> str | EnvSource | None:
    if "containerName" not in ref:
        return setting.found.error(at, "`resourceFieldRef` has no containerName", on_key=True, help="add it")
    container = find_container(ref["containerName"], (*at, "containerName"), setting)
    value = None if container is None else resource_value(container, ref, at, setting)
    return _outer(value, at, setting) if isinstance(value, EnvSource) else value


def _outer(source: EnvSource, at: Path, setting: Setting) -> str | EnvSource:
    """A limit that the manifest leaves out is the outer container's, which is known where the pod runs."""
    resource, divisor = source.key.partition(".")[2], parse_quantity(source.divisor) or Fraction(1)
    limit = outer_limit(resource) if setting.here else None
    if limit is not None:
        return str(in_units(limit, divisor))
    setting.later.error(
        at,
        f"the limit of {resource} is not known here",
        on_key=True,
        why="the manifest leaves it out, so it is that of the container in which the pod runs",
        help="write it under resources.limits, or run the manifest itself",
    )
    return source


# --- several of them --------------------------------------------------------------------------------------------------


def _projected(given: Doc, at: Path, setting: Setting) -> Files:
    files: Files = []
    for i, source in enumerate(given.get("sources", ())):
        here = (*at, "sources", i)
        kinds = [kind for kind in _READERS if kind in source]
        if len(kinds) > 1:
            also = (((*here, kinds[0]), "the other one"),)
            message = f"a source is {' and '.join(kinds)}"
            setting.found.error((*here, kinds[1]), message, on_key=True, also=also, help="make it two sources")
        _refuse_unprojected(source, here, setting)
        for kind in kinds[:1]:
            files += _READERS[kind](source[kind], (*here, kind), setting)
    return files


def _refuse_unprojected(source: Doc, at: Path, setting: Setting) -> None:
    help = "leave it out, or name a directory that takes the volume's place: --volume NAME=/path"
    for name, why in UNPROJECTED.items():
        if name in source:
            setting.found.error((*at, name), f"`{name}` cannot be had here", on_key=True, why=why, help=help)


_READERS = {"configMap": _config_map, "secret": _secret, "downwardAPI": _downward, "projected": _projected}
