"""What PID 1 does with a signal it receives, on the fake kernel: to whom it goes on, and what stands still."""

import pytest
from player import Answer, Player, request

from minipod.model import Ask, Notify, Pod, Probe, SignalRule, Unit
from minipod.supervisor.vocabulary import Errand, Handler, Kind, ProbeEvent, SignalVerb, WantEvent
from minipod.supervisor.vocabulary import Pod as PodState
from minipod.supervisor.world import Answer as Said
from minipod.supervisor.world import Behaviour, Fact, FactKind, Reply

SECOND = 1_000_000_000
MS = 1_000_000
HUP, INT, QUIT, USR1, USR2, TERM, CONT, STOP, TSTP, TTIN, TTOU, RTMIN = 1, 2, 3, 10, 12, 15, 18, 19, 20, 21, 22, 34
FROM_SOMEBODY, FROM_KERNEL = 0, 0x80


def play(player: Player, *received: tuple[int, ...], deadline: int | None = None,
         rules: dict[int, SignalRule] | None = None) -> Answer:
    """Two services; ``received``: (s, signal), and where it is from."""
    units = tuple(Unit(f"u{i}", Kind.SERVICE, ("true",), "always") for i in range(2))
    pod = Pod("signals", units, deadline=deadline, signals=rules or {})
    lines = [f"at {at * SECOND} signal {signal} {(*origin, FROM_SOMEBODY)[0]}" for at, signal, *origin in received]
    answer = player.play([*request(pod, until=1000 * SECOND), *lines])
    assert answer.status == 0, answer.broken or answer.text[-2000:]
    return answer


def sent(answer: Answer) -> list[tuple[float, int, int]]:
    """(s, unit whose group it went to, signal), in order."""
    leaders = {-pid: unit for _, unit, pid in answer.forks}
    return [(kill.at / SECOND, leaders[kill.pid], kill.signal) for kill in answer.kills]


@pytest.mark.parametrize("signal", [HUP, USR1, USR2, 6, 13, 14, 28, 31, RTMIN, 64])
def test_forwarded_to_every_group(signal, player):
    assert sent(play(player, (3, signal))) == [(3, 0, signal), (3, 1, signal)]


@pytest.mark.parametrize("signal", [TERM, INT, QUIT])
def test_stops_the_pod(signal, player):
    answer = play(player, (3, signal))
    assert sent(answer) == [(3, 0, TERM), (3, 0, CONT), (3, 1, TERM), (3, 1, CONT)]
    assert answer.exit_code == 143


def test_a_terminal_that_is_gone_stops_the_pod(player):
    assert play(player, (3, HUP, FROM_KERNEL)).exit_code == 143
    assert play(player, (3, HUP)).exit_code is None


def test_remapped(player):
    rules = {
        USR1: SignalRule(SignalVerb.FORWARD, send=USR2, to=("u1",)),
        HUP: SignalRule(SignalVerb.IGNORE),
        QUIT: SignalRule(SignalVerb.FORWARD),
        USR2: SignalRule(SignalVerb.STOP),
    }
    answer = play(player, (1, USR1), (2, HUP), (3, QUIT), rules=rules)
    assert sent(answer) == [(1, 1, USR2), (3, 0, QUIT), (3, 1, QUIT)]
    assert play(player, (4, USR2), rules=rules).exit_code == 143


@pytest.mark.parametrize("signal", [TSTP, TTIN, TTOU])
def test_frozen_time_does_not_count(signal, player):
    answer = play(player, (4, signal), (104, CONT), deadline=10 * SECOND)
    frozen = [(at, signal) for at, _, signal in sent(answer) if signal in (STOP, CONT)][:4]
    assert frozen == [(4, STOP), (4, STOP), (104, CONT), (104, CONT)]
    ending = next(step.at for step in answer.steps if step.next is PodState.ENDING)
    assert ending == 110 * SECOND


def test_a_frozen_pod_that_is_told_to_stop_goes_on_to_its_end(player):
    answer = play(player, (4, TSTP), (5, TSTP), (50, TERM), deadline=10 * SECOND)
    assert (answer.exit_code, answer.steps[-1].at) == (143, 50 * SECOND)


def test_the_stop_budget_runs_as_time_goes_on(player):
    pod = Pod("stuck", (Unit("web", Kind.SERVICE, ("true",), "always"),))
    lines = [f"at {at * SECOND} signal {signal} 0" for at, signal in ((4, TSTP), (50, TERM))]
    answer = player.play([*request(pod, [Behaviour(stop_after=None, stuck=True)]), *lines])
    assert (answer.exit_code, answer.steps[-1].at) == (137, 60 * SECOND)


def test_what_begins_while_time_stands_still_takes_its_time_after_it(player):
    """A service that is killed at 60 s comes back 1 s after time goes on, as its second restart does."""
    pod = Pod("killed", (Unit("web", Kind.SERVICE, ("true",), "always"),))
    ends = [(at * SECOND, Fact(FactKind.ENDED, 0, 1)) for at in (2, 60)]
    lines = [f"at {at * SECOND} signal {signal} 0" for at, signal in ((4, TSTP), (104, CONT))]
    answer = player.play([*request(pod, facts=ends, until=300 * SECOND), *lines])
    assert [at / SECOND for at, _, _ in answer.forks] == [0, 2, 105]


def test_what_is_long_due_as_time_goes_on_is_done_at_once(player):
    """Time stands still for longer than the machine has run: what was to be done at 60 s comes before what waits."""
    units = tuple(Unit(f"u{at}", Kind.SERVICE, ("true",), "always") for at in range(2))
    behaviours = [Behaviour(rest=2940 * SECOND, rest_stuck=True), Behaviour()]
    ends = [(60 * SECOND, Fact(FactKind.ENDED, 0, 1)), (3 * SECOND, Fact(FactKind.ENDED, 1, 1)),
            (3500 * MS, Fact(FactKind.ENDED, 1, 1))]
    lines = [f"at {at * SECOND} signal {signal} 0" for at, signal in ((4, TSTP), (3100, CONT))]
    answer = player.play([*request(Pod("late", units), behaviours, ends, until=4000 * SECOND), *lines, "ties"])
    assert [(at / SECOND, unit) for at, unit, _ in answer.forks][-2:] == [(3100, 0), (3100.5, 1)]


# --- probes, while time stands still ---


def play_asked(player: Player, behaviour: Behaviour, *received: tuple[int, int], **keys: object) -> Answer:
    """One service that is asked every 10 s and has 4 s to answer."""
    probe = Probe(Ask(Handler.EXEC, ("probe",)), period=10 * SECOND, timeout=4 * SECOND, failure_threshold=1)
    pod = Pod("asked", (Unit("web", Kind.SERVICE, ("true",), "always", **({"liveness_probe": probe} | keys)),))
    lines = [f"at {at * SECOND} signal {signal} 0" for at, signal in received]
    answer = player.play([*request(pod, [behaviour], until=200 * SECOND), *lines])
    assert answer.status == 0, answer.broken or answer.text[-2000:]
    return answer


def test_nobody_is_asked_while_time_stands_still(player):
    answer = play_asked(player, Behaviour(), (25, TSTP), (125, CONT))
    assert [at / SECOND for at, _, _ in answer.errands] == [0, 10, 20, 130, 140, 150, 160, 170, 180, 190, 200]
    assert [kill.signal for kill in answer.kills] == [STOP, CONT]


def test_an_attempt_keeps_its_time(player):
    """Asked at 0 s, it has 2 s left when time goes on."""
    answer = play_asked(player, Behaviour(answers={Errand.LIVENESS: Said(Reply.NEVER)}), (2, TSTP), (102, CONT))
    timed_out = [step.at / SECOND for step in answer.steps if step.event is ProbeEvent.FAILED]
    assert timed_out[0] == 104


def test_a_watchdog_waits_for_a_frozen_program(player):
    beats = {Errand.WATCHDOG: Said(Reply.WELL, SECOND)}
    answer = play_asked(player, Behaviour(ready_after=0, answers=beats), (5, TSTP), (105, CONT), notify=Notify(),
                        watchdog=3 * SECOND)
    assert answer.units[0].restarts == 0
    assert answer.flags[-1][0] == 0


def test_a_stop_while_time_stands_still_has_all_of_its_time(player):
    """Its grace is measured from where time stands, and so it has some left for its hook."""
    unit = Unit("web", Kind.SERVICE, ("true",), "always", pre_stop=Ask(Handler.EXEC, ("bye",)))
    told = [(60 * SECOND, Fact(FactKind.SAID, 0, WantEvent.ORDER_STOP))]
    lines = [f"at {at * SECOND} signal {signal} 0" for at, signal in ((4, TSTP), (104, CONT))]
    answer = player.play([*request(Pod("held", (unit,)), facts=told, until=200 * SECOND), *lines])
    assert [at / SECOND for at, _, _ in answer.errands] == [60]
