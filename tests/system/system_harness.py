"""Runs minipod as a process: as PID 1 of a PID namespace of its own, or as a child in one, so that nothing can be left
behind. Everything here is bounded; waiting is always for something to happen, never for time to pass.

Helper programs that units run are in programs.py, called by ``tool()``.
"""

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from minipod.commands.compile import compile_pod
from minipod.config.read import read_pod

PATIENCE = 30.0  # seconds: only a test that fails waits so long
PROGRAMS = Path(__file__).with_name("programs.py")
SLEEP = ["sleep", "1000"]
CHUNK = 65536
# A core that meets an event it holds impossible says so in these words, then carries on: no test may overlook it.
IMPOSSIBLE = b" cannot be: ignored"
SANITIZER = b"Sanitizer"


class Stage(Enum):
    """Where minipod runs."""

    INIT = "pid-1"
    CHILD = "not-pid-1"


# As a child it stands below a shell that is PID 1, hands its exit code on, and tells whom it left behind. Not those
# that it killed with its last breath: they are no more, or are to go as soon as the machine lets them.
LEFT = "left behind: "
_WATCH = """
"$@"; code=$?
for left in /proc/[0-9]*; do
    line=$(cat $left/stat 2>/dev/null)
    case "$left $line" in "/proc/1 "* | *" " | *") Z "* | *") X "* | SPARED) continue ;; esac
    set -- ${line##*) }
    [ $((${29} & 256)) != 0 ] || echo "TOLD$line" >&2  # KILL is pending
done
exit $code
"""


def watch(spared: str = "/") -> tuple[str, ...]:
    """The command that becomes that shell; ``spared``: a pattern of others that are none of its business."""
    return "sh", "-c", _WATCH.replace("TOLD", LEFT).replace("SPARED", spared), "sh"


_ABOVE = {Stage.INIT: (), Stage.CHILD: watch()}


def tool(name: str, *args: object) -> list[str]:
    """The command of one of the helper programs."""
    return [sys.executable, "-IS", str(PROGRAMS), name, *map(str, args)]


def sh(script: str) -> list[str]:
    """A shell script as a unit's command: its $( and $$ are the shell's, not the pod file's."""
    return bare_sh(re.sub(r"\$(?=[$(])", "$$", script))


def bare_sh(script: str) -> list[str]:
    """A shell script for ``minipod -- PROGRAM``, which expands nothing."""
    return ["sh", "-c", script]


def at_term(code: int) -> list[str]:
    """The command of a unit that says "ready" and ends with a code at TERM."""
    return tool("ends_with", code)


def wait_until(happened: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true answer of ``happened``, asked again and again; fails the test when there is none in time."""
    end = time.monotonic() + patience
    while not (answer := happened()):
        assert time.monotonic() < end, f"not in {patience} s: {what}"
        time.sleep(0.001)
    return answer


@contextmanager
def beside(command: Sequence[str | Path], **how: Any) -> Iterator[subprocess.Popen]:
    """A command that runs beside the test, as Popen has it; killed at the end: a test that fails waits for nobody."""
    with subprocess.Popen(command, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def children(pid: int) -> list[int]:
    """The pids of a process' children; none if it is gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """All below a process, parents before their children."""
    below = children(pid)
    return below + [further for child in below for further in descendants(child)]


def status(pid: int | str) -> dict[str, str]:
    """/proc/PID/status as a mapping; empty if the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def to_toml(pod: Mapping[str, Mapping[str, Any]]) -> str:
    """``{"init.a": {"command": ["true"]}}`` as TOML, tables in the given order."""
    parts = []
    for table, keys in pod.items():
        parts.append(f"[{table}]")
        parts += [f"{_key(key)} = {_value(value)}" for key, value in keys.items()]
    return "\n".join(parts) + "\n"


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


@dataclass(frozen=True)
class Result:
    """How a run ended. ``code`` is minipod's exit code, 128+N if a signal ended it."""

    code: int
    out: str
    err: str
    took: float
    report: dict[str, Any] | None = None

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def unit(self, name: str) -> dict[str, Any]:
        """The report's entry of a unit."""
        assert self.report is not None
        return next(unit for unit in self.report["units"] if unit["name"] == name)


@dataclass
class Running:
    """A minipod that runs, with all that it started."""

    process: subprocess.Popen
    stage: Stage
    report_path: Path | None = None
    name: str = "minipod"
    began: float = field(default_factory=time.monotonic)
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    _pid: int = 0
    _cursor: int = 0
    _open: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def __post_init__(self) -> None:
        self.pidfd = os.pidfd_open(self.process.pid)
        self._open.register(self.pidfd, selectors.EVENT_READ)
        for pipe, buffer in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            if pipe is not None:
                self._open.register(pipe, selectors.EVENT_READ, buffer)

    # --- who is where

    @property
    def pid(self) -> int:
        """minipod's own, as seen from the test; once it has become minipod."""
        if not self._pid:
            self._pid = wait_until(self._find, f"minipod runs; it said {self.err.decode(errors='replace')!r}")
        return self._pid

    def _find(self) -> int:
        assert self.process.poll() is None, f"it is over: {self.read_rest()}"
        above = children(self.process.pid)
        if above and self.stage is Stage.CHILD:
            above = children(above[0])
        return above[0] if above and self._is_minipod(above[0]) else 0

    def _is_minipod(self, pid: int) -> bool:
        return status(pid).get("Name") == self.name

    @property
    def namespace_init(self) -> int:
        """PID 1 of the namespace: minipod itself or the shell above it."""
        return children(self.process.pid)[0]

    def inside(self, pid: int) -> int:
        """From a pid in the namespace to the test's own view of it. 0 if there is none."""
        for candidate in (self.namespace_init, *descendants(self.namespace_init)):
            if status(candidate).get("NSpid", "").split()[-1:] == [str(pid)]:
                return candidate
        return 0

    # --- talking to it

    def send(self, *signals: int) -> None:
        for number in signals:
            os.kill(self.pid, number)

    def expect(self, pattern: str, patience: float = PATIENCE) -> re.Match:
        """The next match of a regular expression on stdout, after the one before."""
        found = self._await(self.out, pattern, self._cursor, patience)
        self._cursor = found.end()
        return found

    def expect_all(self, *patterns: str) -> list[re.Match]:
        """Matches in any order, anywhere on stdout."""
        return [self._await(self.out, pattern, 0, PATIENCE) for pattern in patterns]

    def expect_error(self, pattern: str) -> re.Match:
        """A match on stderr, anywhere."""
        return self._await(self.err, pattern, 0, PATIENCE)

    def _await(self, buffer: bytearray, pattern: str, start: int, patience: float) -> re.Match:
        wanted = re.compile(pattern.encode(), re.MULTILINE)
        end = time.monotonic() + patience
        while not (found := wanted.search(bytes(buffer), start)):
            rest = end - time.monotonic()
            assert rest > 0, f"no {pattern!r} in {patience} s; so far: {self.told()}"
            assert self._pump(rest) or wanted.search(bytes(buffer), start), f"no {pattern!r}, but: {self.told()}"
        return found

    def _pump(self, patience: float) -> bool:
        """Takes in what there is, or waits for it; False once the process is over and its output read."""
        for key, _ in self._open.select(patience):
            if key.fileobj is self.pidfd:
                self._open.unregister(self.pidfd)
                continue
            data = os.read(key.fd, CHUNK)
            key.data.extend(data)
            if not data:
                self._open.unregister(key.fileobj)
        return bool(self._open.get_map())

    def told(self) -> str:
        """What it has said of late, for whoever reads a failure."""
        return f"stdout {bytes(self.out[-2000:])!r}, stderr {bytes(self.err[-2000:])!r}"

    def read_rest(self) -> str:
        """Everything it wrote before it ended."""
        self._drain(time.monotonic() + PATIENCE)
        return self.told()

    def _drain(self, end: float) -> None:
        while self._open.get_map():
            rest = end - time.monotonic()
            assert rest > 0, f"it does not end; so far: {self.told()}"
            self._pump(rest)

    # --- its end

    def wait(self, patience: float = PATIENCE, *, others: bool = False) -> Result:
        """Its end, with all that it wrote. ``others``: processes that are not its own stay in the namespace."""
        self._drain(time.monotonic() + patience)
        code = self.process.wait(PATIENCE)
        took = time.monotonic() - self.began
        assert IMPOSSIBLE not in self.err and SANITIZER not in self.err, self.told()
        assert others or not re.search(rb"^" + LEFT.encode(), self.err, re.MULTILINE), self.told()
        report = None
        if self.report_path and self.report_path.exists() and self.report_path.stat().st_size:
            report = json.loads(self.report_path.read_text())
            assert report["impossibleEvents"] == 0, self.told()
        out, err = bytes(self.out), bytes(self.err)
        return Result(code if code >= 0 else 128 - code, decode(out), decode(err), took, report)

    def kill(self) -> None:
        """Ends the namespace whatever is in it."""
        with suppress(ProcessLookupError):
            for pid in children(self.process.pid):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(PATIENCE)
        self._open.close()
        os.close(self.pidfd)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def decode(text: bytes) -> str:
    """Bytes that are no UTF-8 stay themselves, as surrogates."""
    return text.decode(errors="surrogateescape")


class Launcher:
    """Starts minipod; kills what is left when it is closed."""

    def __init__(self, minipod: Path, folder: Path, stage: Stage):
        self.minipod = minipod
        self.folder = folder
        self.stage = stage
        self._all: list[Running] = []
        self._count = 0

    def __enter__(self) -> "Launcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kills what still runs, closes what is over."""
        while self._all:
            self._all.pop().kill()

    # --- pods

    def write(self, pod: Mapping[str, Mapping[str, Any]] | str, name: str = "pod") -> Path:
        """The pod as a TOML file."""
        path = self.folder / f"{name}.toml"
        path.write_text(pod if isinstance(pod, str) else to_toml(pod))
        return path

    def compile(self, pod: Mapping[str, Mapping[str, Any]] | str, name: str = "pod") -> Path:
        """The pod as a plan."""
        source = self.write(pod, name)
        plan = source.with_suffix(".plan")
        plan.write_bytes(compile_pod(read_pod(str(source)).pod, str(source)))
        return plan

    # --- processes

    def start(
        self, pod: Mapping[str, Mapping[str, Any]] | str | Path, *words: str, report: bool = True, **how: Any
    ) -> Running:
        """``minipod run`` with a plan or a pod to be compiled; ``words`` follow. A report is written unless said."""
        plan = pod if isinstance(pod, Path) else self.compile(pod)
        if not report:
            return self.call("run", plan, *words, **how)
        self._count += 1
        path = self.folder / f"report-{self._count}.json"
        return self.call("run", plan, "--report", path, *words, report_path=path, **how)

    def run(self, pod: Mapping[str, Mapping[str, Any]] | str | Path, *words: str, **how: Any) -> Result:
        """The same, to its end."""
        return self.start(pod, *words, **how).wait()

    def solo(self, *command: object, **how: Any) -> Running:
        """``minipod -- PROGRAM``."""
        return self.call("--", *command, **how)

    def call(
        self,
        *words: object,
        env: Mapping[str, str] | None = None,
        wrap: Iterable[object] = (),
        namespaces: Sequence[str] = (),
        report_path: Path | None = None,
        **how: Any,
    ) -> Running:
        """minipod with any words. ``wrap`` is a command that becomes minipod by exec; ``how`` is Popen's."""
        own = [] if os.geteuid() == 0 else ["-Ur"]
        command = ["unshare", *own, *namespaces, "-pf", "--mount-proc", "--kill-child"]
        command += [*_ABOVE[self.stage], *map(str, wrap), str(self.minipod), *map(str, words)]
        given = {**os.environ, **(env or {})}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
        began = time.monotonic()  # before it may begin: what took so long at least is measured by it
        process = subprocess.Popen(command, env=given, cwd=self.folder, **{**streams, **how})
        running = Running(process, self.stage, report_path, self.minipod.name, began)
        self._all.append(running)
        return running
