"""Order as seen from outside, restarts, and what the options of `minipod run` change."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from knocking import Place
from system_harness import SLEEP, Launcher, at_term, sh, tool, wait_until

FAST = {"initial": "50ms", "max": "100ms"}
LONG = {"MINIPOD_GRACE": "1h"}  # whoever needs his time has it on the slowest machine


def words_of(text: str) -> list[str]:
    """The units' own words, without the names before them."""
    return [line.partition(" | ")[2] for line in text.splitlines()]


def test_inits_and_sidecars_in_file_order_then_services(launch_both: Launcher) -> None:
    """An init's success and a sidecar's start each let the next one go; services wait for all of them."""
    pod = {
        "init.one": {"command": sh("sleep 0.1; echo one")},
        "sidecar.two": {"command": tool("ends_with", 0, "two")},
        "init.three": {"command": sh("sleep 0.1; echo three")},
        "init.four": {"command": sh("echo four")},
        "sidecar.five": {"command": at_term(0)},
        "service.six": {"command": sh("echo six"), "restart": "never"},
        "service.seven": {"command": sh("echo seven"), "restart": "never"},
    }
    result = launch_both.run(pod)
    said = words_of(result.out)
    assert result.code == 0
    assert [word for word in said if word in ("one", "three", "four")] == ["one", "three", "four"]
    assert said.index("four") < min(said.index("six"), said.index("seven"))
    starts = re.findall(r"^minipod: (\S+): started$", result.err, re.MULTILINE)
    assert starts[:5] == ["one", "two", "three", "four", "five"] and set(starts[5:]) == {"six", "seven"}


def test_services_start_side_by_side(launch: Launcher, tmp_path: Path) -> None:
    """Each waits for a word of the other: one after the other they would never end."""
    wait = 'echo $0 >"$0"; while [ ! -e "$1" ]; do sleep 0.01; done'
    pod = {
        "service.a": {"command": [*sh(wait), "a-here", "b-here"], "restart": "never"},
        "service.b": {"command": [*sh(wait), "b-here", "a-here"], "restart": "never"},
    }
    assert launch.run(pod).code == 0


def test_after_waits_for_what_it_names(launch_both: Launcher) -> None:
    pod = {
        "service.last": {"command": sh("echo last"), "restart": "never", "after": {"seed": "completed", "db": "ready"}},
        "service.seed": {"command": sh("while [ ! -e db-is-up ]; do sleep 0.01; done; echo seeded"), "restart": "never",
                         "after": ["db"]},
        "service.db": {"command": tool("ends_with", 0, "ready", "db-is-up")},
    }
    running = launch_both.start({"pod": {"main": "last"}, **pod})
    running.expect_all("db +. ready", "seed +. seeded", "last +. last")
    result = running.wait()
    starts = re.findall(r"^minipod: (\S+): started$", result.err, re.MULTILINE)
    assert starts == ["db", "seed", "last"]


def test_after_what_can_no_longer_be_fails_the_dependent(launch_both: Launcher) -> None:
    pod = {
        "service.a": {"command": sh("exit 3"), "restart": "never"},
        "service.b": {"command": sh("echo started"), "after": {"a": "completed"}},
        "service.c": {"command": sh("echo started"), "after": {"b": "started"}},
    }
    result = launch_both.run(pod)
    assert (result.code, result.report["decidedBy"], result.out) == (3, "a", "")
    assert [result.unit(name)["outcome"] for name in "abc"] == ["failed"] * 3
    assert [result.unit(name)["startedAt"] for name in "bc"] == [None, None]
    assert result.unit("b")["reason"] == result.unit("c")["reason"] == "DependencyFailed"


def test_a_failing_init_starts_nothing_more(launch_both: Launcher) -> None:
    pod = {
        "sidecar.helper": {"command": at_term(0)},
        "init.fails": {"command": sh("echo failing; exit 42")},
        "init.next": {"command": sh("echo no")},
        "service.a": {"command": sh("echo no")},
    }
    result = launch_both.run(pod)
    assert (result.code, result.report["decidedBy"], result.report["phase"]) == (42, "fails", "Failed")
    assert "failing" in words_of(result.out) and "no" not in words_of(result.out)


def test_an_init_that_may_be_restarted_succeeds_at_last(launch: Launcher) -> None:
    script = sh("echo x >>tries; [ $(wc -l <tries) = 3 ]")
    pod = {
        "init.a": {"command": script, "restart": "on_failure", "backoff": FAST},
        "service.b": {"command": sh("echo served"), "restart": "never"},
    }
    result = launch.run(pod)
    assert result.code == 0 and result.unit("a")["restartCount"] == 2 and result.lines == ["b | served"]


def test_stop_goes_backwards(launch_both: Launcher) -> None:
    """Services in reverse of after, then sidecars, the last one first; nobody is told before its turn."""
    late = tool("cleanup", 0.15, "marks")
    pod = {
        "sidecar.s1": {"command": late},
        "sidecar.s2": {"command": late},
        "service.db": {"command": late},
        "service.app": {"command": late, "after": ["db"]},
        "service.web": {"command": late, "after": ["app"]},
    }
    running = launch_both.start(pod, env=LONG)
    running.expect_all("s1 +. ready", "s2 +. ready", "db +. ready", "app +. ready", "web +. ready")
    running.send(signal.SIGTERM)
    result = running.wait()
    order = re.findall(r"^(\S+) +\| cleaned$", result.out, re.MULTILINE)
    assert order == ["web", "app", "db", "s2", "s1"] and result.code == 0


def test_sidecars_outlive_services_that_end_by_themselves(launch_both: Launcher) -> None:
    pod = {
        "sidecar.proxy": {"command": tool("cleanup", 0, "marks")},
        "service.job": {"command": sh("while [ ! -e go ]; do sleep 0.01; done; echo done"), "restart": "never"},
    }
    running = launch_both.start(pod, env=LONG)  # it leaves the moment nothing is left
    running.expect("ready")
    (launch_both.folder / "go").touch()
    result = running.wait()
    assert result.code == 0
    assert words_of(result.out)[-2:] == ["done", "cleaned"]


# --- restarts


def test_restarts_follow_the_ladder(launch: Launcher) -> None:
    """0, initial, twice as long each time up to max; delays count from the end of the run before."""
    pod = {
        "service.a": {"command": sh("echo ran; exit 1"), "max_restarts": 5,
                      "backoff": {"initial": "100ms", "max": "200ms"}},
    }
    result = launch.run(pod)
    assert re.findall(r"restart (\d) in (\S+)$", result.err, re.MULTILINE) == [
        ("1", "0s"), ("2", "0.1s"), ("3", "0.2s"), ("4", "0.2s"), ("5", "0.2s"),
    ]
    assert len(result.lines) == 6 and result.code == 1 and 0.7 <= result.took
    unit = result.unit("a")
    assert (unit["restartCount"], unit["outcome"], result.report["reason"]) == (5, "gave-up", "Error")


def test_a_long_run_begins_the_ladder_anew(launch: Launcher) -> None:
    """max_restarts counts since the last reset, the report counts all."""
    script = sh("echo x >>runs; n=$(wc -l <runs); [ $n = 4 ] && exit 0; [ $n = 2 ] && sleep 0.4; exit 1")
    pod = {
        "service.a": {"command": script, "restart": "on_failure", "max_restarts": 2,
                      "backoff": {"initial": "50ms", "reset_after": "200ms"}},
    }
    result = launch.run(pod)
    assert result.code == 0 and result.unit("a")["restartCount"] == 3


def test_always_restarts_after_success_too(launch_both: Launcher) -> None:
    script = sh("echo x >>runs; [ $(wc -l <runs) -ge 4 ] && exec sleep 1000; exit 0")
    running = launch_both.start({"service.a": {"command": script, "backoff": FAST}})
    running.expect_error("restart 3")
    running.expect_error(r"(?s)(a: started.*){4}")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.unit("a")["restartCount"] == 3 and result.code == 143


def test_on_failure_leaves_success_alone(launch: Launcher) -> None:
    pod = {"service.a": {"command": sh("echo x >>runs; [ $(wc -l <runs) = 2 ]"), "restart": "on_failure"}}
    result = launch.run(pod)
    assert result.code == 0 and result.unit("a")["restartCount"] == 1


def test_a_unit_that_is_killed_is_restarted_at_once(launch_both: Launcher) -> None:
    running = launch_both.start({"service.a": {"command": at_term(0), "restart": "on_failure"}})
    first = int(running.expect(r"ready (\d+)").group(1))
    os.kill(running.inside(first), signal.SIGKILL)
    assert int(running.expect(r"ready (\d+)").group(1)) != first
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0 and "ended by SIGKILL" in result.err


def test_a_pod_ends_when_a_unit_gave_up(launch_both: Launcher) -> None:
    """No container lives on with a service given up."""
    pod = {
        "service.bad": {"command": sh("exit 7"), "max_restarts": 2, "backoff": {"initial": "1ms"}},
        "service.good": {"command": at_term(0)},
    }
    result = launch_both.run(pod)
    assert (result.code, result.report["decidedBy"]) == (7, "bad")


def test_a_sidecar_that_gave_up_ends_the_pod(launch: Launcher) -> None:
    pod = {
        "sidecar.bad": {"command": sh("exit 7"), "max_restarts": 1, "backoff": {"initial": "1ms"}},
        "service.good": {"command": at_term(0)},
    }
    assert launch.run(pod).code == 7


def test_a_sidecar_that_ends_is_no_reason_to_end(launch: Launcher) -> None:
    pod = {
        "sidecar.bad": {"command": sh("exit 7"), "restart": "never"},
        "service.good": {"command": sh("sleep 0.2"), "restart": "never"},
    }
    assert launch.run(pod).code == 0


# --- main, essential


def test_main_ends_the_pod(launch_both: Launcher) -> None:
    pod = {
        "pod": {"main": "job"},
        "service.job": {"command": sh("sleep 0.1; exit 5")},
        "service.server": {"command": at_term(0)},
    }
    result = launch_both.run(pod)
    assert (result.code, result.report["reason"], result.report["decidedBy"]) == (5, "MainEnded", "job")
    assert result.unit("server")["outcome"] == "stopped"


def test_main_that_succeeds_makes_the_pod_succeed(launch: Launcher) -> None:
    pod = {
        "pod": {"main": "job"},
        "service.job": {"command": ["true"]},
        "service.other": {"command": sh("exit 9"), "backoff": {"initial": "10s"}},
    }
    result = launch.run(pod)
    assert result.code == 0 and result.report["phase"] == "Succeeded"


def test_essential_fails_the_pod_at_once(launch_both: Launcher) -> None:
    pod = {
        "service.heart": {"command": sh("exit 6"), "restart": "never", "essential": True},
        "service.other": {"command": SLEEP},
    }
    result = launch_both.run(pod)
    assert (result.code, result.report["decidedBy"], result.report["reason"]) == (6, "heart", "Error")


# --- options of run


def test_exit_code_from_names_main(launch_both: Launcher) -> None:
    path = launch_both.write({"service.web": {"command": SLEEP}, "service.test": {"command": sh("exit 3")}})
    result = launch_both.call("run", path, "--exit-code-from", "test").wait()
    assert result.code == 3 and "main ended" in result.err


def test_set_goes_before_the_file(launch: Launcher) -> None:
    path = launch.write({
        "service.web": {"command": sh("echo $WORD"), "restart": "never", "env": {"WORD": "file"}},
    })
    result = launch.call("run", path, "--set", "service.web.env.WORD=line", "--set=service.web.log=raw").wait()
    assert result.code == 0 and result.out == "line\n"


def test_a_plan_takes_no_set(launch: Launcher) -> None:
    plan = launch.compile({"service.web": {"command": ["true"]}})
    result = launch.call("run", plan, "--set", "pod.name=x").wait()
    assert result.code == 64 and "compiled plan" in result.err


@pytest.mark.parametrize("compiled", [True, False])
def test_words_behind_dashes_replace_the_args(launch: Launcher, compiled: bool) -> None:
    """Of main or the only service, and unexpanded."""
    pod = {
        "pod": {"main": "job"},
        "service.job": {"command": ["printf", "%s;"], "args": ["from", "file"], "log": "raw"},
        "service.other": {"command": SLEEP},
    }
    path = launch.compile(pod) if compiled else launch.write(pod)
    result = launch.call("run", path, "--", "--report", "$(HOME)", "").wait()
    assert result.code == 0 and result.out == "--report;$(HOME);;\n"


def test_words_for_nobody_are_refused(launch: Launcher) -> None:
    plan = launch.compile({"service.a": {"command": ["true"]}, "service.b": {"command": ["true"]}})
    result = launch.call("run", plan, "--", "words").wait()
    assert result.code == 64 and result.out == ""


def test_a_program_s_own_options_are_never_ours(launch_both: Launcher) -> None:
    """`tini ls -l` prints tini's licence."""
    result = launch_both.solo("printf", "%s;", "-l", "--report", "--version", "--", "-h").wait()
    assert result.out == "-l;--report;--version;--;-h;" and result.err == "" and result.code == 0


# --- what is told at the end


def test_the_report_tells_all(launch_both: Launcher) -> None:
    pod = {
        "pod": {"name": "told", "main": "job"},
        "init.prepare": {"command": ["true"]},
        "sidecar.helper": {"command": tool("ends_with", 7, "ready", "helper-is-ready")},
        "service.job": {"command": sh("while [ ! -e helper-is-ready ]; do sleep 0.01; done; kill -USR1 $$"),
                        "exit_codes": {"SIGUSR1": 3}, "log": "none"},
        'service."quo-ted"': {"command": SLEEP},
    }
    report = launch_both.run(pod).report
    head = [report[key] for key in ("version", "pod", "phase", "exitCode", "reason", "decidedBy", "toldBy")]
    assert head == [1, "told", "Failed", 3, "MainEnded", "job", None]
    moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
    assert moment.fullmatch(report["startedAt"]) and report["startedAt"] <= report["finishedAt"]
    rows = [
        (u["name"], u["kind"], u["outcome"], u["exitCode"], u["rawExitCode"], u["signal"], u["restartCount"])
        for u in report["units"]
    ]
    assert rows == [
        ("prepare", "init", "done", 0, 0, 0, 0),
        ("helper", "sidecar", "stopped", 7, 7, 0, 0),
        ("job", "service", "failed", 3, 138, 10, 0),
        ("quo-ted", "service", "stopped", 143, 143, 15, 0),
    ]
    for unit in report["units"]:
        assert report["startedAt"] <= unit["startedAt"] <= unit["finishedAt"] <= report["finishedAt"]


def test_a_sentence_goes_to_the_termination_message(launch_both: Launcher, tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_text("old and much longer than what will be written here " * 9)
    pod = {"pod": {"name": "p", "termination_message_path": str(path)}, "service.a": {"command": sh("exit 3")}}
    result = launch_both.call("run", launch_both.write(pod), "--exit-code-from", "a").wait()
    assert path.read_text().rstrip("\n") == "pod p Failed: main ended (a ended with 3); exit code 3"
    assert result.err.rstrip().endswith("minipod: pod p Failed: main ended (a ended with 3); exit code 3")


def test_the_sentence_says_who_told_it_to_stop(launch: Launcher, tmp_path: Path) -> None:
    """A signal, or somebody at the control socket."""
    path, socket = tmp_path / "message", tmp_path / "s"
    pod = {"pod": {"name": "p", "termination_message_path": str(path), "control": str(socket)},
           "service.a": {"command": at_term(0)}}  # fmt: skip
    for stop, who in ((lambda running: running.send(signal.SIGTERM), "SIGTERM"),
                      (lambda running: Place(str(socket)).ask("POST", "/v1/stop"), "the control socket")):  # fmt: skip
        running = launch.start(pod)
        running.expect_all("ready")
        stop(running)
        result = running.wait()
        assert path.read_text() == f"pod p Succeeded: it was told to stop by {who}; exit code 0"
        assert result.err.rstrip().endswith(path.read_text())


def test_a_report_on_a_full_disk_changes_no_exit_code(launch: Launcher) -> None:
    plan = launch.compile({"pod": {"termination_message_path": "/dev/full"}, "service.a": {
        "command": sh("exit 3"), "restart": "never"}})
    result = launch.call("run", plan, "--report", "/dev/full").wait()
    assert result.code == 3 and "minipod: cannot write the report: no space left on device" in result.err


@pytest.fixture
def full(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A pipe that is full, and the test's end of it."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while os.write(reader, b"x" * 4096):
            pass
    yield fifo, reader
    os.close(reader)


def test_a_report_that_nobody_reads_does_not_hold_minipod(launch: Launcher, full: tuple[Path, int]) -> None:
    """minipod leaves in time all the same, and says so."""
    plan = launch.compile({"service.a": {"command": sh("exit 3"), "restart": "never"}})
    result = launch.call("run", plan, "--report", full[0]).wait()
    assert result.code == 3 and "cannot write the report" in result.err


def test_a_report_that_takes_a_moment_is_waited_for(launch: Launcher, full: tuple[Path, int]) -> None:
    """Nobody is in a hurry: a machine that stands still for half a second is no reason to lose it."""
    plan = launch.compile({"service.a": {"command": sh("exit 3"), "restart": "never"}})
    running = launch.call("run", plan, "--report", full[0])
    running.expect_error("pod pod Failed")
    time.sleep(0.5)
    text = bytearray()

    def is_whole() -> bool:
        with suppress(BlockingIOError):
            text.extend(os.read(full[1], 65536))
        return text.endswith(b"}\n")

    wait_until(is_whole, "the report is written")
    assert json.loads(text.lstrip(b"x"))["exitCode"] == 3
    assert "cannot write" not in running.wait().err
