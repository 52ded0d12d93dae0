"""Clients of the control server on the fake kernel: orders at any moment of a pod, all at once; nobody wakes who only
listens; who could not be let in is let in later."""

import errno

import pytest
from knockers import SECOND, ask, client, crowd
from player import Answer, Player, request

from minipod.model import Pod, RestartRule, Unit
from minipod.supervisor.vocabulary import Kind, PodEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind, Start

ORDERS = ("start", "stop", "restart", "signal?signal=HUP")
ANEW = Pod("anew", (
    Unit("init", Kind.INIT, ("a",), "on_failure"),
    Unit("side", Kind.SIDECAR, ("b",), "always"),
    Unit("web", Kind.SERVICE, ("c",), "always", restart_rules=(RestartRule((42,), restart_all=True),)),
    Unit("slow", Kind.SERVICE, ("d",), "always"),
))  # fmt: skip
ONE = Pod("one", (Unit("web", Kind.SERVICE, ("a",), "always"),))


def told(answer: Answer, number: int) -> int:
    """The status that a client was answered with; 0: it heard nothing."""
    return int(answer.heard[number].split()[1]) if answer.heard[number] else 0


def sound(answer: Answer) -> bool:
    assert (answer.status, answer.impossible, answer.lost_events) == (0, [], 0), answer.broken
    assert answer.open["client"] == answer.open["door"] == (0, 0)
    return answer.queue_peak < answer.queue_room


def order(unit: str, what: str) -> bytes:
    return ask(f"/v1/units/{unit}/{what}", "POST")


@pytest.mark.parametrize("what", [*ORDERS, "all"])
def test_as_many_orders_as_can_come_at_once(player: Player, what: str) -> None:
    """All clients there may be, and all that are let in before their orders are carried out."""
    orders = [order("web", what if what in ORDERS else ORDERS[number % 3]) for number in range(48)]
    early = [line for number in range(32) for line in client(number, 1, orders[number][:9])]
    rest = [line for number in range(32) for line in client(number, 2, orders[number][9:])]
    late = [line for number in range(32, 48) for line in client(number, 2, orders[number])]
    answer = player.play([*request(ONE, until=20 * SECOND), *early, *rest, *late])
    assert sound(answer)
    statuses = [told(answer, number) for number in range(48)]  # who came in may have taken the place of who was slow
    assert set(statuses) <= {202, 409, 0} and statuses.count(0) <= 16


@pytest.mark.parametrize("what", ORDERS)
@pytest.mark.parametrize("at", [0, 0.5, 1, 1.5, 2.5, 4, 6, 8, 10, 20, 20.5, 22])
def test_an_order_at_any_moment(player: Player, at: float, what: str) -> None:
    """Before it begins, while inits run, in a back-off, in a new beginning of the pod, at its end."""
    behaviours = (Behaviour(starts=(Start(after=SECOND),)), Behaviour(stop_after=SECOND), Behaviour(),
                  Behaviour(stop_after=None))
    facts = [(2 * SECOND, Fact(FactKind.ENDED, 0, 1)), (5 * SECOND, Fact(FactKind.ENDED, 0, 0)),
             (8 * SECOND, Fact(FactKind.ENDED, 2, 42)),
             (19 * SECOND, Fact(FactKind.ENDED, 0, 0)), (20 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    names = [unit.name for unit in ANEW.units]
    deeds = [line for number, name in enumerate(names) for line in client(number, at, order(name, what))]
    answer = player.play([*request(ANEW, behaviours, facts, until=100 * SECOND), *deeds])
    assert sound(answer) and answer.exit_code is not None
    assert {told(answer, number) for number in range(len(names))} <= {202, 409}


def test_who_follows_in_silence_wakes_nobody(player: Player) -> None:
    follow = [*crowd(0, 12, 1, ask("/v1/logs?follow=1")), *crowd(12, 12, 1, ask("/v1/events?follow=1"), "ends")]
    short, long = (player.play([*request(ONE, until=s * SECOND), *follow]) for s in (5, 5_000))
    assert sound(short) and sound(long)
    assert [told(long, number) for number in range(24)] == [200] * 24
    assert short.called["epoll_wait"] == long.called["epoll_wait"]


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_who_cannot_be_let_in_is_let_in_later(player: Player, error: int) -> None:
    """Until then the door is not looked at: it would wake us all the time. Each try is two turns."""
    lines = [*request(ONE, until=600 * SECOND), *client(0, 1, ask("/livez"))]
    well, ill = player.play(lines), player.play([*lines, f"fail accept 1 9 {error}"])
    assert sound(well) and sound(ill) and told(well, 0) == told(ill, 0) == 200
    assert ill.called["epoll_wait"] <= well.called["epoll_wait"] + 2 * 9
    assert b"cannot take a client" in ill.sinks[1] and b"cannot take" not in well.sinks[1]


def test_whoever_only_comes_makes_room(player: Player) -> None:
    """Also where there is no descriptor for another one."""
    lines = [*request(ONE, until=60 * SECOND), *crowd(0, 3, 1, "comes"), *client(3, 2, ask("/livez"))]
    calls = player.play(lines).called["accept"]
    answer = player.play([*lines, *(f"fail accept {first} 1 {errno.EMFILE}" for first in range(5, calls))])
    assert sound(answer) and told(answer, 3) == 200
