"""Another plan whose sources are files or Secrets, on the fake kernel: a child reads them, and is not believed. A
script says what it says; whatever it does, the pod goes on."""

import errno
import re
import struct

import pytest
from applied import ASKED, DB, SECOND, WEB, heard, play, pod, starts
from knockers import ask, client
from player import Answer, Player, give, request

from minipod.model import Ask, EnvSource, Mount, Notify, Pod, Probe, Unit, Volume
from minipod.secret import Secret
from minipod.supervisor.vocabulary import Handler, PodEvent
from minipod.supervisor.world import Fact, FactKind

LINES = EnvSource("env_file", "", path="/a.env")
TOLD = WEB._replace(env_from=(LINES,))
BY_FD = EnvSource("secret_file", "TLS", path="/key", to="fd")
OTHER_FD = BY_FD._replace(name="CA")
KEY = EnvSource("file", "TOKEN", path="token.env", key="T")
HIDDEN = EnvSource("secret", "PW", object="db", key="pw", value=Secret(b"s3ntinel"))
VALUE, ABSENT, HELD, LATE = range(4)


def child(at: float, *words: str) -> list[str]:
    """What the child that reads says at one moment, s."""
    return [f"at {int(at * SECOND)} fetch {word}" for word in words]


def told(at: float, *records: str, piece: int = 8000) -> list[str]:
    """A child that finds these: "SOURCE STATE NAME VALUE"; those that are held with a descriptor each."""
    held = [record for record in records if record.split()[1] == str(HELD)]
    words = [*(f"record {record}" for record in records), f"all {piece}", *("holds" for _ in held), "done", "ends"]
    return child(at, *words)


def context(answer: Answer, number: int) -> list[str]:
    """The environment that a unit was given, as the control server says."""
    return [each for each in heard(answer, number)[1]["env"] if not each.startswith("MINIPOD_")]


def test_who_is_the_same_runs_on_and_has_it_from_its_next_start_on(player: Player) -> None:
    new = pod(TOLD, DB._replace(args=("-v",)))
    answer = play(player, pod(TOLD, DB), *client(0, 5, give(new)), *told(6, f"0 {VALUE} A 1"),
                  *client(1, 7, ask("/v1/units/web/context")), *client(2, 8, ask("/v1/units/web/restart", "POST")),
                  *client(3, 9, ask("/v1/units/web/context")))
    status, said = heard(answer, 0)
    assert (status, said["unchanged"], said["stale"], said["changed"]) == (202, 1, 1, 1)
    assert starts(answer) == [(6, 1), (8, 0)]
    assert context(answer, 1) == ["PATH=/bin"] and context(answer, 3) == ["PATH=/bin", "A=1"]


def test_a_probe_has_what_its_unit_was_started_with(player: Player) -> None:
    """Until the unit starts again; the fake kernel asks none that has other variables than its unit."""
    web = TOLD._replace(readiness_probe=ASKED)
    answer = play(player, pod(web, DB), *client(0, 5, give(pod(web, DB._replace(args=("-v",))))),
                  *told(6, f"0 {VALUE} A 1"), *client(1, 19, ask("/v1/units/web/context")),
                  *client(2, 20, ask("/v1/units/web/restart", "POST")), *client(3, 21, ask("/v1/units/web/context")))
    assert context(answer, 1) == ["PATH=/bin"] and context(answer, 3) == ["PATH=/bin", "A=1"]
    asked = [at // SECOND for at, _, _ in answer.errands]
    assert [at for at in asked if 6 < at < 20] and [at for at in asked if at > 21]


def test_who_hears_of_its_environment_does_not_go_on_in_another(player: Player) -> None:
    web = TOLD._replace(env={f"N{n}": "x" * 8000 for n in range(16)})
    asked = client(1, 7, "reads 100", ask("/v1/units/web/context"))
    answer = play(player, pod(web), *client(0, 5, give(pod(web, DB))), *told(6, f"0 {VALUE} A 1"), *asked,
                  *client(1, 9, "reads 900000"))
    assert b'"A=1"' not in answer.heard[1] and answer.heard[1].endswith(b"0\r\n\r\n")
    answer = play(player, pod(web), *client(0, 5, give(pod(web, DB))), *told(6, f"0 {VALUE} A 1"), *asked,
                  *client(2, 8, ask("/v1/units/web/restart", "POST")), *client(1, 9, "reads 900000"))
    assert b"HTTP/1.1 200" in answer.heard[1] and not answer.heard[1].endswith(b"0\r\n\r\n")


def test_the_same_again_is_nothing(player: Player) -> None:
    """Of what a Secret was nothing is left to be compared with, but what PID 1 would execute next."""
    web = WEB._replace(env_from=(LINES, HIDDEN, BY_FD))
    found = [f"0 {VALUE} A 1", f"1 {VALUE} PW s3ntinel", f"2 {HELD} TLS_FILE key"]
    answer = play(player, pod(web), *client(0, 5, give(pod(web))), *told(6, *found),
                  *client(1, 7, give(pod(web))), *told(8, *found), *client(2, 9, give(pod(web))),
                  *told(10, *found[:2], f"2 {HELD} TLS_FILE another"))
    assert [heard(answer, number)[0] for number in range(3)] == [202, 200, 202]
    assert [heard(answer, number)[1]["stale"] for number in range(3)] == [1, 0, 1]
    assert starts(answer) == []
    assert b"s3ntinel" not in answer.sinks[1] and b"s3ntinel" not in b"".join(answer.heard.values())


def test_words_that_name_a_descriptor(player: Player) -> None:
    """It has another number with each plan; what can be read there is the same, or not."""
    web = WEB._replace(args=("--key=$(TLS_FILE):$(CERT)", "$(TLS_FILE)"), env={"CERT": "file:$(TLS_FILE)"},
                       env_from=(BY_FD, OTHER_FD), liveness_probe=Probe(Ask(Handler.EXEC, ("ask", "$(TLS_FILE)"))))
    texts = [("key", "cert"), ("key", "cert"), ("cert", "key"), ("key", "key"), ("key", "key")]
    lines = [line for at, (key, cert) in enumerate(texts) for line in [
        *client(at, 5 + 2 * at, give(pod(web))),
        *told(6 + 2 * at, f"0 {HELD} TLS_FILE {key}", f"1 {HELD} CA_FILE {cert}")]]  # fmt: skip
    answer = play(player, pod(web), *lines)
    assert [heard(answer, number)[1]["stale"] for number in range(5)] == [1, 0, 1, 1, 0]
    assert starts(answer) == []


def test_what_cannot_be_had_is_an_answer(player: Player) -> None:
    lines = ["web: cannot set PW: /pw: no such file or directory", "web: /a.env: line 2 is no NAME=VALUE\x07"]
    answer = play(player, pod(TOLD), *client(0, 5, give(pod(TOLD, DB))), *child(6, *(f"mistake {s}" for s in lines)),
                  *child(6, "warning web: 1 is left out", "done", "ends"))
    status, said = heard(answer, 0)
    assert (status, said["error"]) == (422, "\n".join(lines).replace("\x07", "?"))
    assert said["hint"] == "nothing has changed: its units' variables cannot be had"
    assert starts(answer) == [] and b"1 is left out" in answer.sinks[1]


def test_very_many_mistakes_are_counted(player: Player) -> None:
    many = child(6, *(f"mistake web: {'x' * 200} {n}" for n in range(99)), "done", "ends")
    error = heard(play(player, pod(TOLD), *client(0, 5, give(pod(TOLD, DB))), *many), 0)[1]["error"].split("\n")
    assert error[-1] == f"and {99 - len(error) + 1} more" and 10 < len(error) < 99


RIGHT = f"record 0 {VALUE} A 1"


def raw(fd: int = -1, name_size: int = 1, value_size: int = 1, text: bytes = b"A1", state: int = VALUE,
        source: int = 0) -> str:
    """A record as it lies in memory (csrc/gather.h), whatever it says of itself."""
    return "bytes " + (struct.pack("=IiIIQ", source, fd, name_size, state, value_size) + text.ljust(8, b"\0")).hex()


def test_a_record_as_it_lies_in_memory(player: Player) -> None:
    answer = play(player, pod(WEB), *client(0, 5, give(pod(TOLD))), *child(6, raw(), "all 8000", "done", "ends"))
    assert heard(answer, 0)[0] == 202


@pytest.mark.parametrize("said", [
    (), ("ends",), ("done",), (RIGHT, "done"), (RIGHT, "all 8000", "holds", "done"), (RIGHT, "all 8", "all 8", "done"),
    ("raw 1 12345678", "done"), ("raw 1 x", "done"), ("raw 2 x", "done"), ("raw 9 x",), (RIGHT, "all 8000", "raw 2 x"),
    (f"record 7 {VALUE} A 1", "all 8000", "done"), ("record 0 9 A 1", "all 8000", "done"),
    (f"record 0 {VALUE} A=B 1", "all 8000", "done"), (f"record 0 {HELD} A 1", "all 8000", "holds", "done"),
    (f"record 0 {LATE} A 1", "all 8000", "done"), (f"record 1 {LATE} {'T' * 3000} 1", "all 8000", "done"),
    (f"record 2 {HELD} TLS_FILE k", "all 8000", "done"), (f"record 0 {VALUE}", "all 8000", "done"),
    *((raw(**wrong), "all 8000", "done") for wrong in (
        {"value_size": 2**64 - 7}, {"value_size": 2**64 - 25}, {"value_size": 2**63}, {"value_size": 8},
        {"name_size": 2**32 - 1}, {"fd": 2}, {"text": b"A\0"}, {"text": b"\x001"},
        {"source": 2, "state": HELD, "value_size": 2**64 - 25},
    )),
    (raw()[:-2], "all 8000", "done"), (raw()[:40], "all 8000", "done"),
])  # fmt: skip
def test_a_child_that_is_not_to_be_believed(player: Player, said: tuple[str, ...]) -> None:
    new = pod(WEB._replace(env_from=(LINES, KEY, BY_FD)), DB)
    more = child(6, *said, "ends") if said else []
    answer = play(player, pod(WEB), *client(0, 5, give(new)), *more)
    status, body = heard(answer, 0)
    words = "died" if said else "could not be read in 10 s"
    assert (status, words in body["error"]) == (503, True)
    assert starts(answer) == [] and answer.open["map"] == (0, 0) and answer.open["memory"] == (0, 0)


def test_one_that_hangs_keeps_others_from_hanging(player: Player) -> None:
    new = give(pod(TOLD, DB))
    answer = play(player, pod(TOLD), *client(0, 2, new), *child(3, "stuck"), *client(1, 4, new), *client(2, 14, new),
                  *client(3, 15, give(pod(WEB))), *child(16, "ends"), *client(4, 25, new), *told(26, f"0 {VALUE} A 1"))
    assert [heard(answer, number)[0] for number in range(5)] == [503, 409, 503, 202, 202]
    assert "in 10 s" in heard(answer, 0)[1]["error"] and "still waits" in heard(answer, 2)[1]["error"]
    assert [kill.at // SECOND for kill in answer.kills if kill.signal == 9] == [12]


@pytest.mark.parametrize(("meanwhile", "status"), [
    (client(1, 6, ask("/v1/stop", "POST")), 409), (client(0, 6, "leaves"), None), (client(0, 6, "ends"), 202),
    ([f"at {6 * SECOND} ended 1 0 1"], 202),
], ids=["told to stop", "who asked goes", "who asked says no more", "a unit ends"])  # fmt: skip
def test_what_may_come_between(player: Player, meanwhile: list[str], status: int | None) -> None:
    answer = play(player, pod(TOLD, DB), *client(0, 5, give(pod(TOLD, DB, WEB._replace(name="more")))), *meanwhile,
                  *told(7, f"0 {VALUE} A 1"))
    assert heard(answer, 0)[0] == status if status else not answer.heard.get(0)
    assert (2 in {slot for _, slot in starts(answer)}) == (status == 202)
    reader = int(re.search(r"fetcher (\d+)", answer.text)[1])
    assert ((reader, 9) in {(kill.pid, kill.signal) for kill in answer.kills}) == (status != 202)
    assert answer.open["memory"] == (0, 0)


def test_a_trial_reads_too_and_leaves_nothing(player: Player) -> None:
    plan = pod(WEB._replace(env_from=(BY_FD,)), DB)
    new, found = give(plan, "?dry_run=1"), f"0 {HELD} TLS_FILE x"
    lines = [line for at in range(10) for line in [
        *client(at, 3 + at, new), *child(3.4 + at, "warning web: 1 is left out"),
        *told(3.5 + at, found)]]
    answer = play(player, pod(WEB), *lines)
    assert b"left out" not in b"".join(answer.sinks)
    assert {heard(answer, number)[0] for number in range(10)} == {200}
    assert answer.open["map"] == (0, 0) and answer.open["memory"] == (0, 0)
    answer = play(player, pod(WEB), *lines, *client(10, 15, give(plan)), *told(16, found),
                  *client(11, 17, ask("/v1/units/db/context")))
    mark = next(each for each in heard(answer, 11)[1]["env"] if each.startswith("MINIPOD_INSTANCE="))
    assert mark.endswith(".1"), "no number of a unit is used up"


def test_neither_memory_nor_descriptors_grow(player: Player) -> None:
    """Whoever was kept has what it was started with; all that came between is given back, and so is that in the end."""
    web = WEB._replace(env_from=(BY_FD, LINES))

    def restart(number: int, at: float) -> list[str]:
        return client(number, at, ask("/v1/units/web/restart", "POST"))

    def after(times: int, *more: str) -> tuple[int, int]:
        lines = [line for at in range(times) for line in [
            *client(at, 3 + at, give(pod(web, DB._replace(args=(str(at),))))),
            *told(3.5 + at, f"0 {HELD} TLS_FILE {at}", f"1 {VALUE} A {at}", piece=16)]]
        answer = play(player, pod(web, DB), *lines, *restart(59, 4.2), *more, until=times + 30)
        assert {heard(answer, number)[0] for number in range(times)} == {202}
        return answer.open["map"][0], answer.open["memory"][0]

    maps, held = after(12)
    assert (maps, held) == after(4)
    assert held == 2, "what the unit has, and what the next one will have"
    assert after(12, *restart(60, 20))[1] == 1


DATA = Volume("data", "empty_dir")
THERE = [f"at {SECOND} volume {word}" for word in ("holds /v", "done", "ends")]
SEES = WEB._replace(mounts=(Mount("data", "/data"),))


def shares(*units: Unit, volumes: tuple[Volume, ...] = (DATA,)) -> Pod:
    return pod(*units)._replace(volumes=volumes)


@pytest.mark.parametrize(("new", "said"), [
    (shares(SEES), None),
    (shares(SEES._replace(args=("-v",)), DB._replace(mounts=(Mount("data", "/data"),))), None),
    (shares(SEES, DB._replace(mounts=(Mount("data", "/other"),))), "db: its volumes cannot change while the pod runs"),
    (shares(SEES._replace(mounts=(Mount("data", "/data", sub_path="a"),))), "web: its volumes cannot change"),
    (shares(SEES._replace(read_only=True)), "web: its read_only cannot change while the pod runs"),
    (shares(SEES, volumes=(DATA._replace(name="more"), DATA)), "the pod's volumes cannot change while it runs"),
    (shares(SEES._replace(notify=Notify(600))), "a process may have 512 descriptors here, and its programs are given"),
], ids=["the same", "another sees it", "elsewhere", "a part", "read only", "another volume", "a number"])  # fmt: skip
def test_volumes_that_are_there(player: Player, new: Pod, said: str | None) -> None:
    """What was prepared before the first start may be seen by others; nothing is prepared later."""
    answer = play(player, shares(SEES), *THERE, *client(0, 5, give(new)))
    status, body = heard(answer, 0)
    assert (status in (200, 202), body.get("error", "").startswith(said or "")) == (said is None, True)
    assert (starts(answer) == []) == (status != 202)


@pytest.mark.parametrize(("unit", "needed"), [
    (DB._replace(message_own=True), 101), (DB._replace(notify=Notify(200)), 201),
    (DB._replace(message_own=True, notify=Notify(20)), 101), (DB._replace(message_own=True, notify=Notify(200)), 201),
    (DB._replace(env_from=(BY_FD,)), 129), (DB._replace(env_from=(BY_FD, BY_FD._replace(name="KEY"))), 130),
    (DB._replace(env_from=(BY_FD,), message_own=True, notify=Notify(20)), 129),
    (DB._replace(env_from=(BY_FD,), notify=Notify(200)), 202),
], ids=["message", "notify", "message above", "notify above", "secret", "two", "secret above", "secret above notify"])
@pytest.mark.parametrize("way", ["", "?dry_run=1"], ids=["applied", "tried"])
def test_numbers_that_a_process_may_not_have(player: Player, unit: Unit, needed: int, way: str) -> None:
    """As at a start: refused before anything is read or changed. One descriptor more is enough."""
    held = [f"{at} {HELD} {source.name}_FILE x" for at, source in enumerate(unit.env_from)]
    lines = [*client(0, 5, give(pod(WEB, unit), way)), *(told(6, *held) if held else ())]
    refused = play(player, pod(WEB), f"files {needed - 1}", *lines)
    status, said = heard(refused, 0)
    assert (status, said["hint"]) == (422, "restart the container with a higher limit of open files")
    assert f"may have {needed - 1} descriptors" in said["error"] and f"by the number {needed - 1}" in said["error"]
    assert starts(refused) == [] and "fetcher" not in refused.text and refused.open["map"] == (0, 0)
    assert heard(play(player, pod(WEB), f"files {needed}", *lines), 0)[0] == (200 if way else 202)


# The call, how it fails, and what a plan is refused with for it.
CALLS = {
    "map": (errno.ENOMEM, "there is not enough memory for another plan"),
    "pipe": (errno.EMFILE, "its units' variables cannot be read now: too many open files in this process"),
    "epoll_add": (errno.ENOMEM, "its units' variables cannot be read now: out of memory"),
    "fork_apart": (errno.EAGAIN, "its units' variables cannot be read now: no resources for another process right now"),
    "pass": (errno.EMFILE, "the secrets of its units cannot be held: there is no descriptor left"),
    "raise": (errno.EMFILE, "the secrets of its units cannot be held: there is no descriptor left"),
    "reap_apart": (errno.ECHILD, None),
    "hear": (errno.EINTR, None),
}


@pytest.mark.parametrize("call", CALLS)
def test_nth_call_fails(player: Player, call: str) -> None:
    """A plan is taken, or refused for that reason with all that came for it given back."""
    error, why = CALLS[call]
    old, new = pod(WEB, DB), pod(WEB._replace(env_from=(BY_FD, LINES)), DB)
    lines = [*client(0, 5, give(new)), *told(6, f"0 {HELD} TLS_FILE x", f"1 {VALUE} A 1"), *client(1, 9, give(old)),
             *client(2, 12, give(new)), *told(13, f"0 {HELD} TLS_FILE y", f"1 {VALUE} A 2")]  # fmt: skip
    called = play(player, old, *lines).called[call]
    assert called
    refused = set()
    for first in range(1, called + 1):
        answer = player.play([*request(old, (), [(40 * SECOND, Fact(FactKind.SAID, None, PodEvent.TOLD))],
                                       until=60 * SECOND), *lines, f"fail {call} {first} 1 {error}"])
        if answer.status == 71 and not answer.steps:
            continue
        assert (answer.status, answer.impossible, answer.lost_events) == (0, [], 0), answer.text[-2000:]
        assert answer.exit_code == 143, first
        answers = [heard(answer, n) for n in range(3) if answer.heard.get(n)]
        statuses = [status for status, _ in answers]
        refused |= set(statuses)
        assert {said["error"] for status, said in answers if status == 503} <= {why}, first
        assert answer.open["memory"][0] <= statuses.count(202), first
    assert refused <= {200, 202, 503}
    assert (503 in refused) == (call not in ("hear", "reap_apart", "epoll_add")) or call == "epoll_add"
