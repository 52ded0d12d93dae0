"""The control server: what it is told happens, and who follows is told of it."""

from pathlib import Path

import pytest
from knocking import Place, read_until
from shops import open_shop, start
from system_harness import SLEEP, Launcher, Running, at_term, sh, status, wait_until

LINES = "application/x-ndjson"


@pytest.fixture
def shop(launch: Launcher, folder: Path) -> tuple[Running, Place]:
    return open_shop(launch, folder)


# --- orders


def test_stop_start_and_restart(shop) -> None:
    running, place = shop
    before = place.unit("web")
    answer = place.post("/v1/units/web/stop")
    assert (answer.status, answer.json["unit"], answer.json["order"]) == (202, "web", "stop")
    assert place.wait_for("web", life="held", want="hold")["pid"] is None
    assert place.post("/v1/units/web/start").status == 202
    again = place.wait_for("web", life="up", instances=2)
    assert again["pid"] != before["pid"]
    assert place.post("/v1/units/web/restart").status == 202
    place.wait_for("web", life="up", instances=3)


def test_a_start_cuts_a_backoff_short(shop) -> None:
    place = shop[1]
    place.post("/v1/units/broken/start")
    place.wait_for("broken", instances=3)


def test_an_order_names_the_first_event_it_may_cause(shop) -> None:
    place = shop[1]
    first = place.post("/v1/units/web/stop").json["event"]
    place.wait_for("web", life="held")
    caused = place.get(f"/v1/events?after={first - 1}").lines
    assert caused[0]["seq"] == first and (caused[0]["unit"], caused[0]["event"]) == ("web", "order-stop")


def test_a_unit_that_is_over_takes_no_order(shop) -> None:
    place = shop[1]
    for order in ("start", "restart", "signal?signal=HUP"):
        assert place.post(f"/v1/units/first/{order}").status == 409


@pytest.mark.parametrize("word", ["USR1", "SIGUSR1", "10"])
def test_signal(launch: Launcher, folder: Path, word: str) -> None:
    script = sh("trap 'echo heard' USR1; echo up; while :; do sleep 0.01; done")
    running, place = start(launch, folder, {"service.web": {"command": script}})
    running.expect("up")
    assert place.post(f"/v1/units/web/signal?signal={word}").status == 202
    running.expect("heard")


@pytest.mark.parametrize("word", ["", *(f"?signal={each}" for each in ("", "0", "32", "65", "FOO", "usr1", "nal%200"))])
def test_no_such_signal(shop, word: str) -> None:
    assert shop[1].post(f"/v1/units/web/signal{word}").status == 400


def test_stop_the_pod(launch_both: Launcher, folder: Path) -> None:
    running, place = start(launch_both, folder, {"service.web": {"command": at_term(0)}})
    running.expect("ready")
    assert place.post("/v1/stop").status == 202
    result = running.wait()
    assert result.code == 0 and result.report["toldBy"] == "the control socket"
    assert "minipod: stopping: told by the control socket\n" in result.err
    assert not Path(place.where).exists()


def test_told_twice_there_is_no_grace(launch: Launcher, folder: Path) -> None:
    tough = {"command": sh("trap '' TERM; echo up; while :; do sleep 0.01; done"), "termination_grace_period": "1h"}
    running, place = start(launch, folder, {"pod": {"termination_grace_period": "1h"}, "service.tough": tough})
    running.expect("up")
    place.post("/v1/stop")
    place.wait_for("tough", life="term-sent")
    place.post("/v1/stop")
    assert running.wait().code == 137


# --- lines and events


def test_logs(shop) -> None:
    place = shop[1]
    answer = wait_until(lambda: len((a := place.get("/v1/units/web/logs")).lines) > 1 and a, "it has written")
    assert answer.headers["content-type"] == LINES
    told = sorted((line["stream"], line["line"], line["unit"], "time" in line) for line in answer.lines)
    assert told == [("stderr", "two", "web", True), ("stdout", "one", "web", True)]
    assert place.get("/v1/units/web/logs", Accept="text/plain").text in ("one\ntwo\n", "two\none\n")
    assert len(place.get("/v1/units/web/logs?tail=1").lines) == 1
    assert place.get("/v1/units/web/logs?tail=0").lines == []
    assert place.get("/v1/units/web/logs?since=2500-01-01T00:00:00Z").lines == []
    assert len(place.get("/v1/units/web/logs?since=1h").lines) == 2


def test_logs_of_all_are_in_the_order_of_time(shop) -> None:
    place = shop[1]
    lines = wait_until(lambda: len(found := place.get("/v1/logs").lines) > 2 and found, "all have written")
    assert lines[0]["line"] == "begun" and lines == sorted(lines, key=lambda line: line["time"])
    assert place.get("/v1/logs?tail=2").lines == lines[-2:]
    assert place.get("/v1/logs", Accept="text/plain").text.startswith("first  | begun\n")


def test_previous_logs(shop) -> None:
    running, place = shop
    assert place.get("/v1/units/web/logs?previous=1").status == 404
    web = running.inside(place.wait_for("web", life="up")["pid"])
    wait_until(lambda: status(web).get("Name") == "sleep", "it has said all")
    place.post("/v1/units/web/restart")
    place.wait_for("web", life="up", instances=2)
    told = [line["line"] for line in place.get("/v1/units/web/logs?previous=1").lines]
    assert sorted(told) == ["one", "three", "two"]
    assert place.get("/v1/units/web/logs?previous=1&follow=1").status == 400


def test_follow_goes_on_from_one_instance_to_the_next(launch: Launcher, folder: Path) -> None:
    script = sh("echo up; exec sleep 1000")
    running, place = start(launch, folder, {"service.web": {"command": script}, "service.other": {"command": SLEEP}})
    with place.knock() as web, place.knock() as everybody:
        web.sendall(b"GET /v1/units/web/logs?follow=1 HTTP/1.1\r\nHost: m\r\nAccept: text/plain\r\n\r\n")
        everybody.sendall(b"GET /v1/logs?follow=1 HTTP/1.1\r\nHost: m\r\nAccept: text/plain\r\n\r\n")
        for _ in range(3):
            assert b"up\n" in read_until(web, b"up\n")
            read_until(everybody, b"web   | up\n")
            place.post("/v1/units/web/restart")
        place.post("/v1/stop")
        assert read_until(web, b"0\r\n\r\n") and read_until(everybody, b"0\r\n\r\n")
    running.wait()


def test_who_follows_is_told_what_was_lost(launch: Launcher, folder: Path) -> None:
    """More at once than is kept, and nothing before it."""
    (folder / "lines").write_text("x\n" * 30000)
    script = sh(f"cd {folder}; while [ ! -e go ]; do sleep 0.01; done; dd if=lines bs=60000 count=1; exec sleep 1000")
    _, place = start(launch, folder, {"service.web": {"command": script}})
    with place.knock() as web:
        web.sendall(b"GET /v1/units/web/logs?follow=1 HTTP/1.0\r\n\r\n")
        read_until(web, b"\r\n\r\n")
        (folder / "go").touch()
        assert b'"lost":true' in read_until(web, b'"line":"x"')


def test_a_line_in_pieces_is_never_mixed_with_the_other_stream(launch: Launcher, folder: Path) -> None:
    wait = f"while [ ! -e {folder}/$1 ]; do sleep 0.01; done"
    steps = "head -c 20000 /dev/zero | tr '\\0' x; go a; echo other >&2; go b; echo end; exec sleep 1000"
    _, place = start(launch, folder, {"service.web": {"command": sh(f"go() {{ {wait}; }}; {steps}")}})
    for step, last in (("a", "x"), ("b", "other"), ("c", "end")):
        wait_until(lambda last=last: _last_line(place).endswith(last), f"it wrote {last}")
        (folder / step).touch()
    text = place.get("/v1/units/web/logs", Accept="text/plain").text
    assert [line.lstrip("x") for line in text.splitlines()] == ["", "other", "end"]


def _last_line(place: Place) -> str:
    lines = place.get("/v1/units/web/logs").lines
    return lines[-1]["line"] if lines else ""


def test_a_line_that_is_all_escapes(launch: Launcher, folder: Path) -> None:
    """Six bytes of JSON for each of its own: nothing is lost, and nothing is broken."""
    script = sh(r"head -c 12000 /dev/zero | tr '\0' '\001'; echo; echo end; exec sleep 1000")
    running, place = start(launch, folder, {"service.web": {"command": script}})
    lines = wait_until(
        lambda: (found := place.get("/v1/units/web/logs").lines) and found[-1]["line"] == "end" and found, "it wrote"
    )
    assert "".join(line["line"] for line in lines[:-1]) == "\1" * 12000
    assert [line.get("partial", False) for line in lines] == [True] * (len(lines) - 2) + [False] * 2


def test_events(shop) -> None:
    place = shop[1]
    answer = place.get("/v1/events")
    assert answer.headers["content-type"] == LINES
    assert [event["seq"] for event in answer.lines] == list(range(len(answer.lines)))
    last = answer.lines[-1]["seq"]
    assert place.get(f"/v1/events?after={last}").lines == []
    assert place.get(f"/v1/events?after={last - 2}").lines == answer.lines[-2:]
    assert place.get("/v1/events?after=999999").lines == answer.lines
    text = place.get("/v1/events", Accept="text/plain").text.splitlines()
    assert len(text) == len(answer.lines) and " web lifecycle: held -> spawning (go)" in "\n".join(text)


def test_follow_events_to_the_end(launch: Launcher, folder: Path) -> None:
    running, place = start(launch, folder, {"service.web": {"command": SLEEP}})
    with place.knock() as held:
        held.sendall(b"GET /v1/events?follow=1 HTTP/1.1\r\nHost: m\r\n\r\n")
        read_until(held, b'"machine":"readiness"')
        place.post("/v1/stop")
        assert b'"to":"over"' in read_until(held, b"0\r\n\r\n")
    running.wait()


def test_what_is_lost_is_said(launch: Launcher, folder: Path) -> None:
    pod = {f"service.s{i}": {"command": SLEEP} for i in range(12)}
    running, place = start(launch, folder, pod)
    for _ in range(12):
        for i in range(12):
            place.post(f"/v1/units/s{i}/restart")
        wait_until(lambda: all(u["life"] == "up" for u in place.get("/v1/units").json["units"]), "all run again")
    first, second, *_ = place.get("/v1/events").lines
    assert first["lost"] == second["seq"] > 0
