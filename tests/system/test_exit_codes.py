"""The exit-code contract (DESIGN.md section 6), for all 256 codes and all signals, in every role a unit can have."""

import resource
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from system_harness import SLEEP, Launcher, at_term, bare_sh, sh, tool

CODES = range(256)
# DEADLY ends a process that does nothing about it: also 32 and 33, which are the C library's own.
HARMLESS = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
STOPPING = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
DEADLY = [number for number in range(1, 65) if number not in HARMLESS | STOPPING]
AT_ONCE = 8

ENDING = '[ "$DO" = code ] && exit $N; kill -$N $$; sleep 1000'
ENDS = sh(ENDING)
# It must end by itself where the unit under test does well, and never before where it does not.
WITNESS = sh('[ "$DO$N" = code0 ] || exec sleep 1000')

ROLES = {
    "main": {"pod": {"main": "unit"}, "service.unit": {"command": ENDS}, "service.other": {"command": SLEEP}},
    "only service": {"service.unit": {"command": ENDS, "restart": "never"}},
    "essential service": {
        "service.unit": {"command": ENDS, "restart": "never", "essential": True},
        "service.other": {"command": WITNESS, "restart": "never"},
    },
    "init": {"init.unit": {"command": ENDS}, "service.other": {"command": ["true"], "restart": "never"}},
    "essential sidecar": {
        "sidecar.unit": {"command": ENDS, "restart": "never", "essential": True},
        "service.other": {"command": WITNESS, "restart": "never"},
    },
    "gave up": {
        "service.unit": {"command": ENDS, "restart": "on_failure", "max_restarts": 1, "backoff": {"initial": "1ms"}},
        "service.other": {"command": WITNESS, "restart": "never"},
    },
}


@pytest.fixture(autouse=True)
def no_cores() -> Iterator[None]:
    """Half of the signals would write a core file."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def cases() -> Iterator[tuple[str, int, int]]:
    """What the unit does, and what must come of it."""
    for code in CODES:
        yield "code", code, code
    for number in DEADLY:
        yield "signal", number, 128 + number


def ends(launch: Launcher, words: Sequence[object]) -> dict[tuple[str, int], int]:
    """The exit code of each case, some at a time. Runs bare, because there are hundreds."""
    found = {}
    waiting = list(cases())
    while waiting:
        batch, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
        runs = [
            (case, launch.call(*words, env={"DO": case[0], "N": str(case[1])}, stderr=subprocess.DEVNULL))
            for case in batch
        ]
        found.update({case[:2]: run.wait().code for case, run in runs})
        launch.close()
    return found


def wanted() -> dict[tuple[str, int], int]:
    return {(what, number): code for what, number, code in cases()}


@pytest.mark.parametrize("role", ROLES)
def test_every_code_and_signal_is_handed_on(launch: Launcher, role: str) -> None:
    plan = launch.compile(ROLES[role])
    assert ends(launch, ["run", plan]) == wanted()


def test_every_code_and_signal_is_handed_on_when_not_pid_1(launch_as_child: Launcher) -> None:
    plan = launch_as_child.compile(ROLES["main"])
    assert ends(launch_as_child, ["run", plan]) == wanted()


def test_one_program_hands_every_code_and_signal_on(launch_both: Launcher) -> None:
    assert ends(launch_both, ["--", *bare_sh(ENDING)]) == wanted()


# --- exit_codes


def test_exit_codes_count_as_others(launch_both: Launcher) -> None:
    """Remapped before any policy sees them; the report shows both."""
    codes = {"143": 0, "SIGHUP": 0, "7": 0, "3": 4, "0": 9, "SIGKILL": 137}
    pod = {"service.unit": {"command": ENDS, "restart": "never", "exit_codes": codes}}
    plan = launch_both.compile(pod)
    for what, number, raw, code in (
        ("code", 143, 143, 0),
        ("signal", 15, 143, 0),
        ("signal", 1, 129, 0),
        ("code", 7, 7, 0),
        ("code", 3, 3, 4),
        ("code", 0, 0, 9),
        ("signal", 9, 137, 137),
        ("code", 5, 5, 5),
    ):
        result = launch_both.run(plan, env={"DO": what, "N": str(number)})
        unit = result.unit("unit")
        assert (result.code, unit["exitCode"], unit["rawExitCode"]) == (code, code, raw), (what, number)
        assert unit["signal"] == (number if what == "signal" else 0)
        assert result.report["phase"] == ("Failed" if code else "Succeeded")


def test_a_remapped_code_is_what_restarts_go_by(launch: Launcher, tmp_path: Path) -> None:
    """3 counts as a success, so on_failure has nothing to restart."""
    pod = {"service.unit": {"command": sh("echo ran; exit 3"), "restart": "on_failure", "exit_codes": {"3": 0}}}
    result = launch.run(pod)
    assert result.code == 0 and result.lines == ["unit | ran"]


# --- told to stop: the truth of the services



DIES = sh("echo ready; exec sleep 1000")
IGNORES = tool("stubborn")

TRUTH = {
    # name: (pod, lines to wait for, exit code, who decided)
    "all end with 0": ({"service.a": {"command": at_term(0)}, "service.b": {"command": at_term(0)}}, 2, 0, None),
    "the first in file order that did not": (
        {"service.a": {"command": at_term(0)}, "service.b": {"command": at_term(6)},
         "service.c": {"command": at_term(5)}}, 3, 6, "b",
    ),
    "TERM ended it": ({"service.a": {"command": DIES}}, 1, 143, "a"),
    "KILL ended it": (
        {"service.a": {"command": IGNORES, "termination_grace_period": "300ms"}}, 1, 137, "a",
    ),
    "main's code, whatever others did": (
        {"pod": {"main": "b"}, "service.a": {"command": at_term(3)}, "service.b": {"command": at_term(0)}},
        2, 0, "b",
    ),
    "main's failure, whatever others did": (
        {"pod": {"main": "b"}, "service.a": {"command": at_term(0)}, "service.b": {"command": at_term(8)}},
        2, 8, "b",
    ),
    "sidecars have no say": (
        {"sidecar.s": {"command": at_term(9)}, "service.a": {"command": at_term(0)}}, 2, 0, None,
    ),
    "never started": (
        {"init.i": {"command": at_term(0)}, "service.a": {"command": ["true"], "restart": "never"}}, 1, 143, None,
    ),
    "one of them never started": (
        {"service.a": {"command": at_term(0)}, "service.b": {"command": ["true"], "after": {"c": "completed"}},
         "service.c": {"command": at_term(0), "restart": "on_failure"}}, 2, 143, None,
    ),
    "a failure beats one that never started": (
        {"service.b": {"command": ["true"], "after": {"c": "completed"}},
         "service.c": {"command": at_term(4), "restart": "on_failure"}}, 1, 4, "c",
    ),
    "one ended with 0 before": (
        {"service.a": {"command": ["true"], "restart": "never"},
         "service.b": {"command": at_term(0), "after": {"a": "completed"}}}, 1, 0, None,
    ),
}


@pytest.mark.parametrize("case", TRUTH)
def test_told_to_stop_is_answered_with_the_truth(launch_both: Launcher, case: str) -> None:
    pod, ready, code, decider = TRUTH[case]
    running = launch_both.start(pod)
    for _ in range(ready):
        running.expect("ready")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == code
    assert (result.report["decidedBy"], result.report["reason"]) == (decider, "Stopped")
    assert result.report["toldBy"] == "SIGTERM"


# --- deadlines, commands that cannot be executed


def test_the_deadline_of_an_init_is_124(launch_both: Launcher) -> None:
    pod = {"init.slow": {"command": SLEEP, "deadline": "100ms"}, "service.a": {"command": sh("echo no")}}
    result = launch_both.run(pod)
    assert result.code == 124 and result.out == ""
    assert result.report["reason"] == "DeadlineExceeded" and result.took > 0.1
    assert (result.unit("slow")["outcome"], result.unit("slow")["reason"]) == ("expired", "DeadlineExceeded")
    assert result.unit("a")["exitCode"] is None


def test_the_deadline_of_an_init_spans_its_restarts(launch: Launcher) -> None:
    pod = {
        "init.fails": {"command": sh("echo try; exit 1"), "restart": "always", "deadline": "3s",
                       "backoff": {"initial": "20ms", "max": "20ms"}},
        "service.a": {"command": ["true"]},
    }
    result = launch.run(pod)
    assert result.code == 124 and result.out.count("try") > 1


def test_the_deadline_of_the_pod_is_124(launch_both: Launcher) -> None:
    result = launch_both.run({"pod": {"deadline": "100ms"}, "service.a": {"command": at_term(0)}})
    assert result.code == 124 and result.report["reason"] == "DeadlineExceeded"
    assert result.report["decidedBy"] is None


@pytest.mark.parametrize("role", ["service", "init", "sidecar", "main", "solo"])
def test_what_cannot_be_executed(launch: Launcher, write_script, tmp_path: Path, role: str) -> None:
    """127 not found, 126 any other errno; and it is final at once: restart = always has no say."""
    write_script("no-format", "neither a script nor a program\n")
    write_script("no-interpreter", "#!/nonexistent/interpreter\n")
    (tmp_path / "not-executable").write_text("#!/bin/sh\n")
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_text("")
    for command, code in (
        ("/nonexistent/program", 127),
        ("no-such-program-anywhere", 127),
        (tmp_path / "no-interpreter", 127),
        (tmp_path / "not-executable", 126),
        (tmp_path / "directory", 126),
        (tmp_path / "no-format", 126),
        (tmp_path / "file" / "below", 126),
    ):
        if role == "solo":
            result = launch.solo(command).wait()
        else:
            other = {"service.other": {"command": SLEEP}} if role != "service" else {}
            pod = {f"{'service' if role == 'main' else role}.unit": {"command": [str(command)]}, **other}
            result = launch.run({"pod": {"main": "unit"}, **pod} if role == "main" else pod)
            assert result.report["reason"] == "StartError"
            assert result.unit("unit")["restartCount"] == 0
        assert result.code == code, (command, result.err)
        whys = {"no-interpreter": "the interpreter in its first line", "directory": "is a directory"}
        why = whys.get(Path(command).name, "")
        says = "cannot execute " if role == "solo" else "unit: cannot execute: "
        assert f"minipod: {says}{command}: {why}" in result.err


def test_a_match_that_may_not_be_executed_hides_no_later_one(launch: Launcher, write_script, tmp_path: Path) -> None:
    """As execvp searches PATH."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    (first / "program").write_text("#!/bin/sh\n")
    write_script("second/program", "#!/bin/sh\necho found $0\n")
    search = f"{first}:{second}"
    unit = {"command": ["program"], "restart": "never", "env": {"PATH": search}}
    assert launch.run({"service.unit": unit}).lines == [f"unit | found {second}/program"]
    (second / "program").unlink()
    assert launch.run({"service.unit": unit}).code == 126


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"working_dir": "/etc/passwd"}, "working_dir /etc/passwd"),
        ({"user": "nobody-of-this-name"}, "user nobody-of-this-name"),
        ({"group": "no-group-of-this-name"}, "group no-group-of-this-name"),
    ],
)
def test_circumstances_that_cannot_be_had_are_126(launch_both: Launcher, keys: dict, word: str) -> None:
    result = launch_both.run({"service.unit": {"command": ["true"], **keys}})
    assert result.code == 126 and f"unit: cannot execute: {word}: " in result.err


def test_the_first_that_failed_for_good_decides(launch: Launcher) -> None:
    outlive_b = "until [ -s b ]; do sleep 0.01; done; while kill -0 $(cat b) 2>/dev/null; do sleep 0.01; done; exit 3"
    pod = {
        "service.a": {"command": sh(outlive_b), "restart": "never"},
        "service.b": {"command": sh("echo $$ >b; exit 4"), "restart": "never"},
        "service.c": {"command": ["true"], "restart": "never"},
    }
    result = launch.run(pod)
    assert (result.code, result.report["decidedBy"], result.report["phase"]) == (4, "b", "Failed")
    assert result.report["message"] == "every service has ended and one failed"


def test_the_pod_waits_for_all_services_before_it_fails(launch: Launcher) -> None:
    """Kubernetes: Failed only when all have ended."""
    pod = {
        "service.a": {"command": sh("exit 3"), "restart": "never"},
        "service.b": {"command": sh("sleep 0.3; echo worked"), "restart": "never"},
    }
    result = launch.run(pod)
    assert result.code == 3 and result.lines == ["b | worked"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 64, "minipod run"),
        (["run"], 64, "which pod?"),
        (["--"], 64, "which program?"),
        (["--nonsense"], 64, "--nonsense"),
        (["run", "--nonsense", "pod.toml"], 64, "--nonsense"),
        (["run", "a.toml", "b.toml"], 64, "one file"),
        (["run", "--report"], 64, "needs a value"),
        (["run", "--report", "/nonexistent/report", "pod.toml"], 71, "cannot write the report"),
        (["run", "/nonexistent/pod.toml"], 78, "there is no such file"),
        (["run", "--set", "nonsense", "pod.toml"], 64, "KEY=VALUE"),
        (["run", "--exit-code-from", "nobody", "pod.toml"], 64, "nobody"),
    ],
)
def test_words_that_are_none(launch: Launcher, words: list[str], code: int, said: str) -> None:
    launch.write({"service.a": {"command": sh("echo started")}})
    result = launch.call(*words).wait()
    assert result.code == code and said in result.err and result.out == ""


def test_a_grace_that_is_none_is_told(launch: Launcher) -> None:
    result = launch.solo("true", env={"MINIPOD_GRACE": "soon"}).wait()
    assert result.code == 64 and "MINIPOD_GRACE=soon" in result.err


def test_nothing_is_set_up_without_dev_null(launch: Launcher) -> None:
    """71: minipod could not set itself up: a pod's units have it as stdin. The mount namespace is unshare's own."""
    wrap = sh("mount -t tmpfs none /dev; exec \"$@\"") + ["sh"]
    plan = launch.compile({"service.a": {"command": ["true"], "restart": "never"}})
    result = launch.call("run", plan, wrap=wrap).wait()
    assert result.code == 71 and "/dev/null" in result.err
