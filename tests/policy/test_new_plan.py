"""A new plan for a pod that runs: who is as before is not touched, all others stop in order and begin in order."""

from minipod.model import Pod, Unit
from minipod.supervisor.deeds_plan import NewPlan
from minipod.supervisor.simulate import simulate
from minipod.supervisor.vocabulary import Kind, Milestone, PodEvent, WantEvent
from minipod.supervisor.world import Behaviour, Fact, FactKind

SECOND = 10**9
WEB = Unit("web", Kind.SERVICE, ("web",), "always")
DB = Unit("db", Kind.SERVICE, ("db",), "always")
CACHE = Unit("cache", Kind.SERVICE, ("cache",), "always")
SEED = Unit("seed", Kind.INIT, ("seed",), "never")
SLOW = Behaviour(stop_after=3 * SECOND)
DONE = Behaviour(is_done_at_once=True)


def given(*units: Unit, at: int = 10, **keys) -> tuple[int, Fact]:
    return at * SECOND, Fact(FactKind.SAID, None, NewPlan(Pod("shop", units, **keys)))


def said(at: int, event: object, unit: int | None = None) -> tuple[int, Fact]:
    return at * SECOND, Fact(FactKind.SAID, unit, event)


def play(units: tuple[Unit, ...], *facts: tuple[int, Fact], until: int = 60, behaviours=(), **keys):
    plans = [fact.value.plan for _, fact in facts if isinstance(fact.value, NewPlan)]
    names = dict.fromkeys(unit.name for plan in (Pod("shop", units), *plans) for unit in plan.units)
    later = list(names)[len(units):]
    behaviours = behaviours or tuple(DONE if unit.kind is Kind.INIT else Behaviour() for unit in units)
    everybody = (*behaviours, *[Behaviour()] * len(later))
    report = simulate(Pod("shop", units, **keys), everybody, facts, until=until * SECOND, newcomers=later)
    assert report.impossible == []
    return report


def moves(report, name: str, since: int = 10) -> list[tuple[float, str]]:
    return [(at / SECOND, state) for at, who, state in report.timeline if who == name and at >= since * SECOND]


def test_the_same_plan_touches_nobody() -> None:
    report = play((SEED, WEB, DB), given(SEED, WEB, DB))
    assert [moves(report, name) for name in ("seed", "web", "db")] == [[], [], []]
    assert moves(report, "pod") == [(10, "changing"), (10, "running")]


def test_who_is_changed_stops_with_all_its_grace_and_starts_again() -> None:
    report = play((WEB, DB), given(WEB._replace(args=("-v",)), DB), behaviours=(SLOW, Behaviour()))
    assert moves(report, "db") == []
    states = [state for _, state in moves(report, "web")]
    assert states[-1] == "up" and "ended" not in states
    assert (13, "spawning") in moves(report, "web")
    assert report.restarts["web"] == 1


def test_removed_and_new() -> None:
    report = play((WEB, DB), given(WEB, CACHE))
    assert moves(report, "web") == []
    assert moves(report, "db")[-1] == (10, "held")
    assert moves(report, "cache")[-1] == (10, "up")
    assert "db" not in report.restarts


def test_they_stop_in_order() -> None:
    """Whoever waits for another one goes before it; who stays holds nobody back."""
    web, db = WEB._replace(after={"db": Milestone.STARTED}), DB._replace(after={"cache": Milestone.STARTED})
    report = play((CACHE, db, web), given(CACHE), behaviours=(Behaviour(), SLOW, SLOW))
    assert [at for at, unit, what in report.sent if what == "stop"] == [10 * SECOND, 13 * SECOND]
    assert [unit for _, unit, _ in report.sent] == ["web", "db"]


def test_they_start_in_order() -> None:
    web = WEB._replace(after={"db": Milestone.READY})
    report = play((WEB,), given(DB, web._replace(args=("x",))))
    assert moves(report, "db")[-1][1] == moves(report, "web")[-1][1] == "up"
    names = [name for _, name, state in report.timeline if state == "up" and name != "pod"]
    assert names == ["web", "db", "web"]


def test_who_waits_for_whom_restarts_nobody() -> None:
    report = play((WEB, DB), given(DB, WEB._replace(after={"db": Milestone.STARTED})))
    assert moves(report, "web") == moves(report, "db") == []


def test_an_init_that_has_run_runs_again_only_if_it_changed() -> None:
    new = SEED._replace(args=("again",))
    report = play((SEED, WEB), given(new, WEB))
    assert moves(report, "web") == []
    assert moves(report, "seed")[-1][1] == "ended"
    report = play((SEED, WEB), given(SEED, WEB, DB))
    assert moves(report, "seed") == []
    assert moves(report, "db")[-1][1] == "up"


def test_who_was_stopped_by_hand_stays_stopped() -> None:
    facts = said(5, WantEvent.ORDER_STOP, 0), given(WEB._replace(args=("x",)), DB)
    report = play((WEB, DB), *facts)
    assert moves(report, "web", since=6) == []
    assert [phase for at, phase in report.phases if at >= 5 * SECOND] == []
    report = play((WEB, DB), *facts, said(20, WantEvent.ORDER_START, 0))
    assert moves(report, "web", since=6)[-1] == (20, "up")


def test_an_order_for_who_leaves_is_refused() -> None:
    report = play((WEB, DB), given(DB), said(11, WantEvent.ORDER_START, 0), behaviours=(SLOW, Behaviour()))
    assert moves(report, "pod") == [(10, "changing"), (13, "running")]


def test_a_pod_that_is_told_to_stop_forgets_the_plan() -> None:
    report = play((WEB, DB), given(DB, CACHE), said(11, PodEvent.TOLD), behaviours=(SLOW, Behaviour()))
    assert "cache" not in report.codes
    assert report.exit_code == 143


def test_what_failed_and_is_removed_fails_nobody() -> None:
    job, db = WEB._replace(restart="never"), DB._replace(restart="never")
    ends = [(5 * SECOND, Fact(FactKind.ENDED, 0, 3)), (20 * SECOND, Fact(FactKind.ENDED, 1, 0))]
    assert play((job, db), *ends).exit_code == 3
    assert play((job, db), *ends, given(db)).exit_code == 0


def test_the_last_service_that_is_not_over_is_removed() -> None:
    """Nothing is left to be waited for."""
    job = WEB._replace(restart="never")
    report = play((job, DB), (5 * SECOND, Fact(FactKind.ENDED, 0, 0)), given(job))
    assert (report.exit_code, moves(report, "pod")[-1]) == (0, (10, "over"))


def test_a_plan_on_top_of_another_is_refused() -> None:
    report = play((WEB, DB), given(DB), given(WEB, at=11), behaviours=(SLOW, Behaviour()))
    assert moves(report, "db") == []
    assert set(report.codes) == {"db"}
