"""The real tables satisfy every rule; every rule says why, and every rule can be broken."""

import functools
from dataclasses import replace
from itertools import chain, zip_longest

import pytest
from policy_mutants import GROUPS, mutants

from minipod.supervisor import rules, rules_verdict
from minipod.supervisor.books import TABLES, Tables
from minipod.supervisor.table import Cell, CellKind, Machine, impossible, to
from minipod.supervisor.vocabulary import (
    Action,
    Life,
    LifeEvent,
    Milestone,
    Outcome,
    Pod,
    PodEvent,
    Probe,
    ProbeEvent,
    Word,
)


def every_rule(function):
    return pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)(function)


@every_rule
def test_tables_satisfy(rule):
    assert list(rule(TABLES)) == []


def test_every_rule_has_its_reason():
    assert all(rule.__doc__ and rule.__doc__.strip().endswith(".") for rule in rules.RULES)
    assert len({rule.__name__ for rule in rules.RULES}) == len(rules.RULES)


# --- each can be broken ---


def swapped(machine: Machine, state: Word, event: Word) -> Machine:
    """A machine with the actions of one cell in reverse."""
    cell = machine.cell(state, event)
    return machine.with_cell(state, event, replace(cell, actions=cell.actions[::-1]))


# What a mutant of one cell does not break: the order of actions, what no cell can hold, what is ignored and would act.
BY_HAND = {
    "actions_come_in_their_order": replace(TABLES, life=swapped(TABLES.life, Life.PRE_STOP, LifeEvent.HOOK_DONE)),
    "only_acting_cells_do_anything": replace(
        TABLES, pod=TABLES.pod.with_cell(Pod.ENDING, PodEvent.STIRRED, Cell(CellKind.IGNORED, actions=(Action.LEAVE,))),
    ),
    "who_leaves_is_not_stopped_again": replace(
        TABLES, life=TABLES.life.with_cell(Life.TERM_SENT, LifeEvent.STOP, to(Life.TERM_SENT, Action.SEND_STOP)),
    ),
    "a_pod_that_ends_begins_nothing_anew": replace(
        TABLES, pod=TABLES.pod.with_cell(Pod.ENDING, PodEvent.ROUND_DUE, to(Pod.ENDING, Action.BEGIN_ROUND)),
    ),
}


@functools.cache
def broken_tables() -> list[Tables]:
    """Every mutant's, the first of each group first: what breaks a rule is found soon."""
    turns = chain.from_iterable(zip_longest(*map(mutants, GROUPS)))
    return [mutant.tables for mutant in turns if mutant is not None]


# One looks at no table that has mutants: the test after this one breaks it.
@pytest.mark.parametrize(
    "rule", [rule for rule in rules.RULES if rule is not rules_verdict.only_success_completes],
    ids=lambda rule: rule.__name__,
)
def test_a_rule_can_be_broken(rule):
    tables = [BY_HAND[rule.__name__]] if rule.__name__ in BY_HAND else broken_tables()
    assert any(next(rule(each), None) for each in tables)


def test_completed_by_a_failure_is_seen(monkeypatch):
    monkeypatch.setitem(rules_verdict.OUTCOME_MILESTONE, Outcome.FAILED, Milestone.COMPLETED)
    assert list(rules_verdict.only_success_completes(TABLES)) == ["failed"]


# --- and is, by what it is for ---


def breaks(field: str, state: Word, event: Word, cell: Cell) -> list[str]:
    tables = replace(TABLES, **{field: getattr(TABLES, field).with_cell(state, event, cell)})
    return [line.split(":")[0] for line in rules.broken(tables)]


A, L, E, P, Q = Action, Life, LifeEvent, Probe, ProbeEvent


@pytest.mark.parametrize("field, state, event, cell, rule", [
    ("life", L.ENDED, E.GO, to(L.SPAWNING, A.SPAWN, A.RENEW), "the_last_state_is_final"),
    ("life", L.UP, E.EXITED, impossible(), "impossible_is_what_cannot_happen"),
    ("life", L.DRAINING, E.FINISH, to(L.DRAINING), "every_state_has_a_way_out"),
    ("life", L.DRAINING, E.DRAINED, to(L.DRAINING, A.JUDGE), "a_verdict_finds_no_timer"),
    ("life", L.UP, E.STOP, to(L.TERM_SENT, A.HALT_PROBES, A.SEND_STOP, A.ARM_GRACE), "a_stop_passes_pre_stop"),
    ("life", L.PRE_STOP, E.HOOK_FAILED, to(L.TERM_SENT, A.SPEND_GRACE, A.SEND_STOP, A.ARM_GRACE),
     "a_stop_goes_on_whatever_its_hook_did"),
    ("life", L.POST_START, E.HOOK_FAILED, to(L.UP, A.MARK_UP), "a_stop_order_stops"),
    ("life", L.UP, E.UNHEALTHY, to(L.PRE_STOP, A.HALT_PROBES, A.BEGIN_STOP, A.RUN_PRE_STOP), "sickness_is_noted"),
    ("life", L.UP, E.EXITED, to(L.DRAINING, A.KILL_REST, A.CHECK_REST), "the_programs_end_ends_its_errands"),
    ("readiness", P.TRYING, Q.FAILED, to(P.OFF, A.DISARM_PROBE, A.FORGET_RUN, A.TELL_UNHEALTHY),
     "only_startup_and_liveness_stop"),
    ("liveness", P.TRYING, Q.FAILED, to(P.REST, A.ARM_NEXT), "only_startup_and_liveness_stop"),
    ("startup", P.OFF, Q.BEGIN, to(P.TRYING, A.ATTEMPT), "a_probe_begins_with_its_delay"),
    ("pod", Pod.STOPPING, PodEvent.RESTART_ALL, to(Pod.RESETTING, A.RESET_ALL), "nothing_turns_back"),
    ("pod", Pod.RESETTING, PodEvent.ALL_RESET, to(Pod.RUNNING, A.BEGIN_ROUND), "a_round_begins_when_all_have_ended"),
])
def test_what_a_rule_is_for_breaks_it(field, state, event, cell, rule):
    assert rule in breaks(field, state, event, cell)
