"""What a new plan must not leave behind, and whom it must not touch: on the fake kernel, applied more than once."""

import re
from pathlib import Path

import pytest
from applied import ASKED, CACHE, DB, SECOND, WEB, heard, play, pod, starts
from knockers import ask, client
from player import Player, give

from minipod.model import Ask, Log, Notify, Probe, Unit
from minipod.supervisor.vocabulary import Errand, Handler, Kind, Life, LogMode, Milestone
from minipod.supervisor.world import Answer as Said
from minipod.supervisor.world import Behaviour, Reply, Start

CORE = Path(__file__).parents[2] / "csrc"
CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus" / "plan"
SLOW = Probe(Ask(Handler.EXEC, ("ask",)), period=100 * SECOND, timeout=90 * SECOND)
HEARD = Unit("heard", Kind.SERVICE, ("heard",), "always", notify=Notify(4), message_own=True)
SLOWLY = Unit("slowly", Kind.SERVICE, ("slowly",), "always", readiness_probe=SLOW)
QUIET = Behaviour(answers={Errand.READINESS: Said(Reply.NEVER)})
JOB = Unit("job", Kind.SERVICE, ("job",), "never")


def apply_in_turn(player: Player, *pods: object, times: int) -> int:
    """How many mappings there are after so many plans, each a second."""
    lines = [line for at in range(times) for line in client(at, 3 + at, give(pods[at % len(pods)]))]
    answer = play(player, pods[-1], *lines, behaviours=(Behaviour(), QUIET), until=times + 30)
    assert {heard(answer, number)[0] for number in range(times)} == {202}
    return answer.open["map"][0]


@pytest.mark.parametrize("pods", [
    (pod(WEB), pod(WEB, HEARD)),
    (pod(WEB, SLOWLY), pod(WEB._replace(args=("-v",)), SLOWLY)),
    (pod(DB, WEB), pod(CACHE._replace(after={}), JOB)),
], ids=["one comes and goes", "one is asked all the time", "all others"])
def test_memory_does_not_grow(player, pods):
    assert apply_in_turn(player, *pods, times=30) <= apply_in_turn(player, *pods, times=6)


def test_a_trial_leaves_nothing(player):
    lines = [line for at in range(20) for line in client(at, 3 + at, give(pod(DB, HEARD), "?dry_run=1"))]
    answer = play(player, pod(WEB), *lines)
    assert answer.open["map"] == (0, 0)
    assert starts(answer) == []


def test_many_at_once(player):
    """No table of the plan before is read behind its end: with so many, that is behind its mapping."""
    many = [Unit(f"u{n}", Kind.SERVICE, ("u",), "always", log=Log(LogMode.INHERIT)) for n in range(500)]
    answer = play(player, pod(WEB), *client(0, 5, give(pod(WEB, *many))))
    assert heard(answer, 0)[0] == 202
    assert len(starts(answer)) == 500


def test_who_runs_waits_for_nobody(player):
    """A unit that is kept had its predecessors: that one of them begins anew, or another comes, and never is what it
    waits for, is nothing to it."""
    web = WEB._replace(after={"job": Milestone.READY})
    job = JOB._replace(readiness_probe=ASKED)
    anew = give(pod(web, job._replace(args=("x",))))
    answer = play(player, pod(web, job), *client(0, 5, anew), f"at {6 * SECOND} ended 1 0 1")
    assert starts(answer) == [(5, 1)]
    init = Unit("late", Kind.INIT, ("late",), "never")
    answer = play(player, pod(WEB), *client(0, 5, give(pod(init, WEB))), f"at {8 * SECOND} ended 1 0 1")
    assert answer.exit_code == 1


def test_a_backoff_is_not_cut_short(player):
    """By a predecessor that comes to where it was waited for at the unit's first start."""
    web = WEB._replace(after={"db": Milestone.STARTED})
    ends = [f"at {at * SECOND} ended 0 0 1" for at in (3, 4, 6, 9)]
    answer = play(player, pod(web, DB), *ends, *client(0, 10, give(pod(web, DB._replace(args=("x",))))))
    assert starts(answer) == [(3, 0), (5, 0), (8, 0), (10, 1), (13, 0)]


def test_nobody_waits_for_a_child_that_hangs_before_its_exec(player):
    """It has its own copy of what it reads: the plan it was begun with holds for it alone, and stays in memory."""
    slow = Behaviour(starts=(Start(after=9 * SECOND),))
    anew = [client(number, 5 + number, give(pod(WEB, DB._replace(args=(str(number),))))) for number in range(3)]
    answer = play(player, pod(WEB, DB), *sum(anew, []), behaviours=(slow, Behaviour()))
    assert starts(answer) == [(5, 1), (6, 1), (7, 1)]
    assert [step.at for step in answer.steps if step.next is Life.UP and step.unit == 0] == [9 * SECOND]
    child = "".join((CORE / name).read_text() for name in ("child.c", "mount.c"))
    assert not re.search(r"core->(plan|loaded)|unit->(plan|program)|errand->(plan|program)", child)


def test_who_has_no_notify_any_more_is_not_heard(player):
    """Nor is there anywhere to say it; who has it again is heard again."""
    said = [f"at {at * SECOND} notified 0 0" for at in (4, 8, 12)]
    heard_by_socket = HEARD._replace(notify=Notify())
    mute = pod(HEARD._replace(notify=None))
    answer = play(player, pod(heard_by_socket), *client(0, 5, give(mute)), *said[:2])
    assert answer.open["socket"] == (0, 0)
    assert [now for _, _, now in answer.flags][-2:] == [(True, True), (False, False)]
    again = pod(heard_by_socket._replace(args=("again",)))
    answer = play(player, pod(heard_by_socket), *client(0, 5, give(mute)), *client(1, 9, give(again)), *said)
    assert answer.open["socket"] == (1, 1)
    assert [at for at, _, (_, ready) in answer.flags if ready and at >= 9 * SECOND] == [12 * SECOND]


def test_bodies_that_fuzzing_found(player):
    """Each is refused, or is another pod's plan; and the pod runs on."""
    bodies = sorted(CORPUS.iterdir())
    lines = [line for at, path in enumerate(bodies) if path.stat().st_size
             for line in client(at, 2 + at / 8, give(pod(WEB), said=path.read_bytes()))]
    answer = play(player, pod(WEB), *lines, *client(99, 2 + len(bodies) / 8, ask("/v1/pod")),
                  until=30 + len(bodies) // 8)
    statuses = {heard(answer, number)[0] for number in answer.heard if number != 99}
    assert statuses == {422}
    assert starts(answer) == []


def test_who_asks_at_once_finds_that_it_changes(player):
    answer = play(player, pod(WEB, DB), *client(0, 5, give(pod(DB))), *client(1, 5, ask("/v1/pod")),
                  behaviours=(Behaviour(stop_after=3 * SECOND), Behaviour()))
    assert heard(answer, 1)[1]["pod"]["state"] == "changing"
