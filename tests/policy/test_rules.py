"""The real tables satisfy every rule; every rule says why, and every rule can be broken."""

from dataclasses import replace

import pytest

from minipod.supervisor import rules
from minipod.supervisor.books import TABLES
from minipod.supervisor.table import Cell, impossible, to
from minipod.supervisor.vocabulary import Action, Life, LifeEvent


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_tables_satisfy(rule):
    assert list(rule(TABLES)) == []


def test_every_rule_has_its_reason():
    assert all(rule.__doc__ and rule.__doc__.strip().endswith(".") for rule in rules.RULES)
    assert len({rule.__name__ for rule in rules.RULES}) == len(rules.RULES)


def breaks(state, event, cell: Cell) -> list[str]:
    tables = replace(TABLES, life=TABLES.life.with_cell(state, event, cell))
    return [line.split(":")[0] for line in rules.broken(tables)]


def test_a_restart_of_what_is_over_is_seen():
    assert "the_last_state_is_final" in breaks(Life.ENDED, LifeEvent.GO, to(Life.SPAWNING, Action.SPAWN, Action.RENEW))


def test_a_lost_exit_is_seen():
    assert "impossible_is_what_cannot_happen" in breaks(Life.UP, LifeEvent.EXITED, impossible())


def test_a_dead_end_is_seen():
    assert "every_state_has_a_way_out" in breaks(Life.DRAINING, LifeEvent.FINISH, to(Life.DRAINING))


def test_a_timer_that_outlives_its_state_is_seen():
    cell = to(Life.DRAINING, Action.JUDGE)
    assert "a_verdict_finds_no_timer" in breaks(Life.DRAINING, LifeEvent.DRAINED, cell)
