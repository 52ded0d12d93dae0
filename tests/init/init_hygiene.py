"""Checks of what a program is given, and of what an init keeps."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from costs import open_files
from init_check import check
from init_trial import Stage, Trial, program
from system_harness import Running, children, status

TOPIC = "Hygiene"
VARIABLES = [b"B=2", b"A=1", b"A=again", b"EMPTY=", b"LATIN=\xe9\xff\x80", b"no equals sign", b"=", b"=begins",
             b"LINES=one\ntwo", b"MINIPOD_UNIT=not ours", b"NOTIFY_SOCKET=@x", b"LISTEN_FDS=2", b"$(HOME)=$(HOME)",
             b"Z="]


def given(trial: Trial, *words: object, wrap: list[str] | None = None, **how: Any) -> dict[str, Any]:
    """What a program finds, started by the init."""
    return _read(trial, trial.command, words, wrap or [], how)


def given_without(trial: Trial, *words: object, wrap: list[str] | None = None, **how: Any) -> dict[str, Any]:
    """The same without an init: started by whatever would become it."""
    return _read(trial, (), words, wrap or [], how)


def _read(trial: Trial, command: tuple[str, ...], words: tuple, wrap: list[str], how: dict) -> dict[str, Any]:
    path = trial.folder / "given"
    path.unlink(missing_ok=True)
    asker = program("given", path)
    result = trial.run(*asker, *words, wrap=wrap, command=command or ("env", "--"), **how)
    assert result.code == 0, result
    return json.loads(path.read_text())


def same(trial: Trial, key: str, *words: object, **how: Any) -> Any:
    with_init, without = given(trial, *words, **how)[key], given_without(trial, *words, **how)[key]
    assert with_init == without, f"{with_init} instead of {without}"
    return with_init


# --- signals


def check_signals(trial: Trial, wrap: list[str], line: str) -> int:
    return same(trial, "signals", wrap=wrap)[line]


@check(TOPIC, "the program has the signal mask that the init was given")
def the_mask_is_handed_on(trial: Trial) -> None:
    for numbers in ("10", "1,15,20,21,22,40,64", "all"):
        assert check_signals(trial, program("blocking", numbers), "SigBlk")
    assert not same(trial, "signals")["SigBlk"]


@check(TOPIC, "and what was ignored is")
def ignored_signals_stay_ignored(trial: Trial) -> None:
    assert check_signals(trial, program("ignoring", "1,2,10,13,20,21,22,40"), "SigIgn")


@check(TOPIC, "but for CHLD, which is at its default")
def chld_is_at_its_default(trial: Trial) -> None:
    hup = 1 << signal.SIGHUP - 1
    assert given(trial, wrap=program("ignoring", "1,17"))["signals"]["SigIgn"] & ~given_by_python() == hup


def given_by_python() -> int:
    """What an interpreter ignores by itself: PIPE and XFSZ."""
    return 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1


# --- descriptors


@check(TOPIC, "it has the descriptors that were given, at their numbers, and none more")
def descriptors_are_handed_on(trial: Trial) -> None:
    files = [os.open(trial.folder / f"file{i}", os.O_CREAT | os.O_RDWR) for i in range(3)]
    numbers = [os.dup2(fd, number) for fd, number in zip(files, (60, 61, 200), strict=True)]
    for fd in files:
        os.close(fd)
    try:
        fds = same(trial, "fds", pass_fds=tuple(numbers), stdout=numbers[0], stderr=numbers[1])
    finally:
        for fd in numbers:
            os.close(fd)
    assert {"60", "61", "200"} <= set(fds)


@check(TOPIC, "the init keeps none of them above 2")
def no_descriptor_is_kept(trial: Trial) -> None:
    """Soon after its program has begun: nobody waits for that."""
    reading, writing = os.pipe()
    run = trial.start("bash", "-c", f"exec {writing}>&-; echo closed; exec sleep 1000", pass_fds=(writing,))
    os.close(writing)
    run.expect("closed")
    pipe = f"pipe:[{os.fstat(reading).st_ino}]"
    run.until(lambda: pipe not in open_files(run.pid).values(), "it has let go")
    os.close(reading)
    run.send(signal.SIGTERM)
    run.end()


@check(TOPIC, "nor the directory that it was started in")
def no_directory_is_kept(trial: Trial) -> None:
    directory = trial.folder / "directory"
    directory.mkdir()
    run = trial.start("sleep", "1000", cwd=directory)
    child = run.program("sleep")
    assert os.readlink(f"/proc/{child}/cwd") == str(directory)
    run.until(lambda: os.readlink(f"/proc/{run.pid}/cwd") == "/", "it has left it")
    run.send(signal.SIGTERM)
    run.end()


# --- words


@check(TOPIC, "the environment is that of the init: bytes, order, duplicates, words without \"=\"")
def the_environment_is_handed_on(trial: Trial) -> None:
    path = trial.folder / "variables"
    path.write_bytes(b"".join(variable + b"\0" for variable in VARIABLES))
    assert environment(trial, path) == VARIABLES


@check(TOPIC, "10,000 variables, too")
def a_large_environment_is_handed_on(trial: Trial) -> None:
    path = trial.folder / "variables"
    variables = [b"V%d=%d" % (i, i * i) for i in range(10_000)]
    path.write_bytes(b"".join(variable + b"\0" for variable in variables))
    assert environment(trial, path) == variables


def environment(trial: Trial, variables: Path) -> list[bytes]:
    """As the program sees it, where the init is executed with the variables of a file."""
    command = _absolute(trial.command)
    path = trial.folder / "given"
    wrap = [*program("with_environment", variables)]
    asker = [sys.executable, *program("given", path)[1:]]
    result = trial.run(*asker, wrap=wrap, command=command)
    assert result.code == 0, result
    return bytes.fromhex(json.loads(path.read_text())["environment"]).split(b"\0")[:-1]


def _absolute(command: tuple[str, ...]) -> tuple[str, ...]:
    import shutil

    return (shutil.which(command[0]) or command[0], *command[1:])


@check(TOPIC, "arguments: 100 kB in one, empty ones, what looks like options, bytes that are no text")
def arguments_are_handed_on(trial: Trial) -> None:
    words = ["x" * 100_000, "", "--", "-g", "--version", "$(HOME)", "$HOME", "a b", "\n", b"\xff\xfe", ""]
    same(trial, "arguments", *words)


@check(TOPIC, "LISTEN_PID and WATCHDOG_PID that named the init name the program")
def pid_variables_follow_the_program(trial: Trial) -> None:
    found = given(trial, wrap=program("with_pid_variables", "own"))
    number = str(found["pid"]).encode()
    shown = variables_of(found)
    assert shown[b"LISTEN_PID"] == shown[b"WATCHDOG_PID"] == number
    assert shown[b"LISTEN_FDS"] == b"1" and shown[b"WATCHDOG_USEC"] == b"1000000"


@check(TOPIC, "and are left alone if they named somebody else")
def other_pid_variables_are_left_alone(trial: Trial) -> None:
    shown = variables_of(given(trial, wrap=program("with_pid_variables", "other")))
    assert shown[b"LISTEN_PID"] == shown[b"WATCHDOG_PID"] == b"1000000"


def variables_of(found: dict[str, Any]) -> dict[bytes, bytes]:
    parts = (variable.partition(b"=") for variable in bytes.fromhex(found["environment"]).split(b"\0")[:-1])
    return {name: value for name, _, value in parts}


# --- all else


@check(TOPIC, "directory, umask, limits and niceness are those that the init was given")
def circumstances_are_handed_on(trial: Trial) -> None:
    wrap = program("in_circumstances")
    with_init, without = given(trial, wrap=wrap), given_without(trial, wrap=wrap)
    for key in ("directory", "umask", "limits", "nice"):
        assert with_init[key] == without[key], key


@check(TOPIC, "the program leads a process group of its own")
def the_program_leads_a_group(trial: Trial) -> None:
    found = given(trial)
    assert found["group"] == found["pid"]


@check(TOPIC, "the init sleeps while nothing happens")
def it_sleeps(trial: Trial) -> None:
    """The kernel itself may wake anybody now and then, but not in each of several spells."""
    run = trial.start("sleep", "1000")
    run.program("sleep")
    run.until(lambda: _rests(run), "it sleeps for more than a second")
    run.send(signal.SIGTERM)
    run.end()


def _rests(run: Running) -> bool:
    before = _switches(run.pid)
    time.sleep(1.2)
    return _switches(run.pid) == before


def _switches(pid: int) -> int:
    shown = status(pid)
    return int(shown["voluntary_ctxt_switches"]) + int(shown["nonvoluntary_ctxt_switches"])


@check(TOPIC, "children from before its time are reaped, and are ended with the program", Stage.CHILD, Stage.INIT)
def children_from_before_are_its_own(trial: Trial) -> None:
    run = trial.start("sh", "-c", "echo ready; read word; exit 3", wrap=program("with_children"), stdin=-1)
    run.expect("ready")
    run.until(lambda: len(children(run.pid)) == 2, "the dead one is reaped")
    run.process.stdin.close()
    result = run.end()
    assert result.code == 3 and "left behind" not in result.err
