"""Mutants: the policy with one cell changed. Scenarios and rules must notice at least 95 of 100 (issue 2, item 4).

A mutant is killed when a scenario's expectations fail under it, or a rule is broken; golden texts and the drift test do
not count. Only scenarios that look the changed cell up are played: the others cannot tell.

What is mutated, one cell at a time:
* machines: the next state to each other one; each action left out; what acts is ignored or impossible, what is ignored
  impossible, what is impossible ignored. No scenario alone can see the last (what never comes is never missed);
  the rule that names what can happen, event by event, does.
* verdicts: to each other outcome. Fates: to each other event of a fate or none, each action left out, possible or not.
* causes: each other source; each other number that stands for 0. Phases: each other phase, for every set of facts.

Survivors are listed in survivors.txt, each with its reason; a mutant that survives and is not listed fails the test,
and so does a listed one that is killed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from minipod.supervisor import rules
from minipod.supervisor.books import TABLES, Tables
from minipod.supervisor.fate import NEVER, NOTHING, Fate
from minipod.supervisor.phase import PHASE
from minipod.supervisor.scenario import Scenario, agrees
from minipod.supervisor.table import Cell, CellKind, ignored, impossible
from minipod.supervisor.vocabulary import Outcome, Phase, PodEvent, Rule, Source, Standing, Want

SURVIVORS = Path(__file__).with_name("survivors.txt")
MUST_DIE = 0.95
CODES = (0, 1, 124, 126, 143)
FATE_EVENTS = (None, PodEvent.MAIN_OVER, PodEvent.FATAL, PodEvent.UNRUNNABLE, PodEvent.UNIT_DEADLINE)


@dataclass(frozen=True)
class Mutant:
    """Tables that differ in the cell ``key`` (as ``Report.cells`` names it)."""

    name: str
    key: tuple
    tables: Tables


# --- making them ---


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


def mutate_machine(field: str, state) -> Iterator[Mutant]:
    machine = getattr(TABLES, field)
    for event, cell in machine.rows[state].items():
        for what, other in mutate_cell(cell, machine.states):
            tables = replace(TABLES, **{field: machine.with_cell(state, event, other)})
            yield Mutant(f"{machine.name}: {state.word} {event.word} {what}", (machine.name, state, event), tables)


def mutate_verdict(policy: Rule, want: Want) -> Iterator[Mutant]:
    for key, outcome in TABLES.verdict.items():
        if key[:2] == (policy, want):
            for other in Outcome:
                if other is not outcome:
                    name = f"verdict: {' '.join(word.word for word in key)} is {other.word}"
                    yield Mutant(name, ("verdict", key), replace(TABLES, verdict={**TABLES.verdict, key: other}))


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


def mutate_fate(standing: Standing) -> Iterator[Mutant]:
    for outcome, entry in TABLES.fate[standing].items():
        for what, other in mutate_fate_entry(entry):
            fate = {**TABLES.fate, standing: {**TABLES.fate[standing], outcome: other}}
            name = f"fate: {standing.word} {outcome.word} {what}"
            yield Mutant(name, ("fate", standing, outcome), replace(TABLES, fate=fate))


def mutate_causes() -> Iterator[Mutant]:
    for event, cause in TABLES.cause.items():
        others = [("source", s, s.word) for s in Source if s is not cause.source]
        others += [("if_zero", c, f"{c} for 0") for c in CODES if c != cause.if_zero]
        for field, value, what in others:
            tables = replace(TABLES, cause={**TABLES.cause, event: replace(cause, **{field: value})})
            yield Mutant(f"cause: {event.word} takes {what}", ("cause", event), tables)


def mutate_phases() -> Iterator[Mutant]:
    for key, phase in enumerate(PHASE):
        for other in Phase:
            if other is not phase:
                phases = (*PHASE[:key], other, *PHASE[key + 1:])
                yield Mutant(f"phase: {key:06b} is {other.word}", ("phase", key), replace(TABLES, phase=phases))


GROUPS = {
    **{f"{field} {state.word}": (mutate_machine, field, state)
       for field in ("life", "want", "pod") for state in getattr(TABLES, field).states},
    **{f"verdict {policy.word} {want.word}": (mutate_verdict, policy, want) for policy in Rule for want in Want},
    **{f"fate {standing.word}": (mutate_fate, standing) for standing in Standing},
    "cause": (mutate_causes,),
    "phase": (mutate_phases,),
}


def mutants(group: str) -> list[Mutant]:
    make, *arguments = GROUPS[group]
    return list(make(*arguments))


# --- killing them ---


def notices(scenario: Scenario, tables: Tables) -> bool:
    """Whether the scenario fails under these tables. Tables may also break the simulator: that is noticed too."""
    try:
        return not agrees(scenario, scenario.play(tables))
    except (RuntimeError, AttributeError, KeyError):
        return True


@pytest.fixture(scope="session")
def visits(scenarios) -> dict[tuple, list[Scenario]]:
    """Which scenarios look a cell up, those with the fewest look-ups first."""
    found: dict[tuple, list[tuple[int, Scenario]]] = {}
    for name, scenario in scenarios.items():
        cells = scenario.play().cells
        for key in cells:
            found.setdefault(key, []).append((cells.total(), name))
    return {key: [scenarios[name] for _, name in sorted(at)] for key, at in found.items()}


def listed() -> dict[str, str]:
    """The survivors and their reasons."""
    lines = SURVIVORS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("  # ", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("group", GROUPS)
def test_one_cell_mutants_die(group, visits):
    killed_by = {"scenarios": 0, "rules": 0}
    survivors = []
    everyone = mutants(group)
    for mutant in everyone:
        if any(notices(scenario, mutant.tables) for scenario in visits.get(mutant.key, ())):
            killed_by["scenarios"] += 1
        elif next(rules.broken(mutant.tables), None):
            killed_by["rules"] += 1
        else:
            survivors.append(mutant.name)
    print(f"{group}: {len(everyone)} mutants, killed by {killed_by}, {len(survivors)} survive", *survivors, sep="\n")
    names = {mutant.name for mutant in everyone}
    assert set(survivors) == names & set(listed())


def test_survivors_are_few_and_have_their_reasons():
    everyone = {mutant.name for group in GROUPS for mutant in mutants(group)}
    reasons = listed()
    assert set(reasons) <= everyone, "a survivor that is no mutant"
    assert all(reason.strip() for reason in reasons.values())
    assert len(reasons) <= (1 - MUST_DIE) * len(everyone)
