"""The policy's numbers: back-off, stop budget, signals, phase facts and lowering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipod.supervisor import signals
from minipod.supervisor.backoff import SECOND, delay_before, ladder
from minipod.supervisor.budget import ROUND_FLOOR, TERM_FLOOR, WHOLE_GRACE, limits
from minipod.supervisor.phase import PhaseBit, phase_of
from minipod.supervisor.roles import rule_of, standing_of
from minipod.supervisor.verdict import VERDICT
from minipod.supervisor.vocabulary import Budget, ExitClass, Kind, Outcome, Phase, Rule, SignalVerb, Standing, Want

TIMES = st.integers(0, 10**6 * SECOND)


def seconds(*delays: float) -> list[int]:
    return [round(delay * SECOND) for delay in delays]


# --- back-off (spec.md section 5) ---


def test_ladder_of_kubernetes():
    rungs = ladder(10 * SECOND, 300 * SECOND)
    assert [delay_before(n, rungs) for n in range(9)] == seconds(0, 10, 20, 40, 80, 160, 300, 300, 300)


def test_ladder_of_minipod():
    assert [delay_before(n, ladder()) for n in range(9)] == seconds(0, 1, 2, 4, 8, 16, 32, 60, 60)


def test_an_initial_delay_above_the_cap_is_lowered():
    assert list(ladder(10 * SECOND, 2 * SECOND)) == seconds(0, 2)


@pytest.mark.parametrize("initial, cap", [(0, 60), (0, 0), (5, 0)])
def test_no_delay_is_no_delay_for_ever(initial, cap):
    assert ladder(initial * SECOND, cap * SECOND) == (0,)


@given(TIMES, TIMES)
def test_a_ladder_starts_at_0_grows_and_ends_at_the_cap(initial, cap):
    rungs = ladder(initial, cap)
    assert rungs[0] == 0 and list(rungs) == sorted(set(rungs))
    assert rungs[-1] == (cap if initial else 0)


# --- the stop budget (DESIGN.md section 4) ---


def test_budget_of_docker():
    assert list(limits(10 * SECOND, has_sidecars=False)[:2]) == seconds(7.6, 9.5)
    assert list(limits(10 * SECOND, has_sidecars=True)) == seconds(6, 7.5, 9.1, 9.5, 10)


def test_a_small_budget_is_shared_out_by_tenths_and_fifths():
    assert list(limits(SECOND, has_sidecars=True)) == seconds(0.56, 0.7, 0.86, 0.9, 1)


def test_floors_of_the_kubelet():
    assert [TERM_FLOOR, ROUND_FLOOR] == seconds(2, 1)


@given(TIMES, TIMES)
def test_two_whole_graces_and_any_moment_fit_into_63_bits(grace, now):
    assert grace < WHOLE_GRACE and now + 2 * WHOLE_GRACE < 1 << 63


def test_no_budget_is_no_time_at_all():
    assert set(limits(0, has_sidecars=True)) == {0}


@given(TIMES, st.booleans())
def test_moments_are_in_order_and_within_the_budget(budget, has_sidecars):
    found = limits(budget, has_sidecars=has_sidecars)
    assert 0 <= found.service_turn <= found.service_kill <= found.sidecar_kill <= found.leave == budget
    assert found.service_kill <= found.sidecar_turn <= found.sidecar_kill
    assert found.leave - found.sidecar_kill == min(SECOND // 2, budget // 10)


@given(TIMES, TIMES, st.booleans())
def test_more_budget_is_never_less_time(one, other, has_sidecars):
    less, more = (limits(b, has_sidecars=has_sidecars) for b in sorted((one, other)))
    assert less.service_kill <= more.service_kill and less.sidecar_kill <= more.sidecar_kill


# --- signals (DESIGN.md section 5) ---


@pytest.mark.parametrize("number", range(1, signals.COUNT))
def test_names_come_back(number):
    assert signals.number_of(signals.name_of(number)) == number


@pytest.mark.parametrize("name, number", [
    ("TERM", 15), ("SIGTERM", 15), ("sigterm", 15), ("15", 15), ("RTMIN", 34), ("SIGRTMIN+3", 37), ("RTMIN+30", 64),
    ("RTMAX", 64), ("SIGRTMAX-1", 63), ("RTMAX-30", 34), ("POLL", 29), ("IOT", 6),
])
def test_names(name, number):
    assert signals.number_of(name) == number


@pytest.mark.parametrize("name", [
    "", "SIG", "TERMINATE", "0", "65", "-1", "RTMIN+31", "RTMAX-31", "RTMIN-1", "RTMIN+", "٣",
])
def test_no_signals(name):
    with pytest.raises(ValueError, match="no such signal"):
        signals.number_of(name)


def test_what_is_done_with_each_signal():
    verbs = {verb: {n for n in range(signals.COUNT) if signals.default_verb(n) is verb} for verb in SignalVerb}
    assert verbs[SignalVerb.STOP] == {2, 3, 15}
    assert verbs[SignalVerb.FREEZE] == {20, 21, 22}
    assert verbs[SignalVerb.THAW] == {18}
    assert verbs[SignalVerb.OWN] == {9, 17, 19}
    assert verbs[SignalVerb.IGNORE] == {0, 32, 33}
    assert len(verbs[SignalVerb.FORWARD]) == 65 - 3 - 3 - 1 - 3 - 3


# --- phase (spec.md section 1) ---

B = PhaseBit


@pytest.mark.parametrize("bits, phase", [
    ({B.FAILED_INIT, B.PENDING}, Phase.FAILED),
    ({B.FAILED_INIT, B.RUNNING}, Phase.FAILED),
    ({B.FAILED_INIT, B.OVER}, Phase.FAILED),
    ({B.PENDING}, Phase.PENDING),
    ({B.PENDING, B.RUNNING}, Phase.PENDING),
    ({B.PENDING, B.STOPPED, B.RESTARTING}, Phase.PENDING),
    ({B.UNKNOWN, B.RUNNING}, Phase.PENDING),
    ({B.RUNNING}, Phase.RUNNING),
    ({B.RUNNING, B.STOPPED, B.UNSUCCESSFUL}, Phase.RUNNING),
    ({B.STOPPED, B.RESTARTING}, Phase.RUNNING),
    ({B.STOPPED}, Phase.SUCCEEDED),
    ({B.STOPPED, B.UNSUCCESSFUL}, Phase.FAILED),
    (set(), Phase.PENDING),
    ({B.UNSUCCESSFUL}, Phase.PENDING),
    ({B.OVER}, Phase.SUCCEEDED),
    ({B.OVER, B.UNSUCCESSFUL}, Phase.FAILED),
    ({B.OVER, B.RESTARTING, B.UNSUCCESSFUL}, Phase.FAILED),
    ({B.OVER, B.RESTARTING}, Phase.SUCCEEDED),
    ({B.OVER, B.PENDING, B.UNSUCCESSFUL}, Phase.FAILED),
])
def test_phase(bits, phase):
    assert phase_of(frozenset(bits)) is phase


# --- verdicts and lowering (spec.md section 3) ---


@pytest.mark.parametrize("policy, want, exit_class, left, spent", [
    ("ALWAYS", "UP", "OK", "RESTART", "GAVE_UP"),
    ("ALWAYS", "UP", "FAIL", "RESTART", "GAVE_UP"),
    ("ON_FAILURE", "UP", "OK", "DONE", "DONE"),
    ("ON_FAILURE", "UP", "FAIL", "RESTART", "GAVE_UP"),
    ("NEVER", "UP", "OK", "DONE", "DONE"),
    ("NEVER", "UP", "FAIL", "FAILED", "FAILED"),
    ("ALWAYS", "UP", "UNSTARTABLE", "UNRUNNABLE", "UNRUNNABLE"),
    ("NEVER", "UP", "DEPENDENCY", "FAILED", "FAILED"),
    ("ON_FAILURE", "UP", "DEADLINE", "EXPIRED", "EXPIRED"),
    ("NEVER", "AGAIN", "FAIL", "RESTART_NOW", "RESTART_NOW"),
    ("ON_FAILURE", "AGAIN", "OK", "RESTART_NOW", "RESTART_NOW"),
    ("ON_FAILURE", "AGAIN", "DEADLINE", "EXPIRED", "EXPIRED"),
    ("ALWAYS", "HOLD", "FAIL", "HELD", "HELD"),
    ("NEVER", "HOLD", "DEADLINE", "HELD", "HELD"),
    ("ALWAYS", "HOLD", "UNSTARTABLE", "UNRUNNABLE", "UNRUNNABLE"),
    ("ALWAYS", "STOP", "OK", "STOPPED", "STOPPED"),
    ("NEVER", "STOP", "UNSTARTABLE", "STOPPED", "STOPPED"),
    ("ALWAYS", "UP", "SICK_OK", "RESTART", "GAVE_UP"),
    ("ON_FAILURE", "UP", "SICK_OK", "RESTART", "GAVE_UP"),
    ("NEVER", "UP", "SICK_OK", "DONE", "DONE"),
    ("NEVER", "UP", "SICK", "FAILED", "FAILED"),
    ("NEVER", "HOLD", "SICK", "HELD", "HELD"),
    ("NEVER", "UP", "RULE_RESTART", "RESTART", "GAVE_UP"),
    ("NEVER", "AGAIN", "RULE_RESTART_ALL", "RESTART_NOW", "RESTART_NOW"),
    ("NEVER", "UP", "RULE_RESTART_ALL", "RESTART_ALL", "GAVE_UP"),
    ("ALWAYS", "STOP", "RULE_RESTART_ALL", "STOPPED", "STOPPED"),
    ("NEVER", "RESET", "UNSTARTABLE", "HELD", "HELD"),
    ("ON_FAILURE", "RESET", "DEADLINE", "HELD", "HELD"),
])
def test_verdict(policy, want, exit_class, left, spent):
    key = Rule[policy], Want[want], ExitClass[exit_class]
    assert [VERDICT[(*key, budget)] for budget in (Budget.LEFT, Budget.SPENT)] == [Outcome[left], Outcome[spent]]


@pytest.mark.parametrize("kind, restart, rule", [
    (Kind.SERVICE, "always", Rule.ALWAYS),
    (Kind.SIDECAR, "always", Rule.ALWAYS),
    (Kind.INIT, "always", Rule.ON_FAILURE),
    (Kind.INIT, "never", Rule.NEVER),
    (Kind.SERVICE, "on_failure", Rule.ON_FAILURE),
])
def test_restart_policies_are_lowered(kind, restart, rule):
    assert rule_of(kind, restart) is rule


def test_an_unknown_restart_policy_is_refused():
    with pytest.raises(KeyError):
        rule_of(Kind.SERVICE, "sometimes")


@pytest.mark.parametrize("kind, is_main, essential, standing", [
    (Kind.INIT, False, False, Standing.INIT),
    (Kind.INIT, False, True, Standing.INIT),
    (Kind.SIDECAR, False, False, Standing.SIDECAR),
    (Kind.SIDECAR, False, True, Standing.ESSENTIAL_SIDECAR),
    (Kind.SERVICE, False, False, Standing.SERVICE),
    (Kind.SERVICE, False, True, Standing.ESSENTIAL_SERVICE),
    (Kind.SERVICE, True, True, Standing.MAIN),
])
def test_standing(kind, is_main, essential, standing):
    assert standing_of(kind, is_main=is_main, essential=essential) is standing
