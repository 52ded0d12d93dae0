"""From the words on the command line to a plan in memory: the compiler child, bad input, signals meanwhile."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from system_harness import Launcher, at_term, children, sh, status, wait_until

from minipod import cli
from minipod.reaper.layout import lib

STARTED = sh("echo started")
WEB = {"service.web": {"command": STARTED, "restart": "never"}}


@pytest.fixture
def slow_python(write_script) -> Path:
    """An interpreter that says it was called and then takes for ever."""
    return write_script("slow-python", "#!/bin/sh\necho compiling\nexec sleep 1000\n")


def test_a_pod_file_is_compiled_and_run(launch_both: Launcher) -> None:
    result = launch_both.call("run", launch_both.write(WEB)).wait()
    assert result.code == 0 and result.lines == ["web | started"]


def test_the_compiler_is_gone_before_the_pod_starts(launch: Launcher) -> None:
    pod = {"service.web": {"command": sh("cat /proc/[0-9]*/comm; exit 0"), "restart": "never", "log": "raw"}}
    names = launch.call("run", launch.write(pod)).wait().out.split()
    assert sorted(names) == ["minipod", "sh"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_told_to_stop_while_the_pod_is_read(launch_both: Launcher, slow_python: Path, number: int) -> None:
    """143 and nothing started; the compiler does not outlive it."""
    path = launch_both.write(WEB)
    running = launch_both.call("run", path, env={"MINIPOD_PYTHON": str(slow_python)})
    running.expect("compiling")
    compiler = children(running.pid)[0]
    running.send(number)
    result = running.wait()
    assert result.code == 143 and "nothing was started" in result.err and "started" not in result.out
    assert not status(compiler)


def test_other_signals_wait_for_the_pod(launch_both: Launcher, write_script, python: Path) -> None:
    """A USR1 in the compiler's time reaches the units; a CHLD or a WINCH ends nothing."""
    wait = "while [ ! -e go ]; do sleep 0.01; done"
    slow = write_script("slow", f'#!/bin/sh\necho compiling; {wait}; exec {python} "$@"\n')
    receiver = {"service.web": {"command": sh("trap 'echo got; exit 0' USR1; echo ready; while :; do sleep 0.01; done"),
                                "restart": "never"}}
    running = launch_both.call("run", launch_both.write(receiver), env={"MINIPOD_PYTHON": str(slow)})
    running.expect("compiling")
    running.send(signal.SIGWINCH, signal.SIGURG)
    (launch_both.folder / "go").touch()
    running.expect("ready")
    running.send(signal.SIGUSR1)
    assert running.wait().code == 0 and b"got" in running.out


def test_the_compiler_s_stdin_is_the_pod(launch: Launcher) -> None:
    text = b"[service.web]\ncommand = ['echo', 'from stdin']\nrestart = 'never'\n"
    running = launch.call("run", "-", stdin=subprocess.PIPE)
    running.process.stdin.write(text)
    running.process.stdin.close()
    result = running.wait()
    assert result.code == 0 and result.lines == ["web | from stdin"]


# --- no Python, or none that will do


def test_no_python_is_a_sentence(launch: Launcher) -> None:
    result = launch.call("run", launch.write(WEB), env={"MINIPOD_PYTHON": "/nonexistent/python"}).wait()
    assert result.code == 71 and "/nonexistent/python" in result.err and "needs Python" in result.err


def test_a_python_without_minipod_is_a_sentence(launch: Launcher, write_script, python: Path) -> None:
    bare = write_script("bare-python", f'#!/bin/sh\nunset PYTHONPATH\nexec {python} -IS "$@"\n')
    result = launch.call("run", launch.write(WEB), env={"MINIPOD_PYTHON": str(bare)}).wait()
    assert result.code == 71 and "has no minipod that fits" in result.err and "Traceback" not in result.err


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("kill -9 $$", 70, "the compiler was ended by signal 9"),
        ("kill -11 $$", 70, "the compiler was ended by signal 11"),
        ("exit 0", 78, "cannot run"),
        ("exit 5", 5, ""),
        ("printf minipod >&$5; exit 0", 78, "cannot run"),
    ],
)
def test_a_compiler_that_fails(launch_both: Launcher, write_script, script: str, code: int, said: str) -> None:
    """By a signal, with no plan, with half of one: nothing is started. $5 is the pipe, behind --output-fd."""
    broken = write_script("broken-python", f"#!/bin/sh\nulimit -c 0\n{script}\n")
    result = launch_both.call("run", launch_both.write(WEB), env={"MINIPOD_PYTHON": str(broken)}).wait()
    assert result.code == code and said in result.err and result.out == ""


def test_a_compiler_s_child_that_stays_does_not_hold_the_pod(launch_both: Launcher, write_script, python: Path) -> None:
    """It keeps the pipe's end only if it wants to; what it leaves behind is nobody's unit."""
    script = f'#!/bin/sh\nsleep 1000 </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- &\nexec {python} "$@"\n'
    forking = write_script("forking-python", script)
    env = {"MINIPOD_PYTHON": str(forking), "MINIPOD_GRACE": "1h"}  # longer than anybody here waits
    result = launch_both.call("run", launch_both.write(WEB), env=env).wait()
    assert result.code == 0 and result.lines == ["web | started"]


def test_modules_in_the_working_directory_are_not_run(launch: Launcher, tmp_path: Path) -> None:
    """Somebody's json.py lies beside the pod file."""
    for name in ("json", "minipod", "os", "tomllib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('somebody else')\n")
    result = launch.call("run", launch.write(WEB)).wait()
    assert result.code == 0 and result.lines == ["web | started"]


# --- bad input


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty"),
        (b"\xff\xfe[\x00", "UTF-8"),
        (b"[service.web]\ncommand = ['caf\xe9']\n", "UTF-8"),
        (b"[service.web]\ncommand = ['true']\nrestrat = 'never'\n", "did you mean `restart`?"),
        (b"[service.web]\ncommand = 7\n", "command"),
        (b"[service.web\n", "pod.toml:1"),
        (b"a = " + b"[" * 3000, "pod.toml"),
        (b"\n" * 1_048_577, "larger than 1 MiB"),
        (b"[service.a]\ncommand=['true']\nafter=['b']\n[service.b]\ncommand=['true']\nafter=['a']\n", "a"),
        (b"[service.web]\ncommand = ['true']\nlivenessProbe = {}\n", "liveness"),
    ],
    ids="empty utf-16 latin-1 unknown-key wrong-type syntax 3000-brackets large cycle later".split(),
)
def test_a_pod_that_is_none(launch: Launcher, text: bytes, said: str) -> None:
    path = launch.folder / "pod.toml"
    path.write_bytes(text)
    result = launch.call("run", path).wait()
    assert result.code == 78 and said in result.err and result.out == "" and "Traceback" not in result.err


def test_files_that_are_none(launch_both: Launcher, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    for path, said in ((tmp_path, "directory"), (tmp_path / "missing", "no such file"), (tmp_path / "loop", "")):
        result = launch_both.call("run", path).wait()
        assert result.code == 78 and said in result.err and str(path) in result.err


def test_a_fifo_that_nobody_writes_can_be_stopped(launch: Launcher, tmp_path: Path) -> None:
    """The compiler waits for it, not we."""
    os.mkfifo(tmp_path / "fifo")
    running = launch.call("run", tmp_path / "fifo")
    wait_until(lambda: children(running.pid), "the compiler was started")
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_a_plan_with_a_flipped_byte_is_refused(launch_both: Launcher) -> None:
    """With a digest over all of it no flip passes, wherever it is; nothing is started."""
    plan = launch_both.compile(WEB).read_bytes()
    spoilt = launch_both.folder / "spoilt.plan"
    for at in range(8, len(plan), max(1, len(plan) // 40)):
        spoilt.write_bytes(plan[:at] + bytes([plan[at] ^ 0x10]) + plan[at + 1:])
        result = launch_both.call("run", spoilt).wait()
        assert (result.code, result.out) == (78, ""), at
        assert "cannot run" in result.err and str(spoilt) in result.err


def test_a_plan_cut_short_is_refused(launch: Launcher) -> None:
    plan = launch.compile(WEB).read_bytes()
    spoilt = launch.folder / "spoilt.plan"
    for size in (8, 9, 100, len(plan) // 2, len(plan) - 1):
        spoilt.write_bytes(plan[:size])
        assert launch.call("run", spoilt).wait().code == 78
    spoilt.write_bytes(plan + b"\0")
    assert launch.call("run", spoilt).wait().code == 78


def test_what_runs_is_what_was_read(launch: Launcher) -> None:
    """The plan is read into memory of our own: a file that shrinks later takes nothing from a running pod."""
    plan = launch.compile({"service.web": {"command": at_term(0), "backoff": {"initial": "10ms"}}})
    running = launch.start(plan)
    first = int(running.expect(r"ready (\d+)").group(1))
    plan.write_bytes(b"")
    os.kill(running.inside(first), signal.SIGKILL)
    running.expect(r"ready (\d+)")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


# --- words of its own


def test_version_names_libc_and_plan_format(minipod: Path) -> None:
    done = subprocess.run([minipod, "--version"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout.startswith("minipod ")
    assert f"plan format {lib.PLAN_VERSION}" in done.stdout
    assert "musl" in done.stdout or "glibc" in done.stdout


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_help_is_what_python_would_say(minipod: Path, words: list[str]) -> None:
    """csrc/usage.h is written by: python -m minipod.commands.usage_header."""
    done = subprocess.run([minipod, *words], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout.startswith(cli.usage()), done.stderr) == (0, True, "")


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_of_run_names_every_option(minipod: Path, word: str) -> None:
    done = subprocess.run([minipod, "run", word], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    options = ("--exit-code-from", "--report", "--set", "-- ARGS", "MINIPOD_GRACE")
    assert [option for option in options if option not in done.stdout] == []


def test_every_other_word_goes_to_python(launch: Launcher, tmp_path: Path) -> None:
    launch.write(WEB)
    result = launch.call("check", tmp_path / "pod.toml").wait()
    assert result.code == 0
    assert launch.call("no-such-word").wait().code == 64


def test_a_plan_made_by_compile_runs(launch: Launcher, tmp_path: Path) -> None:
    plan = tmp_path / "made.plan"
    assert launch.call("compile", launch.write(WEB), "-o", plan).wait().code == 0
    result = launch.call("run", plan, env={"MINIPOD_PYTHON": "/nonexistent", "PATH": "/bin:/usr/bin"}).wait()
    assert result.code == 0 and result.lines == ["web | started"]
