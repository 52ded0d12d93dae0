"""`minipod top`: real processes below this one, units that a server makes up."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from fake_pod import FakePod, end, unit
from rich.console import Console

from minipod.commands import processes, top, top_text
from minipod.commands.top_live import show
from minipod.reaper.client import Client
from minipod.status.usage import Process, Usage

BUSY = "import os; print(flush=True)\nwhile os.getppid() != 1: pass"
HEAD = ["UNIT", "STATUS", "CPU", "CPU TIME", "MEMORY", "PROCS", "THREADS", "RESTARTS"]
FRAME = top_text.Frame("shop", [top_text.Row(Usage("web", 7, 1.5, 2048, 2, 3, 0.25), "Running", 4)], [])


@pytest.fixture
def shop(fake_pod: FakePod) -> Iterator[FakePod]:
    """web keeps a processor busy, db waits, job is done. minipod is this very process."""
    busy = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE, start_new_session=True)
    idle = subprocess.Popen(
        ["sh", "-c", "sh -c 'echo; exec cat'; :"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    for process in (busy, idle):
        process.stdout.readline()  # all of its tree is there
    fake_pod.pod["pid"] = os.getpid()
    fake_pod.units = [
        unit("web", pid=busy.pid), unit("db", pid=idle.pid, restartCount=2, instances=3),
        unit("job", "init", "ended", outcome="done", ends=[end()]),
    ]  # fmt: skip
    yield fake_pod
    for process in (busy, idle):
        process.kill()
        process.communicate()


def test_once(shop: FakePod, say: Callable) -> None:
    code, out, err = say("top", "-d", "50ms")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert [cell.strip() for cell in lines[0].split("  ") if cell] == HEAD
    assert [line.split()[0] for line in lines[1:]] == ["web", "db", "job", "(minipod)", "total"]
    assert lines[2].split()[-1] == "2" and lines[1].split()[1] == "Running"


def test_who_is_busy(shop: FakePod) -> None:
    """However slow the machine is, at some time it runs."""
    looks = top.frames(Client(shop.path), [], "cpu", 0.05)
    busy = next(frame for frame in looks if frame.units[0].usage.share)
    assert [row.usage.name for row in busy.units][0] == "web"
    assert busy.units[0].usage.cpu > 0 and busy.units[0].usage.processes == 1


def test_json_has_the_tree(shop: FakePod, say: Callable) -> None:
    """A shell and what it runs."""
    code, out, _ = say("top", "-o", "json", "-n", "2", "-d", "50ms", "db")
    first, second = map(json.loads, out.splitlines())
    assert (code, first["pod"], first["rest"]) == (0, "shop", [])
    [db] = second["units"]
    assert (db["name"], db["processes"], db["restartCount"]) == ("db", 2, 2) and db["memoryBytes"] > 0


def test_several_looks(shop: FakePod, say: Callable) -> None:
    out = say("top", "-n", "3", "-d", "10ms", "job").out
    assert out.count("UNIT") == out.count("Completed") == 3 and out.count("\n\n") == 2


def test_the_pods_end_is_the_end(shop: FakePod) -> None:
    looks = top.frames(Client(shop.path), [], "unit", 0.01)
    next(looks)
    os.unlink(shop.path)
    assert list(looks) == []


def test_in_place(shop: FakePod) -> None:
    """On a terminal, until Ctrl-C: which whoever runs the tests may have ignored, as in the background of a script."""
    leader, terminal = pty.openpty()
    heeding = "import os, signal as s, sys; s.signal(s.SIGINT, s.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", heeding, sys.executable, "-m", "minipod", "top", "-d", "20ms"]
    running = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    try:
        said = b""
        while said.count(b"total") < 3:
            said += os.read(leader, 4096)
        running.send_signal(signal.SIGINT)
        while _more := _rest(leader):
            said += _more
        assert running.wait(60) == 0
    finally:
        running.kill()
        running.wait()
        os.close(leader)
    assert b"\x1b[1A" in said and b"Traceback" not in said


def _rest(leader: int) -> bytes:
    try:
        return os.read(leader, 4096)
    except OSError:
        return b""


def test_without_the_library(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "minipod.commands.top_live", None)
    assert top._live() is None
    assert capsys.readouterr().err == "minipod: printed once; to have it refreshed: pip install 'minipod[top]'\n"


def test_without_psutil(shop: FakePod, monkeypatch: pytest.MonkeyPatch, say: Callable) -> None:
    monkeypatch.delattr("minipod.commands.processes", raising=False)
    monkeypatch.setitem(sys.modules, "minipod.commands.processes", None)
    assert say("top")[::2] == (1, "minipod: minipod top needs psutil: pip install psutil\n")


def test_what_minipod_reaped_is_not_its_own() -> None:
    """Its children were units."""
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.1: pass"], check=True)
    us = Process(os.getpid(), os.getppid())
    own, every = (processes._measured(us, is_root=is_root).cpu for is_root in (True, False))
    assert every >= own + 0.08


def test_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    evil = FRAME._replace(units=[FRAME.units[0]._replace(status="[red]x")])
    show(iter([FRAME, evil]), Console(file=out, force_terminal=True, width=120, color_system=None))
    assert "web    Running  25.0%        1s   2.0Ki" in out.getvalue() and "[red]x" in out.getvalue()


def test_only_top_needs_psutil(python: object) -> None:
    words = "import sys, minipod.commands.get, minipod.commands.top; print({'psutil', 'rich'} & set(sys.modules))"
    assert subprocess.check_output([python, "-c", words], text=True) == "set()\n"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (1, "0.0Ki"), (1536, "1.5Ki"), (2**20, "1.0Mi"), (3 * 2**30, "3.0Gi"), (2**50, "1024.0Ti")],
)
def test_sizes(count: int, text: str) -> None:
    assert top_text.size(count) == text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nobody"], 4, "no unit is called nobody"),
        (["-o", "yaml"], 64, "-o takes text or json"),
        (["-n", "0"], 64, "--count needs a number above 0"),
        (["-n", "\u00b2"], 64, "--count needs a number above 0"),
        (["-d", "1ms"], 64, "--interval is at least 10ms"),
        (["-d", "x"], 64, "--interval is no duration"),
        (["--sort", "age"], 64, "--sort takes unit, cpu, memory"),
    ],
)
def test_mistakes(shop: FakePod, say: Callable, words: list[str], code: int, said: str) -> None:
    got = say("top", *words)
    assert (got.code, got.out) == (code, "") and said in got.err
