"""The report: cells as a Markdown table of medians, a second one of spreads, and as JSON."""

import os
import platform
import statistics
from collections.abc import Iterable

from bench.rows import NOTES, Row
from bench.runner import Cell


def summarise(values: list[float]) -> dict[str, float]:
    """min, p25, median, p75 and the number of runs of at least one value."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"runs": len(values), "min": min(values), "p25": low, "median": middle, "p75": high}


def find_floor(row: Row, cells: Iterable[Cell]) -> float | None:
    """The floor's median in this row, in the same run."""
    for cell in cells:
        if cell.row is row and cell.subject.shown_under == "floor" and cell.values:
            return statistics.median(cell.values)
    return None


def render_json(cells: list[Cell], machine: str) -> dict:
    """Everything, values too."""
    return {"machine": machine, "rows": [
        {"row": cell.row.title, "key": cell.row.key, "unit": cell.row.unit, "aim": cell.row.aim,
         "subject": cell.subject.name, "failure": cell.failure, "values": cell.values,
         **(summarise(cell.values) if cell.values else {})} for cell in cells]}


def render_parts(cells: list[Cell], machine: str) -> dict[str, str]:
    """Both tables for people of each part of the document. A ratio is to the floor measured in the same run."""
    def of(part: str) -> list[Cell]:
        return [cell for cell in cells if cell.row.part == part]
    names = dict.fromkeys(cell.row.part for cell in cells)
    return {name: _render_part(of(name), machine, NOTES[name]) for name in names}


def _render_part(cells: list[Cell], machine: str, notes: str) -> str:
    return "\n".join([f"Measured on {machine}.", "", *_render_medians(cells), "", notes, *_render_spreads(cells), ""])


def describe_machine() -> str:
    """Kernel, processors, and how busy they are with other things: above 1 or so, only ratios mean anything."""
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"Linux {platform.release()}, {len(models)} × {model}, load average {os.getloadavg()[1]:.1f}"


def _render_medians(cells: list[Cell]) -> list[str]:
    columns = sorted(dict.fromkeys(cell.subject.shown_under for cell in cells), key=lambda name: name != "floor")
    lines = ["| medians | unit | aim | " + " | ".join(columns) + " |", "|---|---|---|" + "---:|" * len(columns)]
    for row in dict.fromkeys(cell.row for cell in cells):
        floor = find_floor(row, cells)
        shown = {cell.subject.shown_under: _show(cell, floor) for cell in cells if cell.row is row}
        figures = [shown.get(column, "–") for column in columns]
        lines.append(f"| {' | '.join([row.title, row.unit, row.aim, *figures])} |")
    return lines


def _show(cell: Cell, floor: float | None) -> str:
    if not cell.values:
        return cell.failure.split(":")[0] or "–"
    median = statistics.median(cell.values)
    ratio = f" ×{_number(median / floor)}" if cell.row.ratio and floor and cell.subject.shown_under != "floor" else ""
    return _number(median) + ratio


def _render_spreads(cells: list[Cell]) -> list[str]:
    lines = ["| spread | unit | subject | runs | min | p25 | median | p75 |", "|---|---|---|---:|---:|---:|---:|---:|"]
    for cell in cells:
        if len(cell.values) > 1:
            figures = summarise(cell.values)
            shown = " | ".join(_number(figures[name]) for name in ("min", "p25", "median", "p75"))
            lines.append(f"| {cell.row.title} | {cell.row.unit} | {cell.subject.name} | {figures['runs']} | {shown} |")
    return lines


def _number(value: float) -> str:
    """Three figures are all that such a measurement is worth."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
