"""top, analyze, plot and graph beside PID 1 itself: what they say is what happens."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from system_harness import SLEEP, Launcher, Running, sh

Ask = Callable[..., str]
READY = {"exec": ["true"], "period": "1h", "timeout": "20s"}  # once: none runs while processes are counted

POD = {
    "init.migrate": {"command": sh("exit 0")},
    "sidecar.proxy": {"command": SLEEP, "startup_probe": READY},
    "service.web": {"command": sh("sleep 1000 & sleep 1000 & echo spread; wait"), "after": {"db": "ready"},
                    "post_start": {"sleep": "100ms"}},
    "service.db": {"command": SLEEP, "readiness_probe": READY},
    "service.stray": {"command": sh("mkfifo pipe; setsid sh -c 'echo up; read it < pipe' & exec sleep 1000")},
}  # fmt: skip


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    def run(*words: str) -> str:
        env = {**os.environ, "MINIPOD_SOCKET": str(tmp_path / "shop.sock")}
        command = [sys.executable, "-m", "minipod", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    return run


@pytest.fixture
def shop(launch: Launcher, tmp_path: Path, ask: Ask) -> Iterator[Running]:
    """In a PID namespace of its own, asked from outside."""
    pod = {"pod": {"name": "shop", "control": str(tmp_path / "shop.sock")}, **POD}
    running = launch.start(pod, "--events", tmp_path / "events.jsonl")
    ask("wait", "proxy", "web", "db", "stray")
    running.expect_all("up", "spread")
    yield running


def test_top(shop: Running, ask: Ask) -> None:
    said = json.loads(ask("top", "-o", "json", "-d", "10ms"))
    count = {unit["name"]: unit["processes"] for unit in said["units"]}
    assert count == {"migrate": 0, "proxy": 1, "web": 3, "db": 1, "stray": 2}
    rest = {row["name"]: row["processes"] for row in said["rest"]}
    assert rest.pop("(minipod)") == 2  # it has a writer for the events
    assert not rest
    assert all(unit["memoryBytes"] > 0 for unit in said["units"][1:])


def test_analyze(shop: Running, ask: Ask, tmp_path: Path) -> None:
    said = json.loads(ask("analyze", "-o", "json", "web"))
    assert [link["unit"] for link in said["chains"]["web"]] == ["web", "db", "proxy", "migrate"]
    moments = [link["atNs"] for link in said["chains"]["web"]]
    assert moments == sorted(moments, reverse=True)
    web = next(unit for unit in said["units"] if unit["name"] == "web")
    assert web["tookNs"] >= web["partsNs"]["hook"] >= 100_000_000
    assert sum(web["partsNs"].values()) == web["tookNs"]
    words = ["--events-file", str(tmp_path / "events.jsonl"), "--plan", str(tmp_path / "pod.plan")]
    assert json.loads(ask("analyze", "-o", "json", "web", *words)) == said


def test_plot(shop: Running, ask: Ask, tmp_path: Path) -> None:
    rows = {rect[0].text.partition(":")[0] for rect in xml.fromstring(ask("plot")).iter() if len(rect) == 1}
    assert rows == {"migrate", "proxy", "web", "db", "stray"}
    words = ["--events-file", str(tmp_path / "events.jsonl"), "--plan", str(tmp_path / "pod.plan")]
    assert ask("plot", "--until", "10ms") == ask("plot", "--until", "10ms", *words)


def test_graph(shop: Running, ask: Ask, tmp_path: Path) -> None:
    assert ask("graph") == ask("graph", str(tmp_path / "pod.plan"))
