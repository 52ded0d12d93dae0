"""The command line of `python -m minipod`: words, exit codes, where things are printed."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from minipod import cli
from minipod.errors import BROKEN_PIPE, CONFIG, INTERNAL, SETUP, USAGE, WRITE, UsageError
from minipod.options import only_operand, sort_words

ROOT = Path(__file__).parents[2]
GOOD = (
    '[init.a]\ncommand = ["true"]\n[service.web]\ncommand = ["true"]\nafter = ["db"]\n'
    '[service.db]\ncommand = ["true"]\n'
)


@pytest.fixture
def pod(tmp_path):
    path = tmp_path / "pod.toml"
    path.write_text(GOOD)
    return path


def test_check_of_a_good_pod(pod, capsys):
    assert cli.main(["check", str(pod)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines() == [
        "pod pod: 3 units, 10s to stop",
        "  init     a    restart never",
        "  service  db   restart always",
        "  service  web  restart always  after db",
    ]


def test_check_says_what_else_is_done_for_a_unit(pod, capsys):
    keys = 'notify = "sd"\nwatchdog = "1s"\npre_stop = { sleep = "1s" }\nrestart_rules = [{ exit_codes = [3] }]\n'
    pod.write_text(GOOD + keys)
    assert cli.main(["check", str(pod)]) == 0
    row = "  service  db   restart always  watchdog, pre_stop, notify, restart_rules"
    assert capsys.readouterr().out.splitlines()[2] == row


def test_check_of_a_bad_pod(pod, capsys):
    pod.write_text(GOOD + "restrt = 1\nfoo = 2\n")
    assert cli.main(["check", str(pod)]) == CONFIG
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("error: unknown key") == 2
    assert "\x1b" not in said.err


def test_check_quietly(pod, capsys):
    pod.write_text(GOOD + 'log = "inherit"\n')
    assert cli.main(["check", "-q", str(pod)]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_prints_warnings_on_stderr(pod, capsys):
    pod.write_text(GOOD + 'log = "inherit"\n')
    assert cli.main(["check", str(pod)]) == 0
    said = capsys.readouterr()
    assert "note: there will be no logs" in said.err
    assert said.out.startswith("pod pod:")


def test_check_with_set(pod, capsys):
    assert cli.main(["check", "--set", "pod.name=shop", "--set=service.web.restart=never", str(pod)]) == 0
    assert capsys.readouterr().out.startswith("pod shop:")
    assert cli.main(["check", str(pod), "--exit-code-from", "web"]) == 0
    assert "ends with web" in capsys.readouterr().out
    assert cli.main(["check", str(pod), "--set", "pod.nmae=shop"]) == USAGE
    assert capsys.readouterr().err.startswith("--set: error: unknown key `nmae`\n")


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.toml")), ids=lambda path: path.name)
def test_pods_that_come_with_minipod_are_good(path, capsys):
    assert cli.main(["check", str(path)]) == 0
    assert capsys.readouterr().out.startswith("pod ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what to do"),
        (["chekc"], "unknown command chekc; did you mean check?"),
        (["puase"], "unknown command puase; did you mean pause?"),
        (["healht"], "unknown command healht; did you mean health?"),
        (["sh", "-c", "true"], "unknown command sh; a program stands behind --: minipod -- sh"),
        (["/bin/sh"], "unknown command /bin/sh; a program stands behind --: minipod -- /bin/sh"),
        (["\x1b[31m"], "unknown command \\x1b[31m"),
        (["--frobnicate"], "unknown command --frobnicate"),
        (["check"], "FILE is missing"),
        (["check", "a", "b"], "one FILE only, not also b"),
        (["check", "--quite", "a"], "unknown option --quite; did you mean --quiet?"),
        (["check", "--quiet=1", "a"], "--quiet takes no value"),
        (["check", "a", "--set"], "--set needs a value"),
        (["check", "a", "--set", "x"], "--set `x`: write KEY=VALUE"),
        (["schema", "x"], "schema takes no operand"),
        (["explain", "restrat"], "did you mean restart?"),
        (["explain", "a", "b"], "one KEY only"),
    ],
)
def test_mistakes_on_the_command_line(words, said, capsys):
    assert cli.main(words) == USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("minipod: ") and said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("word", sorted(cli.HELP))
def test_help(word, capsys):
    assert cli.main([word]) == 0
    out = capsys.readouterr().out
    assert all(f"minipod {name}" in out for name in ("run", *cli.WORDS))


@pytest.mark.parametrize("word", ["check", "schema", "explain"])
def test_help_of_a_command(word, capsys):
    assert cli.main([word, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"minipod {word}")


def test_schema_is_json(capsys):
    assert cli.main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")


def test_explain_lists_all_keys(capsys):
    assert cli.main(["explain"]) == 0
    assert "termination_grace_period" in capsys.readouterr().out


def make_command(folder: Path) -> Path:
    path = folder / "minipod"
    path.write_text('#!/bin/sh\necho "command: $*"\nexit 7\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("words", [["run", "pod.toml", "--", "-x"], ["--version"], ["--", "true", "run"]])
def test_the_commands_own_words_go_to_the_command(words, tmp_path, python):
    make_command(tmp_path)
    code = f"import sys; sys.executable = {str(tmp_path / 'python')!r}; from minipod.cli import main; main({words!r})"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stdout) == (7, f"command: {' '.join(words)}\n")


def test_no_command_to_be_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["run", "x"]) == SETUP
    assert "cannot find the minipod command" in capsys.readouterr().err


def test_a_mistake_of_its_own_is_no_mistake_of_the_pod(pod, monkeypatch, capsys):
    """A traceback for whoever reports it, and a code of its own: 1 would be a unit's."""
    monkeypatch.setattr("minipod.commands.check.summarize", lambda pod: pod.nothing)
    assert cli.main(["check", str(pod)]) == INTERNAL
    err = capsys.readouterr().err
    assert "Traceback" in err and "AttributeError" in err
    assert err.endswith("minipod: this is a mistake of minipod's own; please report it\n")


def test_nobody_reads_stdout(python):
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([python, "-m", "minipod", "schema"], stdout=write, stderr=subprocess.PIPE, timeout=50)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (BROKEN_PIPE, b"")


def test_stdout_is_full(python):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([python, "-m", "minipod", "schema"], stdout=full, stderr=subprocess.PIPE, timeout=50)
    assert (done.returncode, done.stderr) == (WRITE, b"minipod: cannot write: no space left on device\n")


def test_stderr_is_closed(python, tmp_path):
    done = subprocess.run(["/bin/sh", "-c", '"$0" -m minipod check nothing 2>&-', python], cwd=tmp_path, timeout=50)
    assert done.returncode == CONFIG


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours_on_a_terminal_only(variables, coloured, python, tmp_path):
    leader, terminal = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")} | variables
    done = subprocess.run(
        [python, "-m", "minipod", "check", "nothing"], stderr=terminal, env=env, cwd=tmp_path, timeout=50
    )
    said = os.read(leader, 4096)
    os.close(leader)
    os.close(terminal)
    assert done.returncode == CONFIG
    assert (b"\x1b[31;1merror:\x1b[0m" in said) == coloured


def test_check_needs_only_what_it_needs(python, pod):
    code = f"import sys; from minipod.cli import main; main(['check', {str(pod)!r}]); print(*sys.modules)"
    loaded = set(subprocess.check_output([python, "-c", code], text=True).split())
    unwanted = {"argparse", "cffi", "dataclasses", "difflib", "inspect", "json", "shlex", "minipod.reaper"}
    assert loaded & unwanted == set()


@pytest.mark.parametrize(
    ("words", "operands", "flags", "values"),
    [
        (["a", "-q", "b"], ["a", "b"], {"-q"}, {}),
        (["--set", "x=1", "--set=y=2=3", "a"], ["a"], set(), {"--set": ["x=1", "y=2=3"]}),
        (["--", "-q", "--"], ["-q", "--"], set(), {}),
        (["-", "--set", "-q"], ["-"], set(), {"--set": ["-q"]}),
    ],
)
def test_words_are_sorted(words, operands, flags, values):
    found = sort_words(words, flags=("-q",), valued=("--set",))
    assert (found.operands, found.flags, found.values) == (operands, flags, values)


def test_the_last_value_counts():
    found = sort_words(["-o", "a", "-o", "b"], valued=("-o",))
    assert (found.last("-o"), found.last("-p")) == ("b", None)
    with pytest.raises(UsageError):
        only_operand(found, "FILE")
