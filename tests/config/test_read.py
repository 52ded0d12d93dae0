"""Bad input of every kind ends in one clear error, quickly; good input reads nothing that is only for reports."""

import os
import subprocess
import time

import pytest

from minipod.config.locate import SHOWN
from minipod.config.read import read_pod
from minipod.config.text import MOST_BYTES
from minipod.errors import CONFIG, ConfigError

SERVICE = '[service.web]\ncommand = ["true"]\n'


def refusal(path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_pod(str(path))
    assert caught.value.exit_code == CONFIG
    (problem,) = caught.value.problems
    assert problem.place.name == str(path)
    return problem.message


def test_missing_file(tmp_path):
    assert refusal(tmp_path / "no.toml") == "cannot read it: there is no such file"


def test_directory(tmp_path):
    assert refusal(tmp_path) == "cannot read it: it is a directory"


def test_unreadable_file(tmp_path, monkeypatch):
    """Root may read everything, so the system's refusal is played."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "pod.toml"
    path.write_text(SERVICE)
    monkeypatch.setattr(os, "open", refuse)
    assert refusal(path) == "cannot read it: permission denied"


def test_file_as_a_directory(tmp_path):
    path = tmp_path / "pod.toml"
    path.write_text(SERVICE)
    assert refusal(path / "x") == "cannot read it: not a directory"


def test_nul_in_the_path():
    assert refusal("a\0b") == "cannot read it: no file can have that name"


def test_endless_device():
    assert refusal("/dev/zero") == "cannot read it: it is larger than 1 MiB"


@pytest.mark.parametrize(("line", "said"), [("\n", "no service"), ("a\n", "larger"), ("# x\n", "larger")])
def test_million_lines(line, said, tmp_path):
    path = tmp_path / "pod.toml"
    path.write_text(line * 1_000_000)
    assert said in refusal(path)


def test_as_many_mistakes_as_fit(tmp_path):
    """Suggestions are made for what is shown only, or this would take minutes."""
    path = tmp_path / "pod.toml"
    path.write_text("".join(f"resta{i} = 1\n" for i in range(MOST_BYTES // 16)) + SERVICE)
    begin = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        read_pod(str(path))
    assert len(caught.value.problems) == SHOWN
    assert caught.value.omitted == MOST_BYTES // 16 - SHOWN
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize("text", ["[" * 3000, "a = " + "{a = " * 3000, "a = " + "[" * 3000 + "]" * 3000])
def test_nested_brackets(text, tmp_path):
    path = tmp_path / "pod.toml"
    path.write_text(SERVICE + text)
    message = refusal(path)
    assert "nested too deep" in message or text.startswith("[") and "no valid TOML" in message


def test_byte_order_mark_is_no_mistake(tmp_path):
    path = tmp_path / "pod.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SERVICE.encode())
    assert read_pod(str(path)).pod.name == "pod"
    path.write_bytes(b"\xef\xbb\xbf\xff")
    assert "byte 3 is 0xff" in refusal(path)


def test_standard_input(python, tmp_path):
    words = [python, "-m", "minipod", "check", "-"]
    run = subprocess.run(words, input=SERVICE + "restrt = 1\n", capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == CONFIG
    assert run.stderr.startswith("standard input:3:1: error: unknown key `restrt`")


def test_good_pod_costs_no_report(python, tmp_path):
    """Start-up time is a feature: nothing is imported that only mistakes, people or other commands need."""
    path = tmp_path / "pod.toml"
    more = 'env = { A = "$(B)" }\nafter = ["db"]\n[service.db]\ncommand = ["true"]\n'
    path.write_text('[pod]\nmain = "web"\n' + SERVICE + more)
    code = f"import sys; from minipod.config.read import read_pod; read_pod({str(path)!r}); print(*sys.modules)"
    loaded = set(subprocess.check_output([python, "-c", code], text=True).split())
    unwanted = {"argparse", "dataclasses", "difflib", "inspect", "json", "shlex", "subprocess", "unicodedata"}
    ours = "defaults locate machine overrides render scan shellwords suggest syntax unknown".split()
    assert loaded & (unwanted | {f"minipod.config.{name}" for name in ours}) == set()
