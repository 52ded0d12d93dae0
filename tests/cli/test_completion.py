"""Completion: what is proposed, and that real shells do propose it."""

import os
import pty
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_pod import FakePod, unit

from minipod import cli
from minipod.commands import complete
from minipod.commands.complete import FILES, joined
from minipod.commands.completion import SCRIPTS

# minipod as a shell finds it: completes, and otherwise only says what it was told.
STUB = """#!/bin/sh
case $1 in complete | completion) exec {} -m minipod "$@" ;; esac
echo "<$*>"
"""


@pytest.fixture
def shop(fake_pod: FakePod) -> FakePod:
    fake_pod.units = [unit("web"), unit("worker"), unit("db"), unit("migrate", "init")]
    return fake_pod


@pytest.fixture
def proposed(say: Callable) -> Callable[..., list[str]]:
    """What may stand for the last of the words."""

    def run(*words: str, shell: str = "bash") -> list[str]:
        code, out, err = say("complete", shell, *words)
        assert (code, err) == (0, "")
        return out.splitlines()

    return run


def test_words(proposed: Callable) -> None:
    assert set(proposed("")) == {*cli.WORDS, "run", "health", "ready", "ctl", "pause"}
    assert proposed("des") == ["describe"]
    assert proposed("nonsense", "") == []


@pytest.mark.parametrize("word", ["get", "ps", "describe", "logs", "stop", "exec", "top", "wait"])
def test_units(shop: FakePod, proposed: Callable, word: str) -> None:
    assert proposed(word, "w") == ["web", "worker"]
    assert len(proposed(word, "")) == 4


def test_what_was_named_is_not_proposed_again(shop: FakePod, proposed: Callable) -> None:
    assert proposed("get", "web", "w") == ["worker"]
    assert proposed("get", "--", "web", "w") == ["worker"]


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (["get", "-o", ""], ["wide", "json", "yaml", "name"]),
        (["get", "--output", "n"], ["name"]),
        (["get", "--output=j"], ["--output=json"]),
        (["get", "--output", "=", "j"], ["json"]),
        (["get", "--output", "="], ["wide", "json", "yaml", "name"]),
        (["wait", "--for", "=", "ex"], ["exit"]),
        (["get", "--no"], ["--no-headers"]),
        (["signal", "HU"], ["HUP"]),
        (["signal", "HUP", "d"], ["db"]),
        (["signal", "-s", "HUP", "d"], ["db"]),
        (["signal", "-s", "HU"], ["HUP"]),
        (["explain", "termination_g"], ["termination_grace_period"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["top", "--sort", "m"], ["memory"]),
        (["get", "--pod", ""], []),
        (["check", ""], [FILES]),
        (["compile", "pod.toml", "-o", ""], [FILES]),
        (["exec", "web", "l"], [FILES]),
        (["--", "l"], [FILES]),
        (["analyze", "--plan", "=", "x"], [FILES]),
    ],
)
def test_values(shop: FakePod, proposed: Callable, words: list[str], there: list[str]) -> None:
    assert proposed(*words) == there


def test_the_static_commands_words(shop: FakePod, proposed: Callable) -> None:
    """What it does by itself it tells by itself."""
    assert {"status", "stop", "logs", "events"} <= set(proposed("ctl", ""))
    assert proposed("ctl", "stop", "d") == ["db"]
    assert "--report" in proposed("run", "--")
    assert proposed("run", "") == [FILES]


def test_options_of_one_command(shop: FakePod, proposed: Callable) -> None:
    assert {"-g", "--grace", "--exit-code", "--report", "--license", "--help", "--"} <= set(proposed("-"))
    assert proposed("--re") == ["--rewrite", "--report"]
    assert proposed("-g", "--pd") == ["--pdeathsig"]
    assert proposed("-g", "-p", "WINC") == ["WINCH"]
    assert proposed("--report", "") == proposed("-vg", "--", "") == proposed("--", "sh", "-") == [FILES]
    assert proposed("-g", "") == []


def test_meanings(shop: FakePod, proposed: Callable) -> None:
    assert proposed("get", "d", shell="fish") == ["db\tservice"]
    assert proposed("get", "m", shell="zsh") == ["migrate:init"]
    assert "-o:wide: with process ids and reasons; json and yaml: the pod as kubectl would have it, with" in proposed(
        "get", "-", shell="zsh"
    )


@pytest.mark.parametrize(
    ("words", "meant", "cut"),
    [
        (["get", "--for", "=", "re"], ["get", "--for=re"], 6),
        (["get", "--for", "="], ["get", "--for="], 6),
        (["get", "--for", "=", "re", "w"], ["get", "--for=re", "w"], 0),
        (["--set", "a", "=", ""], ["--set", "a", "=", ""], 0),
        (["get", ""], ["get", ""], 0),
    ],
)
def test_words_as_they_were_meant(words: list[str], meant: list[str], cut: int) -> None:
    assert joined(words) == (meant, cut)


def test_no_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proposed: Callable) -> None:
    monkeypatch.setenv("MINIPOD_SOCKET", str(tmp_path / "none"))
    assert proposed("get", "") == []


def test_a_pod_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proposed: Callable) -> None:
    """Stopped by a debugger, say. Nobody waits for it."""
    monkeypatch.setattr(complete, "WITHIN", 0.05)
    monkeypatch.setenv("MINIPOD_SOCKET", str(tmp_path / "mute.sock"))
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute.sock"))
        mute.listen()
        assert proposed("get", "") == []


def test_mistakes(say: Callable) -> None:
    assert say("completion").code == say("completion", "csh").code == say("complete", "csh", "").code == 64
    assert "take bash, zsh, fish" in say("completion", "csh").err


# --- real shells ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_the_script_is_one(shell: str, say: Callable) -> None:
    code, script, _ = say("completion", shell)
    done = subprocess.run([program(shell), "-n"], input=script, capture_output=True, text=True, timeout=60)
    assert (code, done.returncode, done.stderr) == (0, 0, "")


def program(shell: str) -> str:
    """The shell; scripts/needs.sh has all three."""
    path = shutil.which(shell)
    assert path is not None, shell
    return path


@pytest.fixture
def environment(shop: FakePod, tmp_path: Path) -> dict[str, str]:
    """With a minipod on PATH that tells what it was told, and nobody's start-up files."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "minipod").write_text(STUB.format(shlex.quote(sys.executable)))
    (folder / "minipod").chmod(0o755)
    (tmp_path / "shop.toml").touch()
    kept = {name: value for name, value in os.environ.items() if name in ("MINIPOD_SOCKET", "PYTHONPATH", "LANG")}
    return {**kept, "PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path), "TERM": "xterm", "PS1": "> "}


INTERACTIVE = {
    "bash": (["--norc", "--noprofile", "-i"], "source <(minipod completion bash)"),
    "zsh": (["-f", "-i"], "autoload -Uz compinit; compinit -u -D; source <(minipod completion zsh)"),
}
TYPED = [
    ("minipod desc\tweb", "<describe web>"),
    ("minipod describe d\t", "<describe db>"),
    ("minipod get --output=j\t", "<get --output=json>"),
    ("minipod wait --for st\tdb", "<wait --for started db>"),
    ("minipod check sh\t", "<check shop.toml>"),
    ("minipod get --no-h\t", "<get --no-headers>"),
]


@pytest.fixture
def terminal(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """Starts a shell on a terminal of its own; the other end of that."""
    started: list[tuple[subprocess.Popen, int]] = []

    def start(shell: str) -> int:
        ours, theirs = pty.openpty()
        words = [program(shell), *INTERACTIVE[shell][0]]
        running = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=tmp_path, start_new_session=True
        )
        os.close(theirs)
        started.append((running, ours))
        return ours

    yield start
    for running, ours in started:
        running.kill()
        running.wait()
        os.close(ours)


def read_until(fd: int, wanted: str) -> None:
    said = b""
    while wanted.encode() not in said:
        more = os.read(fd, 4096)
        assert more, said
        said += more


@pytest.mark.parametrize("shell", sorted(INTERACTIVE))
def test_at_the_keyboard(shell: str, terminal: Callable[[str], int]) -> None:
    """Each line is what a person types; minipod says what it got of it."""
    keyboard = terminal(shell)
    os.write(keyboard, f"{INTERACTIVE[shell][1]}; echo rea''dy\n".encode())
    read_until(keyboard, "ready")
    for typed, got in TYPED:
        os.write(keyboard, f"{typed}\n".encode())
        read_until(keyboard, got)


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("minipod get d", ["db\tservice"]),
        ("minipod get --output=j", ["--output=json"]),
        ("minipod describe web w", ["worker\tservice"]),
        ("minipod check sh", ["shop.toml"]),
        ("minipod wait --for s", ["started"]),
    ],
)
def test_fish(environment: dict[str, str], tmp_path: Path, line: str, there: list[str]) -> None:
    command = f"minipod completion fish | source; complete -C {shlex.quote(line)}"
    words = [program("fish"), "-N", "-c", command]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == there
