"""The control server: what it tells of a pod is so, and mistakes are answered as such."""

import os
import signal
import socket
from pathlib import Path

import pytest
from knocking import Place
from peers import idle_port
from shops import open_shop, start
from system_harness import SLEEP, Launcher, Running, sh, tool, wait_until

from minipod.reaper.layout import ffi, lib

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.fixture
def shop(launch: Launcher, folder: Path) -> tuple[Running, Place]:
    return open_shop(launch, folder)


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
        "readiness_probe": {"exec": ["true"], "period": "1h", "timeout": "20s"},
        "liveness_probe": {"exec": sh("exit 7"), "period": "1s", "timeout": "20s", "failure_threshold": 1000},
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
    probe = {"exec": sh("[ ! -e deaf ] || exit 7"), "period": "1s", "timeout": "20s", "failure_threshold": 2}
    running, place = start(launch, folder, {
        "service.deaf": {"command": sh("trap '' TERM; touch deaf; while :; do sleep 1; done"), "liveness_probe": probe,
                         "termination_grace_period": "1h"},
        "service.sick": {"command": SLEEP, "liveness_probe": probe, "backoff": {"initial": "1h", "max": "1h"}},
        "service.hook": {"command": SLEEP, "post_start": {"exec": ["false"]}, "restart": "never"},
        "service.well": {"command": SLEEP, "liveness_probe": {"exec": ["true"], "timeout": "20s"}},
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
    port = idle_port()
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
    port = idle_port()
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


@pytest.mark.parametrize("request_, code", MISTAKES.items())
def test_mistakes(shop, request_: str, code: int) -> None:
    answer = shop[1].ask(*request_.split())
    assert answer.status == code
    if code >= 400 and not request_.startswith("HEAD"):
        assert set(answer.json) == {"error", "hint"} and all(answer.json.values())
    assert ("allow" in answer.headers) == (code == 405)


def test_a_mistake_in_words(shop) -> None:
    answer = shop[1].get("/v1/units/nobody", Accept="text/plain")
    assert (answer.status, answer.text) == (404, "there is no unit of this name; GET /v1/units lists them\n")


def test_what_a_probe_said(launch: Launcher, folder: Path) -> None:
    """The first line of its command's last attempt, fit for a terminal, however much it writes."""
    period = {"period": "1s", "timeout": "20s"}
    pod = {
        "service.web": {"command": SLEEP, "readiness_probe": {
            "exec": sh("printf '\\n\\033[1mno database\\nmore\\n' >&2; exit 1"), **period}},
        "service.loud": {"command": SLEEP, "readiness_probe": {
            "exec": sh("head -c 300000 /dev/zero | tr '\\0' x; exit 0"), **period}},
        "service.slow": {"command": SLEEP, "liveness_probe": {
            "exec": sh("echo still looking; exec sleep 1000"), "period": "1s", "failure_threshold": 999}},
        "service.mute": {"command": SLEEP, "readiness_probe": {
            "exec": sh("[ -e said ] || echo once; touch said; exit 3"), **period}},
    }  # fmt: skip
    running, place = start(launch, folder, pod)
    place.wait_for("loud", ready=True)

    def why(name: str, kind: str, wanted: str, answers: int = 1) -> None:
        def is_told() -> bool:
            probe = place.unit(name)["probes"][kind]
            return probe["answers"] >= answers and probe["why"] == wanted

        wait_until(is_told, f"{name}: {wanted}")

    why("web", "readiness", "exit code 1:  [1mno database")
    why("slow", "liveness", "no answer within 1s: still looking")
    why("mute", "readiness", "exit code 3", 2)
    running.expect_error("web: readiness probe failed: exit code 1:  .1mno database")
