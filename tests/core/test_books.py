"""The books: how often, why, how long; and the same numbers as metrics, read by the reference parser."""

import math
from collections import Counter

import pytest
from player import Player, request
from pods import UNTIL, play
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sighted import Asked, Sight, read

from minipod.model import Ask, Backoff, Pod, Probe, RestartRule, Unit
from minipod.supervisor.vocabulary import Errand, Handler, Kind, LifeEvent, PodEvent, WantEvent
from minipod.supervisor.world import Answer as Said
from minipod.supervisor.world import Behaviour, Fact, FactKind, Reply, Start, Stray

SECOND = 1_000_000_000
WALL = 1_700_000_000 * SECOND + 1000 * SECOND  # the driver's, at the start
MARK, NUL = b"MINIPOD_INSTANCE=7001.", b"\0"  # the driver's
LEAST_ROOM = 4096
EAGER = Backoff(0, 0, SECOND)


def service(name: str = "web", **keys: object) -> Unit:
    return Unit(name, Kind.SERVICE, ("true",), **{"restart": "always", "backoff": EAGER, **keys})


def look(player: Player, units: tuple[Unit, ...], happens: list[tuple[float, Fact]] = (), *lines: str,
         behaviours: tuple[Behaviour, ...] = (), until: float = 60) -> Sight:
    """What the books say after ``until`` s."""
    facts = [(int(at * SECOND), fact) for at, fact in happens]
    asked = request(Pod("pod", units), behaviours, facts, until=int(until * SECOND))
    return read(player.play([*asked, *lines, "records", f"metrics {LEAST_ROOM}"]))


def ended(code: int, unit: int = 0) -> Fact:
    return Fact(FactKind.ENDED, unit, code)


# --- ends ---


def test_the_last_two_ends(player):
    sight = look(player, (service(exit_codes={3: 7}),), [(1, ended(1)), (3, ended(137)), (6, ended(3))])
    last, before = sight.ends[0]
    assert last == (3, 3, 7, 0, "Error", 0, WALL + 3 * SECOND, WALL + 6 * SECOND)
    assert before == (2, 137, 137, 9, "Error", 0, WALL + 1 * SECOND, WALL + 3 * SECOND)
    assert sight.instances[0] == 4


def test_what_an_end_means_may_be_known_later(player):
    """A deadline is the verdict's; a new beginning of the pod changes what the end counts as."""
    first = Unit("first", Kind.INIT, ("true",), "never", deadline=SECOND)
    sight = look(player, (first, service()), behaviours=(Behaviour(stop_after=0, stop_code=0),))
    assert [(end.code, end.reason) for end in sight.ends[0]] == [(0, "DeadlineExceeded")]
    rule = RestartRule((5,), restart_all=True)
    sight = look(player, (service("web", restart="never", restart_rules=(rule,)), service("db")), [(1, ended(5))])
    assert [(end.code, end.reason) for end in sight.ends[1]] == [(137, "RestartingAllContainers")]


def test_who_was_left_behind(player):
    """Those that are attributed to the unit, by its session or by the mark; not its neighbours'."""
    lines = [
        f"at {SECOND} process 1 00 a u0 u0 {b'sh'.hex()}",
        f"at {SECOND} process 1 {(MARK + b'0' + NUL).hex()} b u0 own {b'sh'.hex()}",
        f"at {SECOND} process 1 {(MARK + b'1' + NUL).hex()} c u1 own {b'sh'.hex()}",
        f"at {SECOND} process 1 00 d u1 own {b'sh'.hex()}",
    ]
    sight = look(player, (service("u0"), service("u1")), [(2, ended(1)), (3, ended(1, 1))], *lines)
    assert [sight.ends[unit][0].left_behind for unit in (0, 1)] == [2, 1]


# --- restarts ---

_UNWELL = Probe(Ask(Handler.TCP_SOCKET, port=1), SECOND, period=SECOND, timeout=SECOND, failure_threshold=1)
_RULES = {"restart_rules": (RestartRule((5,), restart_all=True),), "restart": "never"}
RESTARTS = {
    "Completed": ({}, [(1, ended(0))], ()),
    "Error": ({}, [(1, ended(1))], ()),
    "OOMKilled": ({}, [(1, Fact(FactKind.OOM_KILLED, 0))], ()),
    "Unhealthy": (
        {"liveness_probe": _UNWELL}, [(0.5, Fact(FactKind.TURNED, 0, (Errand.LIVENESS, Said(Reply.BADLY)))),
                                      (1.5, Fact(FactKind.TURNED, 0, (Errand.LIVENESS, Said(Reply.WELL))))],
        (Behaviour(stop_after=0),),
    ),
    "Ordered": ({}, [(1, Fact(FactKind.SAID, 0, WantEvent.ORDER_RESTART))], (Behaviour(stop_after=0),)),
    "RestartingAllContainers": (_RULES, [(1, ended(5))], ()),
}


@pytest.mark.parametrize("reason", RESTARTS)
def test_restarts_by_reason(reason, player):
    keys, happens, behaviours = RESTARTS[reason]
    sight = look(player, (service(**keys),), happens, behaviours=behaviours)
    assert (sight.instances[0], sight.restarts[0]) == (2, {reason: 1})


def test_one_that_was_stopped_and_started_again(player):
    orders = [(1, WantEvent.ORDER_STOP), (5, WantEvent.ORDER_START)]
    happens = [(at, Fact(FactKind.SAID, 0, order)) for at, order in orders]
    sight = look(player, (service(),), happens, behaviours=(Behaviour(stop_after=0),))
    assert (sight.instances[0], sight.restarts[0]) == (2, {"Ordered": 1})


def test_a_start_that_failed_for_want_of_resources_is_none(player):
    sight = look(player, (service(),), behaviours=(Behaviour((Start(starved=True), Start())),))
    assert (sight.instances[0], sight.restarts[0]) == (1, {})


@pytest.mark.parametrize("number", range(5, 300, 10))
def test_random_pods_add_up(number, player):
    played = play(number)
    lines = request(played.pod, played.behaviours, played.facts, played.strays, UNTIL)
    answer = player.play([*lines, "records", f"metrics {LEAST_ROOM}"])
    sight = read(answer)
    forks = Counter(unit for _, unit, _ in answer.forks)
    for unit, books in enumerate(answer.units):
        assert sight.instances[unit] == forks[unit]
        assert sum(sight.restarts[unit].values()) == books.restarts
        assert [end.code for end in sight.ends.get(unit, [])[:1]] == ([] if books.code is None else [books.code])
    parse(sight)


# --- probes ---


def test_answers_and_latencies(player):
    probe = Probe(Ask(Handler.HTTP_GET, port=1), period=2 * SECOND, timeout=SECOND, failure_threshold=9)
    turned = Fact(FactKind.TURNED, 0, (Errand.READINESS, Said(Reply.BADLY, SECOND // 2)))
    silent = Fact(FactKind.TURNED, 0, (Errand.READINESS, Said(Reply.NEVER)))
    behaviour = Behaviour(answers={Errand.READINESS: Said(Reply.WELL, SECOND // 4)})
    happens = [(5, turned), (9, silent)]
    sight = look(player, (service(readiness_probe=probe),), happens, behaviours=(behaviour,), until=13.5)
    times = [SECOND // 4] * 3 + [SECOND // 2] * 2 + [SECOND] * 2  # asked at 0, 2 … 12 s; the last two run out of time
    assert sight.asked[0, Errand.READINESS] == Asked(7, 4, 0, SECOND, sum(times))


def test_what_cannot_be_asked_is_no_answer(player):
    probe = Probe(Ask(Handler.TCP_SOCKET, port=1), period=2 * SECOND, timeout=SECOND)
    behaviour = Behaviour(answers={Errand.READINESS: Said(Reply.ERROR)})
    sight = look(player, (service(readiness_probe=probe),), behaviours=(behaviour,), until=5)
    assert sight.asked[0, Errand.READINESS] == Asked(0, 0, 3, 0, 0)


# --- metrics ---


def parse(sight: Sight) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """All samples by name and labels, as the reference parser reads them."""
    samples = {}
    for family in text_string_to_metric_families(sight.metrics):
        assert family.documentation.endswith(".")
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in samples
            samples[key] = sample.value
    return samples


def value(samples: dict, name: str, **labels: str) -> float | None:
    return samples.get((f"minipod_{name}", frozenset(labels.items())))


@pytest.fixture
def rich(player) -> Sight:
    """Two services with a past: one that crashed, one with probes."""
    first, then = (Probe(Ask(Handler.HTTP_GET, port=port), SECOND, SECOND, SECOND, 1, 9) for port in (1, 2))
    units = (service("web", exit_codes={3: 7}), service("db", startup_probe=first, readiness_probe=then))
    behaviours = (Behaviour(), Behaviour(answers={each: Said(Reply.WELL, SECOND // 4) for each in list(Errand)[:3]}))
    turned = Fact(FactKind.TURNED, 1, (Errand.READINESS, Said(Reply.BADLY, SECOND // 2)))
    return look(player, units, [(1, ended(3)), (2, ended(0)), (8.9, turned)], "at 500000000 write 0 0 6f6e650a74776f0a",
                behaviours=behaviours, until=10)


def test_states(rich):
    samples = parse(rich)
    assert value(samples, "unit_state", unit="web", minipod_unit_state="up") == 1
    states = [n for (name, _), n in samples.items() if name == "minipod_unit_state"]
    assert sum(states) == 2 and len(states) == 22
    assert value(samples, "pod_phase", minipod_pod_phase="Running") == 1
    assert value(samples, "unit_ready", unit="db") == value(samples, "unit_started", unit="db") == 1
    assert value(samples, "unit_info", unit="db", kind="service") == 1
    assert value(samples, "pod_info", pod="pod") == 1


def test_past(rich):
    samples = parse(rich)
    assert value(samples, "unit_starts_total", unit="web") == 3
    assert value(samples, "unit_restarts_total", unit="web", reason="Error") == 1
    assert value(samples, "unit_restarts_total", unit="web", reason="Completed") == 1
    assert value(samples, "unit_restarts_total", unit="web", reason="OOMKilled") == 0
    assert value(samples, "unit_last_exit_code", unit="web") == 0
    assert value(samples, "unit_last_exit_code", unit="db") is None
    assert value(samples, "unit_start_time_seconds", unit="web") == WALL / SECOND + 2
    assert value(samples, "start_time_seconds") == WALL / SECOND
    assert value(samples, "unit_log_lines_total", unit="web") == 2
    assert value(samples, "unit_log_bytes_total", unit="web") == 8
    assert value(samples, "unit_log_dropped_lines_total", unit="web") == 0
    assert value(samples, "impossible_events_total") == value(samples, "orphans_reaped_total") == 0
    assert value(samples, "transitions_total") == rich.next


def test_probes_and_how_long(rich):
    samples = parse(rich)
    probe = {"unit": "db", "probe": "readiness"}
    assert value(samples, "unit_startup_duration_seconds", unit="db") == 1.25
    assert math.isclose(value(samples, "unit_readiness_duration_seconds", unit="db"), 1.5)
    asked = rich.asked[1, Errand.READINESS]
    assert asked.failures == 1 and asked.answers > 5
    assert value(samples, "probe_attempts_total", **probe, result="success") == asked.answers - 1
    assert value(samples, "probe_attempts_total", **probe, result="failure") == 1
    assert value(samples, "probe_attempts_total", **probe, result="error") == 0
    assert value(samples, "probe_success", **probe) == 0
    assert value(samples, "probe_duration_seconds_count", **probe) == asked.answers
    assert math.isclose(value(samples, "probe_duration_seconds_sum", **probe), asked.latency_sum / SECOND)
    assert value(samples, "probe_last_duration_seconds", **probe) == 0.5


def test_orphans_dropped_and_impossible(player):
    """Sums of the whole pod."""
    pod, stray = Pod("pod", (service(),)), list(Stray)[0]
    asked = request(pod, (), [(SECOND, Fact(FactKind.STRAY_GONE, None, stray))], [stray], until=2 * SECOND)
    answer = player.play([*asked, "records", f"metrics {LEAST_ROOM}"])
    samples = parse(read(answer))
    assert value(samples, "orphans_reaped_total") == answer.orphans == 1
    spawned = Fact(FactKind.SAID, 0, LifeEvent.SPAWNED)  # it runs already
    asked = request(pod, (), [(SECOND, spawned)], until=2 * SECOND)
    answer = player.play([*asked, "records", f"metrics {LEAST_ROOM}"])
    assert value(parse(read(answer)), "impossible_events_total") == answer.impossible_count == 1


def many(player: Player, room: int) -> Sight:
    probe = Probe(Ask(Handler.TCP_SOCKET, port=1), period=SECOND, timeout=SECOND)
    units = tuple(service(f"{'u' * 60}{at:03}", readiness_probe=probe) for at in range(40))
    return read(player.play([*request(Pod("many", units), until=3 * SECOND), f"metrics {room}"]))


def test_pieces_of_any_size_are_one_text(player):
    whole = many(player, 1 << 20)
    parse(whole)
    assert len(whole.pieces) == 1
    for room in (LEAST_ROOM, LEAST_ROOM + 1, 3 * LEAST_ROOM - 7):
        sight = many(player, room)
        assert sight.metrics == whole.metrics and max(sight.pieces) <= room
        assert min(sight.pieces[:-1]) > room - LEAST_ROOM


def test_any_name_is_a_label(player):
    name = 'a"b\\c\nd'
    assert value(parse(look(player, (service(name),))), "unit_started", unit=name) == 1


def test_the_end_of_the_pod_is_told_too(player):
    sight = look(player, (service(),), [(1, Fact(FactKind.SAID, None, PodEvent.TOLD))])
    samples = parse(sight)
    assert value(samples, "pod_phase", minipod_pod_phase="Failed") == 1
    assert value(samples, "unit_state", unit="web", minipod_unit_state="ended") == 1
