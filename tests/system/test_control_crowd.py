"""Whatever its clients do, the control server costs the pod nothing: not a descriptor, not a page, not a moment.
Garbage, half requests, clients that only come or stop reading, thousands of them."""

import re
import select
import signal
import socket
import struct
import subprocess
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from costs import await_settled, memory, open_files, sockets
from knocking import Place, read_all, read_until
from peers import idle_port
from system_harness import PATIENCE, SLEEP, Launcher, Running, sh, status, wait_until

LOCAL, FOLLOWERS, TCP = 32, 24, 16  # as csrc/control.h has them
FOLLOW = b"GET /v1/logs?follow=1 HTTP/1.1\r\nHost: m\r\nAccept: text/plain\r\n\r\n"
ASK = b"GET /livez HTTP/1.1\r\nHost: m\r\n\r\n"
PAGE = 4  # kB
QUICK = 4.0  # seconds: who had to wait for one that says nothing would wait for five


def start(launch: Launcher, folder: Path, command: list[str] = SLEEP, **pod: object) -> tuple[Running, Place]:
    path = str(folder / "pod.sock")
    running = launch.start({"pod": {"control": path, **pod}, "service.web": {"command": command}})
    return running, Place(path).wait()


@pytest.fixture
def pod(launch: Launcher, folder: Path) -> tuple[Running, Place]:
    return start(launch, folder)


def turns(pid: int) -> int:
    """How often it has come to rest."""
    return int(status(pid)["voluntary_ctxt_switches"])


def rests(pid: int, held: socket.socket) -> bool:
    """For a second, in which nothing is said either. The kernel itself may wake anybody now and then."""
    before = turns(pid)
    assert not select.select([held], [], [], 1)[0]
    return turns(pid) - before <= 1


def clients(pid: int, doors: int = 1) -> int:
    """How many are there."""
    return len(sockets(open_files(pid))) - doors


def measures(running: Running, *doors: Place) -> tuple[set[int], int]:
    """What it holds once it is at rest and nobody is there; what every first client touches is touched."""
    running.expect_error("started")
    await_settled(running.pid)
    doors[0].say(b"\0")
    ask_quickly(doors[0])
    wait_until(lambda: not clients(running.pid, len(doors)), "all clients are gone")
    return set(open_files(running.pid)), memory(running.pid)


def settle(pid: int, before: tuple[set[int], int], pages: int = 2) -> None:
    """It is as it was before, but for a page or two."""
    wait_until(lambda: set(open_files(pid)) == before[0], "no descriptor is left")
    assert memory(pid) <= before[1] + pages * PAGE, f"{memory(pid) - before[1]} kB more"


def ask_quickly(place: Place) -> None:
    began = time.monotonic()
    assert place.get("/livez").status == 200
    assert time.monotonic() - began < QUICK


def crowd(place: Place, stack: ExitStack, count: int, says: bytes = b"") -> list[socket.socket]:
    """Clients that come, say this, and stay."""
    held = [stack.enter_context(place.knock()) for _ in range(count)]
    for each in held:
        with suppress(ConnectionError):  # some have made room already
            each.sendall(says)
    return held


def is_closed(held: socket.socket) -> bool:
    return bool(select.select([held], [], [], 0)[0]) and held.recv(1, socket.MSG_PEEK) == b""


# --- what they say


GARBAGE = {
    "bytes": bytes(range(256)) * 100, "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", "nuls": b"\0" * 100_000,
    "line": b"x" * 100_000, "headers": b"GET / HTTP/1.1\r\nHost: m\r\n" + b"a: b\r\n" * 20_000,
    "target": b"GET /" + b"%41" * 5000,
    "body": b"POST /v1/stop HTTP/1.1\r\nHost: m\r\nContent-Length: 99999999\r\n\r\n",
    "no host": b"POST /v1/stop HTTP/1.1\r\n\r\n", "bare lf": b"POST /v1/stop HTTP/1.0\n\n",
    "two in one": b"POST /v1/stop HTTP/1.1\r\nHost: m\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_answered_and_forgotten(pod, garbage: bytes) -> None:
    """Also where it never ends: the answer comes through, and the pod goes on."""
    running, place = pod
    before = measures(running, place)
    for _ in range(20):
        told = place.say(garbage)
        head, body = told.split(b"\r\n\r\n", 1)
        assert re.match(rb"HTTP/1\.1 4(00|13|14|31) [A-Z]", head) and b'"error"' in body and b'"hint"' in body
    settle(running.pid, before)
    assert place.get("/v1/pod").json["pod"]["state"] == "running"


def test_half_a_request_and_no_more(pod) -> None:
    place = pod[1]
    assert b" 400 " in place.say(b"GET /livez HT", closes=True)
    assert place.say(closes=True) == b""


def test_who_has_asked_may_close_that_half(pod) -> None:
    assert pod[1].say(ASK, closes=True).endswith(b"\r\n\r\nok\n")


def test_a_byte_at_a_time(pod) -> None:
    assert pod[1].say(*(bytes([byte]) for byte in ASK)).endswith(b"\r\n\r\nok\n")


def test_a_second_request_is_nobodys(pod) -> None:
    told = pod[1].say(ASK + ASK * 2000)
    assert told.count(b"HTTP/1.1 ") == 1 and told.endswith(b"\r\n\r\nok\n")


def test_a_slow_request_is_cut_off(pod) -> None:
    """After 5 s, whatever came meanwhile; one that said nothing at all hears nothing."""
    running, place = pod
    before = measures(running, place)
    began = time.monotonic()
    with place.knock() as slow, place.knock() as silent:
        slow.sendall(b"GET /livez HTTP/1.1\r\n")
        while not select.select([slow], [], [], 0.5)[0]:
            slow.sendall(b"a: b\r\n")
        assert b" 408 " in read_all(slow) and 4.5 < time.monotonic() - began < PATIENCE
        assert read_all(silent) == b""
    settle(running.pid, before)


# --- how many they are


def test_who_only_comes_makes_room_for_who_asks(pod) -> None:
    """The oldest goes first."""
    running, place = pod
    before = measures(running, place)
    with ExitStack() as stack:
        held = crowd(place, stack, LOCAL + 8)
        wait_until(lambda: all(map(is_closed, held[:8])), "the oldest are gone")
        assert not any(map(is_closed, held[8:]))
        ask_quickly(place)
        half = crowd(place, stack, 2 * LOCAL, b"GET /livez HTTP/1.1\r\n")
        ask_quickly(place)
        half[-1].sendall(b"Host: m\r\n\r\n")
        assert read_all(half[-1]).endswith(b"ok\n")
    settle(running.pid, before)


def test_followers_leave_room_for_questions(pod) -> None:
    running, place = pod
    before = measures(running, place)
    with ExitStack() as stack:
        for each in crowd(place, stack, FOLLOWERS, FOLLOW):
            read_until(each, b"\r\n\r\n")
        refused = place.get("/v1/events?follow=1")
        assert refused.status == 503 and "follow" in refused.json["error"]
        crowd(place, stack, 2 * LOCAL)
        ask_quickly(place)
    ask_quickly(place)
    settle(running.pid, before)


DEEDS = {"come": b"", "ask": ASK, "half": b"GET", "garbage": bytes(range(256)), "follow": FOLLOW}


@pytest.mark.parametrize("says", DEEDS.values(), ids=DEEDS)
def test_ten_thousand_in_a_loop(pod, says: bytes) -> None:
    """2,000 of each kind. Nobody reads the answer."""
    running, place = pod
    ask_quickly(place)
    before = measures(running, place)
    for _ in range(2000):
        with place.knock() as held, suppress(ConnectionError):
            held.sendall(says)
    ask_quickly(place)
    settle(running.pid, before)
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_a_crowd_at_the_port_keeps_nobody_from_the_socket(launch: Launcher, folder: Path) -> None:
    port, path = idle_port(), str(folder / "pod.sock")
    pod = {"pod": {"control": {"socket": path, "listen": f"127.0.0.1:{port}"}}, "service.web": {"command": SLEEP}}
    running, door = launch.start(pod), Place(port).wait()
    before = measures(running, Place(path), door)
    with ExitStack() as stack:
        crowd(door, stack, 4 * TCP)
        ask_quickly(Place(path))
        ask_quickly(door)
        for _ in range(300):  # a reset, as by a client that crashed
            with closing(door.knock()) as held:
                held.sendall(ASK)
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        ask_quickly(door)
    settle(running.pid, before)


# --- who stops reading


WRITER = sh("trap 'exit 0' TERM; while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done")


def test_a_follower_that_stops_reading_is_left_behind(launch: Launcher, folder: Path) -> None:
    """It goes after 10 s without a byte taken. Meanwhile everybody else is served, and the pod knows nothing of it."""
    path = str(folder / "pod.sock")
    running = launch.start({"pod": {"control": path}, "service.web": {"command": WRITER}}, stdout=subprocess.DEVNULL)
    place = Place(path).wait()
    before = measures(running, place)[0]
    with place.knock() as stuck, place.knock() as reader:
        began = time.monotonic()
        for each in (stuck, reader):
            each.sendall(FOLLOW)
            read_until(each, b"aaa\n")
        while clients(running.pid) > 1:
            assert reader.recv(65536) and time.monotonic() - began < PATIENCE
        assert 8 < time.monotonic() - began
        ask_quickly(place)
        assert len(read_all(stuck)) > 100_000
    wait_until(lambda: set(open_files(running.pid)) == before, "both are gone")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


def test_who_leaves_in_the_middle(launch: Launcher, folder: Path) -> None:
    path = str(folder / "pod.sock")
    units = {f"service.s{i}": {"command": SLEEP, "after": ["gate"]} for i in range(400)}
    gate = {"command": SLEEP, "startup_probe": {"exec": ["false"], "initial_delay": "1h"}}  # whose pipes would count
    running = launch.start({"pod": {"control": path}, "service.gate": gate, **units})
    place = Place(path).wait()
    before = measures(running, place)
    for size in (1, 1000, 40_000, 100_000):
        for _ in range(10):
            with place.knock() as held:
                held.sendall(b"GET /v1/pod HTTP/1.1\r\nHost: m\r\n\r\n")
                held.recv(size)
    assert len(place.get("/v1/pod").json["units"]) == 401
    settle(running.pid, before)


# --- what the system refuses


def test_no_descriptors_for_clients(launch: Launcher, folder: Path) -> None:
    """They wait at the door; PID 1 does not turn round and round, says so once, and lets them in when it can."""
    running, place = start(launch, folder)
    measures(running, place)
    subprocess.run(["prlimit", f"--pid={running.pid}", "--nofile=4:"], check=True, timeout=30)
    with place.knock() as held:
        held.sendall(ASK)
        running.expect_error("cannot take a client of the control socket: too many open files in this process")
        before = turns(running.pid)
        assert not select.select([held], [], [], 0.5)[0] and turns(running.pid) - before < 20
        subprocess.run(["prlimit", f"--pid={running.pid}", "--nofile=1024:"], check=True, timeout=30)
        assert read_all(held).endswith(b"ok\n")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 143 and result.err.count("cannot take a client") < 5


def test_who_follows_in_silence_wakes_nobody(pod) -> None:
    running, place = pod
    measures(running, place)
    with place.knock() as held:
        held.sendall(FOLLOW)
        read_until(held, b"\r\n\r\n")
        wait_until(lambda: status(running.pid)["State"].startswith("S"), "it rests")
        wait_until(lambda: rests(running.pid, held), "nothing wakes it for a second")


def test_nothing_is_touched_before_somebody_comes(launch: Launcher, folder: Path) -> None:
    """An idle pod with a socket is as large as one without, but for the socket."""
    sizes = []
    for control in (False, str(folder / "pod.sock")):
        running = launch.start({"pod": {"control": control}, "service.web": {"command": SLEEP}})
        running.expect_error("web: started")
        await_settled(running.pid)
        wait_until(lambda: status(running.pid)["State"].startswith("S"), "it rests")  # noqa: B023
        sizes.append(memory(running.pid))
    assert sizes[1] - sizes[0] <= 2 * PAGE
