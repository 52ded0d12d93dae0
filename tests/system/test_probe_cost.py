"""What probes cost PID 1, whatever the peers do: no descriptor, no memory, no time that others would miss."""

import os
import re
import subprocess
from contextlib import ExitStack

import peers
from costs import grows_no_more
from peers import Peer, replies, status
from probing import BADLY, WELL, descriptors_at_rest, grpc, http, one, stop, tcp
from system_harness import SLEEP, Launcher, sh, wait_until

BAD = {
    "silent": (http, peers.hears_and_says_nothing),
    "endless": (http, peers.repeats(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9999)),
    "bodies": (http, peers.repeats(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)),
    "garbage": (http, peers.repeats(b"", b"\0\xff garbage \r\n" * 9999)),
    "closing": (http, peers.closes),
    "resetting": (http, peers.resets),
    "turning": (http, peers.redirects({"/": "/"}, "")),
    "tcp-closing": (tcp, peers.closes),
    "tcp-resetting": (tcp, peers.resets),
    "grpc-silent": (grpc, peers.says_nothing),
    "grpc-garbage": (grpc, peers.repeats(b"", b"\0\xff garbage \r\n" * 9999)),
    "grpc-endless": (grpc, peers.repeats(peers.frame(peers.SETTINGS, 0, 0), peers.frame(99, 0, 0, b"x" * 999))),
    "grpc-closing": (grpc, peers.closes),
    "grpc-resetting": (grpc, peers.resets),
}


def ask_all(crowd: list[Peer], times: int) -> None:
    """Waits until each has been asked so many times more."""
    goals = [(peer, peer.asked + times) for peer in crowd]
    wait_until(lambda: all(peer.asked >= goal for peer, goal in goals), f"all are asked {times} times")


def test_bad_peers_cost_nothing(launch: Launcher) -> None:
    """All of them at once, again and again; a sibling that ends meanwhile is reaped and started anew. Memory is
    compared with what it was once each had been met, when the buffers that are there for them have been used."""
    fifo = "gate"
    sibling = {"command": sh(f"echo here; cat {fifo}; exit 1"), "backoff": {"initial": "10ms", "max": "10ms"}}
    pod = {"service.sibling": sibling}
    with ExitStack() as stack:
        crowd = [stack.enter_context(Peer(serve)) for _, serve in BAD.values()]
        for (name, (ask, _)), peer in zip(BAD.items(), crowd, strict=True):
            pod[f"service.{name}"] = {
                "command": SLEEP,
                "readiness_probe": ask(peer.port, timeout="30ms", period="100ms"),
            }
        os.mkfifo(launch.folder / fifo)
        running = launch.start(pod)
        running.expect("here")
        ask_all(crowd, 2)
        held = descriptors_at_rest(running.pid)

        def go_on() -> None:
            (launch.folder / fifo).write_text("")
            running.expect("here")
            ask_all(crowd, 3)

        grows_no_more(running.pid, go_on)
        wait_until(lambda: descriptors_at_rest(running.pid) == held, f"it holds {held} descriptors again")
        told = stop(running)
    assert told.count("sibling: restart ") >= 2
    assert not re.search("(silent|endless|garbage|closing|resetting|turning): ready$", told.replace("tcp-", "tcp: "))


def test_an_answer_that_never_comes_delays_nobody(launch: Launcher) -> None:
    """Attempts that may take an hour are under way: others are asked, a sibling is reaped, and a stop ends at once."""
    fifo = "gate"
    with Peer(peers.hears_and_says_nothing) as silent, Peer(replies(status(200))) as peer:
        slow = {"command": SLEEP, "liveness_probe": http(silent.port, timeout="1h")}
        pod = {
            **one(http(peer.port)),
            "service.slow": slow,
            "service.sibling": {"command": sh(f"ls -l /proc/self/fd; echo here; cat {fifo}; exit 1")},
        }
        os.mkfifo(launch.folder / fifo)
        running = launch.start(pod)
        running.expect("here")
        wait_until(lambda: silent.requests, "the silent one is asked")
        ask_all([peer], 10)
        (launch.folder / fifo).write_text("")
        running.expect("here")
        told = stop(running)
        assert b"socket:" not in running.out and b"/null" in running.out  # what it asks with, it keeps for itself
        assert silent.asked == 1 and "sibling: restart 1" in told and "slow: unhealthy" not in told


def limit_files(pid: int, most: int) -> None:
    subprocess.run(["prlimit", f"--pid={pid}", f"--nofile={most}:"], check=True, timeout=30)


def test_a_lack_of_descriptors_is_no_failure(launch: Launcher) -> None:
    """It says nothing of the program: a probe that cannot be asked changes nothing, and is asked again."""
    with Peer(replies(status(200))) as peer:
        probe = http(peer.port, failure_threshold=1)
        running = launch.start(one(probe) | {"service.b": {"command": sh("echo here; exec sleep 1000")}})
        running.expect_error(WELL)
        running.expect("here")
        limit_files(running.pid, 3)
        running.expect_error("a: readiness probe could not be asked: too many open files in this process$")
        limit_files(running.pid, 1024)
        ask_all([peer], 3)
        assert b"not ready" not in running.err
        assert BADLY not in stop(running)
