"""A boot folded from transitions: spans, what was reached when, and who held up whom."""

import pytest

from minipod.status.boot import READY, STARTED, Link, Span, Step, chain, finished, fold, missing, slowest
from minipod.supervisor.order import Edge
from minipod.supervisor.vocabulary import Direction, Kind, Milestone

KINDS = {"migrate": Kind.INIT, "proxy": Kind.SIDECAR, "web": Kind.SERVICE, "db": Kind.SERVICE}
START = Direction.START
EDGES = (
    Edge(0, 1, Milestone.COMPLETED, START),
    Edge(1, 2, Milestone.STARTED, START),
    Edge(1, 3, Milestone.STARTED, START),
    Edge(2, 3, Milestone.GONE, Direction.STOP),
    Edge(3, 2, Milestone.READY, START),
)
STEPS = (
    Step(0, "migrate", "spawning"),
    Step(1, "migrate", "up", True, True),
    Step(10, "migrate", "draining", True, True),
    Step(10, "migrate", "ended", is_over=True),
    Step(10, "proxy", "spawning"),
    Step(12, "proxy", "up"),
    Step(15, "proxy", "up", True, True),
    Step(15, "db", "spawning"),
    Step(16, "db", "up", True, False),
    Step(20, "db", "draining"),
    Step(20, "db", "backoff"),
    Step(25, "db", "spawning"),
    Step(26, "db", "up", True, False),
    Step(40, "db", "up", True, True),
    Step(40, "web", "spawning"),
    Step(41, "web", "post-start"),
    Step(45, "web", "up", True, True),
)


def test_spans() -> None:
    boot = fold(STEPS, list(KINDS), 50)
    assert boot.tracks["db"].spans == [
        Span("held", 0, 15), Span("spawning", 15, 16), Span(STARTED, 16, 20), Span("backoff", 20, 25),
        Span("spawning", 25, 26), Span(STARTED, 26, 40), Span(READY, 40, 50),
    ]  # fmt: skip
    assert boot.tracks["migrate"].spans[-1] == Span("ended", 10, 50)
    assert (list(boot.tracks), boot.end) == (list(KINDS), 50)


@pytest.mark.parametrize("cut", range(len(STEPS) + 1))
def test_each_moment_is_in_one_span(cut: int) -> None:
    boot = fold(STEPS[:cut], list(KINDS), 60)
    for track in boot.tracks.values():
        ends = [0, *(span.end for span in track.spans)]
        assert [span.begin for span in track.spans] == ends[:-1] and ends[-1] == 60


def test_what_was_reached_is_reached_once() -> None:
    """A later instance changes nothing of it."""
    later = [Step(46, "web", "spawning"), Step(47, "web", "up", True, True)]
    web = fold([*STEPS, *later]).tracks["web"]
    assert (web.began, web.started, web.ready, web.completed, web.starts) == (40, 45, 45, None, 1)
    db = fold(STEPS).tracks["db"]
    assert (db.began, db.started, db.ready, db.starts) == (15, 16, 40, 2)


def test_time_in_a_state_is_that_of_all_instances() -> None:
    db = fold(STEPS, end=60).tracks["db"]
    assert [db.in_state(state, 40) for state in ("spawning", STARTED, "backoff", READY)] == [2, 18, 5, 0]
    assert db.in_state(READY, None) == 20


def test_the_chain_takes_who_came_last() -> None:
    assert chain(fold(STEPS), KINDS, EDGES, "web") == [
        Link("web", Milestone.READY, 45, 5),
        Link("db", Milestone.READY, 40, 25),
        Link("proxy", Milestone.STARTED, 15, 5),
        Link("migrate", Milestone.COMPLETED, 10, 10),
    ]


def test_the_chain_leads_to_who_is_missing() -> None:
    boot = fold(STEPS[:9], list(KINDS))
    assert chain(boot, KINDS, EDGES, "web")[:2] == [
        Link("web", Milestone.READY, None, None),
        Link("db", Milestone.READY, None, None),
    ]
    assert (missing(boot, KINDS), finished(boot, KINDS), slowest(boot, KINDS)) == (["web", "db"], None, "proxy")


def test_when_all_were_there() -> None:
    boot = fold(STEPS, list(KINDS))
    assert (missing(boot, KINDS), finished(boot, KINDS), slowest(boot, KINDS)) == ([], 45, "web")


def test_a_service_that_is_done_is_there() -> None:
    """It was never ready, and need not be."""
    steps = [Step(0, "job", "spawning"), Step(1, "job", "up", True), Step(9, "job", "ended", is_over=True)]
    assert finished(fold(steps), {"job": Kind.SERVICE}) == 9
    failed = [*steps[:-1], Step(9, "job", "ended")]
    assert finished(fold(failed), {"job": Kind.SERVICE}) is None


def test_who_was_tried_has_been_started_or_has_ended() -> None:
    steps = [
        Step(0, "one", "spawning"), Step(1, "one", "post-start"), Step(5, "one", "up", True, True),
        Step(5, "two", "spawning"), Step(6, "two", "draining"), Step(6, "two", "backoff"), Step(6, "web", "spawning"),
        Step(7, "web", "post-start"),
    ]  # fmt: skip
    kinds = dict.fromkeys(("one", "two", "web"), Kind.SERVICE)
    edges = (Edge(0, 1, Milestone.TRIED, START), Edge(1, 2, Milestone.TRIED, START))
    boot = fold(steps)
    assert [boot.tracks[name].reached(Milestone.TRIED) for name in kinds] == [5, 6, None]
    assert [(link.unit, link.milestone) for link in chain(boot, kinds, edges, "web")] == [
        ("web", Milestone.READY), ("two", Milestone.TRIED), ("one", Milestone.TRIED),
    ]  # fmt: skip


def test_nothing_happened() -> None:
    boot = fold((), ["web"])
    assert (boot.tracks["web"].spans, slowest(boot, {"web": Kind.SERVICE}), boot.end) == ([], None, 0)
