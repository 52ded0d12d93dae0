"""The words that ask a pod, against PID 1 itself: what they show and do is what happens."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from system_harness import SLEEP, Launcher, at_term, beside, sh

Ask = Callable[..., subprocess.CompletedProcess]

POD = {
    "pod": {"name": "shop", "labels": {"app": "shop"}, "termination_grace_period": "1h"},
    "init.migrate": {"command": sh("echo migrated")},
    "sidecar.proxy": {"command": at_term(0)},
    "service.web": {"command": sh("echo one; echo two >&2; exec sleep 1000"), "after": ["proxy"], "image": "web:2",
                    "labels": {"role": "front", "tier": "1"}},
    "service.broken": {"command": sh("echo oops; exit 3"), "backoff": {"initial": "1h", "max": "1h"}},
    "service.late": {"command": SLEEP, "after": {"sick": "ready"}},
    "service.sick": {"command": SLEEP, "readiness_probe": {"exec": ["false"], "period": "1s", "timeout": "20s",
                                                          "failure_threshold": 1}},
    "service.tough": {"command": sh("trap '' TERM; echo up; while :; do sleep 0.01; done"),
                      "termination_grace_period": "1h"},
}  # fmt: skip


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Runs `python -m minipod` with the pod's socket."""

    def run(*words: str, code: int = 0, **how: object) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [sys.executable, "-m", "minipod", *words], capture_output=True, text=True, timeout=30, check=False,
            env={**os.environ, "MINIPOD_SOCKET": str(tmp_path / "shop.sock")}, **how,
        )  # fmt: skip
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    return run


@pytest.fixture
def shop(launch: Launcher, tmp_path: Path, ask: Ask) -> Iterator[object]:
    """The pod, with all that it comes to by itself."""
    pod = {**POD, "pod": {**POD["pod"], "control": str(tmp_path / "shop.sock")}}
    running = launch.start(pod)
    running.expect_all("one", "ready", "up", "oops(.|\n)*oops")
    for said in ("restart 2 in ", "two", "sick: readiness probe failed"):
        running.expect_error(said)
    ask("wait", "--for=started", "web", "sick", "tough", "proxy")
    yield running


def test_what_there_is(shop, ask: Ask) -> None:
    pod, units = ask("get").stdout.split("\n\n")
    assert pod.split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "shop", "3/6", *pod.split()[7:]]
    rows = {row.split()[0]: row.split()[1:4] for row in units.splitlines()}
    assert rows == {
        "UNIT": ["KIND", "READY", "STATUS"],
        "migrate": ["init", "-", "Completed"],
        "proxy": ["sidecar", "1/1", "Running"],
        "web": ["service", "1/1", "Running"],
        "broken": ["service", "0/1", "CrashLoopBackOff"],
        "late": ["service", "0/1", "PodInitializing"],
        "sick": ["service", "0/1", "Running"],
        "tough": ["service", "1/1", "Running"],
    }


def test_a_v1_pod(shop, ask: Ask) -> None:
    pod = json.loads(ask("get", "-o", "json").stdout)
    assert (pod["metadata"]["name"], pod["metadata"]["labels"]) == ("shop", {"app": "shop"})
    assert {each["name"]: each.get("image") for each in pod["spec"]["containers"]}["web"] == "web:2"
    statuses = {each["name"]: each for each in pod["status"]["containerStatuses"]}
    broken = statuses["broken"]
    assert broken["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert broken["state"]["waiting"]["message"].endswith("restarting failed container=broken")
    assert broken["lastState"]["terminated"]["exitCode"] == 3 and broken["restartCount"] == 1


def test_why(shop, ask: Ask) -> None:
    broken = ask("describe", "broken").stdout
    assert "with exit code 3; restart 2 comes in " in broken and "Last Lines:\n  oops\n" in broken
    assert "draining: the leader was reaped (Error, exit code 3)\n" in broken
    assert "Why:            waits for sick to be ready\n" in ask("describe", "late").stdout
    sick = ask("describe", "sick").stdout
    assert "Why:            is not ready: its readiness probe failed " in sick and ": exit code 1\n" in sick
    web = ask("describe", "web").stdout
    assert "Why" not in web and "\nLabels:         role=front\n                tier=1\nImage:          web:2\n" in web
    assert ask("describe").stdout.count("\nKind:") == 7


def test_lines(shop, ask: Ask) -> None:
    assert sorted(ask("logs", "web").stdout.splitlines()) == ["one", "two"]
    assert ask("logs", "--tail", "1", "migrate").stdout == "migrated\n"
    assert ask("logs", "-p", "broken").stdout == "oops\n"
    assert "migrate | migrated\n" in ask("logs").stdout
    assert ask("logs", "--since", "1h", "--timestamps", "migrate").stdout.endswith("Z migrated\n")
    assert ask("logs", "nobody", code=4).stdout == ""


def test_stop_start_restart(shop, ask: Ask) -> None:
    assert ask("restart", "web").stdout == "web restarted\n"
    shop.expect_all(r"(?s)web +\| one.*web +\| one")
    assert ask("stop", "web").stdout == "web stopped\n"
    assert "Stopped" in ask("get", "web").stdout
    assert "one" in ask("logs", "-p", "web").stdout.splitlines()
    assert "`minipod start web` starts it" in ask("describe", "web").stdout
    assert ask("start", "web").stdout == "web started\n"
    assert ask("wait", "web").stdout == "web ready\n"
    what = [json.loads(line) for line in ask("events", "-o", "json", "web").stdout.splitlines()]
    orders = [event["event"] for event in what if event["machine"] == "want" and event["event"].startswith("order")]
    assert orders == ["order-restart", "order-stop", "order-start"]


def test_what_changes_as_it_changes(shop, ask: Ask, tmp_path: Path) -> None:
    """Each row when its unit's state changes, until the pod ends."""
    command = [sys.executable, "-m", "minipod", "get", "-w"]
    environment = {**os.environ, "MINIPOD_SOCKET": str(tmp_path / "shop.sock")}
    with beside(command, stdout=subprocess.PIPE, text=True, env=environment) as watching:
        def expect(*words: str) -> None:
            for line in watching.stdout:
                if line.split()[: len(words)] == list(words):
                    return
            raise AssertionError(f"it ended without {words}")

        expect("tough", "service", "1/1", "Running", "0")
        ask("stop", "web")
        expect("web", "service", "0/1", "Stopped")
        ask("start", "web")
        expect("web", "service", "1/1", "Running", "1")
        ask("stop", "--all")
        ask("signal", "KILL", "tough")
        rest = watching.stdout.read()
        assert watching.wait(30) == 0 and "shop" in rest
    shop.wait()


def test_units_are_proposed(shop, ask: Ask) -> None:
    """By the pod that runs now."""
    assert ask("complete", "bash", "logs", "").stdout.split()[:7] == [
        "migrate", "proxy", "web", "broken", "late", "sick", "tough",
    ]  # fmt: skip
    assert ask("complete", "bash", "restart", "t").stdout == "tough\n"


def test_what_a_unit_leaves_behind_and_its_last_words(launch: Launcher, tmp_path: Path, ask: Ask) -> None:
    """A daemon that goes into the background and says so at length, in the words of its user."""
    daemon = """[ -p pipe ] || mkfifo pipe; : > left
    for i in 1 2 3; do setsid sh -c 'echo up >> left; read it < pipe' & done
    until [ $(wc -l < left) = 3 ]; do sleep 0.01; done; for i in $(seq 25); do echo line $i; done; exit 4"""
    unit = {"command": sh(daemon), "restart": "on_failure", "backoff": {"initial": "1h", "max": "1h"}}
    pod = {"pod": {"name": "shop", "control": str(tmp_path / "shop.sock")}, "service.web": unit}
    running = launch.start(pod)
    running.expect_error("restart 2 in ")
    told = ask("describe", "web").stdout
    why = next(line for line in told.splitlines() if line.startswith("Why:"))
    assert "ended " in why and "with exit code 4; restart 2 comes in " in why
    assert why.endswith("; it left 3 processes behind: run it in the foreground")
    lines = told.partition("Last Lines:\n")[2].partition("Events:")[0].split("\n")
    assert lines == [*(f"  line {i}" for i in range(16, 26)), ""]
    assert ask("describe", "--lines", "2", "web").stdout.count("  line ") == 2
    running.send(signal.SIGTERM)
    running.wait()


def test_a_stop_that_takes_its_time(shop, ask: Ask) -> None:
    said = ask("stop", "--timeout", "100ms", "tough", code=124).stderr
    assert said.startswith("minipod: timed out: tough is being stopped by hand: it was asked to end; KILL follows in ")
    assert ask("signal", "KILL", "tough").stdout == ""
    assert ask("wait", "--for=exit", "tough").stdout == "tough ended: exit code 137 (SIGKILL)\n"


def test_no_process(shop, ask: Ask) -> None:
    assert "late has no process: it waits for sick to be ready" in ask("signal", "HUP", "late", code=3).stderr


def test_the_end(shop, ask: Ask, tmp_path: Path) -> None:
    """Whoever follows hears of it."""
    command = [sys.executable, "-m", "minipod", "events", "-f", "-o", "json"]
    environment = {**os.environ, "MINIPOD_SOCKET": str(tmp_path / "shop.sock")}
    with beside(command, stdout=subprocess.PIPE, text=True, env=environment) as following:
        first = json.loads(following.stdout.readline())
        assert ask("stop", "--all").stdout == "the pod stops\n"
        ask("signal", "KILL", "tough")
        events = [first, *map(json.loads, following.stdout)]
        assert following.wait(30) == 0
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert [event["to"] for event in events if event["machine"] == "pod"][0] == "stopping"
    assert shop.wait().code == 143
    assert ask("get", code=3).stdout == ""
