"""The core's footprint, as the system sees it: no heap, memory that stays what it was, no wake-up without a reason.

It must never judge a time or a size in bytes: bench/ measures those.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from workshop import Workshop

PATIENCE = 30.0  # seconds: only a test that fails waits so long
MOST_CODE = 0.2  # what a turn needs is 0.13 of it, in pieces of two pages; 0.22 where that lay scattered
IDLE = 1.5  # seconds: a wake-up each second is what the inits that poll have
HEAP = {"malloc", "calloc", "realloc", "reallocarray", "free", "aligned_alloc", "posix_memalign", "strdup", "strndup",
        "asprintf", "vasprintf", "brk", "sbrk", "opendir", "fdopendir", "scandir", "nftw", "getline",
        "getdelim", "getpwnam", "getgrnam"}
STDIO = {"printf", "fprintf", "vfprintf", "puts", "fputs", "fputc", "putchar", "fwrite", "fread", "fopen", "fdopen",
         "fflush", "stdout", "stderr", "stdin", "snprintf", "vsnprintf", "strftime"}
PAGES = {"mmap", "mmap64", "mremap", "munmap", "memfd_create", "sys_map"}
BEFORE_THE_POD = {"arena", "core", "front", "gather", "hold", "load", "names"}  # all of it before the pod runs
A_CHILD = {"keeper"}  # which has a copy of the memory, and is gone soon
FOR_A_NEW_PLAN = {"sys", "change", "draft", "fetch", "grow", "parcel"}  # which comes to a pod that runs

WORKER = """\
trap 'exit 1' USR1
if [ -e "$1" ]; then
    for i in 1 2 3 4 5 6 7 8; do sh -c 'true & true & true & true &'; done
    seq 1 20000
    echo second
    exec sleep 1000
fi
: > "$1"
echo first
sleep 1000 &
wait
"""


# A program that tells of each probe; a probe that never ends; connections that are refused.
ASKED = """\
[pod]
name = "asked"
[service.web]
command = ["sh", "-c", "exec 3<> $0; while read line <&3; do echo $line; done", "{fifo}"]
post_start = {{ exec = ["true"] }}
liveness_probe = {{ exec = ["sh", "-c", "echo asked > $0", "{fifo}"], period = "100ms", timeout = "10s" }}
readiness_probe = {{ tcp_socket = {{ port = 1 }}, period = "100ms" }}
[service.hung]
command = ["sleep", "1000"]
notify = "sd"
readiness_probe = {{ exec = ["sleep", "1000"], period = "100ms", timeout = "50ms" }}
[service.refused]
command = ["sleep", "1000"]
readiness_probe = {{ http_get = {{ port = 1 }}, period = "100ms" }}
liveness_probe = {{ grpc = {{ port = 1 }}, period = "100ms", failure_threshold = 1000000 }}
"""


class Running:
    """minipod as PID 1 of a PID namespace; ``words`` are its own."""

    def __init__(self, minipod: Path, *words: object):
        space = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-pf", "--mount-proc", "--kill-child"]
        self._outer = subprocess.Popen([*space, minipod, *map(str, words)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self._outer.kill()
        self._outer.stdout.close()
        self._outer.wait()

    @property
    def pid1(self) -> int:
        outer = self._outer.pid
        (pid,) = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
        return int(pid)

    def wait_line(self, end: str) -> None:
        """Until a line comes that ends so; fails when the output does. The test's own limit bounds it."""
        for line in self._outer.stdout:
            if line.rstrip().endswith(end):
                return
        pytest.fail(f"the output ended without a line that ends in {end}")

    def read(self, name: str) -> str:
        return Path(f"/proc/{self.pid1}/{name}").read_text()

    def memory(self) -> list[tuple[int, int, str]]:
        """What is mapped: first address, the one behind the last, rights and file. Neighbours of one kind are one."""
        areas: list[tuple[int, int, str]] = []
        for line in self.read("maps").splitlines():
            span, rights, _, _, _, *file = line.split()
            begin, end = (int(address, 16) for address in span.split("-"))
            kind = " ".join([rights, *file])
            if areas and areas[-1][1:] == (begin, kind):
                begin = areas.pop()[0]
            areas.append((begin, end, kind))
        return areas

    def code_in_memory(self) -> float:
        """Of all its code and constants, which part."""
        sizes = {"Size": 0, "Rss": 0}
        is_code = False
        for line in self.read("smaps").splitlines():
            key, *rest = line.split()
            is_code = rest[0] == "r-xp" and rest[-1].endswith("minipod") if "-" in key else is_code
            if is_code and key.rstrip(":") in sizes:
                sizes[key.rstrip(":")] += int(rest[0])
        return sizes["Rss"] / sizes["Size"]

    def count_descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid1}/fd"))

    def count_children(self) -> int:
        return len(self.read(f"task/{self.pid1}/children").split())

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Until it is so, if only for a moment."""
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, f"not so after {PATIENCE} s"

    def count_switches(self) -> int:
        """How often PID 1 gave up the processor or lost it."""
        return sum(int(line.split()[1]) for line in self.read("status").splitlines() if "ctxt_switches" in line)

    def sleeps(self) -> bool:
        """Whether it never woke for a while. The kernel wakes anybody now and then, but not in each of many spells."""
        before = self.count_switches()
        self.watch(IDLE)
        return self.count_switches() == before

    def watch(self, seconds: float) -> None:
        """Look on for a while; fails when minipod ends."""
        pidfd = os.pidfd_open(self.pid1)
        try:
            assert not select.select([pidfd], [], [], seconds)[0]
        finally:
            os.close(pidfd)


@pytest.fixture(scope="module")
def wanted(root: Path, workshop: Workshop) -> dict[str, set[str]]:
    """By each of the core's files: the names that it wants from others."""
    names = {}
    sources = sorted((root / "csrc").glob("*.c"))
    for source, target in zip(sources, workshop.compile(sources), strict=True):
        listing = subprocess.run(["nm", "-u", target], check=True, capture_output=True, text=True).stdout
        names[source.stem] = {line.split()[-1] for line in listing.splitlines()}
    return names


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    """A pod whose one service says "first"; once it is killed by USR1 its next instance works, and says "second"."""
    script, config = tmp_path / "worker.sh", tmp_path / "pod.toml"
    script.write_text(WORKER)
    config.write_text(f'[pod]\nname = "footprint"\n[service.worker]\ncommand = ["sh", "{script}", "{tmp_path}/seen"]\n')
    return config


@pytest.fixture
def running(minipod: Path, pod: Path) -> Iterator[Running]:
    with Running(minipod, "run", pod) as running:
        running.wait_line("first")
        yield running


def test_nothing_of_the_core_asks_for_heap_or_stdio(wanted: dict[str, set[str]]) -> None:
    assert wanted["main"], "nm shows no names: the check would see nothing"
    assert {name: sorted(uses & (HEAP | STDIO)) for name, uses in wanted.items() if uses & (HEAP | STDIO)} == {}


def test_only_what_runs_before_the_pod_asks_for_pages(wanted: dict[str, set[str]]) -> None:
    assert {name for name, uses in wanted.items() if uses & PAGES} <= BEFORE_THE_POD | A_CHILD | FOR_A_NEW_PLAN


def test_memory_is_the_same_after_a_restart_orphans_and_many_lines(running: Running) -> None:
    running.wait_until(lambda: running.code_in_memory() < MOST_CODE)  # what only the start needed is gone
    before = running.memory()
    os.kill(running.pid1, signal.SIGUSR1)
    running.wait_line("second")
    assert running.memory() == before
    assert not [kind for *_, kind in before if "[heap]" in kind]


def test_what_only_the_start_needed_leaves_memory(minipod: Path, running: Running) -> None:
    running.wait_until(lambda: running.code_in_memory() < MOST_CODE)
    with Running(minipod, "--", "sh", "-c", "echo up; exec sleep 1000") as one:
        one.wait_line("up")
        one.wait_until(lambda: one.code_in_memory() < MOST_CODE)


def test_no_wake_up_when_idle(running: Running) -> None:
    running.wait_until(running.sleeps)


def test_no_wake_up_when_idle_around_one_program(minipod: Path) -> None:
    with Running(minipod, "--", "sh", "-c", "echo up; exec sleep 1000") as running:
        running.wait_line("up")
        running.wait_until(running.sleeps)


def test_what_is_asked_leaves_nothing_behind(minipod: Path, tmp_path: Path) -> None:
    config, fifo = tmp_path / "asked.toml", tmp_path / "fifo"
    os.mkfifo(fifo)
    config.write_text(ASKED.format(fifo=fifo))
    with Running(minipod, "run", config) as running:
        for _ in range(5):
            running.wait_line("asked")
        before = running.memory()
        descriptors = min(running.count_descriptors() for _ in range(50))
        for _ in range(30):
            running.wait_line("asked")
        assert running.memory() == before
        running.wait_until(lambda: running.count_descriptors() <= descriptors)
        running.wait_until(lambda: running.count_children() == 3)
