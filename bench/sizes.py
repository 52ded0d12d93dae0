"""Sizes on disk: a subject's own files, and with them the shared libraries that the loader would map."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from bench.stage import Stage
from bench.subjects import Subject, find_tool


def measure_size(*, libraries: bool):
    """kB of all the files that a subject needs to run services and capture their output where it can."""
    def measure(stage: Stage, subject: Subject) -> float:
        files = {Path(find_tool(tool)).resolve() for tool in subject.tools}
        files |= {path for folder in subject.extra for path in Path(folder).rglob("*.py")}
        if libraries:
            files |= _find_libraries(files)
        return sum(path.stat().st_size for path in files) / 1024
    return measure


def _find_libraries(files: Iterable[Path]) -> set[Path]:
    found = set()
    for file in files:
        listing = subprocess.run(["ldd", str(file)], capture_output=True, text=True).stdout
        found |= {Path(path).resolve() for path in re.findall(r"(/\S+) \(0x", listing)}
    return found
