"""Pods at random, with whatever happens to them: strategies only, what must hold of them is ``test_any_pod``'s."""

from hypothesis import strategies as st

from minipod.model import Ask, Backoff, Notify, Pod, Probe, RestartRule, Unit
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.errands import assignments
from minipod.supervisor.vocabulary import Errand, Handler, Kind, Milestone, PodEvent, StopScope, WantEvent
from minipod.supervisor.world import Answer, Behaviour, Fact, FactKind, Notice, Reply, Start, Stray

GRACE = st.sampled_from([0, 1, 3, 10, 60]).map(lambda s: s * SECOND)
MOMENTS = st.integers(0, 8).map(lambda half: half * SECOND // 2)  # few, so that much happens at once
SOON = st.sampled_from([0, SECOND // 2, SECOND, 2 * SECOND])
RULED = (3, 88)  # exit codes that restart rules name
ORDERS = (WantEvent.ORDER_START, WantEvent.ORDER_STOP, WantEvent.ORDER_RESTART)

EXEC = st.just(Ask(Handler.EXEC, ("true",)))
HOOKS = EXEC | SOON.map(lambda time: Ask(Handler.SLEEP, sleep=time))
RULES = st.builds(
    RestartRule, st.sampled_from([RULED[:1], RULED[1:], RULED]), st.booleans(), restart_all=st.booleans(),
)


def probes(*, is_readiness: bool) -> st.SearchStrategy[Probe]:
    """Any, but that only readiness takes more than one success (spec.md section 6.1)."""
    return st.builds(
        Probe, EXEC, initial_delay=SOON, period=SOON.filter(bool), timeout=SOON.filter(bool),
        success_threshold=st.integers(1, 2) if is_readiness else st.just(1),
        failure_threshold=st.integers(1, 2),
        termination_grace_period=st.none() if is_readiness else st.none() | GRACE.filter(bool),
    )


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    """Mostly nothing: a pod with everything shows little."""
    return st.none() | st.none() | strategy


@st.composite
def errands(draw) -> dict[str, object]:
    """What is asked of a unit that is no init."""
    keys = {
        "startup_probe": draw(maybe(probes(is_readiness=False))),
        "liveness_probe": draw(maybe(probes(is_readiness=False))),
        "readiness_probe": draw(maybe(probes(is_readiness=True))),
        "post_start": draw(maybe(HOOKS)),
        "pre_stop": draw(maybe(HOOKS)),
        "notify": draw(maybe(st.builds(Notify, st.sampled_from([None, 3])))),
    }
    if keys["notify"] is not None:
        keys["start_timeout"] = draw(st.none() | SOON.filter(bool))
        keys["watchdog"] = draw(st.none() | SOON.filter(bool)) if keys["notify"].fd is None else None
    return keys


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
            restart_rules=tuple(draw(st.lists(RULES, max_size=2))),
            **({} if kind is Kind.INIT else draw(errands())),
        ))
    return tuple(made)


STARTS = st.sampled_from([Start(), Start(after=SECOND), Start(after=None), Start(starved=True), Start(code=127)])
ANSWERS = st.builds(Answer, st.sampled_from(Reply), SOON)
# A program that says without end that it lives would leave time for nothing else: its words take time.
WORDS = st.builds(Answer, st.sampled_from([Reply.WELL, Reply.BADLY, Reply.NEVER]), SOON.filter(bool))


def answers_of(kind: Errand) -> st.SearchStrategy[Answer]:
    """How an errand may be answered."""
    return WORDS if kind is Errand.WATCHDOG else ANSWERS


BEHAVIOURS = st.builds(
    Behaviour,
    starts=st.lists(STARTS | st.just(Start()), max_size=3).map(tuple),
    stop_after=st.sampled_from([0, 0, SECOND, None]),
    stop_code=st.sampled_from([None, 0, *RULED]),
    rest=st.sampled_from([0, 0, SECOND, None]),
    stuck=st.sampled_from([False, False, False, True]),
    rest_stuck=st.sampled_from([False, False, False, True]),
    answers=st.fixed_dictionaries(
        {Errand.WATCHDOG: WORDS}, optional={kind: ANSWERS for kind in Errand if kind is not Errand.WATCHDOG},
    ),
    ready_after=st.none() | SOON,
)


@st.composite
def facts(draw, members: tuple[Unit, ...]) -> list[tuple[int, Fact]]:
    whose = st.integers(0, len(members) - 1)
    happenings = [
        st.builds(Fact, st.just(FactKind.ENDED), whose, st.sampled_from([0, 1, 137, *RULED])),
        st.builds(Fact, st.just(FactKind.OOM_KILLED), whose),
        st.builds(Fact, st.just(FactKind.SAID), whose, st.sampled_from(ORDERS)),
        st.just(Fact(FactKind.SAID, None, PodEvent.TOLD)),
    ]
    if any(unit.notify for unit in members):
        happenings.append(st.builds(Fact, st.just(FactKind.NOTIFIED), whose, st.sampled_from(Notice)))
    asked = [(at, errand.kind) for at, unit in enumerate(members) for errand in assignments(unit)]
    if asked:
        happenings.append(st.sampled_from(asked).flatmap(_turned))
    return draw(st.lists(st.tuples(MOMENTS, st.one_of(happenings)), max_size=12))


def _turned(errand: tuple[int, Errand]) -> st.SearchStrategy[Fact]:
    at, kind = errand
    return answers_of(kind).map(lambda answer: Fact(FactKind.TURNED, at, (kind, answer)))


@st.composite
def stories(draw):
    """(pod, how its processes behave, what happens when, strays)."""
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
    return pod, behaviours, draw(facts(members)), strays
