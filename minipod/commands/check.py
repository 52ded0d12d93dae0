"""`minipod check FILE`: every mistake in a pod file, or a summary of the pod. It starts nothing and writes nothing."""

import sys

from minipod.config.durations import format_duration
from minipod.config.read import read_pod
from minipod.config.render import render, wants_colour
from minipod.model import Pod, Unit
from minipod.options import only_operand, sort_words
from minipod.supervisor.errands import KEYS
from minipod.supervisor.order import ranks
from minipod.supervisor.words import Kind, Milestone

USAGE = """minipod check [-q] [--set KEY=VALUE]... [--exit-code-from NAME] FILE

Read a pod file and say everything that is wrong with it. FILE - is standard input.
  -q, --quiet             no summary, no warnings
  --set KEY=VALUE         a key's value over the file's, for example --set service.web.env.PORT=81
  --exit-code-from NAME   the pod ends when this service ends, with its exit code
Exit code: 0 for a pod that can be run, 78 for one that cannot, 64 for a mistake on the command line.
"""
# Keys of a unit that are worth a word when they are there.
_DUTIES = (*KEYS.values(), "notify", "restart_rules")


def run(words: list[str]) -> int:
    """0; ConfigError and UsageError are the caller's to report."""
    found = sort_words(words, flags=("-q", "--quiet", "-h", "--help"), valued=("--set", "--exit-code-from"))
    if found.flags & {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return 0
    path = only_operand(found, "FILE")
    reading = read_pod(
        path,
        overrides=found.values.get("--set", ()),
        exit_code_from=found.last("--exit-code-from"),
        thorough=True,
    )
    if not found.flags & {"-q", "--quiet"}:
        sys.stderr.write(render(reading.warnings, colour=wants_colour(sys.stderr)))
        sys.stderr.flush()
        sys.stdout.write(summarize(reading.pod))
    return 0


def summarize(pod: Pod) -> str:
    """The pod for people: a line of its own, then a line for each unit in the order of start."""
    about = f"pod {pod.name}: {len(pod.units)} unit{'s' * (len(pod.units) != 1)}, "
    about += f"{format_duration(pod.termination_grace_period)} to stop"
    about += f", at most {format_duration(pod.deadline)}" if pod.deadline else ""
    about += f", ends with {pod.main}" if pod.main else ""
    rows = [_row(unit) for unit in start_order(pod)]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, (*widths, 0), strict=True)).rstrip() for row in rows]
    return "\n".join([about, *(f"  {line}" for line in lines)]) + "\n"


def start_order(pod: Pod) -> list[Unit]:
    """Units as they start; those that start together in file order."""
    rank = ranks([unit.member for unit in pod.units])
    return [unit for _, unit in sorted(zip(rank, pod.units, strict=True), key=lambda pair: pair[0])]


def _row(unit: Unit) -> tuple[str, str, str, str]:
    waits = [
        name if milestone is Milestone.STARTED else f"{name} {milestone.word}" for name, milestone in unit.after.items()
    ]
    notes = [f"after {', '.join(waits)}"] if waits else []
    notes += [name for name in _DUTIES if getattr(unit, name)]
    restart = unit.restart
    if unit.kind is Kind.INIT and restart == "always":
        restart = "on_failure"
    return unit.kind.word, unit.name, f"restart {restart}", ", ".join(notes)
