"""[preset.NAME] of a TOML file and a manifest's pod: the same preset, as a PodPreset would say it. What no manifest
could say goes on in the model's words, under a name that no field has.
"""

from collections.abc import Sequence

from minipod.config.findings import Findings
from minipod.config.mounts import read_mounts
from minipod.config.presets import Document, Raw, read_presets, source_of
from minipod.config.volumes import Meta, read_volumes
from minipod.kube.presets import entry_of
from minipod.kube.setting import MODEL, Doc
from minipod.model import Mount, Volume
from minipod.presets.merge import Entry, Field, Preset


def read_toml_presets(documents: Sequence[Document], meta: Meta, found: Findings) -> list[Preset]:
    """Those of each TOML file, for the pod that ``meta`` tells of."""
    presets = [preset for base, doc in documents for preset in read_presets(doc, base, meta, found)]
    return [_lifted(preset, meta) for preset in presets]


def _lifted(preset: Preset, meta: Meta) -> Preset:
    lists = {field: [_entry(field, each, meta) for each in entries] for field, entries in preset.lists.items()}
    return preset._replace(lists={field: [each for each in row if each] for field, row in lists.items()})


def _entry(field: Field, entry: Entry, meta: Meta) -> Entry | None:
    """Variables that are read from files are told apart as in a pod file: no manifest has such ones."""
    doc = _DOCS[field](entry.data, meta)
    if doc is None:
        return None
    return entry._replace(data=doc) if field is Field.ENV_FROM else entry_of(field, doc, entry.at)


def _variable(raw: Raw, meta: Meta) -> Doc | None:
    if raw.key == "env":
        return {"name": raw.name, "value": raw.value} if isinstance(raw.value, str) else None
    source = source_of(raw)
    return None if source is None else {"name": raw.name, MODEL: source}


def _set(raw: Raw, meta: Meta) -> Doc | None:
    source = source_of(raw)
    return None if source is None else {MODEL: source}


def _mount(raw: Raw, meta: Meta) -> Doc | None:
    """What is wrong with it is told where it is read."""
    mounts = read_mounts({raw.name: raw.value}, (), Findings())
    return mount_doc(mounts[0]) if mounts else None


def mount_doc(mount: Mount) -> Doc:
    key = "subPathExpr" if mount.expands else "subPath"
    doc: Doc = {"name": mount.volume, "mountPath": mount.path, key: mount.sub_path, "readOnly": mount.read_only}
    return {name: value for name, value in doc.items() if value}


def _volume(raw: Raw, meta: Meta) -> Doc | None:
    volumes = read_volumes({raw.name: raw.value}, meta, Findings())
    return volume_doc(volumes[0]) if volumes else None


def volume_doc(volume: Volume) -> Doc:
    """As a manifest has it; a volume of files in the model's words."""
    if volume.kind == "host_path":
        check = {"type": volume.check} if volume.check else {}
        return {"name": volume.name, "hostPath": {"path": volume.path, **check}}
    if volume.kind != "empty_dir":
        return {"name": volume.name, MODEL: volume}
    doc: Doc = {"medium": volume.medium} if volume.medium else {}
    doc |= {"sizeLimit": str(volume.size_limit)} if volume.size_limit else {}
    doc |= {"mode": volume.mode} if volume.mode != Volume._field_defaults["mode"] else {}
    return {"name": volume.name, "emptyDir": doc}


_DOCS = {Field.ENV: _variable, Field.MOUNT: _mount, Field.VOLUME: _volume, Field.ENV_FROM: _set}
