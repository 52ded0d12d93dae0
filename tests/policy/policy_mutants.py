"""The policy with one cell changed, in every way that a mistake could change it. Made, not judged (``test_mutants``).

* Machines: the next state to each other one; each action left out; what acts is ignored or impossible, what is ignored
  impossible, what is impossible ignored.
* Verdicts: to each other outcome. Fates: to each other event of a fate or none, each action left out, possible or not.
* Takeovers: who leaves stays, who stays leaves; who begins is wanted otherwise.
* Causes: each other source; each other number that stands for 0. Phases: each other phase, for every set of facts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from minipod.supervisor.books import TABLES, Tables
from minipod.supervisor.fate import NEVER, NOTHING, Fate
from minipod.supervisor.phase import PHASE
from minipod.supervisor.table import Cell, CellKind, Machine, ignored, impossible
from minipod.supervisor.vocabulary import (
    Before,
    Change,
    Errand,
    Outcome,
    Phase,
    PodEvent,
    Rule,
    Source,
    Standing,
    Want,
    Word,
)

MACHINES = ("life", "want", "pod", "startup", "liveness", "readiness")
CODES = (0, 1, 124, 126, 143)
FATE_EVENTS = (None, PodEvent.MAIN_OVER, PodEvent.FATAL, PodEvent.UNRUNNABLE, PodEvent.UNIT_DEADLINE)


@dataclass(frozen=True)
class Mutant:
    """Tables that differ in one cell. ``keys``: as ``Report.cells`` names it; the watchdog has liveness' cells too."""

    name: str
    keys: tuple[tuple, ...]
    tables: Tables


def without_each(actions: tuple) -> Iterator[tuple]:
    for at in range(len(actions)):
        yield actions[at], actions[:at] + actions[at + 1:]


def mutate_cell(cell: Cell, states) -> Iterator[tuple[str, Cell]]:
    if cell.kind is CellKind.IMPOSSIBLE:
        yield "is ignored", ignored()
        return
    yield "is impossible", impossible()
    if cell.kind is CellKind.ACTS:
        yield "is ignored", ignored()
        for state in states:
            if state is not cell.next:
                yield f"leads to {state.word}", replace(cell, next=state)
        for action, rest in without_each(cell.actions):
            yield f"without {action.word}", replace(cell, actions=rest)


def _keys(machine: Machine, state: Word, event: Word) -> tuple[tuple, ...]:
    names = [machine.name, Errand.WATCHDOG.word] if machine is TABLES.liveness else [machine.name]
    return tuple((name, state, event) for name in names)


def mutate_machine(field: str, state) -> Iterator[Mutant]:
    machine = getattr(TABLES, field)
    for event, cell in machine.rows[state].items():
        for what, other in mutate_cell(cell, machine.states):
            tables = replace(TABLES, **{field: machine.with_cell(state, event, other)})
            yield Mutant(f"{machine.name}: {state.word} {event.word} {what}", _keys(machine, state, event), tables)


def mutate_verdict(policy: Rule, want: Want) -> Iterator[Mutant]:
    for key, outcome in TABLES.verdict.items():
        if key[:2] == (policy, want):
            for other in Outcome:
                if other is not outcome:
                    name = f"verdict: {' '.join(word.word for word in key)} is {other.word}"
                    yield Mutant(name, (("verdict", key),), replace(TABLES, verdict={**TABLES.verdict, key: other}))


def mutate_fate_entry(entry: Fate) -> Iterator[tuple[str, Fate]]:
    if not entry.possible:
        yield "is nothing", NOTHING
        return
    yield "is impossible", NEVER
    for event in FATE_EVENTS:
        if event is not entry.event:
            yield f"tells {event.word if event else 'nothing'}", entry._replace(event=event)
    for action, rest in without_each(entry.actions):
        yield f"without {action.word}", entry._replace(actions=rest)


def mutate_takeover(change: Change) -> Iterator[Mutant]:
    """A new unit is nobody's to stop, and what was removed is never wanted: that is not looked up."""
    for before, entry in TABLES.takeover[change].items():
        others = {} if change is Change.NEW else {"leaves otherwise": entry._replace(leaves=not entry.leaves)}
        if entry.want is not None and not (change is Change.NEW and before is Before.HELD):
            want = Want.UP if entry.want is Want.HOLD else Want.HOLD
            others[f"begins as {want.word}"] = entry._replace(want=want)
        for what, other in others.items():
            takeover = {**TABLES.takeover, change: {**TABLES.takeover[change], before: other}}
            name = f"takeover: {change.word} {before.word} {what}"
            yield Mutant(name, (("takeover", change, before),), replace(TABLES, takeover=takeover))


def mutate_fate(standing: Standing) -> Iterator[Mutant]:
    for outcome, entry in TABLES.fate[standing].items():
        for what, other in mutate_fate_entry(entry):
            fate = {**TABLES.fate, standing: {**TABLES.fate[standing], outcome: other}}
            name = f"fate: {standing.word} {outcome.word} {what}"
            yield Mutant(name, (("fate", standing, outcome),), replace(TABLES, fate=fate))


def mutate_causes() -> Iterator[Mutant]:
    for event, cause in TABLES.cause.items():
        others = [("source", s, s.word) for s in Source if s is not cause.source]
        others += [("if_zero", c, f"{c} for 0") for c in CODES if c != cause.if_zero]
        for field, value, what in others:
            tables = replace(TABLES, cause={**TABLES.cause, event: replace(cause, **{field: value})})
            yield Mutant(f"cause: {event.word} takes {what}", (("cause", event),), tables)


def mutate_phases() -> Iterator[Mutant]:
    for key, phase in enumerate(PHASE):
        for other in Phase:
            if other is not phase:
                phases = (*PHASE[:key], other, *PHASE[key + 1:])
                yield Mutant(f"phase: {key:08b} is {other.word}", (("phase", key),), replace(TABLES, phase=phases))


GROUPS = {
    **{f"{field} {state.word}": (mutate_machine, field, state)
       for field in MACHINES for state in getattr(TABLES, field).states},
    **{f"verdict {policy.word} {want.word}": (mutate_verdict, policy, want) for policy in Rule for want in Want},
    **{f"fate {standing.word}": (mutate_fate, standing) for standing in Standing},
    **{f"takeover {change.word}": (mutate_takeover, change) for change in Change},
    "cause": (mutate_causes,),
    "phase": (mutate_phases,),
}


def mutants(group: str) -> list[Mutant]:
    make, *arguments = GROUPS[group]
    return list(make(*arguments))
