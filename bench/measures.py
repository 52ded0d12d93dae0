"""The measurements: each runs one subject once and returns one number in the unit that its row states.

A subject that cannot do what is measured is never asked (rows.py knows who can). Times are taken by the programs under
test and by ``enter``, not by the harness, wherever that is possible.
"""

import contextlib
import os
import re
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.arena import Arena, count_switches, measure_cpu, measure_pss
from bench.board import Silence
from bench.cgroup import MemoryGroup
from bench.stage import Stage
from bench.subjects import Subject

LINES = 200_000
SIGNALS = 60
_SLOW = 1.0
IDLE_SECONDS = 5.0
Measure = Callable[[Stage, Subject], float]


def start(count: int, *, logs: bool = False) -> Measure:
    """ms from just before exec of PID 1 to the last service's first instruction."""
    def measure(stage: Stage, subject: Subject) -> float:
        with stage.run(subject, stage.job("service", count, logs=logs)) as arena:
            return (max(arena.wait_posts()) - arena.board.get("begun")) / 1e6
    return measure


def memory(count: int, *, full: bool = False) -> Measure:
    """kB of PSS of PID 1 and its helpers, output captured where they can; ``full``: after 64 KiB of output each."""
    def measure(stage: Stage, subject: Subject) -> float:
        program = "chatter" if full else "service"
        job = stage.job(program, count, logs=subject.captures)
        with stage.run(subject, job) as arena:
            arena.wait_posts()
            arena.settle()
            return sum(map(measure_pss, arena.helpers(job.program))) / 1024
    return measure


def group_memory(count: int) -> Measure:
    """kB of the whole pod's memory cgroup, kernel memory and services included."""
    def measure(stage: Stage, subject: Subject) -> float:
        job = stage.job("service", count, logs=subject.captures)
        with MemoryGroup() as group, stage.run(subject, job, wrap=group.wrap) as arena:
            arena.wait_posts()
            arena.settle()
            return group.usage() / 1024
    return measure


def restart(stage: Stage, subject: Subject) -> float:
    """ms from SIGKILL of the service to its successor's first instruction."""
    job = stage.job("service")
    with stage.run(subject, job) as arena:
        arena.wait_posts()
        time.sleep(subject.warm)
        arena.settle()
        (service,) = arena.services(job.program)
        arena.board.await_posts(1)
        begun = time.monotonic_ns()
        os.kill(service, signal.SIGKILL)
        return (arena.wait_posts()[0] - begun) / 1e6


class Abandoned(Exception):
    """PID 1 left without telling all services."""


def stop(count: int) -> Measure:
    """ms from TERM to PID 1 to the end of everything. Abandoned if a service was not told (its time means nothing)."""
    def measure(stage: Stage, subject: Subject) -> float:
        with stage.run(subject, stage.job("echo", count)) as arena:
            arena.wait_posts()
            arena.settle()
            arena.board.await_posts(count + 1)
            begun = time.monotonic_ns()
            os.kill(arena.pid1, signal.SIGTERM)
            arena.wait_end()
            if arena.board.get("posted") < count:
                raise Abandoned(f"{arena.board.get('posted')} of {count} services were told to end")
            return (arena.board.get("ended") - begun) / 1e6
    return measure


def orphans(stage: Stage, subject: Subject) -> float:
    """ms until 20,000 dead processes that became orphans in one moment are reaped."""
    with stage.run(subject, stage.job("orphans")) as arena:
        return arena.wait_posts()[0] / 1e6


def stream(stage: Stage, subject: Subject) -> float:
    """The largest number of orphans seen waiting while 5,000 come one by one."""
    with stage.run(subject, stage.job("stream")) as arena:
        return arena.wait_posts()[0]


def forward(stage: Stage, subject: Subject) -> float:
    """Median µs over a series of USR1 from sending to the service's next instruction; the floor's is sent directly."""
    job = stage.job("echo")
    with stage.run(subject, job) as arena:
        arena.wait_posts()
        arena.settle()
        to = arena.pid1 if subject.forwards else arena.services(job.program)[0]
        return statistics.median(_time_signal(arena, to) for _ in range(SIGNALS)) / 1e3


def _time_signal(arena: Arena, to: int) -> int:
    arena.board.await_posts(1)
    begun = time.monotonic_ns()
    os.kill(to, signal.SIGUSR1)
    return arena.wait_posts()[0] - begun


def log_cpu(count: int = 1, *, raw: bool = False) -> Measure:
    """CPU s of PID 1 and helpers for a million lines of 100 bytes, one write each; a thread reads what comes out."""
    def measure(stage: Stage, subject: Subject) -> float:
        job = stage.job("writer" if count == 1 else "crowd", count, logs=True, raw=raw)
        with _open_drain() as (output, lines):
            with stage.run(subject, job, output=output) as arena:
                seconds = _measure_log_cpu(arena, job.program, [] if subject.logs_to_files else lines)
        if not subject.logs_to_files and sum(lines) < LINES:
            raise Silence(f"{sum(lines)} of {LINES} lines came")
        return seconds * (1_000_000 / LINES)
    return measure


@contextlib.contextmanager
def _open_drain() -> Iterator[tuple[int, list[int]]]:
    """The writing end of a pipe that a thread reads to its end, and the lines that came, complete once it is left."""
    lines: list[int] = []
    reader, writer = os.pipe()
    drain = threading.Thread(target=_drain, args=(reader, lines))
    drain.start()
    try:
        yield writer, lines
    finally:
        os.close(writer)
        drain.join()


def _measure_log_cpu(arena: Arena, program: Path, lines: list[int]) -> float:
    """CPU s of one run; ``lines``: where they are counted as they come, if they do."""
    arena.wait_posts()
    arena.settle()
    helpers = arena.helpers(program)
    before = sum(map(measure_cpu, helpers))
    services = arena.services(program)
    arena.board.await_posts(len(services))
    for service in services:
        os.kill(service, signal.SIGUSR1)
    arena.wait_posts()
    _await_lines(lines)
    arena.settle()
    return (sum(map(measure_cpu, helpers)) - before) / 1e9


def _await_lines(lines: list[int]) -> None:
    """Until all have come, or none in a second: some lose them."""
    before = -1
    while lines and before < sum(lines) < LINES:
        before = sum(lines)
        time.sleep(_SLOW)


def _drain(reader: int, lines: list[int]) -> None:
    with open(reader, "rb", buffering=0) as pipe:
        while chunk := pipe.read(1 << 16):
            lines.append(chunk.count(b"\n"))


def idle(stage: Stage, subject: Subject) -> float:
    """Context switches of PID 1 and its helpers in 5 s of nothing to do."""
    job = stage.job("service")
    with stage.run(subject, job) as arena:
        arena.wait_posts()
        arena.settle()
        helpers = arena.helpers(job.program)
        before = sum(map(count_switches, helpers))
        time.sleep(IDLE_SECONDS)
        return sum(map(count_switches, helpers)) - before


def held_memory(stage: Stage, subject: Subject) -> float:
    """kB of PSS of a subject that runs nothing, once it does nothing."""
    with stage.run(subject, stage.job("service")) as arena:
        arena.settle()
        return measure_pss(arena.pid1) / 1024


def held_idle(stage: Stage, subject: Subject) -> float:
    """Its context switches in 5 s of nothing to do."""
    with stage.run(subject, stage.job("service")) as arena:
        arena.settle()
        before = count_switches(arena.pid1)
        time.sleep(IDLE_SECONDS)
        return count_switches(arena.pid1) - before


def calls(*, everybody: bool) -> Measure:
    """System calls by PID 1 (or by all in its namespace) between its exec and the exec of the service's program."""
    def measure(stage: Stage, subject: Subject) -> float:
        job = stage.job("service")
        trace = stage.kit.path("trace")
        with stage.run(subject, job, wrap=("strace", "-f", "-qq", "-o", str(trace))) as arena:
            arena.wait_posts()
            pid1 = arena.pid1
            _end_pid1(arena)
        return _count_calls(trace.read_text(), pid1, subject.exec_word or str(job.program), everybody)
    return measure


def _end_pid1(arena: Arena) -> None:
    os.kill(arena.pid1, signal.SIGKILL)
    arena.wait_end()


def _count_calls(trace: str, pid1: int, program: str, everybody: bool) -> int:
    counted = None
    for line in trace.splitlines():
        match = re.match(r"(\d+) +(\w+)\((.*)", line)
        if not match:
            continue
        pid, call, rest = int(match[1]), match[2], match[3]
        if counted is None:
            counted = 0 if pid == pid1 and call == "execve" else None
        elif call == "execve" and rest.startswith(f'"{program}"'):
            return counted
        elif pid == pid1 or everybody:
            counted += 1
    raise Silence("the trace shows no exec of the service")


def whole_run(stage: Stage, subject: Subject) -> float:
    """ms that a pod takes in all whose one service ends at once, or an interpreter that does nothing."""
    with stage.run(subject, stage.job("brief", once=True)) as arena:
        arena.wait_end()
        return (arena.board.get("ended") - arena.board.get("begun")) / 1e6
