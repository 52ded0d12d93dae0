"""`minipod apply` against PID 1 itself: whose process goes on, who stops before whom, and what is refused."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from costs import open_files
from house import DATA, build, unit
from knocking import Place
from system_harness import Launcher, at_term, sh, wait_until

from minipod.model import Control, EnvSource, Kind, Mount, Pod
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower

SERVE = at_term(0)
Apply = Callable[..., subprocess.CompletedProcess]


def pod(socket: Path, **units: dict) -> dict:
    named = {f"service.{name}": {"command": SERVE, **keys} for name, keys in units.items()}
    return {"pod": {"name": "shop", "control": str(socket)}, "init.seed": {"command": ["true"]}, **named}


def count_held(pid: int) -> int:
    """Of files without a name that hold what is handed over by descriptor."""
    return sum(link.endswith(" (deleted)") for link in open_files(pid).values())


@pytest.fixture
def apply(launch: Launcher, tmp_path: Path) -> Apply:
    def run(units: dict, *options: str, word: str = "apply") -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "minipod", word, *options, str(launch.write(units, "next"))]
        env = {"PATH": "/nowhere", "MINIPOD_SOCKET": str(tmp_path / "s")}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)

    return run


def test_a_pod_that_runs(launch: Launcher, apply: Apply, tmp_path: Path) -> None:
    socket = tmp_path / "s"
    launch.start(pod(socket, db={}, web={"after": {"db": "started"}}, old={}))
    place = Place(str(socket)).wait()
    for name in ("db", "web", "old"):
        place.wait_for(name, life="up")
    before = {unit["name"]: unit["pid"] for unit in place.get("/v1/units").json["units"]}
    new = pod(socket, web={"env": {"A": "1"}, "after": {"cache": "started"}}, db={}, cache={})
    assert apply(new, "--dry-run").stdout.startswith("pod shop: 2 unchanged, 1 changed, 1 new, 1 removed\n")

    done = apply(new)
    assert (done.returncode, done.stderr.replace("minipod: web waits for cache to have started\n", "")) == (0, "")
    assert sorted(done.stdout.splitlines()[-2:]) == ["cache started", "web started"]
    units = {unit["name"]: unit for unit in place.get("/v1/units").json["units"]}
    assert list(units) == ["seed", "web", "db", "cache"]
    assert units["db"]["pid"] == before["db"] and units["web"]["pid"] != before["web"]
    assert (units["web"]["instances"], units["seed"]["instances"]) == (2, 1)
    moves = [(event["unit"], event["to"]) for event in place.get("/v1/events").lines if event["machine"] == "lifecycle"]
    gone = max(moves.index(("web", "held")), moves.index(("old", "held")))
    anew = [at for at, move in enumerate(moves) if at > gone and move[1] == "spawning"]
    assert [moves[at][0] for at in anew] == ["cache", "web"]

    again = apply(new)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    later = {**new, "pod": {**new["pod"], "deadline": "1h"}}
    refused = apply(later)
    assert refused.returncode == 78
    said = "the pod's deadline cannot change while it runs; restart the container for that\n"
    assert refused.stderr == f"minipod: {said}"
    foretold = apply(later, word="diff")
    assert (foretold.returncode, foretold.stderr) == (1, "")
    assert foretold.stdout == f"{refused.stdout}minipod apply would refuse this: {said}"


def test_what_files_say(launch: Launcher, apply: Apply, tmp_path: Path) -> None:
    """A unit that is the same runs on with what it was started with, and has what files say now from its next start on.
    What cannot be had is told as at a start, and nothing has changed."""
    socket, env_file, key = tmp_path / "s", tmp_path / "a.env", tmp_path / "key"
    env_file.write_text("A=one\n")
    key.write_text("k3y")
    says = sh('trap "exit 0" TERM; echo "$A $PW $(cat "$TLS_FILE")"; while :; do sleep 0.05; done')
    secrets = {"PW": str(key), "TLS": {"file": str(key), "to": "fd"}}
    web = {"command": [*says, "sh", "$(TLS_FILE)"], "env_file": [str(env_file)], "secrets": secrets}
    run = launch.start(pod(socket, web=web, db={}))
    run.expect("one k3y k3y")
    place = Place(str(socket)).wait()
    for name in ("web", "db"):
        place.wait_for(name, life="up")
    before = place.get("/v1/units/web").json["pid"]
    assert apply(pod(socket, web=web, db={})).stdout == ""
    assert [event for event in place.get("/v1/events").lines if event["machine"] == "pod"] == []

    env_file.write_text("A=two\n")
    key.write_text("k4y")
    plan = launch.compile(pod(socket, web=web, db={"env": {"B": "1"}}), "other")
    answer = place.ask("POST", "/v1/plan", plan.read_bytes())
    said = answer.json
    assert (answer.status, said["unchanged"], said["changed"], said["stale"]) == (202, 2, 1, 1)
    wait_until(lambda: place.get("/v1/units/db").json["instances"] == 2, "db runs anew")
    assert place.get("/v1/units/web").json["pid"] == before
    place.post("/v1/units/web/restart")
    run.expect("two k4y k4y")
    wait_until(lambda: count_held(run.pid) == 1, "what only the instance before had is let go")

    key.unlink()
    refused = apply(pod(socket, web=web, db={}))
    lack = f"{key}: no such file or directory; see to it that it is there, or make it optional"
    assert refused.returncode == 78
    assert refused.stderr.splitlines() == [
        f"minipod: web: cannot set PW: {lack}", f"minipod: web: cannot set TLS: {lack}",
        "minipod: nothing has changed: its units' variables cannot be had",
    ]
    assert place.get("/v1/units/db").json["instances"] == 2


def test_what_an_instance_reads_itself(launch: Launcher, open_folder: Path) -> None:
    """A key of a file in a volume: each instance's child reads it, so it is never another from the next start on."""
    house, socket = build(launch, open_folder), open_folder / "s"
    at = Mount("data", f"{house.seen}/data")
    fill = unit("fill", f"echo \"T='one'\" > {at.path}/env", at, kind=Kind.INIT)
    key = EnvSource("file", "TOKEN", "data", "T", "env")
    web = unit("web", 'echo "token $TOKEN"; exec sleep 60')._replace(env_from=(key,))
    plan = Pod("shop", (fill, web), volumes=(DATA,), control=Control(socket=str(socket)))
    run = house.start(plan)
    run.expect("token one")
    place = Place(str(socket)).wait()
    place.wait_for("web", life="up")
    said = place.ask("POST", "/v1/plan", encode(lower(plan._replace(labels={"a": "b"})))).json
    assert (said["unchanged"], said["stale"]) == (2, 0)
    place.post("/v1/stop")
    run.wait()


def test_a_stop_in_the_middle(launch: Launcher, apply: Apply, tmp_path: Path) -> None:
    """A unit that is deaf holds the plan up: it is forgotten when the pod is told to stop."""
    socket = tmp_path / "s"
    deaf = {"command": sh("trap '' TERM; echo deaf; while :; do sleep 0.05; done"), "termination_grace_period": "30s"}
    run = launch.start(pod(socket, web={}, old=deaf))
    run.expect_all("deaf", "web +. ready")
    place = Place(str(socket)).wait()
    assert apply(pod(socket, web={}, new={}), "--no-wait").returncode == 0
    wait_until(lambda: place.get("/v1/pod").json["pod"]["state"] == "changing", "it stops for the plan")
    assert place.ask("POST", "/v1/plan", place.get("/v1/plan").body).status == 409
    assert place.post("/v1/units/old/start").status == 409
    place.post("/v1/stop")
    place.post("/v1/stop")
    ended = run.wait()
    assert ended.code == 137
    assert "the new plan is not taken over" in ended.err and "new: started" not in ended.err


def test_where_it_writes_is_another(launch: Launcher, apply: Apply, tmp_path: Path) -> None:
    """A unit has its pipes for life; one whose log does not pass through PID 1 any more writes into none of them. What
    the instance before said last is read all the same."""
    socket, said = tmp_path / "s", tmp_path / "said"
    speaks = sh(f"trap 'echo bye > {said}; exit 0' TERM; echo here; while :; do sleep 0.05; done")
    web = {"command": speaks, "termination_message_path": str(said)}
    run = launch.start(pod(socket, web=web))
    run.expect("here")
    place = Place(str(socket)).wait()
    mute = {"command": sh("echo mute; exec sleep 60"), "log": "none"}
    assert apply(pod(socket, web={**mute, "termination_message_path": str(said)})).returncode == 0
    wait_until(lambda: place.get("/v1/units/web").json["ends"][0]["message"] == "bye\n", "its last words are read")
    place.post("/v1/stop")
    assert "mute" not in run.wait().out
