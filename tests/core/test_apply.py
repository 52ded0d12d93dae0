"""Another plan for a pod that runs, on the fake kernel: whatever fails as it is taken, nothing has changed."""

import errno

import pytest
from applied import ASKED, CACHE, DB, SECOND, SEED, WEB, heard, play, pod, starts
from knockers import ask, client
from player import give, request

from minipod.model import Log, Pod, Unit
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.supervisor.vocabulary import Kind, LogMode, Milestone, Phase, PodEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind


def test_who_is_the_same_is_not_touched(player):
    new = pod(DB, WEB._replace(args=("-v",)), CACHE)
    answer = play(player, pod(SEED, WEB, DB), *client(0, 5, give(new)))
    assert heard(answer, 0) == (202, {"order": "apply", "event": heard(answer, 0)[1]["event"],
                                      "unchanged": 1, "changed": 1, "new": 1, "removed": 1, "stale": 0})
    assert starts(answer) == [(5, 1), (5, 3)]  # db keeps its slot, 2; seed's is nobody's now
    assert [kill.at for kill in answer.kills if kill.at < 40 * SECOND and kill.signal == 15] == [5 * SECOND]


def test_the_pod_waits_for_nobody_that_somebody_stopped(player):
    changed = client(1, 5, give(pod(WEB._replace(args=("-v",)), DB)))
    answer = play(player, pod(WEB, DB), *client(0, 4, ask("/v1/units/web/stop", "POST")), *changed)
    assert starts(answer) == []
    assert [phase for at, phase in answer.phases if 2 * SECOND < at < 40 * SECOND] == []
    answer = play(player, pod(WEB, DB), *changed)
    assert [phase for at, phase in answer.phases if at < 40 * SECOND][-1] is Phase.RUNNING


def test_they_stop_in_order_and_start_in_order(player):
    web, db = WEB._replace(after={"db": Milestone.STARTED}), DB._replace(args=("-v",))
    slow = Behaviour(stop_after=3 * SECOND)
    old = pod(DB, web._replace(args=("one",)))
    answer = play(player, old, *client(0, 5, give(pod(db, web))), behaviours=(slow, slow))
    stops = [kill.at // SECOND for kill in answer.kills if kill.signal == 15 and kill.at < 40 * SECOND]
    assert stops == [5, 8]  # web first, which waits for db
    assert starts(answer) == [(11, 0), (11, 1)]


def test_a_plan_that_is_there_already(player):
    answer = play(player, pod(WEB, DB), *client(0, 5, give(pod(WEB, DB))), *client(1, 6, give(pod(DB, WEB))),
                  *client(2, 7, give(pod(WEB), "?dry_run=1")))
    assert [heard(answer, number)[0] for number in range(3)] == [200, 202, 200]
    assert heard(answer, 2)[1]["removed"] == 1
    assert starts(answer) == []


@pytest.mark.parametrize("new, said", [
    (pod(WEB)._replace(name="other"), "the pod's name cannot change while it runs"),
    (pod(WEB, deadline=SECOND), "the pod's deadline cannot change while it runs"),
    (pod(WEB._replace(tty=True)), "web: its tty cannot change while the pod runs"),
    (pod(WEB, DB._replace(log=Log(LogMode.RAW, file="/l"))), "db: its log.file cannot change while the pod runs"),
], ids=["name", "deadline", "tty", "log"])
def test_what_is_settled_at_the_start(player, new, said):
    answer = play(player, pod(WEB), *client(0, 5, give(new)))
    status, body = heard(answer, 0)
    assert (status, body["error"], body["hint"]) == (422, said, "restart the container for that")
    assert starts(answer) == []


def test_bytes_that_are_no_plan(player):
    plan = bytearray(encode(lower(pod(WEB, DB))))
    plan[-2] ^= 1
    noise = give(pod(WEB), said=b"noise"), give(pod(WEB), said=bytes(plan))
    answer = play(player, pod(WEB), *client(0, 5, noise[0]), *client(1, 6, noise[1]))
    assert [heard(answer, number)[0] for number in range(2)] == [422, 422]
    assert heard(answer, 1)[1]["error"].startswith("the plan cannot be run: it is damaged")
    assert starts(answer) == []


def test_bodies_that_are_none(player):
    whole = give(pod(DB))
    answer = play(
        player, pod(WEB),
        *client(0, 5, whole[:300]), *client(1, 6, whole), *client(0, 7, "leaves"),  # one at a time
        *client(2, 8, whole[:300], "ends"),  # cut off
        *client(3, 9, whole[:300]),  # slow: 10 s without a byte
        *client(4, 9, b"POST /v1/plan HTTP/1.1\r\nHost: m\r\n\r\n"),
        *client(5, 9, b"POST /v1/plan HTTP/1.1\r\nHost: m\r\nContent-Length: 67108865\r\n\r\n"),
        *client(6, 20, b"POST /v1/plan HTTP/1.1\r\nHost: m\r\nExpect: 100-continue\r\nContent-Length: 400\r\n\r\n"),
    )
    assert [heard(answer, number)[0] for number in range(1, 6)] == [409, 400, 408, 411, 413]
    assert answer.heard[6].startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert starts(answer) == []


def test_orders_for_who_leaves_and_a_plan_on_top_are_refused(player):
    slow = Behaviour(stop_after=5 * SECOND)
    order = client(1, 6, ask("/v1/units/web/start", "POST")) + client(2, 6, ask("/v1/units/db/restart", "POST"))
    answer = play(player, pod(WEB, DB), *client(0, 5, give(pod(DB))), *order, *client(3, 7, give(pod(WEB))),
                  behaviours=(slow, Behaviour()))
    assert [heard(answer, number)[0] for number in range(4)] == [202, 409, 202, 409]
    assert starts(answer) == [(6, 1)]


def test_a_stop_in_the_middle(player):
    slow = Behaviour(stop_after=3 * SECOND)
    answer = play(player, pod(WEB, DB), *client(0, 38, give(pod(DB, CACHE))), behaviours=(slow, slow))
    assert answer.exit_code == 143
    assert starts(answer) == []
    assert b"not taken over" in answer.sinks[1]


def test_more_units_than_ever_and_back(player):
    many = [Unit(f"u{n}", Kind.SERVICE, ("u",), "always", liveness_probe=ASKED) for n in range(30)]
    lines = [line for at in range(8) for line in client(at, 5 + 3 * at, give(pod(WEB, *(many if at % 2 == 0 else []))))]
    answer = play(player, pod(WEB), *lines)
    assert [heard(answer, number)[0] for number in range(8)] == [202] * 8
    assert {unit for _, unit in starts(answer)} == set(range(1, 31))  # the same slots each time
    assert len(starts(answer)) == 4 * 30


def test_a_follower_of_one_that_goes_hears_the_end(player):
    follow = [*client(0, 2, ask("/v1/units/web/logs?follow=1")), *client(1, 2, ask("/v1/logs?follow=1"))]
    text = b"a line\n".hex()
    new = pod(DB, *[Unit(f"u{n}", Kind.SERVICE, ("u",), "always") for n in range(12)])
    answer = play(player, pod(WEB, DB), *follow, *client(2, 5, give(new)), f"at {3 * SECOND} write 0 0 {text}",
                  f"at {9 * SECOND} write 1 0 {text}", f"at {9 * SECOND} write 2 0 {text}")
    assert answer.heard[0].count(b'"line":"a line"') == 1
    assert answer.heard[0].endswith(b"0\r\n\r\n")
    assert answer.heard[1].count(b'"line":"a line"') == 3


NO_MEMORY = "there is not enough memory for another plan"
CALLS = {"map": [errno.ENOMEM], "epoll_add": [errno.ENOMEM], "pipe": [errno.EMFILE], "hear": [errno.EINTR]}


def changing() -> tuple[Pod, list[str]]:
    old = pod(SEED, WEB._replace(liveness_probe=ASKED), DB)
    new = pod(DB, WEB._replace(readiness_probe=ASKED), CACHE, *[Unit(f"u{n}", Kind.SERVICE, ("u",), "always")
                                                                for n in range(3)])
    return old, [*client(0, 5, give(new)), *client(1, 9, give(old)), *client(2, 14, give(new))]


@pytest.mark.parametrize("call", CALLS)
def test_nth_call_fails(player, call):
    """A plan is taken, or refused; in the end the pod stops as it should."""
    old, lines = changing()
    called = play(player, old, *lines).called[call]
    assert called
    refused = set()
    for first in range(1, called + 1):
        answer = player.play([*request(old, (), [(SECOND // 2, Fact(FactKind.ENDED, 0, 0)), (
            40 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))], until=60 * SECOND), *lines,
            f"fail {call} {first} 1 {CALLS[call][0]}"])
        if answer.status == 71 and not answer.steps:
            continue
        assert (answer.status, answer.impossible, answer.lost_events) == (0, [], 0), answer.text[-2000:]
        assert answer.exit_code in (143,), first
        answers = [heard(answer, n) for n in range(3) if answer.heard.get(n)]
        refused |= {status for status, _ in answers}
        assert {said["error"] for status, said in answers if status == 503} <= {NO_MEMORY}, first
    assert refused <= {200, 202, 503}
    assert (503 in refused) == (call == "map")


def test_no_memory_for_words_and_variables(player):
    """It is nobody's mistake: what is said is not that of a plan that cannot be run."""
    many = {f"N{n}": "x" * 100 for n in range(200)}
    old, new = pod(WEB._replace(env=many)), pod(WEB._replace(env=many), DB._replace(env=many))
    lines = [*client(0, 5, give(new)), *client(1, 9, give(new))]
    called = play(player, old, *lines).called["arena"]
    told = []
    for first in range(1, called + 1):
        answer = play(player, old, *lines, f"fail arena {first} 1 {errno.ENOMEM}")
        told += [heard(answer, number) for number in range(2)]
        assert len(starts(answer)) == 1
    refused = [(said["error"], said["hint"]) for status, said in told if status not in (200, 202)]
    assert refused and {status for status, _ in told} == {200, 202, 503}
    assert set(refused) == {(NO_MEMORY, "ask again later")}
