"""What a unit's variables come from, as text for people. Pure; it must never show a secret."""

from collections.abc import Iterator

from minipod.commands.setting_text import value_text
from minipod.config.findings import visible
from minipod.reaper.records import Source
from minipod.supervisor.words import Handing, Lack, Origin

_FACTS = {
    Origin.ADDRESS: "this machine's first address",
    Origin.ADDRESSES: "this machine's addresses",
    Origin.HOST: "this machine's name",
    Origin.CPU: "the processors of the container",
    Origin.MEMORY: "the memory of the container",
    Origin.STORAGE: "the size of the root file system",
}
_UNITS = {Origin.CPU: "thousandths of a processor", Origin.MEMORY: "bytes", Origin.STORAGE: "bytes"}


def source_texts(sources: tuple[Source, ...]) -> Iterator[str]:
    """One for each, in their order."""
    for source in sources:
        yield _what(source) + _lack(source)


def _what(source: Source) -> str:
    name, path = visible(source.name), visible(source.path)
    if source.origin is Origin.SECRET:
        return f"{name}: a Secret of the manifest"
    if source.origin is Origin.FILE:
        by_fd = source.handing is Handing.DESCRIPTOR
        return f"{name}_FILE: a descriptor with {path}" if by_fd else f"{name}: the content of {path}"
    if source.origin is Origin.DIRECTORY:
        return f"{name}*: the files of {path}"
    if source.origin is Origin.ENV_FILE:
        return f"{name}*: the variables in {path}"
    if source.origin is Origin.KEY:
        where = "" if source.volume is None else f" of volume {visible(source.volume)}"
        return f"{name}: {visible(source.key)} in {path}{where}, read at each start"
    if source.divisor > 1:
        return f"{name}: {_FACTS[source.origin]}, in units of {source.divisor} {_UNITS[source.origin]}"
    return f"{name}: {_FACTS[source.origin]}"


def _lack(source: Source) -> str:
    if source.lack is Lack.PASSES:
        return ", if it is there"
    return f", else {value_text(source.name, source.fallback) or 'empty'}" if source.lack is Lack.TEXT else ""
