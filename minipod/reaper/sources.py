"""What units take from elsewhere, as the plan has it: the model's sources, each as what PID 1 reads. Pure."""

from collections.abc import Iterator, Sequence

from minipod.model import EnvSource
from minipod.reaper.records import Source
from minipod.supervisor.words import Handing, Lack, Origin

_FIELDS = {
    "spec.nodeName": Origin.HOST,
    "status.hostIP": Origin.ADDRESS,
    "status.hostIPs": Origin.ADDRESSES,
    "status.podIP": Origin.ADDRESS,
    "status.podIPs": Origin.ADDRESSES,
}
_LIMITS = {
    "limits.cpu": (Origin.CPU, 1000),
    "limits.memory": (Origin.MEMORY, 1),
    "limits.ephemeral-storage": (Origin.STORAGE, 1),
}


def sources(given: Sequence[EnvSource]) -> tuple[Source, ...]:
    """In their order."""
    return tuple(each for source in given for each in _sources(source))


def _sources(source: EnvSource) -> Iterator[Source]:
    lack = Lack.FAILS if not source.is_optional else Lack.PASSES if source.default is None else Lack.TEXT
    if source.kind == "secret" and source.value is not None:
        yield Source(Origin.SECRET, source.name, secret=source.value)
    elif source.kind == "secrets":
        for key, value in source.values:
            yield Source(Origin.SECRET, source.name + key, secret=value)
    elif source.kind == "field":
        yield Source(_FIELDS[source.key], source.name)
    elif source.kind == "limit":
        yield _limit(source)
    elif source.kind == "file":
        volume = source.object or None
        yield Source(Origin.KEY, source.name, source.path, source.key, source.default or "", volume=volume, lack=lack)
    elif source.kind == "env_file":
        yield Source(Origin.ENV_FILE, source.name, source.path, lack=lack)
    elif source.kind == "directory":
        yield Source(Origin.DIRECTORY, source.name, source.path, lack=lack)
    elif source.kind == "secret_file":
        by_fd = source.to == "fd"
        handing = Handing.DESCRIPTOR if by_fd else Handing.ENVIRONMENT
        yield Source(Origin.FILE, source.name, source.path, lack=lack, handing=handing, chomp=not by_fd)


def _limit(source: EnvSource) -> Source:
    """``divisor`` counts thousandths of a processor, or bytes; none or 0 stands for 1."""
    from minipod.kube.quantity import parse_quantity

    origin, unit = _LIMITS[source.key]
    return Source(origin, source.name, divisor=int((parse_quantity(source.divisor) or 1) * unit))
