"""Volumes, what is in them and where units see them, from the model to the plan.

Apart from ``lower``, because many pods have none and a container waits for it. Pure.
"""

from minipod import model
from minipod.reaper.records import File, Mount, Volume
from minipod.secret import Secret
from minipod.supervisor.words import PathCheck, VolumeKind

_KINDS = {"empty_dir": VolumeKind.EMPTY_DIR, "host_path": VolumeKind.HOST_PATH, "files": VolumeKind.FILES}
# By what Kubernetes calls it.
CHECKS = {
    "".join(part.capitalize() for part in check.word.split("-")) if check.number else "": check for check in PathCheck
}


def volume(volume: model.Volume) -> Volume:
    """A volume of the plan. What an optional Secret would hold that is not there is no file."""
    return Volume(
        name=volume.name,
        kind=_KINDS[volume.kind],
        path=volume.path,
        check=CHECKS[volume.check],
        in_memory=volume.medium == "Memory",
        size_limit=volume.size_limit,
        mode=volume.mode,
        group=volume.group,
        files=tuple(_file(file) for file in volume.files if _is_there(file)),
    )


def _is_there(file: model.VolumeFile) -> bool:
    return bool(file.copy_of) or file.content is not None or _secret(file) is not None


def _secret(file: model.VolumeFile) -> Secret | None:
    return file.source.value if file.source else None


def _file(file: model.VolumeFile) -> File:
    if file.copy_of:
        path = file.copy_of.encode("utf-8", "surrogateescape")
        return File(file.path, path, file.mode, True, file.is_optional, file.is_secret)
    secret = _secret(file)
    if secret is not None:
        return File(file.path, secret, file.mode, is_secret=True)
    return File(file.path, file.content or b"", file.mode)


def mounts(unit: model.Unit, volumes: tuple[model.Volume, ...]) -> tuple[Mount, ...]:
    """What a unit sees, by depth: what lies in another mount is mounted after it. Nobody writes to files that are
    minipod's."""
    fixed = {volume.name for volume in volumes if volume.kind == "files"}
    found = [
        Mount(_plain(mount.path), mount.volume, mount.sub_path, mount.read_only or mount.volume in fixed, mount.expands)
        for mount in unit.mounts
    ]
    return tuple(sorted(found, key=lambda mount: mount.path.count("/")))


def _plain(path: str) -> str:
    """Without slashes that mean nothing."""
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
