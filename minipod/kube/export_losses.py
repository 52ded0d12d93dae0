"""What a manifest cannot say, or says otherwise: collected while it is made, by the keys of the pod file."""

from collections.abc import Iterable

from minipod.config.findings import Findings, Path
from minipod.errors import NOTE
from minipod.kube.field import MOST_INT
from minipod.model import Unit

SECOND = 1_000_000_000


class Losses:
    """Findings whose paths are those of a pod file in TOML; of a manifest only the words count."""

    def __init__(self) -> None:
        self.found = Findings()

    def lose(self, unit: Unit | None, key: str, why: str, help: str = "") -> None:
        """The manifest does not say it."""
        of = f" of {unit.name}" if unit else ""
        self.found.warn(path_of(unit, key), f"`{key}`{of} is not in the manifest", why=why, help=help, on_key=True)

    def differ(self, unit: Unit | None, key: str, message: str, why: str = "", help: str = "") -> None:
        """The manifest says it, and means something else by it."""
        self.found.note(path_of(unit, key), message, why=why, help=help, on_key=True)

    def differ_once(self, unit: Unit | None, key: str, message: str, why: str, help: str) -> None:
        """The same for all units: it is told of the first."""
        if not any(each.why == why for each in self.found.all):
            self.differ(unit, key, message, why, help)

    def seconds(self, unit: Unit | None, key: str, ns: int, least: int = 0, *, part: str = "") -> int:
        """Whole seconds, rounded up, at least ``least``. ``part``: which key of a table it is."""
        whole = min(max(-(-ns // SECOND), least), MOST_INT)
        if whole * SECOND != ns:
            of = f" of {unit.name}" if unit else ""
            why = "Kubernetes counts whole seconds, 2^31 - 1 at most"
            shown = f"{key}.{part}" if part else key
            self.differ(unit, key, f"`{shown}`{of} is {whole} s in the manifest", why)
        return whole

    def remarks(self) -> Iterable[str]:
        """A line for each, for the head of the manifest."""
        for each in dict.fromkeys(self.found.all):
            yield f"{'nearly' if each.severity == NOTE else 'not'}: {each.message.replace('`', '')}" + (
                f": {each.why}" if each.why else ""
            )


def path_of(unit: Unit | None, key: str) -> Path:
    """Where it stands in a pod file: with its unit, or with the pod."""
    return (unit.kind.word, unit.name, key) if unit else ("pod", key)
