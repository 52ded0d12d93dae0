"""The control server: what it tells of a pod is so, and what it is told happens."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from knocking import Place, free_port, near, read_until
from system_harness import SLEEP, Launcher, Running, at_term, sh, tool, wait_until

from minipod.reaper.layout import ffi, lib

JSON, LINES = "application/json", "application/x-ndjson"
TEXT = "text/plain; charset=utf-8"
METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
POD = {
    "pod": {"name": "shop", "labels": {"app": "shop", "tier": "a"}},
    "init.first": {"command": sh("echo begun")},
    "service.web": {"command": sh("echo one; echo two >&2; printf three; exec sleep 1000")},
    "service.broken": {"command": sh("exit 3"), "restart": "on_failure", "backoff": {"initial": "1h", "max": "1h"}},
    "service.late": {"command": SLEEP, "after": {"broken": "completed"}},
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with near() as found:
        yield found


def start(launch: Launcher, folder: Path, pod: dict, **how: object) -> tuple[Running, Place]:
    """The pod, and where it is asked."""
    path = str(folder / "pod.sock")
    running = launch.start({**pod, "pod": {**pod.get("pod", {}), "control": path}}, **how)
    return running, Place(path).wait()


@pytest.fixture
def shop(launch: Launcher, folder: Path) -> Iterator[tuple[Running, Place]]:
    """With all that it comes to by itself: broken waits an hour for its third instance."""
    running, place = start(launch, folder, POD)
    place.wait_for("broken", life="backoff", instances=2)
    running.expect_all("one", "begun")
    yield running, place


# --- what it tells


def test_the_pod(shop) -> None:
    running, place = shop
    answer = place.get("/v1/pod")
    assert (answer.status, answer.headers["content-type"], answer.headers["minipod-pod"]) == (200, JSON, "shop")
    pod = answer.json["pod"]
    assert answer.json["version"] == 1
    assert {name: pod[name] for name in ("name", "labels", "state", "phase", "cause", "exitCode", "toldBy", "pid")} == {
        "name": "shop", "labels": {"app": "shop", "tier": "a"}, "state": "running", "phase": "Pending", "cause": None,
        "exitCode": None, "toldBy": None, "pid": 1,
    }  # fmt: skip
    assert pod["startedAt"] < pod["now"] and pod["stopBy"] is None and pod["nextEvent"] > 10
    assert [unit["name"] for unit in answer.json["units"]] == ["first", "web", "broken", "late"]
    assert place.get("/v1/units").json["units"][1]["name"] == "web"


def test_a_unit_that_runs(shop) -> None:
    running, place = shop
    log = {"mode": "prefix", "file": None, "bytes": 8, "lines": 2, "dropped": 0}
    unit = place.wait_for("web", life="up", log=log)
    assert running.inside(unit["pid"])
    assert unit["started"] and unit["ready"] and unit["begun"] and unit["instances"] == 1
    assert (unit["ends"], unit["waitsFor"], unit["dueAt"], unit["outcome"]) == ([], [], None, None)


def test_a_unit_that_fails(shop) -> None:
    unit = shop[1].unit("broken")
    assert (unit["pid"], unit["restartCount"], unit["streak"]) == (None, 1, 2)
    assert [(end["instance"], end["exitCode"], end["reason"], end["signal"]) for end in unit["ends"]] == [
        (1, 3, "Error", 0), (2, 3, "Error", 0),
    ]  # fmt: skip
    assert unit["ends"][1]["startedAt"] < unit["ends"][1]["finishedAt"] < unit["dueAt"]


def test_a_unit_that_waits(shop) -> None:
    unit = shop[1].unit("late")
    assert (unit["life"], unit["instances"]) == ("held", 0)
    assert unit["waitsFor"] == [{"unit": "broken", "milestone": "completed"}]


def test_a_unit_that_is_over(shop) -> None:
    unit = shop[1].unit("first")
    assert (unit["life"], unit["outcome"], unit["ends"][0]["reason"]) == ("ended", "done", "Completed")


def test_probes_and_what_a_program_says(launch: Launcher, folder: Path) -> None:
    probes = {
        "readiness_probe": {"exec": ["true"], "period": "1h"},
        "liveness_probe": {"exec": sh("exit 7"), "period": "1s", "failure_threshold": 1000},
    }
    running, place = start(launch, folder, {"service.web": {"command": SLEEP, **probes}})
    asked = wait_until(
        lambda: (probes := place.unit("web")["probes"]) and all(p["answers"] for p in probes.values()) and probes,
        "it was asked",
    )
    assert asked["readiness"]["last"] == "success" and asked["readiness"]["why"] is None
    assert (asked["liveness"]["last"], asked["liveness"]["why"]) == ("failure", "exit code 7")
    assert asked["liveness"]["failures"] == asked["liveness"]["answers"] and asked["liveness"]["latencyNs"] > 0
    assert set(asked) == {"readiness", "liveness"}


def test_tables_for_people(shop) -> None:
    first, titles, *rows = shop[1].get("/v1/pod", Accept="text/plain").text.splitlines()
    assert first.startswith("shop: Pending for ") and first.endswith(", 1 of 3 ready")
    assert titles.split() == ["UNIT", "KIND", "STATE", "READY", "RESTARTS", "PID", "SINCE", "LAST", "END"]
    assert rows[0].split()[:4] == ["first", "init", "done", "no"]
    assert rows[1].split()[:5] == ["web", "service", "up", "yes", "0"]
    assert rows[2].split()[:3] == ["broken", "service", "backoff"] and rows[2].endswith("Error (3)")
    assert rows[3].split()[:3] == ["late", "service", "waiting"]
    assert len({row.index("service") for row in rows[1:]}) == 1


def test_a_head_has_no_body(shop) -> None:
    answer = shop[1].ask("HEAD", "/v1/pod")
    assert (answer.status, answer.body) == (200, b"") and int(answer.headers["content-length"]) > 1000


def test_a_thousand_units_come_in_pieces(launch: Launcher, folder: Path) -> None:
    """More than one room's worth, and whole."""
    units = {f"service.unit-{i}": {"command": ["none"], "after": ["gate"]} for i in range(300)}
    gate = {"command": SLEEP, "readiness_probe": {"exec": ["false"]}, "startup_probe": {"exec": ["false"]}}
    running, place = start(launch, folder, {"service.gate": gate, **units})
    answer = place.get("/v1/pod")
    assert answer.headers["transfer-encoding"] == "chunked" and len(answer.body) > 100_000
    assert [unit["name"] for unit in answer.json["units"]] == ["gate", *(f"unit-{i}" for i in range(300))]
    table = place.get("/v1/pod", Accept="text/plain").text.splitlines()
    assert len(table) == 2 + 301
    told = place.say(b"GET /v1/units HTTP/1.0\r\n\r\n")
    assert b"transfer-encoding" not in told.lower() and told.endswith(b"]}\n")


# --- surroundings


def test_the_plan_is_what_runs(shop) -> None:
    running, place = shop
    answer = place.get("/v1/plan")
    data = ffi.from_buffer(answer.body)
    assert lib.plan_refuse(data, len(data)) == ffi.NULL
    assert f"{lib.plan_digest(data, len(data)):016x}" == place.get("/v1/pod").json["pod"]["planDigest"]


def test_a_units_context(launch: Launcher, folder: Path) -> None:
    """To the byte, however long it is."""
    long = "ab\"\\é\n" * 15_000
    unit = {"command": ["sh", "-c", "exec sleep 1000", "x" * 70_000], "working_dir": "/tmp", "env": {"LONG": long}}
    running, place = start(launch, folder, {"service.web": unit})
    told = place.get("/v1/units/web/context").json
    assert told["argv"] == unit["command"] and f"LONG={long}" in told["env"]
    assert (told["workingDir"], told["user"], told["uid"], told["gid"]) == ("/tmp", None, 0, 0)
    assert f"PATH={os.environ['PATH']}" in told["env"]


def test_a_context_is_of_bytes(launch: Launcher, folder: Path) -> None:
    """A value that is no UTF-8 comes as what it is, however long; a text would have lost it."""
    odd = b"\xff\x80a" * 30_000
    env = {"ODD": os.fsdecode(b"caf\xe9"), "LONG": os.fsdecode(odd), "EVEN": "café"}
    running, place = start(launch, folder, {"service.web": {"command": SLEEP}}, env=env)
    told = place.get("/v1/units/web/context").json["env"]
    assert {"hex": b"ODD=caf\xe9".hex()} in told and "EVEN=café" in told
    assert {"hex": (b"LONG=" + odd).hex()} in told


def test_who_failed_a_unit_that_was_never_started(launch: Launcher, folder: Path) -> None:
    """Of all that it waits for those that are over; also through one that was never started itself."""
    running, place = start(launch, folder, {
        "service.seed": {"command": sh("exit 3"), "restart": "never"},
        "service.slow": {"command": SLEEP, "startup_probe": {"exec": ["false"], "failure_threshold": 999}},
        "service.late": {"command": SLEEP, "after": {"seed": "completed", "slow": "started"}},
        "service.last": {"command": SLEEP, "after": {"late": "ready"}},
    })  # fmt: skip
    place.wait_for("last", life="ended")
    assert place.unit("late")["waitsFor"] == [{"unit": "seed", "milestone": "completed"}]
    assert place.unit("last")["waitsFor"] == [{"unit": "late", "milestone": "ready"}]


def test_which_probe_had_it_stopped(launch: Launcher, folder: Path) -> None:
    """Known while it ends, and until another instance runs: a TERM in the status tells nobody why."""
    probe = {"exec": sh("exit 7"), "period": "1s", "failure_threshold": 2}
    running, place = start(launch, folder, {
        "service.deaf": {"command": sh("trap '' TERM; while :; do sleep 1; done"), "liveness_probe": probe,
                         "termination_grace_period": "1h"},
        "service.sick": {"command": SLEEP, "liveness_probe": probe, "backoff": {"initial": "1h", "max": "1h"}},
        "service.hook": {"command": SLEEP, "post_start": {"exec": ["false"]}, "restart": "never"},
        "service.well": {"command": SLEEP, "liveness_probe": {"exec": ["true"]}},
    })  # fmt: skip
    place.wait_for("deaf", life="term-sent")
    place.wait_for("sick", life="backoff", instances=2)
    place.wait_for("hook", life="ended")
    said = {"by": "liveness probe", "failures": 2, "why": "exit code 7"}
    assert (place.unit("deaf")["unhealthy"], place.unit("sick")["unhealthy"]) == (said, said)
    assert place.unit("hook")["unhealthy"] == {"by": "post_start", "failures": 1, "why": "exit code 1"}
    assert place.unit("well")["unhealthy"] is None


def test_whose_code_the_pods_is(launch: Launcher, folder: Path) -> None:
    running, place = start(launch, folder, {
        "service.web": {"command": sh("until [ -e up ]; do sleep 0.01; done; exit 3"), "restart": "never",
                        "essential": True},
        "service.deaf": {"command": sh("trap '' TERM; touch up; while :; do sleep 1; done"),
                         "termination_grace_period": "1h"},
    }, env={"MINIPOD_GRACE": "1h"})  # fmt: skip
    wait_until(lambda: place.get("/v1/pod").json["pod"]["cause"] == "fatal", "the pod ends")
    assert place.get("/v1/pod").json["pod"]["decidedBy"] == "web"


# --- health


def test_health(shop) -> None:
    place = shop[1]
    assert [place.get(path)[0::2] for path in ("/livez", "/healthz")] == [(200, b"ok\n")] * 2
    answer = place.get("/readyz")
    assert (answer.status, answer.headers["content-type"]) == (503, TEXT)
    assert [line.split(":")[0] for line in answer.text.splitlines()] == ["broken", "late"]


def test_readiness_is_of_those_that_should_run(launch: Launcher, folder: Path) -> None:
    """Not of one that has done its work, or that somebody stopped."""
    pod = {
        "service.web": {"command": SLEEP},
        "service.job": {"command": ["true"], "restart": "never"},
        "service.held": {"command": SLEEP},
    }
    running, place = start(launch, folder, pod)
    place.wait_for("job", outcome="done")
    wait_until(lambda: place.get("/readyz").status == 200, "all are ready")
    place.post("/v1/units/held/stop")
    place.wait_for("held", life="held")
    assert place.get("/readyz").status == 200


def test_a_unit_that_failed_for_good_is_no_health(launch: Launcher, folder: Path) -> None:
    pod = {"service.web": {"command": SLEEP}, "service.job": {"command": ["false"], "restart": "never"}}
    running, place = start(launch, folder, pod)
    place.wait_for("job", outcome="failed")
    assert place.get("/healthz")[0::2] == (503, b"job: failed, not running\n")
    assert place.get("/livez").status == 200


def test_a_pod_that_ends_is_not_alive(launch: Launcher, folder: Path) -> None:
    tough = {"command": sh("trap '' TERM; echo up; while :; do sleep 0.01; done"), "termination_grace_period": "1h"}
    running, place = start(launch, folder, {"pod": {"termination_grace_period": "1h"}, "service.tough": tough})
    running.expect("up")
    running.send(signal.SIGTERM)
    wait_until(lambda: place.get("/livez").status == 503, "it says so")
    assert place.get("/healthz").text.splitlines()[0] == "pod: ending: it was told to stop"
    pod = place.get("/v1/pod").json["pod"]
    assert (pod["state"], pod["cause"], pod["toldBy"]) == ("stopping", "told", "SIGTERM") and pod["stopBy"] > pod["now"]
    assert place.post("/v1/units/tough/restart").status == 409


def test_metrics(shop) -> None:
    answer = shop[1].get("/metrics")
    assert answer.headers["content-type"] == METRICS and answer.text.endswith("# EOF\n")


# --- the port


def test_the_port_serves_health_and_metrics_alone(launch: Launcher) -> None:
    port = free_port()
    pod = {"pod": {"control": {"listen": f"127.0.0.1:{port}"}}, "service.web": {"command": SLEEP}}
    running = launch.start(pod)
    place = Place(port).wait()
    assert [place.get(path).status for path in ("/livez", "/healthz", "/metrics")] == [200] * 3
    wait_until(lambda: place.get("/readyz").status == 200, "it is ready")
    for path in ("/v1/pod", "/v1/units/web", "/v1/logs", "/v1/events", "/v1/plan", "/"):
        assert place.get(path).status == 404
    assert place.post("/v1/stop").status == 404 and place.post("/metrics").status == 405
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_a_port_for_everybody_where_there_is_no_ipv6(launch: Launcher) -> None:
    port = free_port()
    pod = {"pod": {"control": {"listen": f":{port}"}}, "service.web": {"command": SLEEP}}
    running = launch.start(pod, wrap=tool("given", "without-ipv6"))
    assert Place(port).wait().get("/livez").status == 200
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_a_port_that_is_taken(launch: Launcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = launch.run({"pod": {"control": {"listen": f"127.0.0.1:{port}"}}, "service.web": {"command": SLEEP}})
    assert result.code == 71 and result.out == ""
    assert result.err == f"minipod: cannot listen on 127.0.0.1 port {port}: the address is in use\n"


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
    place = shop[1]
    assert place.get("/v1/units/web/logs?previous=1").status == 404
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


# --- mistakes


# target: status
MISTAKES = {
    "GET /": 404, "GET /v1": 404, "GET /v1/pods": 404, "GET /v1/units/": 404, "GET /v1/pod/": 404,
    "GET /v1/units/nobody": 404, "GET /v1/units/nobody/logs": 404, "POST /v1/units/nobody/stop": 404,
    "GET /v1/units/%zz": 400, "GET /v1/units/w%65b": 200, "POST /v1/pod": 405, "GET /v1/stop": 405,
    "DELETE /v1/units/web": 405, "BREW /v1/pod": 405, "HEAD /v1/stop": 405, "GET /v1/pod?tail=1": 400,
    "GET /v1/logs?tail=x": 400, "GET /v1/logs?tail=-1": 400, "GET /v1/logs?tail=4294967296": 400,
    "GET /v1/logs?tail=1&tail=2": 400, "GET /v1/logs?follow=maybe": 400, "GET /v1/logs?since=yesterday": 400,
    "GET /v1/logs?since=%": 400, "GET /v1/logs?": 200, "GET /v1/logs?&": 400, "GET /v1/events?tail=1": 400,
    f"GET /v1/units/{'a' * 100}": 404, f"GET /v1/units/{'%61' * 300}": 404, "GET /v1/units/web%00": 400,
    "GET /v1/units/web%2Flogs": 404, "GET /v1/events?after=": 400, f"GET /v1/logs?since={'1' * 200}": 400,
}  # fmt: skip


@pytest.mark.parametrize("request_, status", MISTAKES.items())
def test_mistakes(shop, request_: str, status: int) -> None:
    answer = shop[1].ask(*request_.split())
    assert answer.status == status
    if status >= 400 and not request_.startswith("HEAD"):
        assert set(answer.json) == {"error", "hint"} and all(answer.json.values())
    assert ("allow" in answer.headers) == (status == 405)


def test_a_mistake_in_words(shop) -> None:
    answer = shop[1].get("/v1/units/nobody", Accept="text/plain")
    assert (answer.status, answer.text) == (404, "there is no unit of this name; GET /v1/units lists them\n")


def test_what_a_probe_said(launch: Launcher, folder: Path) -> None:
    """The first line of its command's last attempt, fit for a terminal, however much it writes."""
    period = {"period": "1s"}
    pod = {
        "service.web": {"command": SLEEP, "readiness_probe": {
            "exec": sh("printf '\\n\\033[1mno database\\nmore\\n' >&2; exit 1"), **period}},
        "service.loud": {"command": SLEEP, "readiness_probe": {
            "exec": sh("head -c 300000 /dev/zero | tr '\\0' x; exit 0"), **period, "timeout": "30s"}},
        "service.slow": {"command": SLEEP, "liveness_probe": {
            "exec": sh("echo still looking; exec sleep 1000"), **period, "failure_threshold": 999}},
        "service.mute": {"command": SLEEP, "readiness_probe": {
            "exec": sh("[ -e said ] || echo once; touch said; exit 3"), **period}},
    }  # fmt: skip
    running, place = start(launch, folder, pod)
    place.wait_for("loud", ready=True)

    def why(name: str, kind: str, answers: int) -> str:
        wait_until(lambda: place.unit(name)["probes"][kind]["answers"] >= answers, "it was asked")
        return place.unit(name)["probes"][kind]["why"]

    assert why("web", "readiness", 1) == "exit code 1:  [1mno database"
    assert why("slow", "liveness", 1) == "no answer within 1s: still looking"
    assert why("mute", "readiness", 2) == "exit code 3"
    running.expect_error("web: readiness probe failed: exit code 1:  .1mno database")
