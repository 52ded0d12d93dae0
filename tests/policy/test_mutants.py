"""Mutants: the policy with one cell changed (``policy_mutants``). Scenarios and rules must notice 95 of 100 at least.

A mutant is killed when a scenario's expectations fail under it, or a rule is broken; golden texts and the drift test do
not count. Only scenarios that look the changed cell up are played: the others cannot tell. No scenario alone can see
that something impossible became ignored (what never comes is never missed); the rule that names what can happen, event
by event, does.

Survivors are listed in survivors.txt, each with its reason; a mutant that survives and is not listed fails the test,
and so does a listed one that is killed.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from policy_mutants import GROUPS, mutants

from minipod.supervisor import rules
from minipod.supervisor.books import Tables
from minipod.supervisor.scenario import Scenario, agrees

SURVIVORS = Path(__file__).with_name("survivors.txt")
MUST_DIE = 0.95


def notices(scenario: Scenario, tables: Tables) -> bool:
    """Whether the scenario fails under these tables. Tables may also break the simulator: that is noticed too."""
    try:
        return not agrees(scenario, scenario.play(tables))
    except (RuntimeError, AttributeError, KeyError, TypeError):
        return True


@pytest.fixture(scope="session")
def broken() -> Callable[[Tables], bool]:
    """Whether tables break a rule; the one that was broken last is asked first."""
    order = list(rules.RULES)

    def is_broken(tables: Tables) -> bool:
        for at, rule in enumerate(order):
            if next(rule(tables), None):
                order.insert(0, order.pop(at))
                return True
        return False

    return is_broken


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
def test_one_cell_mutants_die(group, visits, broken):
    killed_by = {"scenarios": 0, "rules": 0}
    survivors = []
    everyone = mutants(group)
    for mutant in everyone:
        if any(notices(scenario, mutant.tables) for key in mutant.keys for scenario in visits.get(key, ())):
            killed_by["scenarios"] += 1
        elif broken(mutant.tables):
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
