"""What came of a foreign file, read again by minipod's own reader."""

from pathlib import Path
from typing import NamedTuple

from minipod.config.read import Reading, read_pod
from minipod.errors import Problem


class Brought(NamedTuple):
    """What came of a file: the text, what was said, and the pod that the text is."""

    text: str
    problems: tuple[Problem, ...]
    reading: Reading

    def unit(self, name: str):
        return next(unit for unit in self.reading.pod.units if unit.name == name)

    @property
    def names(self) -> list[str]:
        return [unit.name for unit in self.reading.pod.units]

    def said(self) -> list[str]:
        return [problem.message for problem in self.problems]


def reread(imported, folder: Path) -> Brought:
    """What `minipod check` makes of it; it must find nothing wrong."""
    path = folder / "pod.toml"
    path.write_text(imported.text, encoding="utf-8")
    return Brought(imported.text, imported.problems, read_pod(str(path), thorough=True))
