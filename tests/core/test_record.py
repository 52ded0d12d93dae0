"""The record tells all that happened: folded, it is where the machines are; what is kept of it is what was written."""

import stat
from datetime import datetime, timedelta, timezone

import pytest
from player import EVENTS, MACHINES, NAMES, Answer, Player, request
from pods import UNTIL, play
from sighted import Machine, Record, Sight, read, written
from witness import SCENARIOS

from minipod.model import Ask, Backoff, Pod, Probe, Unit
from minipod.supervisor.vocabulary import Errand, Handler, Kind, Milestone, PodEvent, WantEvent
from minipod.supervisor.world import Answer as Said
from minipod.supervisor.world import Behaviour, Fact, FactKind, Reply

SECOND = 1_000_000_000
BEGIN = datetime.fromtimestamp(1_700_000_000, timezone.utc) + timedelta(seconds=1000)  # the driver's wall clock
KEPT, KEPT_ROUTINE = 1024, 128
FIRST = {name: next(iter(machine.states)).word for name, machine in zip(NAMES, MACHINES, strict=True)}
UNIT_KEYS = ["seq", "time", "unit", "machine", "from", "event", "to", "instance", "reason", "exitCode", "signal",
             "message", "started", "ready"]
POD_KEYS = ["by" if key == "instance" else key for key in UNIT_KEYS[:-2]]


def watch(player: Player, pod: Pod, *how: object) -> tuple[Answer, Sight, list[Record]]:
    """Plays with the record to stdout; what was kept, and what was written."""
    answer = player.play([*request(pod, *how), "records", "events 1"])
    return answer, read(answer), written(answer)


def machine_of(record: Record, pod: Pod) -> Machine:
    names = [unit.name for unit in pod.units]
    return None if record["unit"] is None else names.index(record["unit"]), record["machine"]


def fold(records: list[Record], pod: Pod) -> tuple[dict[Machine, str], dict[int, tuple[bool, bool]]]:
    """Where the machines are and what the units' flags are, by the record alone."""
    states: dict[Machine, str] = {}
    flags: dict[int, tuple[bool, bool]] = {}
    for record in records:
        machine = machine_of(record, pod)
        assert states.get(machine, FIRST[machine[1]]) == record["from"], record
        states[machine] = record["to"]
        if machine[0] is not None:
            flags[machine[0]] = record["started"], record["ready"]
    return states, flags


def check(pod: Pod, answer: Answer, sight: Sight, records: list[Record]) -> None:
    """Everything that holds of any run."""
    states, flags = fold(records, pod)
    assert {key: states.get(key, FIRST[key[1]]) for key in sight.states} == sight.states
    assert {unit: flags.get(unit, (False, False)) for unit in sight.flags} == sight.flags
    changes = [each for each in records if each["from"] != each["to"]]
    assert [transition(pod, each) for each in changes] == [
        (NAMES[step.machine], step.unit, step.state.word, step.event.word, step.next.word, step.at // 1000)
        for step in answer.steps if step.state is not step.next
    ]
    assert [each["seq"] for each in records] == list(range(sight.next))
    assert all(list(each)[:14] == (POD_KEYS if each["unit"] is None else UNIT_KEYS) for each in records)
    check_kept(sight, records)


def transition(pod: Pod, record: Record) -> tuple[object, ...]:
    """As the witness of the cells has it; the time in us since the start."""
    unit, machine = machine_of(record, pod)
    at = (datetime.fromisoformat(record["time"].replace("Z", "+00:00")) - BEGIN) // timedelta(microseconds=1)
    return machine, unit, record["from"], record["event"], record["to"], at


def check_kept(sight: Sight, records: list[Record]) -> None:
    """The last ones of each ring are kept; a reader is told what is gone, and finds the rest in order."""
    news = [each["seq"] for each in records if "routine" not in each]
    routine = [each["seq"] for each in records if "routine" in each]
    kept = sorted(news[-KEPT:] + routine[-KEPT_ROUTINE:])
    assert sight.kept == kept
    first = news[-KEPT] if len(news) > KEPT else 0
    found = [each for _, each in sight.records]
    assert found == [records[seq] for seq in kept if seq >= first]
    assert [lost for lost, _ in sight.records] == [first, *[0] * (len(found) - 1)][:len(found)]


# Under another plan a place is another unit's, and a unit that comes back is where it began: not of the record alone.
ONE_PLAN = [path.stem for path in SCENARIOS if path.parent.name != "apply"]


@pytest.mark.parametrize("name", ONE_PLAN)
def test_scenario(name, scenarios, player):
    scenario = scenarios[name]
    ran = watch(player, scenario.pod, scenario.behaviours, scenario.facts, scenario.strays, scenario.until)
    check(scenario.pod, *ran)


@pytest.mark.parametrize("number", range(0, 300, 10))
def test_random_pod(number, player):
    played = play(number)
    check(played.pod, *watch(player, played.pod, played.behaviours, played.facts, played.strays, UNTIL))


# --- what a record says ---


def service(name: str = "web", **keys: object) -> Unit:
    return Unit(name, Kind.SERVICE, ("true",), **{"restart": "always", **keys})


def test_an_end_is_told_until_the_next_start(player):
    pod = Pod("pod", (service(exit_codes={3: 9}),))
    _, _, records = watch(player, pod, (), [(SECOND, Fact(FactKind.ENDED, 0, 3))], (), 100 * SECOND)
    lives = [each for each in records if each["machine"] == "lifecycle"]
    told = [(each["to"], each["instance"], each["reason"], each["exitCode"], each["signal"]) for each in lives]
    nothing = (None, None, None)
    assert told == [
        ("spawning", 1, *nothing), ("post-start", 1, *nothing), ("up", 1, *nothing),
        ("draining", 1, "Error", 9, 0), ("backoff", 1, "Error", 9, 0),
        ("spawning", 2, *nothing), ("post-start", 2, *nothing), ("up", 2, *nothing),
    ]


@pytest.mark.parametrize("facts, reason, code, signal", [
    ([Fact(FactKind.ENDED, 0, 0)], "Completed", 0, 0),
    ([Fact(FactKind.ENDED, 0, 139)], "Error", 139, 11),
    ([Fact(FactKind.OOM_KILLED, 0)], "OOMKilled", 137, 9),
])
def test_how_it_ended(facts, reason, code, signal, player):
    pod = Pod("pod", (service(restart="never"),))
    _, _, records = watch(player, pod, (), [(SECOND, fact) for fact in facts])
    ended = next(each for each in records if each["to"] == "ended")
    assert (ended["reason"], ended["exitCode"], ended["signal"]) == (reason, code, signal)


def test_the_pods_end(player):
    pod = Pod("pod", (service("web"), service("db", restart="never", essential=True)))
    _, _, records = watch(player, pod, (), [(SECOND, Fact(FactKind.ENDED, 1, 4))])
    told = [(each["to"], each["by"], each["reason"], each["exitCode"]) for each in records if each["unit"] is None]
    assert told[0] == ("ending", "db", "Error", None)
    assert told[-1] == ("over", None, "Error", 4)


def test_what_a_probe_said(player):
    probe = Probe(Ask(Handler.HTTP_GET, port=1), period=SECOND, timeout=SECOND, failure_threshold=3)
    pod = Pod("pod", (service(readiness_probe=probe),))
    turned = Fact(FactKind.TURNED, 0, (Errand.READINESS, Said(Reply.BADLY)))
    _, _, records = watch(player, pod, [Behaviour()], [(2 * SECOND + SECOND // 2, turned)], (), 7 * SECOND)
    said = [(each["event"], each.get("routine", False), each["message"], each["ready"])
            for each in records if each["machine"] == "readiness" and each["event"] not in ("begin", "due")]
    why = said[3][2]
    assert why.startswith("HTTP status ")
    assert said == [
        ("passed", False, None, True), ("passed", True, None, True), ("passed", True, None, True),
        ("counted", False, why, True), ("counted", True, why, True), ("failed", False, why, False),
        ("failed", True, why, False), ("failed", True, why, False),
    ]


def test_what_cannot_be_asked_is_news_once(player):
    probe = Probe(Ask(Handler.TCP_SOCKET, port=1), period=SECOND, timeout=SECOND)
    behaviour = Behaviour(answers={Errand.READINESS: Said(Reply.ERROR)})
    happens = [(5 * SECOND + SECOND // 2, Fact(FactKind.ENDED, 0, 1))]
    _, _, records = watch(player, Pod("pod", (service(readiness_probe=probe),)), [behaviour], happens, (), 10 * SECOND)
    said = [(each["instance"], each.get("routine", False)) for each in records if each["event"] == "counted"]
    assert said == [(1, False), *[(1, True)] * 5, (2, False), *[(2, True)] * (len(said) - 7)]
    assert len(said) > 8


def test_somebody_never_started(player):
    pod = Pod("pod", (service("web", restart="never"), service("db", after={"web": Milestone.COMPLETED})))
    _, _, records = watch(player, pod, (), [(SECOND, Fact(FactKind.ENDED, 0, 4))])
    ended = next(each for each in records if each["unit"] == "db" and each["to"] == "ended")
    assert (ended["instance"], ended["reason"], ended["exitCode"]) == (0, "DependencyFailed", None)


# --- too many ---

EAGER = Backoff(0, 0, SECOND)


def crash(count: int) -> list[tuple[int, Fact]]:
    """So many ends, one each 10 ms."""
    return [(at * SECOND // 100, Fact(FactKind.ENDED, 0, 1)) for at in range(1, count + 1)]


def test_the_last_ones_are_kept(player):
    pod = Pod("pod", (service(backoff=EAGER),))
    answer, sight, records = watch(player, pod, (), crash(400), (), 5 * SECOND)
    check(pod, answer, sight, records)
    assert len(records) > 2 * KEPT and sight.records[0][0] == len(records) - KEPT


def test_probes_never_push_out_the_others(player):
    probe = Probe(Ask(Handler.TCP_SOCKET, port=1), period=SECOND, timeout=SECOND)
    pod = Pod("pod", (service(readiness_probe=probe),))
    answer, sight, records = watch(player, pod, [Behaviour()], (), (), 3000 * SECOND)
    check(pod, answer, sight, records)
    assert len(records) > 5000
    assert sum("routine" not in each for _, each in sight.records) < 20
    assert sight.records[0] == (0, records[0])


def test_who_does_not_read_is_told_what_is_lost(player):
    pod = Pod("pod", (service(backoff=EAGER),))
    pipe = [f"sink 0 {stat.S_IFIFO} 1 1 0 -1", f"at {9 * SECOND} room 0 {1 << 30}"]
    facts = [*crash(800), (10 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))]
    answer = player.play([*request(pod, (), facts), *pipe, "records", "events 1"])
    sight, lines = read(answer), written(answer)
    (where,) = [i for i, line in enumerate(lines) if "lost" in line]
    before, lost, after = lines[:where], lines[where]["lost"], lines[where + 1:]
    assert [each["seq"] for each in before] == list(range(len(before)))
    assert [each["seq"] for each in after] == list(range(len(before) + lost, sight.next))
    assert 0 < lost and len(after) >= KEPT
    assert answer.exit_code == 143


def test_orders_are_told(player):
    pod = Pod("pod", (service(),))
    _, _, records = watch(player, pod, (), [(SECOND, Fact(FactKind.SAID, 0, WantEvent.ORDER_STOP))], (), 60 * SECOND)
    assert ("want", "up", "order-stop", "hold") in [
        (each["machine"], each["from"], each["event"], each["to"]) for each in records
    ]


def test_words_are_those_of_the_policy():
    """What is compared above is compared by words: they must tell all cells apart."""
    for machine, events in zip(MACHINES, EVENTS, strict=True):
        assert len({state.word for state in machine.states}) == len(list(machine.states))
        assert len({event.word for event in events}) == len(list(events))
