"""Volumes and what units see of them, as text for people and as JSON. Pure; what files hold is never shown."""

from collections.abc import Iterable, Iterator
from typing import Any

from minipod.commands.secrecy import HIDDEN
from minipod.config.findings import visible
from minipod.config.sizes import format_size
from minipod.reaper.records import File, Mount, Volume
from minipod.secret import Secret
from minipod.supervisor.words import PathCheck, VolumeKind


def volume_text(volume: Volume) -> str:
    """What it is, without its name."""
    if volume.kind is VolumeKind.HOST_PATH:
        must = f", {volume.check.value}" if volume.check is not PathCheck.ANYTHING else ""
        return f"{visible(volume.path)}{must}"
    group = f", of group {volume.group}" if volume.group is not None else ""
    if volume.kind is VolumeKind.FILES:
        return f"{_files_text(volume.files)}{group}"
    where = "empty, in memory" if volume.in_memory else "empty"
    limit = f", at most {format_size(volume.size_limit)}" if volume.size_limit else ""
    mode = f", mode {volume.mode:04o}" if volume.mode != 0o777 else ""
    return f"{where}{limit}{mode}{group}"


def _files_text(files: Iterable[File]) -> str:
    return ", ".join(map(_file_text, files)) or "no files"


def _file_text(file: File) -> str:
    if isinstance(file.content, Secret):
        return f"{visible(file.path)} (a secret)"
    if not file.is_copy:
        size = len(file.content)
        return f"{visible(file.path)} ({size} byte{'s' * (size != 1)})"
    source = visible(file.content.decode("utf-8", "replace"))
    return f"{visible(file.path) + ' ' if file.path else ''}from {source}{', if it is there' * file.is_optional}"


def mount_text(mount: Mount) -> str:
    """Where it is seen, and which part."""
    part = f"/{visible(mount.sub_path)}" if mount.sub_path else ""
    return f"{visible(mount.volume)}{part} at {visible(mount.path)}{', to be read only' * mount.read_only}"


def mount_rows(mounts: Iterable[Mount]) -> Iterator[tuple[str, str]]:
    """A row each, the label beside the first."""
    for number, mount in enumerate(mounts):
        yield ("" if number else "volumes"), mount_text(mount)


def volume_json(volume: Volume) -> dict[str, Any]:
    """The record, without what files hold."""
    files = [{**file._asdict(), "content": _content_json(file)} for file in volume.files]
    return {**volume._asdict(), "kind": volume.kind.word, "check": volume.check.word, "files": files}


def _content_json(file: File) -> str | int:
    """Of a copy where it comes from, else how much it is; of a secret nothing."""
    if isinstance(file.content, Secret):
        return HIDDEN
    return file.content.decode("utf-8", "replace") if file.is_copy else len(file.content)
