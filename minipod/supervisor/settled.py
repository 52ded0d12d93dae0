"""What is settled when a pod starts: a plan in which it differs is not taken over (docs/apply.md, csrc/compare.c).

Pure, and of a manifest's Secrets it never compares the texts: PID 1 has forgotten those of the plan that holds.
"""

from minipod.model import EnvSource, Pod, Unit, Volume, VolumeFile
from minipod.supervisor.words import LogMode

_OF_THE_POD = ("name", "control", "deadline", "hosts", "hostname")


def is_settled(old: Pod, new: Pod) -> bool:
    """Whether all that is settled is the same."""
    if any(getattr(old, key) != getattr(new, key) for key in _OF_THE_POD):
        return False
    before, now = ({unit.name: unit for unit in pod.units} for pod in (old, new))
    return (
        (old.log.mode is LogMode.JSON) == (new.log.mode is LogMode.JSON)
        and list(map(_prepared, old.volumes)) == list(map(_prepared, new.volumes))
        and _mounts(new) <= _mounts(old)
        and (not _has_read_only(new) or _has_read_only(old))
        and all(_is_unit_settled(before.get(name), now.get(name)) for name in {**before, **now})
    )


def without_text(source: EnvSource) -> EnvSource:
    """Where a Secret is, and not what is in it."""
    return source._replace(value=None, values=())


def _prepared(volume: Volume) -> Volume:
    return volume._replace(files=tuple(map(_prepared_file, volume.files)))


def _prepared_file(file: VolumeFile) -> VolumeFile:
    source = None if file.source is None else without_text(file.source)
    return file._replace(source=source, content=None if file.is_secret else file.content)


def _mounts(pod: Pod) -> set[tuple[str, str, str, bool]]:
    return {(each.path, each.volume, each.sub_path, each.expands) for unit in pod.units for each in unit.mounts}


def _has_read_only(pod: Pod) -> bool:
    return any(unit.read_only for unit in pod.units)


def _is_unit_settled(old: Unit | None, new: Unit | None) -> bool:
    """None: there is none. A log file of one that goes just ends."""
    if (old is not None and old.tty) != (new is not None and new.tty):
        return False
    if old is None or new is None:
        return new is None or not new.log.file
    return old.log == new.log or not (old.log.file or new.log.file)
