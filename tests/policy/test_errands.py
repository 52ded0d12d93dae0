"""Errands and exit codes as the core knows them (spec.md sections 3, 6 and 7; observed.md; DESIGN.md section 7)."""

import pytest

from minipod.model import Ask, Notify, Probe, RestartRule, Unit
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.errands import assignments, exit_classes, exit_codes
from minipod.supervisor.vocabulary import Errand, ExitClass, Handler, Kind

EXEC = Ask(Handler.EXEC, ("true",))
CLASSES = list(ExitClass)


def unit(*, kind: Kind = Kind.SERVICE, restart: str = "always", **keys) -> Unit:
    return Unit("web", kind, ("true",), restart, **keys)


def errand(made: Unit, kind: Errand):
    return next((task for task in assignments(made) if task.kind is kind), None)


# --- probes and hooks ---


def test_nothing_asked_is_no_errand():
    assert assignments(unit()) == ()


def test_errands_come_by_kind():
    probe = Probe(EXEC)
    asked = unit(
        pre_stop=EXEC, post_start=EXEC, watchdog=SECOND, notify=Notify(),
        readiness_probe=probe, liveness_probe=probe, startup_probe=probe,
    )
    assert [task.kind for task in assignments(asked)] == list(Errand)


def test_a_probes_numbers_are_its_own():
    probe = Probe(EXEC, 2, 3, 4, success_threshold=5, failure_threshold=6)
    task = errand(unit(readiness_probe=probe), Errand.READINESS)
    assert task[:7] == (Errand.READINESS, EXEC, 2, 3, 4, 5, 6)


def test_a_sleeping_hook_takes_its_time():
    hook = Ask(Handler.SLEEP, sleep=7 * SECOND)
    assert errand(unit(pre_stop=hook), Errand.PRE_STOP).timeout == 7 * SECOND


@pytest.mark.parametrize("kind, restart, own, grace, last_grace", [
    (Kind.SERVICE, "always", None, 10, 10),
    (Kind.SERVICE, "always", 3, 3, 3),
    (Kind.SERVICE, "on_failure", 3, 3, 3),
    (Kind.SERVICE, "never", 3, 3, 10),  # the last main left is a pod kill: the pod's grace counts
    (Kind.SERVICE, "never", 60, 60, 10),
    (Kind.SIDECAR, "never", 3, 3, 3),
])
def test_the_grace_of_a_failed_probe(kind, restart, own, grace, last_grace):
    probe = Probe(EXEC, termination_grace_period=None if own is None else own * SECOND)
    task = errand(unit(kind=kind, restart=restart, liveness_probe=probe), Errand.LIVENESS)
    assert (task.grace, task.last_grace) == (grace * SECOND, last_grace * SECOND)


# --- what the program says of itself ---


def test_notify_gates_like_a_startup_probe():
    task = errand(unit(notify=Notify(), start_timeout=5 * SECOND), Errand.STARTUP)
    assert (task.ask.handler, task.period, task.timeout, task.failure_threshold) == (Handler.NOTIFY, 0, 5 * SECOND, 1)


def test_no_start_timeout_waits_for_ever():
    assert errand(unit(notify=Notify()), Errand.STARTUP).timeout == 0


@pytest.mark.parametrize("keys, handlers", [
    ({"notify": Notify()}, {Errand.STARTUP: Handler.NOTIFY, Errand.READINESS: Handler.NOTIFY}),
    ({"notify": Notify(fd=3)}, {Errand.STARTUP: Handler.NOTIFY}),  # a line on a descriptor is never taken back
    ({"notify": Notify(), "readiness_probe": Probe(EXEC)},
     {Errand.STARTUP: Handler.NOTIFY, Errand.READINESS: Handler.EXEC}),
    ({"notify": Notify(), "startup_probe": Probe(EXEC)},
     {Errand.STARTUP: Handler.EXEC, Errand.READINESS: Handler.NOTIFY}),
    ({"watchdog": SECOND}, {Errand.WATCHDOG: Handler.NOTIFY}),
])
def test_a_probe_of_its_own_goes_before_notify(keys, handlers):
    assert {task.kind: task.ask.handler for task in assignments(unit(**keys))} == handlers


def test_a_watchdogs_silence_is_one_failure():
    task = errand(unit(watchdog=3 * SECOND), Errand.WATCHDOG)
    assert (task.timeout, task.period, task.failure_threshold) == (3 * SECOND, 0, 1)


# --- exit codes ---


def classes(**keys) -> dict[int, ExitClass]:
    return {raw: CLASSES[number] for raw, number in enumerate(exit_classes(unit(**keys)))}


def test_only_0_is_a_success():
    found = classes()
    assert found.pop(0) is ExitClass.OK
    assert set(found.values()) == {ExitClass.FAIL}


def test_exit_codes_map_before_all():
    made = unit(exit_codes={3: 0, 0: 9})
    assert (exit_codes(made)[3], exit_codes(made)[0], exit_codes(made)[4]) == (0, 9, 4)
    found = classes(exit_codes={3: 0, 0: 9}, restart_rules=(RestartRule((3,)),))
    assert (found[3], found[0]) == (ExitClass.OK, ExitClass.FAIL)


def test_the_first_rule_that_fits_holds():
    found = classes(restart_rules=(RestartRule((1, 2)), RestartRule((2, 3), restart_all=True)))
    assert [found[code] for code in range(1, 5)] == [
        ExitClass.RULE_RESTART, ExitClass.RULE_RESTART, ExitClass.RULE_RESTART_ALL, ExitClass.FAIL,
    ]


def test_not_in_fits_a_success_too():
    found = classes(restart_rules=(RestartRule((7, 8), negated=True),))
    assert (found[0], found[7], found[9]) == (ExitClass.RULE_RESTART, ExitClass.FAIL, ExitClass.RULE_RESTART)


def test_an_init_that_succeeds_is_done_whatever_rules_say():
    found = classes(kind=Kind.INIT, restart_rules=(RestartRule((7,), negated=True),))
    assert (found[0], found[1]) == (ExitClass.OK, ExitClass.RULE_RESTART)
