"""Probes by the thousand: what they cost PID 1, and how punctual they are.

The target (``programs/target.c``) notes each probe's arrival; it runs outside of the namespace, so that its CPU time is
not the subject's. Nothing here judges an answer; a subject of which too few probes arrive gets no figure.
"""

import contextlib
import signal
import statistics
import struct
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.arena import Arena, measure_cpu, measure_pss
from bench.board import Silence
from bench.measures import Measure
from bench.stage import Stage
from bench.subjects import Asking, Subject

WARM_SECONDS, SECONDS = 3.0, 6.0
LASTING = 2                 # of a service's probes go on: liveness and readiness
_ENOUGH = 0.8               # of the probes that are due must arrive
_NOTE = struct.Struct("QQ")


class Target:
    """The program that is asked; ``port`` is where, the same each time it is started."""

    def __init__(self, program: Path, kind: str):
        self._words = [str(program), "0", *(["http"] if kind == "http" else [])]
        self.port = 0

    @contextlib.contextmanager
    def run(self) -> Iterator["Target"]:
        """It listens inside of the block; after it ``notes`` has what came: (moment in ns, whose) in order."""
        self._words[1] = str(self.port)
        with subprocess.Popen(self._words, stdout=subprocess.PIPE) as process:
            try:
                self.port = int(process.stdout.readline())
                yield self
            finally:
                process.send_signal(signal.SIGTERM)
                self.notes = list(_NOTE.iter_unpack(process.stdout.read()))


@dataclass(frozen=True)
class Window:
    """What was seen of PID 1 between two moments in ns."""

    begun: int
    ended: int
    cpu: int
    pss: int


class Probing:
    """``count`` services with three probes each. One run gives all figures: each row takes its own, and runs the
    subject only when none is left."""

    def __init__(self, kind: str, count: int, period_us: int = 1_000_000):
        self._kind, self._count, self._period_us = kind, count, period_us
        self._target: Target | None = None
        self._left: dict[tuple[str, str], list[float]] = defaultdict(list)

    def __getitem__(self, figure: str) -> Measure:
        """cpu: % of one processor; late: ms, 99 of 100 probes come sooner after the one before; pss: kB."""
        def measure(stage: Stage, subject: Subject) -> float:
            if not self._left[subject.name, figure]:
                for name, value in self._run(stage, subject).items():
                    self._left[subject.name, name].append(value)
            return self._left[subject.name, figure].pop()
        return measure

    def _run(self, stage: Stage, subject: Subject) -> dict[str, float]:
        self._target = self._target or Target(stage.kit.path("target"), self._kind)
        with self._target.run() as target:
            asking = Asking(self._kind, target.port, self._period_us, stage.kit.path("knock"))
            with stage.run(subject, stage.job("service", self._count, asking=asking)) as arena:
                window = _watch(arena)
        late = measure_lateness(self._target.notes, window, 1000 * self._period_us)
        due = LASTING * self._count * (window.ended - window.begun) / (1000 * self._period_us)
        if len(late) < _ENOUGH * due:
            raise Silence(f"{len(late)} probes of {due:.0f} came")
        return {"cpu": 100 * window.cpu / (window.ended - window.begun), "pss": window.pss / 1024,
                "late": statistics.quantiles(late, n=100, method="inclusive")[98] / 1e6}


def _watch(arena: Arena) -> Window:
    arena.wait_posts()
    time.sleep(WARM_SECONDS)
    begun, before = time.monotonic_ns(), measure_cpu(arena.pid1)
    time.sleep(SECONDS)
    ended, after = time.monotonic_ns(), measure_cpu(arena.pid1)
    return Window(begun, ended, after - before, measure_pss(arena.pid1))


def measure_lateness(notes: list[tuple[int, int]], window: Window, period: int) -> list[int]:
    """For each probe that came within the window: by how many ns it came later than a period after the one before."""
    last: dict[int, int] = {}
    late = []
    for moment, who in notes:
        if who in last and window.begun <= moment < window.ended:
            late.append(moment - last[who] - period)
        last[who] = moment
    return late
