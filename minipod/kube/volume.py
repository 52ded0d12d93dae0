"""Volumes of a manifest. Nothing is made here: the model says what there shall be."""

from minipod.config.findings import Path, word
from minipod.config.paths import clean
from minipod.config.values import LABEL, matches
from minipod.config.volumes import CHECKS
from minipod.kube.fields_volume import SOURCES, STORAGE
from minipod.kube.quantity import parse_quantity
from minipod.kube.security import may_give_to
from minipod.kube.setting import MODEL, Doc, Setting
from minipod.kube.volume_files import read_files
from minipod.model import Volume, VolumeFile

READABLE = 0o440  # what a group gets, of files that minipod writes
_INSTEAD = "name a directory that takes its place: --volume {}=/path"


def read_volumes(setting: Setting) -> tuple[Volume, ...]:
    """All volumes of the pod, as far as they can be read; claims of a StatefulSet among them."""
    at = (*setting.at, "volumes")
    given = setting.spec.get("volumes", [])
    _check_names(given, at, setting)
    group = _group(setting)
    volumes = [_read(each, (*at, i), setting) for i, each in enumerate(given) if each.get("name") not in setting.claims]
    volumes += [_claim(name, place, setting) for name, place in setting.claims.items()]
    return tuple(_of_group(volume, group) for volume in volumes if volume is not None)


def _group(setting: Setting) -> int | None:
    """fsGroup, unless minipod may not give anything away here: then it is ignored, as for its programs."""
    group = setting.spec.get("securityContext", {}).get("fsGroup")
    return group if group is None or not setting.here or may_give_to(group) else None


def _of_group(volume: Volume, group: int | None) -> Volume:
    """What minipod makes is its group's too; what was there before is left alone."""
    if group is None or volume.kind == "host_path":
        return volume
    files = tuple(file._replace(mode=file.mode | READABLE) for file in volume.files)
    return volume._replace(group=group, files=files)


def _check_names(given: list[Doc], at: Path, setting: Setting) -> None:
    seen: dict[str, int] = {}
    for i, volume in enumerate(given):
        name = volume.get("name", "")
        here = (*at, i, "name")
        if name in seen:
            also = (((*at, seen[name], "name"), "the other one"),)
            setting.found.error(here, f"two volumes are called {word(name)}", also=also, help="rename one of them")
        elif name and not matches(LABEL, name):
            why = "a name is at most 63 of a-z 0-9 and -, a letter or digit at both ends"
            setting.found.error(here, f"{word(name)} cannot name a volume", why=why, help="call it for example data")
        seen.setdefault(name, i)


def _claim(name: str, at: Path, setting: Setting) -> Volume | None:
    if name in setting.mapped:
        return _mapped(name, setting)
    why = "nothing here can make a volume that stays"
    return setting.found.error(at, f"the claim {word(name)} cannot be had here", why=why, help=_INSTEAD.format(name))


def _mapped(name: str, setting: Setting) -> Volume:
    return Volume(name, "host_path", path=setting.mapped[name], check="Directory")


def _read(volume: Doc, at: Path, setting: Setting) -> Volume | None:
    if MODEL in volume:
        return volume[MODEL]
    kinds = [name for name in SOURCES if name in volume]
    name = volume.get("name", "")
    if len(kinds) > 1:
        also = (((*at, kinds[0]), "the other one"),)
        return setting.found.error(
            (*at, kinds[1]), f"{word(name)} is {' and '.join(kinds)}", on_key=True, also=also, help="keep one of them"
        )
    if name in setting.mapped:
        return _mapped(name, setting)
    kind = kinds[0] if kinds else "emptyDir"  # Kubernetes' own default
    given, here = volume.get(kind, {}), (*at, kind)
    if kind in STORAGE:
        return setting.found.error(
            here, f"`{kind}` cannot be had here", on_key=True, why=STORAGE[kind], help=_INSTEAD.format(name or "NAME")
        )
    if kind == "emptyDir":
        return _empty_dir(name, given, here, setting)
    if kind == "hostPath":
        return _host_path(name, given, here, setting)
    files: tuple[VolumeFile, ...] = read_files(kind, given, here, setting)
    return Volume(name, "files", medium="Memory" if any(file.is_secret for file in files) else "", files=files)


def _empty_dir(name: str, given: Doc, at: Path, setting: Setting) -> Volume | None:
    medium = given.get("medium", "")
    if medium not in ("", "Memory"):
        why = "there are no pages of that size to give away" if medium.startswith("HugePages") else 'it is "" or Memory'
        return setting.found.error((*at, "medium"), f"`medium` cannot be {word(medium)}", why=why, help="leave it out")
    size = parse_quantity(given.get("sizeLimit", "0"))
    if size is None or size < 0:
        shown = word(given["sizeLimit"])
        return setting.found.error((*at, "sizeLimit"), f"`sizeLimit` cannot be {shown}", help="write for example 64Mi")
    return Volume(name, "empty_dir", medium=medium, size_limit=-int(-size // 1), mode=given.get("mode", 0o777))


def _host_path(name: str, given: Doc, at: Path, setting: Setting) -> Volume | None:
    path, check = given.get("path", ""), given.get("type", "")
    if ".." in path.split("/"):
        why = "with .. it would lead out of where it belongs"
        return setting.found.error((*at, "path"), f"`path` cannot be {word(path)}", why=why, help="write it without ..")
    if not path.startswith("/"):
        why = "nobody could say relative to which directory it is"
        return setting.found.error((*at, "path"), "`path` must begin with /", why=why, help=f"write /{path}")
    if check not in ("", *CHECKS):
        why = f"it is one of {', '.join(CHECKS)}"
        shown = word(check)
        return setting.found.error((*at, "type"), f"`type` cannot be {shown}", near=(check, CHECKS), why=why, help="")
    return Volume(name, "host_path", path=f"/{clean(path)}", check=check)
