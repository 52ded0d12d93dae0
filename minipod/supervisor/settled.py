"""What is settled when a pod starts: a plan in which it differs is not taken over (docs/apply.md, csrc/compare.c).

Pure, and of a manifest's Secrets it never compares the texts: PID 1 has forgotten those of the plan that holds. A pod
is looked at as ``Fixed``, which is made of the model here and of a plan in ``minipod.reaper.fixed``.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from minipod.model import EnvSource, Pod, Unit, Volume, VolumeFile
from minipod.supervisor.words import LogMode

# What is told of it, in C's format; csrc/change.c has these from the header that is made of this.
OF_POD = "the pod's %s cannot change while it runs"
OF_UNIT = "%s: its %s cannot change while the pod runs"
HINT = "restart the container for that"


class Settled(Enum):
    """Each key, as people know it. ``WAY``: what no key of a pod file says."""

    NAME = "name"
    CONTROL = "control"
    LISTEN = "listen"
    HOSTS = "hosts"
    HOSTNAME = "hostname"
    DEADLINE = "deadline"
    LOG = "log"
    VOLUMES = "volumes"
    WAY = "way to run"
    TTY = "tty"
    LOG_FILE = "log.file"
    READ_ONLY = "read_only"


class Refusal(NamedTuple):
    """A key that is settled, and differs; ``unit``: "" for the pod's own."""

    unit: str
    key: Settled

    @property
    def sentence(self) -> str:
        """Without a full stop, as PID 1 says it."""
        return OF_UNIT % (self.unit, self.key.value) if self.unit else OF_POD % self.key.value


class Shown(NamedTuple):
    """Where a unit sees which part of a volume; what ``expands`` is known where the pod runs alone."""

    path: str
    volume: str
    sub_path: str
    expands: bool


class FixedUnit(NamedTuple):
    """Of a unit what is settled. ``tty``: whether it has one, and whether it runs without, too. ``log``: all of it;
    ``log_file``: "" for none."""

    tty: tuple[bool, bool]
    log: object
    log_file: str
    read_only: bool
    mounts: tuple[Shown, ...]


class Fixed(NamedTuple):
    """Of a pod what is settled. Both pods that are compared come from the same: what stands in ``pod`` has no other
    meaning than being equal."""

    pod: Mapping[Settled, object]
    units: Mapping[str, FixedUnit]


def refusals(old: Fixed, new: Fixed) -> Iterator[Refusal]:
    """All that differs. PID 1 tells the first that it finds, and may find more: what it must look up."""
    yield from (Refusal("", key) for key in old.pod if old.pod[key] != new.pod[key])
    has_read_only = any(unit.read_only for unit in old.units.values())
    for name in {**new.units, **old.units}:
        key = _key(old.units.get(name), new.units.get(name), has_read_only=has_read_only)
        if key is not None:
            yield Refusal(name, key)
    shown = [mount for unit in old.units.values() for mount in unit.mounts]
    for name, unit in new.units.items():
        if not all(any(_may_be(each, mount) for each in shown) for mount in unit.mounts):
            yield Refusal(name, Settled.VOLUMES)


def is_settled(old: Pod, new: Pod) -> bool:
    """Whether all that is settled is the same."""
    return next(refusals(of_pod(old), of_pod(new)), None) is None


def _key(old: FixedUnit | None, new: FixedUnit | None, *, has_read_only: bool) -> Settled | None:
    """None: there is no such unit. A log file of one that goes just ends."""
    if _has_other_tty(old, new):
        return Settled.TTY
    if new is None:
        return None
    if old is None and new.log_file:
        return Settled.LOG_FILE
    if new.read_only and not has_read_only:
        return Settled.READ_ONLY
    return Settled.LOG if old and old.log != new.log and (old.log_file or new.log_file) else None


def _has_other_tty(old: FixedUnit | None, new: FixedUnit | None) -> bool:
    if old and new:
        return old.tty != new.tty
    return any(unit and unit.tty[0] for unit in (old, new))


def _may_be(old: Shown, new: Shown) -> bool:
    """Whether the one is where the other shall be, as far as that can be told."""
    is_there = (old.path, old.volume) == (new.path, new.volume)
    return is_there and (old.expands or new.expands or old.sub_path == new.sub_path)


# --- of the model -----------------------------------------------------------------------------------------------------


def of_pod(pod: Pod) -> Fixed:
    """What of the model is settled."""
    fixed = {
        Settled.NAME: pod.name,
        Settled.CONTROL: (pod.control.enabled, pod.control.socket),
        Settled.LISTEN: pod.control.listen,
        Settled.HOSTS: pod.hosts,
        Settled.HOSTNAME: pod.hostname,
        Settled.DEADLINE: pod.deadline,
        Settled.LOG: pod.log.mode is LogMode.JSON,
        Settled.VOLUMES: tuple(map(_prepared, pod.volumes)),
    }
    return Fixed(fixed, {unit.name: _of_unit(unit) for unit in pod.units})


def _of_unit(unit: Unit) -> FixedUnit:
    mounts = tuple(Shown(each.path, each.volume, each.sub_path, each.expands) for each in unit.mounts)
    return FixedUnit((unit.tty, False), unit.log, unit.log.file, unit.read_only, mounts)


def without_text(source: EnvSource) -> EnvSource:
    """Where a Secret is, and not what is in it."""
    return source._replace(value=None, values=())


def _prepared(volume: Volume) -> Volume:
    return volume._replace(files=tuple(map(_prepared_file, volume.files)))


def _prepared_file(file: VolumeFile) -> VolumeFile:
    source = None if file.source is None else without_text(file.source)
    return file._replace(source=source, content=None if file.is_secret else file.content)
