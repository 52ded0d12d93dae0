"""What `minipod top` shows: a look at a pod as rows of words, as a table and as JSON. It must never look at anything
itself.
"""

import json
from typing import NamedTuple

from minipod.commands.listing import table
from minipod.status.durations import human
from minipod.status.usage import Usage, total

HEAD = ("UNIT", "STATUS", "CPU", "CPU TIME", "MEMORY", "PROCS", "THREADS", "RESTARTS")
_STEPS = ("Ki", "Mi", "Gi", "Ti")


class Row(NamedTuple):
    """One unit at one look; ``status`` is "" for what is no unit."""

    usage: Usage
    status: str = ""
    restarts: int | None = None


class Frame(NamedTuple):
    """One look. ``rest``: what is no unit's."""

    pod: str
    units: list[Row]
    rest: list[Row]

    @property
    def rows(self) -> list[Row]:
        every = [*self.units, *self.rest]
        return [*every, Row(total(row.usage for row in every))]


def cells(row: Row) -> tuple[str, ...]:
    """As they stand under ``HEAD``."""
    usage = row.usage
    return (
        usage.name,
        row.status,
        "-" if usage.share is None else f"{100 * usage.share:.1f}%",
        human(int(usage.cpu * 1e9)) if usage.cpu >= 1 else f"{1000 * usage.cpu:.0f}ms",
        size(usage.memory),
        str(usage.processes),
        str(usage.threads),
        "" if row.restarts is None else str(row.restarts),
    )


def size(count: int) -> str:
    """Bytes as Kubernetes writes them: ``12.3Mi``."""
    amount, unit = count / 1024, 0
    while amount >= 1024 and unit < len(_STEPS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.1f}{_STEPS[unit]}" if count else "0"


def to_text(frame: Frame) -> str:
    """A table; ends with a line feed."""
    return table([HEAD, *map(cells, frame.rows)])


def to_json(frame: Frame) -> str:
    """One line."""
    document = {
        "pod": frame.pod,
        "units": [{**_facts(row), "status": row.status, "restartCount": row.restarts} for row in frame.units],
        "rest": [_facts(row) for row in frame.rest],
    }
    return json.dumps(document) + "\n"


def _facts(row: Row) -> dict[str, object]:
    usage = row.usage
    return {
        "name": usage.name, "cpuShare": usage.share, "cpuSeconds": round(usage.cpu, 2), "memoryBytes": usage.memory,
        "processes": usage.processes, "threads": usage.threads,
    }  # fmt: skip
