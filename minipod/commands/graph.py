"""`minipod graph`: who starts after whom, as DOT or Mermaid. It draws a plan, a pod file's or a running pod's own; it
must never decide an order: the plan has it.
"""

import sys
from collections.abc import Iterable, Sequence

from minipod.commands.asking import COMMON, HELP, POD
from minipod.commands.running_plan import plan_of
from minipod.errors import UsageError
from minipod.options import sort_words
from minipod.reading import FLAGS, VALUED
from minipod.reaper.records import Plan, Unit
from minipod.supervisor.order import Edge, is_the_rows
from minipod.supervisor.words import Direction, Kind

USAGE = f"""minipod graph [-o dot|mermaid] [--stop] [FILE|PLAN]

Draw the order in which units start: an arrow leads from a unit to those that wait for it, and says for what. Without a
pod file or a plan it is the running pod's.
  -o, --output FORMAT     dot (the default; for Graphviz: minipod graph | dot -Tsvg) or mermaid
  --stop                  the order in which they stop: an arrow leads to those that wait until a unit is gone
  --set KEY=VALUE         a key's value over the file's
{COMMON}Exit code: 0; 78 for a pod or plan that cannot be run, 3 if no pod answers, 64 for a mistake on the command
line.
"""
FORMATS = ("dot", "mermaid")
# What a unit of each kind looks like: DOT's shape, Mermaid's brackets.
SHAPES = {Kind.INIT: ("box", "[", "]"), Kind.SIDECAR: ("hexagon", "{{", "}}"), Kind.SERVICE: ("ellipse", "([", "])")}


def run(words: list[str]) -> int:
    """0; ConfigError, PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=(*HELP, "--stop", *FLAGS), valued=("-o", "--output", *VALUED, POD))
    if found.flags & set(HELP):
        sys.stdout.write(USAGE)
        return 0
    output = found.values.get("--output", found.values.get("-o", ["dot"]))[-1]
    if output not in FORMATS:
        raise UsageError(f"-o takes {' or '.join(FORMATS)}, not {output!r}")
    direction = Direction.STOP if "--stop" in found.flags else Direction.START
    sys.stdout.write((to_dot if output == "dot" else to_mermaid)(plan_of(found), direction))
    return 0


def arrows(units: Sequence[Unit], edges: Iterable[Edge], direction: Direction) -> list[Edge]:
    """The edges worth drawing. A service that waits for another one, or for more of the last in the row of inits and
    sidecars than the row does, waits for the row, too: that is not said again."""
    wanted = [edge for edge in edges if edge.direction is direction]
    own = [edge for edge in wanted if not _is_the_rows(edge, units)]
    said = {(edge.first, edge.second) for edge in own}
    late = {edge.second for edge in own if units[edge.first].kind is units[edge.second].kind is Kind.SERVICE}
    return [
        edge for edge in wanted
        if not _is_the_rows(edge, units) or (edge.second not in late and (edge.first, edge.second) not in said)
    ]  # fmt: skip


def _is_the_rows(edge: Edge, units: Sequence[Unit]) -> bool:
    return is_the_rows(edge, units[edge.first].kind)


def to_dot(plan: Plan, direction: Direction) -> str:
    """A digraph for Graphviz; ends with a line feed."""
    lines = [f"digraph {_quoted(plan.name)} {{", "    rankdir=LR;"]
    lines += [f"    {_quoted(unit.name)} [shape={SHAPES[unit.kind][0]}];" for unit in plan.units]
    for edge in arrows(plan.units, plan.edges, direction):
        first, second = (_quoted(plan.units[at].name) for at in (edge.first, edge.second))
        lines.append(f"    {first} -> {second} [label={_quoted(edge.milestone.word)}];")
    return "\n".join([*lines, "}"]) + "\n"


def to_mermaid(plan: Plan, direction: Direction) -> str:
    """A flowchart for Mermaid; units are numbered, as some names are words of its own."""
    lines = ["flowchart LR"]
    for at, unit in enumerate(plan.units):
        _, left, right = SHAPES[unit.kind]
        name = unit.name.replace('"', "#quot;")
        lines.append(f'    u{at}{left}"{name}"{right}')
    for edge in arrows(plan.units, plan.edges, direction):
        lines.append(f"    u{edge.first} -->|{edge.milestone.word}| u{edge.second}")
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    """Names are DNS labels, but a plan may come from anywhere."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
