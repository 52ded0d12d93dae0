"""`minipod compile` and `minipod plan` as commands: exit codes, where the bytes go, nothing left half done."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from minipod import cli
from minipod.commands import compile as compile_command
from minipod.reaper.decode import decode
from minipod.reaper.records import PlanRefused

POD = """\
[service.web]
command = ["sleep", "1"]
env.PORT = "80"
"""


@pytest.fixture
def pod(tmp_path: Path) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(POD, encoding="utf-8")
    return path


def run(*words: str | Path, **more) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "minipod", *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False, **more)


def test_a_plan_is_written(pod: Path, tmp_path: Path) -> None:
    plan = tmp_path / "shop.plan"
    done = run("compile", pod, "-o", plan)
    assert (done.returncode, done.stdout) == (0, b"")
    assert decode(plan.read_bytes()).name == "shop"
    assert stat.S_IMODE(plan.stat().st_mode) == 0o644
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shop.plan", "shop.toml"]


def test_mode_whatever_the_umask(pod: Path, tmp_path: Path) -> None:
    assert run("compile", pod, "-o", tmp_path / "p", umask=0o077).returncode == 0
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o644


def test_standard_output_and_a_descriptor_get_the_same(pod: Path) -> None:
    piped = run("compile", pod, "-o", "-")
    reading, writing = os.pipe()
    done = run("compile", "--output-fd", str(writing), "--", pod, pass_fds=[writing])
    os.close(writing)
    with open(reading, "rb") as pipe:
        assert pipe.read() == piped.stdout
    assert (done.returncode, done.stdout, piped.returncode) == (0, b"", 0)
    assert decode(piped.stdout).units[0].argv == ("sleep", "1")


def test_overrides(pod: Path) -> None:
    done = run("compile", "--set", "service.web.env.PORT=81", "--exit-code-from", "web", pod, "-o", "-")
    plan = decode(done.stdout)
    assert (plan.main_unit, plan.units[0].env) == (0, (("PORT", "81"),))


def test_a_mistake_writes_nothing(pod: Path, tmp_path: Path) -> None:
    pod.write_text(POD + "nonsense = 1\n", encoding="utf-8")
    plan = tmp_path / "shop.plan"
    plan.write_bytes(b"before")
    done = run("compile", pod, "-o", plan)
    assert (done.returncode, done.stdout) == (78, b"")
    assert b"nonsense" in done.stderr
    assert plan.read_bytes() == b"before"
    assert run("compile", pod, "-o", "-").stdout == b""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compile", "{pod}"], "say where the plan goes"),
        (["compile", "-o", "x"], "FILE is missing"),
        (["compile", "{pod}", "-o"], "-o needs a value"),
        (["compile", "{pod}", "-o", "{pod}"], "would replace the pod file"),
        (["compile", "{pod}", "--output-fd", "x"], "--output-fd needs a number"),
        (["compile", "{pod}", "--out", "x"], "unknown option --out"),
        (["plan", "{pod}", "-o", "yaml"], "-o takes text or json"),
        (["plan"], "FILE is missing"),
    ],
    ids=" ".join,
)
def test_wrong_words(pod: Path, words: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main([word.format(pod=pod) for word in words]) == 64
    assert said in capfd.readouterr().err


def test_a_terminal_gets_no_bytes(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda fd: fd == 1)
    assert cli.main(["compile", str(pod), "-o", "-"]) == 64


@pytest.mark.parametrize("output", ["no/such/folder/p", "."])
def test_what_cannot_be_written(pod: Path, output: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["compile", str(pod), "-o", output]) == 74
    assert "cannot write it" in capfd.readouterr().err


def test_a_full_disk_leaves_nothing_behind(
    pod: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "")

    (tmp_path / "out").mkdir()
    monkeypatch.setattr(compile_command.os, "write", full)
    code = cli.main(["compile", str(pod), "-o", str(tmp_path / "out/p")])
    monkeypatch.undo()
    assert (code, list((tmp_path / "out").iterdir())) == (74, [])
    assert "no space left on device" in capfd.readouterr().err


def test_a_link_stays_a_link(pod: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real").write_bytes(b"before")
    assert cli.main(["compile", str(pod), "-o", str(tmp_path / "link")]) == 0
    assert (tmp_path / "link").is_symlink()
    assert decode((tmp_path / "real").read_bytes()).name == "shop"


def test_a_pipe_is_written_to_and_stays(pod: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as reading:
        assert cli.main(["compile", str(pod), "-o", str(pipe)]) == 0
        assert decode(reading.read()).name == "shop"
    assert pipe.is_fifo()


def test_what_the_core_would_refuse(
    pod: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> bytes:
        raise PlanRefused("it is larger than 64 MiB")

    monkeypatch.setattr(compile_command, "encode", refuse)
    assert cli.main(["compile", str(pod), "-o", "-"]) == 78
    assert "no plan can be made of it: it is larger than 64 MiB" in capfd.readouterr().err


def test_plan_prints_the_same_of_a_pod_and_of_its_plan(pod: Path, tmp_path: Path) -> None:
    assert run("compile", pod, "-o", tmp_path / "p").returncode == 0
    of_pod, of_plan = run("plan", pod), run("plan", tmp_path / "p")
    assert (of_pod.returncode, of_plan.returncode) == (0, 0)
    assert of_pod.stdout == of_plan.stdout
    assert of_pod.stdout.startswith(b"pod shop\n")


def test_plan_as_json(pod: Path) -> None:
    assert json.loads(run("plan", pod, "-o", "json").stdout)["units"][0]["name"] == "web"


def test_plan_of_damaged_bytes(pod: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "damaged.plan"
    assert cli.main(["compile", str(pod), "-o", str(damaged)]) == 0
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    assert cli.main(["plan", str(damaged)]) == 78
    assert "cannot run this plan: it is damaged" in capfd.readouterr().err


def test_a_plan_takes_no_overrides(pod: Path, tmp_path: Path) -> None:
    plan = str(tmp_path / "p")
    assert cli.main(["compile", str(pod), "-o", plan]) == 0
    assert cli.main(["plan", "--set", "pod.name=x", plan]) == 64


@pytest.mark.parametrize("path", ["no-such-file", "."])
def test_plan_of_what_is_no_file(path: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", path]) == 78
    assert "cannot read it" in capfd.readouterr().err


HEAVY = (
    "argparse ast cffi copy dataclasses difflib dis hypothesis importlib.metadata inspect json pathlib pickle random "
    "shlex shutil signal socket subprocess tempfile textwrap tokenize weakref "
    "minipod.config.defaults minipod.config.overrides minipod.config.render minipod.config.suggest "
    "minipod.reaper.decode minipod.supervisor.fate minipod.supervisor.pod minipod.supervisor.table "
    "minipod.supervisor.verdict minipod.supervisor.vocabulary"
).split()


@pytest.mark.parametrize("more", ["", '[init.a]\ncommand = ["true"]\n[sidecar.b]\ncommand = ["true"]\n'])
def test_the_good_path_imports_little(more: str, pod: Path, tmp_path: Path) -> None:
    """Start-up time is a feature: what the compiler must never load, for any pod."""
    pod.write_text(POD + more, encoding="utf-8")
    script = (
        "import sys\nfrom minipod.cli import main\n"
        f"assert main(['compile', {str(pod)!r}, '-o', {str(tmp_path / 'p')!r}]) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


TLS = (
    POD + 'liveness_probe.http_get = { port = 443, scheme = "https" }\n'
    'pre_stop.http_get = { port = 80, host = "db" }\n'
)


def test_a_plan_without_python_holds_nothing_that_needs_it(pod: Path, tmp_path: Path) -> None:
    pod.write_text(TLS, encoding="utf-8")
    done = run("compile", pod, "-o", tmp_path / "p")
    assert (done.returncode, (tmp_path / "p").exists()) == (78, False)
    assert b"shop.toml:4:1: error: `liveness_probe` of `web` needs Python where the pod runs" in done.stderr
    assert b"PID 1 speaks no TLS" in done.stderr and b"looks up no names" in done.stderr
    assert b"--python" in done.stderr


def test_who_says_that_python_will_be_there(pod: Path) -> None:
    pod.write_text(TLS, encoding="utf-8")
    done = run("compile", "--python", "/opt/py/bin/python3", pod, "-o", "-")
    assert [task.argv[0] for task in decode(done.stdout).units[0].errands] == ["/opt/py/bin/python3"] * 2


def test_pid_1_that_compiles_has_python(pod: Path) -> None:
    pod.write_text(TLS, encoding="utf-8")
    reading, writing = os.pipe()
    done = run("compile", "--output-fd", str(writing), "--", pod, pass_fds=[writing])
    os.close(writing)
    with open(reading, "rb") as pipe:
        plan = decode(pipe.read())
    assert (done.returncode, done.stderr) == (0, b"")
    assert [task.argv[0] for task in plan.units[0].errands] == [sys.executable] * 2


def test_a_pod_without_probes_does_not_pay_for_them(pod: Path) -> None:
    words = f"['compile', '--output-fd', str(os.open('/dev/null', 1)), {str(pod)!r}]"
    code = f"import os, sys; from minipod.cli import main; assert main({words}) == 0; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    later = {"minipod.reaper.requests", "minipod.config.probes", "minipod.config.requests", "minipod.hosts", "socket"}
    assert later.isdisjoint(loaded)
