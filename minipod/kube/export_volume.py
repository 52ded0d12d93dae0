"""Volumes as a manifest has them, and the ConfigMaps that hold their files. A Secret's content is never written: the
Secret is named; and so is what is read where the pod runs.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from minipod.config.sizes import format_size
from minipod.kube.export_losses import Losses
from minipod.kube.volume_files import FILE_MODE
from minipod.model import EnvSource, Pod, Volume, VolumeFile

Doc = dict[str, Any]
_OPEN = 0o777
_KEY = re.compile(r"(?!\.\.)(?!\.$)[A-Za-z0-9._-]{1,253}")


def export_volumes(pod: Pod, losses: Losses) -> tuple[list[Doc], list[Doc]]:
    """The volumes of the pod's spec, and the ConfigMaps that they need."""
    volumes, maps = [], []
    for each in pod.volumes:
        volume = _with_containers(each, pod)
        name = f"{pod.name}-{volume.name}"[:253]
        if volume.kind == "files":
            volumes.append({"name": volume.name, **_files(volume, name)})
            maps += config_map(name, _contents(volume))
            _tell_copies(volume, _copied(volume, name), losses)
        else:
            volumes.append({"name": volume.name, **_directory(volume, losses)})
    return volumes, maps


def _with_containers(volume: Volume, pod: Pod) -> Volume:
    """A file with a limit of the container around must name a container: any, because none has limits of its own."""
    row = tuple(
        file._replace(source=file.source._replace(object=pod.units[0].name))
        if file.source and file.source.kind == "limit" and not file.source.object
        else file
        for file in volume.files
    )
    return volume._replace(files=row)


def _directory(volume: Volume, losses: Losses) -> Doc:
    if volume.kind == "host_path":
        return {"hostPath": {"path": volume.path, **({"type": volume.check} if volume.check else {})}}
    if volume.mode != _OPEN:
        at = ("volume", volume.name, "empty_dir", "mode")
        message = f"`mode` of the volume {volume.name} is not in the manifest"
        losses.found.warn(at, message, on_key=True, why="before 1.37 it is open to all in Kubernetes")
    found: Doc = {"medium": volume.medium} if volume.medium else {}
    if volume.size_limit:
        found["sizeLimit"] = format_size(volume.size_limit)
    return {"emptyDir": found}


def config_map(name: str, contents: dict[str, bytes]) -> list[Doc]:
    """A ConfigMap with these keys; none for none."""
    texts, others = {}, {}
    for key, content in contents.items():
        try:
            texts[key] = content.decode()
        except UnicodeDecodeError:
            others[key] = b64encode(content).decode()
    found: Doc = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    found |= {"data": texts} if texts else {}
    found |= {"binaryData": others} if others else {}
    return [found] if contents else []


# --- files ------------------------------------------------------------------------------------------------------------


def _files(volume: Volume, name: str) -> Doc:
    """By the one source that it has, else projected."""
    mode = _usual_mode(volume)
    sources = list(_sources(volume, name, mode))
    shown = {} if mode == FILE_MODE else {"defaultMode": mode}
    if len(sources) != 1:
        return {"projected": {"sources": sources, **shown}}
    ((kind, source),) = sources[0].items()
    if kind == "secret":
        source = {"secretName": source["name"], **{key: value for key, value in source.items() if key != "name"}}
    return {kind: {**source, **shown}}


def _usual_mode(volume: Volume) -> int:
    modes = [file.mode for file in volume.files]
    return max(modes, key=modes.count) if modes else FILE_MODE


def _sources(volume: Volume, name: str, mode: int) -> Iterator[Doc]:
    """Files that follow each other and are of one object stand in one source."""
    row: list[tuple[Doc, Doc | None]] = []
    for number, file in enumerate(volume.files):
        source, item = _source(file, number, name, _copied(volume, name))
        item = None if item is None else {**item, **({} if file.mode == mode else {"mode": file.mode})}
        if row and item is not None and row[-1][1] is not None and row[-1][0]["of"] == source:
            row[-1][0]["items"].append(item)
        else:
            row.append(({"of": source, "items": [] if item is None else [item]}, item))
    keys = len(_contents(volume))
    for made, _ in row:
        ((kind, source),) = made["of"].items()
        items = made["items"]
        is_whole = source.get("name") == name and len(items) == keys and _are_plain(items)
        yield {kind: source if not items or is_whole else {**source, "items": items}}


def _are_plain(items: list[Doc]) -> bool:
    """Whether they are what the keys are without them."""
    return all(item.get("key") == item["path"] and len(item) == 2 for item in items)


def _copied(volume: Volume, name: str) -> str:
    """What the object is called that somebody has to make."""
    return f"{name[:246]}-copied" if _contents(volume) else name


def _source(file: VolumeFile, number: int, name: str, copied: str) -> tuple[Doc, Doc | None]:
    """The object that holds the file, and which part of it that is; None for all."""
    optional = {"optional": True} if file.is_optional else {}
    if file.copy_of:
        kind = "secret" if file.is_secret else "configMap"
        item = {"key": _key(file, number), "path": file.path} if file.path else None
        return {kind: {"name": copied, **optional}}, item
    if file.source is None:
        return {"configMap": {"name": name}}, {"key": _key(file, number), "path": file.path}
    return _of_source(file, file.source)


def _of_source(file: VolumeFile, source: EnvSource) -> tuple[Doc, Doc | None]:
    if source.kind in ("secret", "secrets"):
        optional = {"optional": True} if source.is_optional else {}
        item = {"key": source.key, "path": file.path} if source.key else None
        return {"secret": {"name": source.object, **optional}}, item
    if source.kind == "field":
        return {"downwardAPI": {}}, {"path": file.path, "fieldRef": {"fieldPath": source.key}}
    given = {"containerName": source.object, "resource": source.key, "divisor": source.divisor}
    return {"downwardAPI": {}}, {"path": file.path, "resourceFieldRef": given}


def _key(file: VolumeFile, number: int) -> str:
    return file.path if _KEY.fullmatch(file.path) else f"file-{number}"


def _contents(volume: Volume) -> dict[str, bytes]:
    """Of the ConfigMap that is made."""
    return {
        _key(file, number): file.content
        for number, file in enumerate(volume.files)
        if file.content is not None and file.source is None
    }


def _tell_copies(volume: Volume, name: str, losses: Losses) -> None:
    """What is somewhere else than in the pod file must be put into the cluster by somebody."""
    for kind, word in (("Secret", "secret generic"), ("ConfigMap", "configmap")):
        wanted = kind == "Secret"
        froms = [
            f"--from-file={_from(file, number)}"
            for number, file in enumerate(volume.files)
            if file.copy_of and file.is_secret == wanted
        ]
        if froms:
            losses.found.note(
                ("volume", volume.name),
                f"the volume {volume.name} needs the {kind} {name}",
                on_key=True,
                why="the files are read where the pod runs, so they are not in the manifest",
                help=f"kubectl create {word} {name} {' '.join(froms)}",
            )


def _from(file: VolumeFile, number: int) -> str:
    return f"{_key(file, number)}={file.copy_of}" if file.path else file.copy_of
