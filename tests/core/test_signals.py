"""What PID 1 does with a signal it receives, on the fake kernel: to whom it goes on, and what stands still."""

import pytest
from player import Answer, Player, request

from minipod.model import Pod, SignalRule, Unit
from minipod.supervisor.vocabulary import Kind, SignalVerb
from minipod.supervisor.vocabulary import Pod as PodState

SECOND = 1_000_000_000
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
