"""Probes and hooks that need a Python where the pod runs. Imported by whoever must know: `minipod check` tells of them,
`minipod compile` refuses them unless it is told that there will be one.
"""

from collections.abc import Callable, Iterator

from minipod.config.check import path_of
from minipod.config.findings import Findings, Path, word
from minipod.hosts import why_python
from minipod.model import Ask, Pod, Unit
from minipod.supervisor.errands import KEYS
from minipod.supervisor.words import Errand


def refuse_python(pod: Pod, found: Findings) -> None:
    """An error for each."""
    _tell(pod, found.error, "must do it", "compile with --python PATH if there will be one, or ")


def note_python(pod: Pod, found: Findings) -> None:
    """A note for each."""
    _tell(pod, found.note, "does it, a process for each attempt", "")


def _tell(pod: Pod, say: Callable[..., None], effect: str, first: str) -> None:
    for at, ask in _needing(pod):
        why = f"{why_python(ask)}, so a Python with minipod {effect}"
        say(at, _message(at), on_key=True, why=why, help=first + _instead(ask))


def _needing(pod: Pod) -> Iterator[tuple[Path, Ask]]:
    for unit in pod.units:
        for name, ask in asks(unit):
            if why_python(ask):
                yield (*path_of(unit), name), ask


def asks(unit: Unit) -> Iterator[tuple[str, Ask]]:
    """What a unit's probes and hooks do, by the key."""
    for kind, name in KEYS.items():
        given = getattr(unit, name)
        if given is not None and kind is not Errand.WATCHDOG:
            yield name, given if isinstance(given, Ask) else given.ask


def _message(at: Path) -> str:
    return f"`{at[-1]}` of {word(at[1])} needs Python where the pod runs"


def _instead(ask: Ask) -> str:
    return "ask by http" if ask.scheme == "https" else "write an address as host"
