"""What stands beside a pod: the PodPresets, ConfigMaps and Secrets of its own manifest and of `--preset DIR`. Nothing
in those files is run.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from minipod.config.findings import Findings, word
from minipod.config.locate import SHOWN
from minipod.errors import ConfigError
from minipod.kube.documents import Documents, Helpers, Tree, sort_documents
from minipod.kube.presets import read_preset
from minipod.kube.secrecy import Secrecy
from minipod.kube.shape import Remark
from minipod.kube.yaml import compose
from minipod.presets.folder import File
from minipod.presets.merge import Preset


class Beside(NamedTuple):
    """All of it, of all files. ``presets`` are in the order of the files."""

    config_maps: Helpers
    secrets: Helpers
    presets: list[Preset]
    remarks: list[Remark]


def read_beside(own: Documents | None, files: Sequence[File], source: Any, found: Findings) -> Beside:
    """What the pod's own manifest has, if it has one, and each file that is no TOML. ``source`` learns where their
    lines are; ConfigError for a file that is no YAML."""
    rows = [own] if own else []
    rows += [_read(file, source, found) for file in files if not file.is_toml]
    maps = _join("ConfigMap", [each.config_maps for each in rows], found)
    secrets = _join("Secret", [each.secrets for each in rows], found)
    presets = [read_preset(helper, found) for each in rows for helper in each.presets]
    return Beside(maps, secrets, presets, [remark for each in rows for remark in each.remarks])


def _read(file: File, source: Any, found: Findings) -> Documents:
    try:
        builder = compose(file.text, file.name)
        if builder.repeated:
            raise ConfigError(tuple(builder.problems()[:SHOWN]), omitted=builder.omitted)
    except ConfigError as bad:
        secrecy = Secrecy(file.name, file.text)
        raise ConfigError(tuple(map(secrecy.clean, bad.problems)), omitted=bad.omitted) from None
    tree = Tree(builder)
    source.grafts[file.at] = tree, ()
    return sort_documents(builder, tree, found, file.at)


def _join(kind: str, rows: Sequence[Helpers], found: Findings) -> Helpers:
    """A name is given once, whatever file it is in."""
    joined: Helpers = {}
    for row in rows:
        for key, helper in row.items():
            other = joined.setdefault(key, helper)
            if other is not helper:
                also = ((other.at, "the other one"),)
                message = f"a second {kind} is called {word(key[1])}"
                found.error(helper.at, message, also=also, help="rename one of them")
    return joined
