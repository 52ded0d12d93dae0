"""PodPresets and a pod file of minipod's own: what they add, as the pod file would say it; in the model's words where
it could not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from minipod.config.findings import Findings, Path
from minipod.config.key import VOLUME
from minipod.config.mounts import read_mounts
from minipod.config.presets import Pieces, Raw
from minipod.config.sizes import format_size
from minipod.config.volumes import Meta
from minipod.kube.beside import Beside, read_beside
from minipod.kube.environment import Environment, read_environment
from minipod.kube.expansion import Room
from minipod.kube.setting import Doc, Setting
from minipod.kube.untold import Untold
from minipod.kube.volume import read_volumes
from minipod.model import Volume
from minipod.presets.folder import File
from minipod.presets.merge import Entry, Field, Preset, picks

_ENTRY = "(entry)"  # where one entry is read alone, in the paths of findings
_MOUNT = {"mountPath": "path", "subPath": "sub_path", "subPathExpr": "sub_path_expr", "readOnly": "read_only"}


class Lowering:
    """Reads the files that are no TOML for a pod file. ``later``: why a pod can be checked, and not run; ``here``: it
    will run where it is read; ``mapped``: directories that take the place of volumes."""

    def __init__(self, files: Sequence[File], *, here: bool, mapped: Mapping[str, str]):
        self.files, self.here, self.mapped = files, here, mapped
        self.later = Findings()

    def __call__(self, doc: Doc, meta: Meta, source: Any, found: Findings) -> list[Preset]:
        """Those that pick the pod; none when a file is wrong, which is told."""
        was_failed, found.failed = found.failed, False
        beside = read_beside(None, self.files, source, found)
        chosen = [] if found.failed else [preset for preset in beside.presets if picks(preset, meta.labels)]
        lower = _Lower(self._setting(beside, meta, doc, found), source)
        presets = [lower.preset(preset) for preset in chosen]
        found.failed = found.failed or was_failed
        return presets

    def _setting(self, beside: Beside, meta: Meta, doc: Doc, found: Findings) -> Setting:
        """A pod file's units have no fields of a manifest but their names. What the pod file has itself is compared
        before a directory takes its place."""
        own = doc.get(VOLUME)
        added = [each.data for preset in beside.presets for each in preset.lists.get(Field.VOLUME, ())]
        mapped = {name: path for name, path in self.mapped.items() if not isinstance(own, dict) or name not in own}
        about = {"name": meta.name, "namespace": "default", "uid": "", "labels": dict(meta.labels), "annotations": {}}
        return Setting(
            found=found,
            later=self.later,
            meta=about,
            spec={"containers": [{"name": ""}], "volumes": [*_empty_dirs(own), *added]},
            at=(),
            config_maps=beside.config_maps,
            secrets=beside.secrets,
            entrypoints={},
            room=Room(),
            untold=Untold(),
            here=self.here,
            mapped=mapped,
        )


def _empty_dirs(tables: Any) -> list[Doc]:
    """Of the pod file's own volumes those that a fileKeyRef may name."""
    rows = tables.items() if isinstance(tables, dict) else ()
    return [{"name": name, "emptyDir": {}} for name, table in rows if isinstance(table, dict) and "empty_dir" in table]


class _Lower:
    def __init__(self, setting: Setting, source: Any):
        self.setting, self.source = setting, source
        self.count = 0

    def preset(self, preset: Preset) -> Preset:
        """The same preset with entries of a pod file; it has picked the pod already."""
        readers = {
            Field.ENV: self._variable,
            Field.ENV_FROM: self._set,
            Field.MOUNT: self._mount,
            Field.VOLUME: self._volume,
        }
        lists = {
            field: [made for each in preset.lists.get(field, ()) for made in [read(each)] if made is not None]
            for field, read in readers.items()
        }
        return preset._replace(lists=lists, namespace=None)

    def _alone(self, key: str, entry: Entry) -> Path:
        """The place of an entry that is read as if it were the only one of its list: what is wrong is told where it
        stands."""
        self.count += 1
        at = (_ENTRY, self.count)
        self.source.grafts[(*at, key, 0)] = None, entry.at
        return at

    def _environment(self, key: str, entry: Entry) -> Environment:
        return read_environment({"name": "", key: [entry.data]}, self._alone(key, entry), self.setting)

    def _variable(self, entry: Entry) -> Entry | None:
        name = entry.data.get("name", "")
        if "valueFrom" not in entry.data:
            text = entry.data.get("value", "")
            return entry._replace(content=text, data=Raw("env", name, text))
        found = self._environment("env", entry)
        if found.sources:
            return entry._replace(content=entry.data, data=Pieces(env_from=found.sources))
        text = found.texts.get(name)
        return None if text is None else entry._replace(content=text, data=Raw("env", name, text))

    def _set(self, entry: Entry) -> Entry:
        found = self._environment("envFrom", entry)
        return entry._replace(data=Pieces(env=found.texts, env_from=found.sources))

    def _mount(self, entry: Entry) -> Entry:
        table = {ours: entry.data[name] for name, ours in _MOUNT.items() if entry.data.get(name)}
        raw = Raw("volumes", entry.data.get("name", ""), table)
        return entry._replace(content=read_mounts({raw.name: table}, (), Findings()), data=raw)

    def _volume(self, entry: Entry) -> Entry | None:
        at = self._alone("volumes", entry)
        volumes = read_volumes(self.setting._replace(spec={**self.setting.spec, "volumes": [entry.data]}, at=at))
        if not volumes:
            return None
        table = _table(volumes[0])
        data = Pieces(volumes=volumes) if table is None else Raw(VOLUME, volumes[0].name, table)
        return entry._replace(content=volumes, data=data)


def _table(volume: Volume) -> Doc | None:
    """[volume.NAME]; None for files, whose content no pod file shall hold."""
    if volume.kind == "host_path":
        return {"host_path": {"path": volume.path, **({"type": volume.check} if volume.check else {})}}
    if volume.kind != "empty_dir":
        return None
    table: Doc = {"medium": volume.medium} if volume.medium else {}
    table |= {"size_limit": format_size(volume.size_limit)} if volume.size_limit else {}
    table |= {"mode": f"{volume.mode:04o}"} if volume.mode != Volume._field_defaults["mode"] else {}
    return {"empty_dir": table or True}
