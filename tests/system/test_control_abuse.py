"""While clients of the control server misbehave the pod goes on: children are reaped and begun anew, orphans too,
probes are asked, signals are passed on. Afterwards PID 1 holds as many descriptors and as much memory as before.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from costs import descriptors, open_files, sockets
from knocking import Place, read_all
from peers import idle_port
from system_harness import PATIENCE, SLEEP, Launcher, Running, Stage, sh, tool, wait_until

FOLLOW = b"GET /v1/logs?follow=1 HTTP/1.1\r\nHost: m\r\n\r\n"
ASK = b"GET /v1/pod HTTP/1.1\r\nHost: m\r\n\r\n"
ORDER = b"POST /v1/units/none/stop HTTP/1.0\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.0\r\n\r\n"
LINGER = bytes(8)[:4].replace(b"\0", b"\1", 1) + bytes(4)  # on, 0 s: a reset at close
PAGE = 4096
ROUNDS = 5  # of each thing that goes on
MANY = "echo x >>busy; [ $(wc -l <busy) -lt 200 ] || exec sleep 1000; exit 1"  # instances at once: each is remembered


@pytest.fixture
def launch_alone(minipod: Path, tmp_path: Path) -> Iterator[Launcher]:
    """With a program that nobody else runs: its pages are shared with nobody, and all of its PSS is its own."""
    own = tmp_path / "bin/minipod"
    own.parent.mkdir()
    shutil.copy(minipod, own)
    with Launcher(own, tmp_path, Stage.INIT) as launcher:
        yield launcher


class Pod:
    """One that has something to do all the time, and shows that it does."""

    def __init__(self, launch: Launcher, folder: Path):
        port = idle_port()
        self.local, self.port = Place(str(folder / "pod.sock")), Place(port)
        self._folder = launch.folder
        heard = "trap 'echo x >>signals' WINCH; touch up; while :; do sleep 0.01; done"
        again = {"backoff": {"initial": "20ms", "max": "20ms"}, "log": "none"}
        self.running = launch.start({
            "pod": {"control": {"socket": self.local.where, "listen": f"127.0.0.1:{port}"}},
            "service.loud": {"command": sh(f"while :; do echo {'word' * 200}; sleep 0.001; done")},
            "service.busy": {"command": sh(MANY), "backoff": {"initial": "1ms", "max": "1ms"}, "log": "none"},
            "service.brief": {"command": sh("(true &); echo x >>runs; exit 1"), **again},
            "service.heard": {"command": sh(heard), "log": "none",
                              "liveness_probe": {"exec": sh("echo x >>probes"), "period": "50ms", "timeout": "20s"}},
        }, stdout=subprocess.DEVNULL)  # fmt: skip
        wait_until((self._folder / "up").exists, "it is up")
        self.local.wait()
        self.port.wait()
        wait_until(lambda: self.facts()["nextEvent"] > 1300, "the record of transitions is full")

    def count(self, name: str) -> int:
        path = self._folder / name
        return path.read_text().count("x") if path.exists() else 0

    def go_on_while(self, deed: Callable[[], None], least: int) -> None:
        """Does it so many times at least, and until all has gone on for a few rounds."""
        before = {name: self.count(name) for name in ("runs", "probes", "signals")}
        orphans = self.orphans()
        done = 0
        while done < least or any(self.count(name) < count + ROUNDS for name, count in before.items()):
            if done <= least:
                end = time.monotonic() + PATIENCE
            assert time.monotonic() < end, f"it stands still: {before}, now {[self.count(name) for name in before]}"
            self.running.send(signal.SIGWINCH)
            deed()
            done += 1
        assert self.orphans() > orphans

    def facts(self) -> dict:
        return self.local.get("/v1/pod").json["pod"]

    def orphans(self) -> int:
        return self.facts()["orphansReaped"]

    def size(self) -> tuple[int, int]:
        """Descriptors and bytes (PSS), when no client is there: what restarts and probes need comes and goes."""
        wait_until(lambda: len(sockets(open_files(self.running.pid))) == 2, "all clients are gone")
        pid, samples = self.running.pid, []
        before = {name: self.count(name) for name in ("runs", "probes")}
        while any(self.count(name) < count + ROUNDS for name, count in before.items()):
            samples.append((descriptors(pid), pss(pid)))
        return min(fds for fds, _ in samples), min(size for _, size in samples)


def pss(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"^Pss: +(\d+)", rollup, re.MULTILINE)[1])


def say(held: socket.socket, *words: bytes) -> None:
    with suppress(OSError):
        for word in words:
            held.sendall(word)


def costs_nothing(pod: Pod, misbehave: Callable[[], None]) -> None:
    """It takes no more and no more each time: what is touched for the first time is, at some time, all touched."""
    misbehave()
    sizes = [pod.size()]
    for _ in range(6):
        misbehave()
        sizes.append(pod.size())
        if sizes[-1][0] <= sizes[-2][0] and sizes[-1][1] <= sizes[-2][1] + PAGE:
            return
    pytest.fail(f"it grows and grows: {sizes}")


# Each is done again and again; what it returns is held until all is over.


def come_and_go(place: Place) -> None:
    for words in (b"", ASK, b"GET /li", bytes(range(256)), FOLLOW, METRICS, ORDER):
        for _ in range(20):
            with place.knock() as held:
                say(held, words)


def reset(place: Place) -> None:
    for words in (b"", ASK, FOLLOW, METRICS) * 10:
        with place.knock() as held:
            say(held, words)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)


def pour_garbage(place: Place) -> None:
    for words in (os.urandom(70_000), b"\0" * 70_000, b"GET / HTTP/1.1\r\nHost: m\r\n" + b"a: b\r\n" * 10_000):
        with place.knock() as held:
            say(held, words)


def ask_for_much(place: Place) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            say(stack.enter_context(place.knock()), FOLLOW, ASK)


def stay(words: bytes) -> Callable[[Place], list[socket.socket]]:
    def deed(place: Place) -> list[socket.socket]:
        held = [place.knock() for _ in range(8)]
        for each in held:
            say(each, words)
        return held

    return deed


DEEDS = {
    "come and go": (come_and_go, 75), "reset": (reset, 10), "garbage": (pour_garbage, 10), "much": (ask_for_much, 5),
    "silence": (stay(b""), 10), "half a request": (stay(b"GET /v1/pod HTTP/1.1\r\nHo"), 10),
    "nobody reads": (stay(FOLLOW), 10), "nobody reads all": (stay(ASK), 10),
}  # fmt: skip


@pytest.mark.parametrize("door", ["local", "port"])
@pytest.mark.parametrize("name", DEEDS)
def test_the_pod_goes_on(launch_alone: Launcher, folder: Path, name: str, door: str) -> None:
    """More than 10,000 connections by those that come and go."""
    pod = Pod(launch_alone, folder)
    deed, least = DEEDS[name]

    def misbehave() -> None:
        with ExitStack() as stack:
            def once() -> None:
                for held in deed(getattr(pod, door)) or ():
                    stack.callback(held.close)

            pod.go_on_while(once, least)

    costs_nothing(pod, misbehave)
    pod.running.send(signal.SIGTERM)
    assert pod.running.wait().code == 143


def test_requests_that_drip(launch_alone: Launcher, folder: Path) -> None:
    """A byte from each of many, again and again: the pod goes on, and who asks at once is heard at once."""
    pod, took = Pod(launch_alone, folder), []

    def misbehave() -> None:
        with ExitStack() as stack:
            held = [stack.enter_context(place.knock()) for place in (pod.local, pod.port) for _ in range(60)]

            def drip() -> None:
                for each in held:
                    say(each, b"G")
                began = time.monotonic()
                assert pod.local.get("/livez").status == 200 and pod.port.get("/livez").status == 200
                took.append(time.monotonic() - began)

            pod.go_on_while(drip, 20)

    costs_nothing(pod, misbehave)
    assert sorted(took)[len(took) // 2] < 4  # who had to wait for one of them would wait for five


# --- one by one


def start(launch: Launcher, folder: Path, **pod: object) -> tuple[Running, Place]:
    place = Place(str(folder / "pod.sock"))
    running = launch.start({"pod": {"control": place.where, **pod}, "service.web": {"command": SLEEP}})
    return running, place.wait()


def test_who_does_not_go_after_a_refusal_is_seen_off(launch: Launcher, folder: Path) -> None:
    running, place = start(launch, folder)
    running.expect_error("started")
    before = wait_until(lambda: descriptors(running.pid), "it runs")
    with place.knock() as held:
        say(held, b"\0")
        while held.recv(4096):
            pass
        began = time.monotonic()
        wait_until(lambda: descriptors(running.pid) <= before, "it has closed")
        assert time.monotonic() - began < 4


@pytest.mark.parametrize("door", ["local", "port"])
def test_a_refusal_ends_like_any_answer(launch: Launcher, folder: Path, door: str) -> None:
    """Not by a reset, which would take it away from a client that still sends."""
    port = idle_port()
    control = {"socket": str(folder / "pod.sock"), "listen": f"127.0.0.1:{port}"}
    launch.start({"pod": {"control": control}, "service.web": {"command": SLEEP}})
    place = Place(control["socket"] if door == "local" else port).wait()
    for size in (10, 5000, 70_000):
        with place.knock() as held:
            held.sendall(b"\0" * size)
            told = b""
            while data := held.recv(4096):  # which raises at a reset
                told += data
            assert told.startswith(b"HTTP/1.1 400 ") and told.endswith(b'"}\n')


def test_whoever_comes_by_the_port_steers_nothing(launch: Launcher, folder: Path) -> None:
    """However many they are: each door has places of its own, which say what their clients may ask."""
    pod = Pod(launch, folder)
    with ExitStack() as stack:
        for _ in range(60):
            held = stack.enter_context(pod.port.knock())
            say(held, b"GET /v1/pod HTTP/1.0\r\n\r\n")
            assert b" 404 " in read_all(held)
        crowd = [stack.enter_context(pod.port.knock()) for _ in range(60)]
        pod.port.get("/livez")
        assert len(sockets(open_files(pod.running.pid))) <= 2 + 16
        for held in crowd[-8:]:
            say(held, b"POST /v1/stop HTTP/1.0\r\n\r\n")
            assert b" 404 " in read_all(held)
    assert pod.local.get("/v1/pod").json["pod"]["state"] == "running"


def test_without_descriptors_those_that_only_came_make_room(launch: Launcher, folder: Path) -> None:
    running, place = start(launch, folder)
    running.expect_error("started")
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(place.knock())
        held = wait_until(lambda: len(sockets(now := open_files(running.pid))) == 5 and now, "all came")
        subprocess.run(["prlimit", f"--pid={running.pid}", f"--nofile={max(held) + 1}:"], check=True)
        for _ in range(4):
            assert place.get("/livez").status == 200
    running.send(signal.SIGTERM)
    assert "cannot take a client" not in running.wait().err


def test_where_no_socket_can_be_had_the_pod_runs_all_the_same(launch: Launcher) -> None:
    """It was not asked for, so it is no reason to start nothing; but nobody is left in the dark."""
    result = launch.run({"service.web": {"command": ["echo", "up"], "restart": "never"}},
                        wrap=tool("given", "without-unix"), env={"MINIPOD_SOCKET": ""})
    assert result.code == 0 and "web | up" in result.out
    said = "minipod: no control socket can be opened: nobody can ask this pod how it is: "
    assert [line.startswith(said) for line in result.err.splitlines()].count(True) == 1
