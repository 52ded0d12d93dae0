"""How long it takes to ask a pod that runs: by the command that people and HEALTHCHECK use, from fork to its end.

Each time is that of a process of its own, started in the same way for all. A command that fails gets no figure.
"""

import os
import statistics
import time
from collections.abc import Iterator

from bench.arena import Arena
from bench.board import Silence
from bench.measures import Measure
from bench.stage import Stage
from bench.subjects import HEALTH, STATUS, Subject

HEALTH_ASKED, STATUS_ASKED = 200, 10
SERVICES = 3


def health(percentile: int) -> Measure:
    """ms of one question of many, one after the other."""
    def measure(stage: Stage, subject: Subject) -> float:
        walls = [wall for wall, _ in _ask(stage, subject, HEALTH, 1, HEALTH_ASKED)]
        return statistics.quantiles(walls, n=100, method="inclusive")[percentile - 1] / 1e6
    return measure


def status_wall(stage: Stage, subject: Subject) -> float:
    """ms, the median of a few."""
    return statistics.median(wall for wall, _ in _ask(stage, subject, STATUS, SERVICES, STATUS_ASKED)) / 1e6


def status_cpu(stage: Stage, subject: Subject) -> float:
    """ms of processor time of who asks, the median of a few: what a busy machine does not change much."""
    return statistics.median(cpu for _, cpu in _ask(stage, subject, STATUS, SERVICES, STATUS_ASKED)) * 1e3


def _ask(stage: Stage, subject: Subject, question: str, count: int, times: int) -> list[tuple[int, float]]:
    with stage.run(subject, stage.job("service", count, question=question)) as arena:
        arena.wait_posts()
        time.sleep(subject.warm)
        arena.settle()
        return list(_time_questions(arena, times))


def _time_questions(arena: Arena, times: int) -> Iterator[tuple[int, float]]:
    """ns from fork to end, and s of processor time. The first one, which nobody has in memory yet, does not count."""
    words, environment = arena.launch.asks, {**os.environ, "MINIPOD_SOCKET": arena.launch.socket}
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    for number in range(times + 1):
        begun = time.monotonic_ns()
        _, status, usage = os.wait4(os.posix_spawn(words[0], words, environment, file_actions=silent), 0)
        if status:
            raise Silence(f"{words[0]} ended with {os.waitstatus_to_exitcode(status)}")
        if number:
            yield time.monotonic_ns() - begun, usage.ru_utime + usage.ru_stime
