"""The files of `--preset DIR`: which ones count, and their text. It must never look into one."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from minipod.config.findings import Path
from minipod.config.text import load_text
from minipod.errors import ERROR, ConfigError, Place, Problem
from minipod.presets.merge import Preset

TOML = (".toml",)
MANIFESTS = (".yaml", ".yml", ".json")
ROOT = "--preset"  # where the files stand in the paths of findings


class File(NamedTuple):
    """``at``: the path, in findings, of all that is in it."""

    name: str
    text: str
    at: Path

    @property
    def is_toml(self) -> bool:
        return self.name.endswith(TOML)


def load_folders(folders: Sequence[str]) -> tuple[File, ...]:
    """The files of each folder by their names, one folder after the other; one that is named twice counts once.
    ConfigError for what cannot be read.

    Names that begin with a dot do not count: a mounted ConfigMap has such ones beside its files."""
    paths: dict[str, str] = {}
    for folder in folders:
        for name in _names(folder):
            path = os.path.join(folder, name)
            paths.setdefault(os.path.realpath(path), path)
    return tuple(File(path, _load(path), (ROOT, i)) for i, path in enumerate(paths.values()))


def _load(path: str) -> str:
    """Only a file's: to open a pipe would wait for whoever writes to it."""
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise _refusal(path, "cannot read it: it is no file", "remove it, or put its presets into a file")
    return load_text(path, path, "write a [preset.NAME], or remove it")


def in_order(presets: Sequence[Preset]) -> list[Preset]:
    """Those of the pod's own file first, then by files; in each as they stand there."""
    return sorted(presets, key=lambda preset: preset.at[1] if preset.at[0] == ROOT else -1)


def _names(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except (OSError, ValueError) as bad:
        reason = os.strerror(getattr(bad, "errno", 0) or 0).lower() if isinstance(bad, OSError) else "it has a NUL"
        raise _refusal(folder, f"cannot read presets: {reason}", "name a directory of presets") from None
    return sorted(name for name in names if name.endswith((*TOML, *MANIFESTS)) and not name.startswith("."))


def _refusal(path: str, message: str, help: str) -> ConfigError:
    return ConfigError((Problem(ERROR, Place(path), message, "", help),))
