"""Whatever happens to whatever pod: no impossible event, an end in time, an exit code and a phase that agree."""

from hypothesis import given, settings
from hypothesis import strategies as st

from minipod.model import Backoff, Pod, Unit
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.simulate import simulate
from minipod.supervisor.vocabulary import Kind, Milestone, Phase, PodEvent, StopScope, WantEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind, Start, Stray

END = 40 * SECOND
GRACE = st.sampled_from([0, 1, 3, 10, 60]).map(lambda s: s * SECOND)
MOMENTS = st.integers(0, 8).map(lambda half: half * SECOND // 2)  # few, so that much happens at once
ORDERS = (WantEvent.ORDER_START, WantEvent.ORDER_STOP, WantEvent.ORDER_RESTART)


@st.composite
def units(draw) -> tuple[Unit, ...]:
    kinds = draw(st.lists(st.sampled_from([Kind.INIT, Kind.SIDECAR]), max_size=2))
    kinds += [Kind.SERVICE] * draw(st.integers(1, 3))
    made: list[Unit] = []
    for at, kind in enumerate(kinds):
        names = draw(st.lists(st.sampled_from(made), max_size=2)) if made and kind is Kind.SERVICE else []
        made.append(Unit(
            name=f"u{at}", kind=kind, command=("true",),
            restart=draw(st.sampled_from(["always", "on_failure", "never"])),
            after={u.name: draw(st.sampled_from(list(Milestone)[:3])) for u in names},
            essential=draw(st.booleans()),
            backoff=Backoff(initial=SECOND, max=2 * SECOND),
            max_restarts=draw(st.none() | st.integers(0, 2)),
            deadline=draw(st.none() | MOMENTS.filter(bool)) if kind is Kind.INIT else None,
            stop_to=draw(st.sampled_from(StopScope)),
            termination_grace_period=draw(GRACE),
        ))
    return tuple(made)


STARTS = st.sampled_from([Start(), Start(after=SECOND), Start(after=None), Start(starved=True), Start(code=127)])
BEHAVIOURS = st.builds(
    Behaviour,
    starts=st.lists(STARTS | st.just(Start()), max_size=3).map(tuple),
    stop_after=st.sampled_from([0, 0, SECOND, None]),
    stop_code=st.sampled_from([None, 0, 3]),
    rest=st.sampled_from([0, 0, SECOND, None]),
    stuck=st.sampled_from([False, False, False, True]),
    rest_stuck=st.sampled_from([False, False, False, True]),
)


@st.composite
def facts(draw, count: int) -> list[tuple[int, Fact]]:
    of_units = st.builds(Fact, st.just(FactKind.ENDED), st.integers(0, count - 1), st.sampled_from([0, 1, 137]))
    orders = st.builds(Fact, st.just(FactKind.SAID), st.integers(0, count - 1), st.sampled_from(ORDERS))
    told = st.just(Fact(FactKind.SAID, None, PodEvent.TOLD))
    return draw(st.lists(st.tuples(MOMENTS, of_units | orders | told), max_size=12))


@st.composite
def stories(draw):
    members = draw(units())
    services = [u.name for u in members if u.kind is Kind.SERVICE]
    pod = Pod(
        name="any", units=members,
        main=draw(st.none() | st.sampled_from(services)),
        deadline=draw(st.none() | MOMENTS.filter(bool)),
        termination_grace_period=draw(GRACE),
    )
    behaviours = [draw(BEHAVIOURS) for _ in members]
    strays = draw(st.lists(st.sampled_from(Stray), max_size=2))
    return pod, behaviours, draw(facts(len(members))), strays


@settings(max_examples=400, deadline=None)
@given(stories())
def test_any_pod_told_to_stop_ends_in_time(story):
    pod, behaviours, happens, strays = story
    last = [(END, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    report = simulate(pod, behaviours, happens + last, strays=strays)
    assert report.impossible == []
    assert report.exit_code is not None
    assert report.timeline[-1][1:] == ("pod", "over")
    assert report.timeline[-1][0] <= END + pod.termination_grace_period
    assert (report.phases[-1][1] is Phase.SUCCEEDED) == (report.exit_code == 0)


@settings(max_examples=100, deadline=None)
@given(stories())
def test_a_phase_that_is_final_stays(story):
    pod, behaviours, happens, strays = story
    phases = [phase for _, phase in simulate(pod, behaviours, happens, strays=strays, until=END).phases]
    assert all(phase in (Phase.PENDING, Phase.RUNNING) for phase in phases[:-1])
