"""`minipod check FILE`: every mistake in a pod file, or a summary of the pod. It starts nothing and writes nothing."""

import sys

from minipod.config.durations import format_duration
from minipod.config.findings import visible
from minipod.config.read import Reading
from minipod.config.render import render, wants_colour
from minipod.errors import WARNING, Problem
from minipod.model import Pod, Unit
from minipod.options import only_operand, sort_words
from minipod.reading import FLAGS, VALUED, options_of, read_pod
from minipod.supervisor.errands import KEYS
from minipod.supervisor.order import ranks
from minipod.supervisor.words import Kind, Milestone

USAGE = """minipod check [-q] [--set KEY=VALUE]... [--exit-code-from NAME] FILE

Read a pod file and say everything that is wrong with it. FILE - is standard input.
  -q, --quiet             no summary, no warnings
  --set KEY=VALUE         a key's value over the file's, for example --set service.web.env.PORT=81
  --exit-code-from NAME   the pod ends when this service ends, with its exit code
  --entrypoint IMAGE=CMD  what an image of a manifest runs, for example --entrypoint redis='redis-server --port 6380'
  --only NAME             the pod of that name, of a manifest with several; KIND/NAME where two share it
  --preset DIR            add what the presets in a directory's files add: [preset.NAME] in *.toml, PodPresets in *.yaml
  --volume NAME=/PATH     a directory in the place of the volume NAME
  --strict                ignored fields of a manifest that a program may count on are errors
  --allow-unknown         fields that nobody knows, and documents of other kinds, are left out with a warning
Exit code: 0 for a pod that can be run, 78 for one that cannot, 64 for a mistake on the command line.
"""
# Keys of a unit that are worth a word when they are there.
_DUTIES = (*KEYS.values(), "notify", "restart_rules")


def run(words: list[str]) -> int:
    """0; ConfigError and UsageError are the caller's to report."""
    found = sort_words(words, flags=("-q", "--quiet", "-h", "--help", *FLAGS), valued=VALUED)
    if found.flags & {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return 0
    path = only_operand(found, "FILE")
    reading = read_pod(path, **options_of(found), thorough=True)
    if not found.flags & {"-q", "--quiet"}:
        sys.stderr.write(render(_told(reading), colour=wants_colour(sys.stderr)))
        sys.stderr.flush()
        sys.stdout.write(summarize(reading.pod))
        if reading.injected:
            from minipod.presets.tell import lines_of

            sys.stdout.write(lines_of(reading.injected))
        if reading.remarks:
            from minipod.kube.verdicts import tell_verdicts

            sys.stdout.write(tell_verdicts(reading.remarks))
    return 0


def _told(reading: Reading) -> list[Problem]:
    """What is odd, and what keeps the pod from being run yet, which is no mistake of the file."""
    row = [*reading.warnings, *(each._replace(severity=WARNING) for each in reading.obstacles)]
    return sorted(row, key=lambda problem: (problem.place.line, problem.place.column))


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
    labels = [f"{visible(key)}={visible(text)}" for key, text in unit.labels.items()]
    notes += [f"labels {', '.join(labels)}"] if labels else []
    restart = unit.restart
    if unit.kind is Kind.INIT and restart == "always":
        restart = "on_failure"
    return unit.kind.word, unit.name, f"restart {restart}", ", ".join(notes)
