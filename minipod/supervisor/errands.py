"""Errands as the core knows them: probes, hooks, notify and the watchdog are one kind of thing with different numbers.

Also what exit codes mean, with restart rules. Pure; part of the compile path, so it may know ``words`` and never the
tables. It must never know how a request looks: that is ``reaper.lower``'s.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from minipod import model
from minipod.supervisor.words import Errand, ExitClass, Handler, Kind

EXIT_CODES = 256
HOOKS = (Errand.POST_START, Errand.PRE_STOP)
# The key of a pod file, and the field of the model, that asks for each.
KEYS = {
    Errand.STARTUP: "startup_probe",
    Errand.LIVENESS: "liveness_probe",
    Errand.READINESS: "readiness_probe",
    Errand.WATCHDOG: "watchdog",
    Errand.POST_START: "post_start",
    Errand.PRE_STOP: "pre_stop",
}
_SAID_BY_PROGRAM = model.Ask(Handler.NOTIFY)
_UNCHANGED = bytes(range(EXIT_CODES))
_CLASSES = bytes([ExitClass.OK.number, *[ExitClass.FAIL.number] * (EXIT_CODES - 1)])  # by exit code


class Assignment(NamedTuple):
    """One errand of a unit. Times in ns; ``timeout`` 0 is none, for SLEEP it is the sleep. ``grace`` is what a probe's
    failure leaves the unit to end, ``last_grace`` the same for the pod's last service (observed.md, row 3)."""

    kind: Errand
    ask: model.Ask
    delay: int = 0
    period: int = 0
    timeout: int = 0
    success_threshold: int = 1
    failure_threshold: int = 1
    grace: int = 0
    last_grace: int = 0


def assignments(unit: model.Unit) -> tuple[Assignment, ...]:
    """A unit's errands by kind, each kind at most once."""
    return tuple(_assignments(unit))


def _assignments(unit: model.Unit) -> Iterator[Assignment]:
    own = _graces(unit, None)
    if unit.startup_probe is not None:
        yield _probe(unit, Errand.STARTUP, unit.startup_probe)
    elif unit.notify is not None:
        yield Assignment(Errand.STARTUP, _SAID_BY_PROGRAM, timeout=unit.start_timeout or 0, **own)
    if unit.liveness_probe is not None:
        yield _probe(unit, Errand.LIVENESS, unit.liveness_probe)
    if unit.readiness_probe is not None:
        yield _probe(unit, Errand.READINESS, unit.readiness_probe)
    elif unit.notify is not None and unit.notify.fd is None:
        yield Assignment(Errand.READINESS, _SAID_BY_PROGRAM, **own)
    if unit.watchdog is not None:
        yield Assignment(Errand.WATCHDOG, _SAID_BY_PROGRAM, timeout=unit.watchdog, **own)
    for kind in HOOKS:
        ask = getattr(unit, KEYS[kind])
        if ask is not None:
            yield Assignment(kind, ask, timeout=ask.sleep)


def _probe(unit: model.Unit, kind: Errand, probe: model.Probe) -> Assignment:
    return Assignment(
        kind, probe.ask, probe.initial_delay, probe.period, probe.timeout,
        probe.success_threshold, probe.failure_threshold, **_graces(unit, probe.termination_grace_period),
    )


def _graces(unit: model.Unit, probes: int | None) -> dict[str, int]:
    grace = unit.termination_grace_period if probes is None else probes
    ends_the_pod = unit.kind is Kind.SERVICE and unit.restart == "never"
    return {"grace": grace, "last_grace": unit.termination_grace_period if ends_the_pod else grace}


# --- exit codes -------------------------------------------------------------------------------------------------


def exit_codes(unit: model.Unit) -> bytes:
    """What each raw exit code 0..255 becomes: 256 of them."""
    codes = unit.exit_codes
    return bytes(codes.get(raw, raw) for raw in range(EXIT_CODES)) if codes else _UNCHANGED


def exit_classes(unit: model.Unit) -> bytes:
    """The number of the exit class for each raw code: 256. Restart rules see the code that ``exit_codes`` leaves, the
    first that fits holds; an init that succeeds is done whatever they say (spec.md section 3)."""
    return exit_codes(unit).translate(_ruled(unit) if unit.restart_rules else _CLASSES)


def start_failure(unit: model.Unit) -> ExitClass:
    """What a start that failed means to the verdict: the pod's end, or what the code given to it means, which never is
    a success."""
    if unit.unstartable_code is None:
        return ExitClass.UNSTARTABLE
    number = exit_classes(unit)[unit.unstartable_code]
    return next((each for each in ExitClass if each.number == number and each is not ExitClass.OK), ExitClass.FAIL)


def _ruled(unit: model.Unit) -> bytes:
    first = 1 if unit.kind is Kind.INIT else 0
    ruled: Mapping[int, ExitClass] = {
        code: _class_of(rule)
        for rule in reversed(unit.restart_rules)
        for code in range(first, EXIT_CODES)
        if (code in rule.codes) is not rule.negated
    }
    return bytes(ruled[code].number if code in ruled else _CLASSES[code] for code in range(EXIT_CODES))


def _class_of(rule: model.RestartRule) -> ExitClass:
    return ExitClass.RULE_RESTART_ALL if rule.restart_all else ExitClass.RULE_RESTART
