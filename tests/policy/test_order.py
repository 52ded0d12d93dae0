"""Order: who waits for whom (spec.md sections 4 and 8.2; DESIGN.md section 4)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minipod.supervisor.order import Edge, Member, edges, find_cycle, ranks
from minipod.supervisor.vocabulary import Direction, Kind, Milestone

INIT, SIDECAR, SERVICE = Kind.INIT, Kind.SIDECAR, Kind.SERVICE
STARTED, COMPLETED, GONE = Milestone.STARTED, Milestone.COMPLETED, Milestone.GONE
START, STOP = Direction.START, Direction.STOP


def test_services_alone_wait_for_nobody():
    assert edges([Member("a", SERVICE), Member("b", SERVICE)]) == ()


def test_an_init_gates_by_success_a_sidecar_by_its_start():
    pod = [Member("setup", INIT), Member("log", SIDECAR), Member("web", SERVICE)]
    assert [e for e in edges(pod) if e.direction is START] == [
        Edge(0, 1, COMPLETED, START),
        Edge(1, 2, STARTED, START),
    ]


def test_only_the_last_of_the_chain_gates_the_services():
    pod = [Member("one", INIT), Member("two", INIT), Member("a", SERVICE), Member("b", SERVICE)]
    assert set(edges(pod)) == {
        Edge(0, 1, COMPLETED, START), Edge(1, 2, COMPLETED, START), Edge(1, 3, COMPLETED, START),
    }


def test_sidecars_stop_after_all_services_the_last_first():
    pod = [Member("one", SIDECAR), Member("two", SIDECAR), Member("a", SERVICE), Member("b", SERVICE)]
    assert {(e.first, e.second, e.milestone) for e in edges(pod) if e.direction is STOP} == {
        (1, 0, GONE), (2, 0, GONE), (3, 0, GONE), (2, 1, GONE), (3, 1, GONE),
    }


def test_after_holds_back_the_start_and_in_reverse_the_stop():
    pod = [Member("db", SERVICE), Member("web", SERVICE, {"db": Milestone.READY})]
    assert edges(pod) == (Edge(0, 1, Milestone.READY, START), Edge(1, 0, GONE, STOP))


def test_after_an_init_adds_no_stop_order():
    pod = [Member("setup", INIT), Member("web", SERVICE, {"setup": STARTED})]
    assert edges(pod) == (Edge(0, 1, STARTED, START), Edge(0, 1, COMPLETED, START))


def test_the_same_claim_twice_is_one_edge():
    pod = [Member("setup", INIT), Member("web", SERVICE, {"setup": COMPLETED})]
    assert edges(pod) == (Edge(0, 1, COMPLETED, START),)


@pytest.mark.parametrize("after, cycle", [
    ({"a": ["a"]}, ("a", "a")),
    ({"a": ["b"], "b": ["a"]}, ("a", "b", "a")),
    ({"a": ["b"], "b": ["c"], "c": ["b"]}, ("b", "c", "b")),
    ({"a": ["b", "c"], "b": ["c"], "c": []}, ()),
    ({"a": ["nobody"]}, ()),
])
def test_cycles_are_named(after, cycle):
    pod = [Member(name, SERVICE, dict.fromkeys(names, STARTED)) for name, names in after.items()]
    assert find_cycle(pod) == cycle


def test_ranks_refuse_a_cycle():
    with pytest.raises(ValueError, match="cycle: a -> b -> a"):
        ranks([Member("a", SERVICE, {"b": STARTED}), Member("b", SERVICE, {"a": STARTED})])


@st.composite
def pods(draw, *, acyclic: bool) -> list[Member]:
    """Inits and sidecars, then services that may wait for any of them or a service (an earlier one if acyclic)."""
    chain = draw(st.lists(st.sampled_from([INIT, SIDECAR]), max_size=4))
    count = draw(st.integers(1, 6))
    members = [Member(f"c{i}", kind) for i, kind in enumerate(chain)]
    for i in range(count):
        known = [m.name for m in members] if acyclic else [m.name for m in members] + [f"s{j}" for j in range(i, count)]
        names = draw(st.lists(st.sampled_from(known), unique=True, max_size=3)) if known else []
        members.append(Member(f"s{i}", SERVICE, {n: draw(st.sampled_from(list(Milestone)[:3])) for n in names}))
    return members


@settings(max_examples=200, deadline=None)
@given(pods(acyclic=True))
def test_ranks_grow_along_start_edges_and_fall_along_stop_edges(pod):
    rank = ranks(pod)
    for edge in edges(pod):
        grows = rank[edge.first] < rank[edge.second]
        assert grows == (edge.direction is START) and rank[edge.first] != rank[edge.second]


@settings(max_examples=200, deadline=None)
@given(pods(acyclic=False))
def test_a_cycle_is_one_or_there_are_ranks(pod):
    after = {m.name: m.after for m in pod}
    cycle = find_cycle(pod)
    if cycle:
        assert cycle[0] == cycle[-1] and len(set(cycle)) == len(cycle) - 1
        assert all(later in after[name] for name, later in zip(cycle, cycle[1:], strict=False))
    else:
        assert len(ranks(pod)) == len(pod)


@settings(max_examples=100, deadline=None)
@given(pods(acyclic=True))
def test_edges_are_sorted_and_unique(pod):
    found = edges(pod)
    assert len(set(found)) == len(found)
    assert [e.first for e in found] == sorted(e.first for e in found)
