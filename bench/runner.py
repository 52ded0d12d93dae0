"""The runner: every row's subjects in turn, A B C A B C …, as often as asked or as the time given to a cell allows."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench.board import Silence
from bench.cgroup import NoGroup
from bench.measures import Abandoned
from bench.rows import Row
from bench.stage import Stage
from bench.subjects import Subject


@dataclass
class Cell:
    """One row of one subject: its values, or why there are none."""

    row: Row
    subject: Subject
    values: list[float] = field(default_factory=list)
    failure: str = ""
    spent: float = 0.0


def run_rows(rows: Iterable[Row], subjects: list[Subject], stage: Stage, runs: int, seconds: float,
             tell: Callable[[str], None] = lambda text: print(text, file=sys.stderr)) -> list[Cell]:
    """Measure every row. A cell that has taken ``seconds`` is run no more once it has its subject's least number."""
    cells = []
    for row in rows:
        begun = time.monotonic()
        mine = [Cell(row, subject) for subject in subjects if row.who(subject)]
        for _ in range(min(runs, row.runs or runs)):
            for cell in mine:
                if _is_open(cell, seconds):
                    _run_once(cell, stage)
        for cell in mine:
            if cell.failure:
                tell(f"bench: {cell.subject.name}: {cell.failure}")
        stage.forget()
        tell(f"bench: {row.title}: {time.monotonic() - begun:.0f} s")
        cells += mine
    return cells


def _is_open(cell: Cell, seconds: float) -> bool:
    return not cell.failure and (cell.spent < seconds or len(cell.values) < cell.subject.least)


def _run_once(cell: Cell, stage: Stage) -> None:
    begun = time.monotonic()
    try:
        cell.values.append(cell.row.measure(stage, cell.subject))
    except Abandoned as error:
        cell.failure = f"abandons: {error}"
    except (Silence, NoGroup, OSError, ValueError, subprocess.SubprocessError) as error:
        cell.failure = f"failed: {error}"
    cell.spent += time.monotonic() - begun
