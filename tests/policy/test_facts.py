"""What is so in a pod, as the bits of its phase: each situation by itself (spec.md section 1)."""

from dataclasses import dataclass

import pytest

from minipod.supervisor.facts import bits_of
from minipod.supervisor.phase import PhaseBit as B
from minipod.supervisor.phase import phase_of
from minipod.supervisor.vocabulary import Kind, Life, Outcome, Phase, Want


@dataclass
class Facts:
    """One unit, by default a service that runs."""

    kind: Kind = Kind.SERVICE
    life: Life = Life.UP
    want: Want = Want.UP
    outcome: Outcome | None = None
    code: int | None = None
    begun: bool = True
    begun_in_round: bool = True
    started: bool = True


def new(life: Life, kind: Kind = Kind.SERVICE) -> Facts:
    """A unit before it was ever up."""
    return Facts(kind, life, begun=False, begun_in_round=False, started=False)


def over(code: int | None, outcome: Outcome, kind: Kind = Kind.SERVICE) -> Facts:
    return Facts(kind, Life.ENDED, outcome=outcome, code=code, started=False)


UP = Facts()


def bits(*units: Facts, exit_code: int | None = None, is_over: bool = False) -> set[B]:
    return set(bits_of(units, exit_code=exit_code, is_over=is_over))


@pytest.mark.parametrize("facts, expected", [
    (UP, {B.RUNNING}),
    (new(Life.HELD), {B.PENDING}),
    (new(Life.SPAWNING), {B.PENDING}),
    (new(Life.POST_START), {B.PENDING}),
    (Facts(life=Life.DRAINING, code=1), {B.RUNNING}),
    (Facts(life=Life.BACKOFF, code=0), {B.STOPPED, B.RESTARTING}),
    (Facts(life=Life.BACKOFF, code=1), {B.STOPPED, B.RESTARTING, B.UNSUCCESSFUL}),
    (Facts(life=Life.SPAWNING, code=0), {B.STOPPED, B.RESTARTING}),
    (Facts(life=Life.HELD, want=Want.HOLD, code=143), {B.RUNNING}),  # stopped by hand counts as running
    (Facts(life=Life.HELD, want=Want.RESET, code=137), {B.STOPPED, B.RESTARTING, B.UNSUCCESSFUL}),
    (over(0, Outcome.DONE), {B.STOPPED}),
    (over(3, Outcome.FAILED), {B.STOPPED, B.UNSUCCESSFUL}),
    (over(None, Outcome.FAILED), {B.STOPPED, B.UNSUCCESSFUL}),
])
def test_a_service(facts, expected):
    assert bits(facts) == expected


@pytest.mark.parametrize("facts, expected", [
    (new(Life.SPAWNING, Kind.INIT), {B.PENDING}),
    (Facts(Kind.INIT), {B.PENDING}),
    (Facts(Kind.INIT, Life.BACKOFF, code=1), set()),
    (over(0, Outcome.DONE, Kind.INIT), set()),
    (over(143, Outcome.STOPPED, Kind.INIT), set()),
    (over(1, Outcome.FAILED, Kind.INIT), {B.FAILED_INIT}),
    (over(127, Outcome.UNRUNNABLE, Kind.INIT), {B.FAILED_INIT}),
])
def test_an_init(facts, expected):
    assert bits(facts) == expected


@pytest.mark.parametrize("facts, service, expected", [
    (Facts(Kind.SIDECAR), UP, {B.RUNNING}),
    (Facts(Kind.SIDECAR, started=False), new(Life.HELD), {B.RUNNING, B.PENDING}),
    (Facts(Kind.SIDECAR, started=False), UP, {B.RUNNING}),
    # of a round before does not count
    (Facts(Kind.SIDECAR, started=False), Facts(life=Life.HELD, code=137, begun_in_round=False),
     {B.RUNNING, B.PENDING, B.STOPPED, B.RESTARTING, B.UNSUCCESSFUL}),
    (over(1, Outcome.FAILED, Kind.SIDECAR), UP, {B.RUNNING}),
    (Facts(Kind.SIDECAR, Life.BACKOFF, code=1, started=False), over(0, Outcome.DONE), {B.STOPPED}),
])
def test_a_sidecar(facts, service, expected):
    assert bits(facts, service) == expected


def test_a_fixed_exit_code_decides():
    assert bits(over(3, Outcome.FAILED), exit_code=0, is_over=True) == {B.STOPPED, B.OVER}
    assert bits(over(0, Outcome.DONE), exit_code=124) == {B.STOPPED, B.UNSUCCESSFUL}


def test_a_pod_of_a_retried_init_is_pending():
    waits = [Facts(Kind.INIT, Life.BACKOFF, code=1), new(Life.HELD)]
    assert phase_of(bits_of(waits, exit_code=None, is_over=False)) is Phase.PENDING
