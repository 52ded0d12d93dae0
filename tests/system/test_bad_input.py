"""What programs say, and what hangs in their names, costs PID 1 nothing for ever: a sibling's end is reaped while it
lasts, and after it there are as many descriptors and as much memory as before. What peers of probes do is
test_probe_cost.py's.
"""

import os
import queue
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import peers
import pytest
from costs import descriptors, grows_no_more
from peers import Peer
from probing import http
from system_harness import PATIENCE, SLEEP, Launcher, Running, at_term, sh, status, wait_until

SPEAKERS = Path(__file__).with_name("speakers.py")
FAST = {"initial": "10ms", "max": "10ms"}
OFTEN = {"period": "20ms", "timeout": "20ms"}
HANGS = {"exec": {"command": SLEEP}}
def sibling(folder: Path) -> dict[str, object]:
    """A unit that says "here" and ends when the test wants it to, again and again."""
    os.mkfifo(folder / "sibling")
    return {"command": sh(f"echo here; cat {folder}/sibling; exit 1"), "backoff": FAST}


def end_sibling(running: Running, folder: Path, times: int = 1) -> None:
    """It is reaped, and its next instance is there."""
    for _ in range(times):
        before = running.err.count(b"sibling: restart ")
        (folder / "sibling").write_text("")
        wait_for(running, "sibling: restart ", before + 1)
        running.expect("sibling +. here")


def await_as_few(running: Running, held: int) -> None:
    wait_until(lambda: descriptors(running.pid) <= held, f"{held} descriptors, as before")


def stop(running: Running) -> str:
    running.send(signal.SIGTERM)
    return running.wait().err


# --- what a program says --------------------------------------------------------------------------------------------

SAID = {
    "64 KiB": "size=65536",
    "a stranger": "stranger=12345:READY=1",
    "no text": "send=\\n=\\n\x01\x7f=\\nREADY",
    "numbers beyond all": "send=MAINPID=1\\nWATCHDOG_USEC=99999999999999999999\\nEXTEND_TIMEOUT_USEC=-1\\nERRNO=x",
    "descriptors": "flood=1",
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_what_is_said_for_ever(launch: Launcher, tmp_path: Path, said: str) -> None:
    """The first of it is met before the costs are taken; it is no word of readiness, and the last word is heard."""
    os.mkfifo(tmp_path / "gate")
    steps = [said, "barrier", "say=before", f"await={tmp_path}/gate", f"again={tmp_path}/enough:{said}", "barrier",
             "say=after", f"await={tmp_path}/gate", "send=READY=1", "barrier", "say=ready", "stay"]
    unit = {"command": [sys.executable, "-IS", str(SPEAKERS), *steps], "notify": "sd"}
    running = launch.start({"service.a": unit, "service.sibling": sibling(tmp_path)})
    running.expect_all("a +. before", "sibling +. here")
    held = descriptors(running.pid)
    open_gate(tmp_path)
    grows_no_more(running.pid, lambda: end_sibling(running, tmp_path, 3))
    (tmp_path / "enough").touch()
    running.expect("a +. after")
    assert b"a: has started up" not in running.err
    await_as_few(running, held)
    open_gate(tmp_path)
    running.expect("a +. ready")
    assert "a: has started up" in stop(running)


def open_gate(folder: Path) -> None:
    with open(folder / "gate", "w", encoding="ascii"):
        pass


def test_a_line_without_end(launch: Launcher, tmp_path: Path) -> None:
    """What is written to a descriptor of readiness before its first newline is taken out and forgotten."""
    os.mkfifo(tmp_path / "gate")
    steps = ["write=5:x", "say=before", f"await={tmp_path}/gate", f"again={tmp_path}/enough:write=5:{'x' * 4096}",
             "write=5:\\n", "say=after", "stay"]
    unit = {"command": [sys.executable, "-IS", str(SPEAKERS), *steps], "notify": {"fd": 5}}
    running = launch.start({"service.a": unit, "service.sibling": sibling(tmp_path)})
    running.expect_all("a +. before", "sibling +. here")
    held = descriptors(running.pid)
    open_gate(tmp_path)
    grows_no_more(running.pid, lambda: end_sibling(running, tmp_path, 3))
    assert b"a: has started up" not in running.err
    (tmp_path / "enough").touch()
    running.expect_error("a: has started up")
    await_as_few(running, held)
    stop(running)


# --- what hangs in its name -----------------------------------------------------------------------------------------

HANGING: dict[str, tuple[str, dict[str, object]]] = {
    "post_start of a program that ends": ("a: restart ", {
        "command": ["sleep", "0.03"], "backoff": FAST, "post_start": HANGS,
    }),
    "pre_stop": ("a: restart ", {
        "command": at_term(0), "backoff": FAST, "termination_grace_period": "50ms", "pre_stop": HANGS,
        "liveness_probe": {"exec": {"command": ["false"]}, "period": "20ms", "failure_threshold": 1},
    }),
    "liveness": ("a: restart ", {
        "command": at_term(0), "backoff": FAST, "liveness_probe": {**HANGS, **OFTEN, "failure_threshold": 1},
    }),
    "readiness": ("sibling: restart ", {"command": SLEEP, "readiness_probe": {**HANGS, **OFTEN}}),
}


@pytest.mark.parametrize(("cycle", "unit"), HANGING.values(), ids=HANGING)
def test_what_hangs_again_and_again(launch: Launcher, tmp_path: Path, cycle: str, unit: dict) -> None:
    running = launch.start({"service.a": unit, "service.sibling": sibling(tmp_path)})
    running.expect("sibling +. here")
    for _ in range(2):
        end_sibling(running, tmp_path)
    wait_for(running, cycle, 2)
    held = min(descriptors(running.pid) for _ in range(100))

    def go_on() -> None:
        seen = running.err.count(cycle.encode())
        end_sibling(running, tmp_path, 3)
        wait_for(running, cycle, seen + 3)

    grows_no_more(running.pid, go_on)
    await_as_few(running, held)
    stop(running)


def wait_for(running: Running, words: str, times: int) -> None:
    def are_said() -> bool:
        return running.err.count(words.encode()) >= times

    wait_until(lambda: are_said() or (running._pump(0.1) and are_said()), f"{times} times: {words}")


# --- time that goes on without it -----------------------------------------------------------------------------------


class Late(Peer):
    """Answers a request when ``answer`` is called, and not before."""

    def __init__(self) -> None:
        super().__init__(self._hear)
        self._now: queue.Queue[None] = queue.Queue()
        self._answered: queue.Queue[None] = queue.Queue()

    def __exit__(self, *how: object) -> None:
        for _ in self.open:  # whoever still waits for it
            self._now.put(None)
        super().__exit__(*how)

    def _hear(self, peer: Peer, connection: socket.socket) -> None:
        peers.hear(peer, connection)
        self._now.get(timeout=PATIENCE)
        connection.sendall(peers.status(200).encode())
        self._answered.put(None)

    def answer(self, requests: int = 1) -> None:
        """Once this is over, the kernel has the answers."""
        for _ in range(requests):
            self._now.put(None)
        for _ in range(requests):
            self._answered.get(timeout=PATIENCE)


class Frozen(NamedTuple):
    """From here at the latest, and until there at least."""

    since: float
    until: float


def freeze(running: Running, late: Late, requests: int, seconds: float) -> Frozen:
    """While it is frozen it is answered; then so much time goes by."""
    running.send(signal.SIGSTOP)
    wait_until(lambda: status(running.pid)["State"].startswith("T"), "it is frozen")
    since = time.monotonic()
    late.answer(requests)
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > until, "the probes' time is over", seconds + PATIENCE)
    running.send(signal.SIGCONT)
    return Frozen(since, until)


PATIENCES = (4, 8, 16, 32)  # seconds that a probe waits


def with_enough_patience(trial: Callable[[int], bool]) -> None:
    """A trial says whether what had to be done before a probe's time was over had been done by then; a machine that was
    too slow for that is given more."""
    assert any(map(trial, PATIENCES)), f"nothing is ever done in {PATIENCES[-1]} s"


def test_an_answer_that_came_while_it_was_frozen_counts(launch: Launcher) -> None:
    """As when its container is paused: it was in time, though nobody looked. What is overdue is done once."""

    def trial(seconds: int) -> bool:
        with Late() as late:
            probe = http(late.port, period="10ms", timeout=f"{seconds}s", failure_threshold=1)
            running = launch.start({"service.a": {"command": SLEEP, "liveness_probe": probe}})
            wait_until(lambda: late.requests, "it is asked")
            frozen = freeze(running, late, 1, seconds)
            wait_until(lambda: len(late.requests) > 1, "it is asked again")
            asked, told = late.asked, stop(running)
            if frozen.since > running.began + seconds or time.monotonic() > frozen.until + seconds:
                return False
        assert asked == 2 and "a: unhealthy" not in told
        return True

    with_enough_patience(trial)


def test_as_many_answers_as_came(launch: Launcher) -> None:
    """More than it takes in at once: none of them is too late because others were read first."""
    count = 100

    def trial(seconds: int) -> bool:
        with Late() as late:
            probe = http(late.port, period="1h", timeout=f"{seconds}s", failure_threshold=1)
            units = {f"service.u{number}": {"command": SLEEP, "readiness_probe": probe} for number in range(count)}
            running = launch.start(units)
            wait_until(lambda: len(late.requests) == count, "all are asked")
            if freeze(running, late, count, seconds).since > running.began + seconds:
                return False
            wait_until(lambda: running._pump(1) and running.err.count(b": ready\n") == count, "all are ready")
            assert "readiness probe failed" not in stop(running)
        return True

    with_enough_patience(trial)
