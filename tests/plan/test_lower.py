"""Lowering: names become positions, the config's words rows of the policy's tables."""

import pytest

from minipod.model import Pod, SignalRule, Unit
from minipod.reaper.lower import DEFAULT_PATH, WHOLE_GRACE, exits, lower
from minipod.reaper.records import Plan
from minipod.supervisor import backoff, budget
from minipod.supervisor.signals import COUNT, default_verb
from minipod.supervisor.vocabulary import (
    Direction,
    ExitClass,
    Kind,
    Milestone,
    Rule,
    SignalVerb,
    Standing,
    StopScope,
)

OK, FAIL = ExitClass.OK.number, ExitClass.FAIL.number


def pod(*names: str, **fields) -> Pod:
    """Services that each run true."""
    return Pod("p", tuple(Unit(name, Kind.SERVICE, ("true",), "always") for name in names), **fields)


def by_name(plan: Plan, name: str):
    return next(unit for unit in plan.units if unit.name == name)


def test_the_command_line_is_command_then_args(plan: Plan) -> None:
    web = by_name(plan, "web")
    assert web.argv == ("shop", "serve", "--port", "$(PORT)")
    assert web.command_count == 2


def test_standings(plan: Plan) -> None:
    assert {unit.name: unit.standing for unit in plan.units} == {
        "migrate": Standing.INIT,
        "logs": Standing.ESSENTIAL_SIDECAR,
        "warm-up": Standing.INIT,
        "web": Standing.MAIN,
        "worker": Standing.ESSENTIAL_SERVICE,
        "db": Standing.SERVICE,
    }


def test_an_init_that_restarts_always_restarts_on_failure() -> None:
    init = Unit("i", Kind.INIT, ("true",), "always")
    assert lower(Pod("p", (init, *pod("s").units))).units[0].rule is Rule.ON_FAILURE


def test_exit_codes_are_remapped_before_they_mean_anything() -> None:
    mapped = exits({3: 0, 0: 9, 255: 254})
    assert [mapped.codes[raw] for raw in (0, 1, 3, 143, 254, 255)] == [9, 1, 0, 143, 254, 254]
    assert [mapped.classes[raw] for raw in (0, 1, 3, 143)] == [FAIL, FAIL, OK, FAIL]
    assert (len(mapped.codes), mapped.classes.count(OK)) == (256, 1)


def test_a_command_that_cannot_be_executed_is_final(plan: Plan) -> None:
    assert {(u.unstartable_class, u.unstartable_code) for u in plan.units} == {(ExitClass.UNSTARTABLE, 0)}


def test_the_rest_of_a_group_keeps_the_grace_unless_the_stop_goes_to_the_leader_alone(plan: Plan) -> None:
    graces = {unit.stop_scope: unit.rest_grace_ns for unit in plan.units}
    assert graces == {StopScope.GROUP: WHOLE_GRACE, StopScope.MAIN: 0}


def test_times(plan: Plan) -> None:
    worker, migrate = by_name(plan, "worker"), by_name(plan, "migrate")
    assert worker.delays == tuple(int(s * 1e9) for s in (0, 0.5, 1, 2, 4, 8))
    assert worker.reset_ns == backoff.RESET_AFTER
    assert (migrate.deadline_ns, worker.deadline_ns) == (120 * 10**9, 0)
    assert (plan.deadline_ns, plan.budget_ns, plan.retry_ns) == (3600 * 10**9, 30 * 10**9, backoff.RETRY_AFTER)
    assert (plan.margin, plan.sidecars, plan.turn) == (budget.MARGIN, budget.SIDECARS, budget.TURN)


def test_no_deadline_is_zero() -> None:
    assert lower(pod("s")).deadline_ns == 0


def test_signals_that_the_config_says_nothing_of() -> None:
    rules = lower(pod("s")).rules
    assert [rule.verb for rule in rules] == [default_verb(number) for number in range(COUNT)]
    assert all(rule.send == (number if rule.verb is SignalVerb.FORWARD else 0) for number, rule in enumerate(rules))


def test_signals_of_the_config(plan: Plan) -> None:
    hup, usr1, alarm, power = (plan.rules[number] for number in (1, 10, 14, 30))
    assert (hup.verb, hup.send, hup.targets) == (SignalVerb.FORWARD, 1, (3, 4))
    assert (usr1.verb, usr1.send, usr1.targets) == (SignalVerb.FORWARD, 12, (3,))
    assert (alarm.verb, power.verb) == (SignalVerb.IGNORE, SignalVerb.STOP)


def test_a_signal_may_be_configured_away_from_stop() -> None:
    rule = lower(pod("s", signals={2: SignalRule(SignalVerb.FORWARD)})).rules[2]
    assert (rule.verb, rule.send) == (SignalVerb.FORWARD, 2)


@pytest.mark.parametrize(
    ("lowered", "main", "args"),
    [
        (pod("a", "b"), None, None),
        (pod("a", "b", main="b"), 1, 1),
        (pod("a"), None, 0),
        (pod("a", main="a"), 0, 0),
    ],
    ids=["two services", "main of two", "the only service", "the only service is main"],
)
def test_whose_words_follow(lowered: Pod, main: int | None, args: int | None) -> None:
    assert (lower(lowered).main_unit, lower(lowered).args_unit) == (main, args)


def test_edges_and_ranks(plan: Plan) -> None:
    rank = {i: unit.rank for i, unit in enumerate(plan.units)}
    assert (5, 3, Milestone.READY, Direction.START) in {
        (e.first, e.second, e.milestone, e.direction) for e in plan.edges
    }
    assert list(plan.edges) == sorted(plan.edges, key=lambda e: e.first)
    for edge in plan.edges:
        assert (rank[edge.first] < rank[edge.second]) == (edge.direction is Direction.START)


def test_texts_and_switches(plan: Plan) -> None:
    web = by_name(plan, "web")
    assert (web.user, web.group, web.umask, web.leave_rest) == ("www-data", "33", 0o027, False)
    assert (plan.name, plan.termination_message, plan.default_path) == ("shop", "/dev/termination-log", DEFAULT_PATH)
    assert plan.labels == (("app", "shop"), ("tier", "front"))
    assert plan.exact_env is False


def test_a_cycle_is_no_plan() -> None:
    units = tuple(u._replace(after={o: Milestone.STARTED}) for u, o in zip(pod("a", "b").units, "ba", strict=True))
    with pytest.raises(ValueError, match="cycle"):
        lower(Pod("p", units))
