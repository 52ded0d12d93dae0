"""The stop budget: minipod is gone by itself before the outer runtime kills it, and the moment nothing is left."""

import signal
import time

import pytest
from system_harness import Launcher, Result, Running, at_term, sh, tool

STUBBORN = tool("stubborn")
LONG = {"MINIPOD_GRACE": "1h"}  # whoever waits for it to end is seen on the slowest machine
SHARED = {"MINIPOD_GRACE": "10s"}  # of which two are for those that have to have their turn
SLACK = 8.0  # seconds that a loaded machine may add; a grace of 10 s that was waited for is seen all the same


def stop(running: Running, *patterns: str) -> tuple[Result, float]:
    """TERM once all have said that they are there; how long it took from then."""
    running.expect_all(*(patterns or ["ready"]))
    began = time.monotonic()
    running.send(signal.SIGTERM)
    return running.wait(), time.monotonic() - began


@pytest.mark.parametrize("how", ["variable", "pod"])
def test_who_ignores_term_is_killed_within_the_budget(launch_both: Launcher, how: str) -> None:
    """Of 1 s a tenth is kept back: killed after 0.9 s."""
    pod = {"service.a": {"command": STUBBORN}}
    if how == "pod":
        pod = {"pod": {"termination_grace_period": "1s"}, **pod}
    running = launch_both.start(pod, env={"MINIPOD_GRACE": "1s"} if how == "variable" else {})
    result, took = stop(running)
    assert result.code == 137 and 0.85 < took < 1 + SLACK
    assert "a: did not end in time: killed" in result.err


def test_the_variable_beats_the_pod(launch: Launcher) -> None:
    running = launch.start({"pod": {"termination_grace_period": "1h"}, "service.a": {"command": STUBBORN}},
                           env={"MINIPOD_GRACE": "500ms"})
    result, took = stop(running)
    assert result.code == 137 and 0.4 < took


def test_one_program_that_ignores_term(launch_both: Launcher) -> None:
    result, took = stop(launch_both.solo(*STUBBORN, env={"MINIPOD_GRACE": "500ms"}))
    assert result.code == 137 and 0.4 < took < 0.5 + SLACK


def test_no_grace_at_all(launch_both: Launcher) -> None:
    """It does not even wait for those it has killed to be gone."""
    running = launch_both.start({"service.a": {"command": STUBBORN}}, env={"MINIPOD_GRACE": "0"})
    running.expect("ready")
    began = time.monotonic()
    running.send(signal.SIGTERM)
    assert running.wait(others=True).code == 137 and time.monotonic() - began < SLACK


def test_a_unit_s_own_grace_is_shorter(launch_both: Launcher) -> None:
    running = launch_both.start({"service.a": {"command": STUBBORN, "termination_grace_period": "300ms"}}, env=LONG)
    result, took = stop(running)
    assert result.code == 137 and 0.3 <= took


def test_a_unit_s_own_grace_is_clipped(launch: Launcher) -> None:
    pod = {"pod": {"termination_grace_period": "500ms"},
           "service.a": {"command": STUBBORN, "termination_grace_period": "1h"}}
    result, _ = stop(launch.start(pod))
    assert result.code == 137


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_told_twice_ends_at_once(launch_both: Launcher, second: int) -> None:
    running = launch_both.start({"service.a": {"command": STUBBORN}, "sidecar.s": {"command": STUBBORN}}, env=LONG)
    running.expect_all(r"a \| ready", r"s \| ready")
    running.send(signal.SIGTERM)
    running.expect_error("stopping: got SIGTERM")
    running.send(second)
    result = running.wait()
    assert result.code == 137 and "told again" in result.err


def test_the_first_signal_during_an_end_by_itself_hurries_nothing(launch_both: Launcher) -> None:
    """`docker stop` may come just when a job is done: its sidecar still gets the time it needs."""
    marker = launch_both.folder / "marker"
    pod = {
        "sidecar.s": {"command": tool("cleanup", 0.5, marker)},
        "service.job": {"command": sh("while [ ! -e go ]; do sleep 0.01; done"), "restart": "never"},
    }
    running = launch_both.start(pod)
    running.expect("ready")
    (launch_both.folder / "go").touch()
    running.expect_error("ending: every service finished with 0")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert marker.exists() and result.code == 0 and result.report["toldBy"] == "SIGTERM"


def test_it_leaves_the_moment_nothing_is_left(launch_both: Launcher) -> None:
    pod = {"service.a": {"command": at_term(0)}, "sidecar.s": {"command": at_term(0)}}
    result, _ = stop(launch_both.start(pod, env=LONG), r"a \| ready", r"s \| ready")
    assert result.code == 0


def test_sidecars_have_a_share_of_their_own(launch_both: Launcher) -> None:
    """A service that uses up its time is killed before the sidecars' share; they are asked then, not killed with it."""
    marker = launch_both.folder / "marker"
    pod = {
        "sidecar.s": {"command": tool("cleanup", 0, marker)},
        "service.a": {"command": STUBBORN},
    }
    running = launch_both.start(pod, env=SHARED)  # a fifth is the sidecar's
    result, took = stop(running, r"a \| ready", r"s \| ready")
    assert result.code == 137 and marker.exists() and 7 < took
    assert result.unit("s")["exitCode"] == 0


def test_a_stubborn_sidecar_is_killed_in_time(launch_both: Launcher) -> None:
    pod = {"sidecar.s": {"command": STUBBORN}, "service.a": {"command": at_term(0)}}
    result, took = stop(launch_both.start(pod, env={"MINIPOD_GRACE": "5s"}), r"a \| ready", r"s \| ready")
    assert result.code == 0 and took < 5 + SLACK and "s: did not end in time: killed" in result.err


def test_one_that_will_not_go_does_not_keep_those_behind_it(launch: Launcher) -> None:
    """web must go before db; web is deaf. db is asked while there is time, not killed."""
    marker = launch.folder / "marker"
    pod = {
        "service.db": {"command": tool("cleanup", 0, marker)},
        "service.web": {"command": STUBBORN, "after": ["db"]},
    }
    running = launch.start(pod, env=SHARED)
    result, took = stop(running, "db +. ready", "web +. ready")
    assert result.unit("db")["exitCode"] == 0 and "web: did not end in time: killed" in result.err
    assert result.code == 137 and took < 10 + SLACK and marker.exists()


def test_a_stop_in_the_middle_of_the_inits(launch_both: Launcher) -> None:
    """What has not started never does."""
    pod = {
        "init.one": {"command": ["true"]},
        "init.two": {"command": at_term(0)},
        "init.three": {"command": sh("echo no")},
        "service.a": {"command": sh("echo no")},
    }
    result, _ = stop(launch_both.start(pod, env=LONG))
    assert result.code == 143 and "no" not in result.out.split()
    assert [result.unit(name)["startedAt"] is None for name in ("two", "three", "a")] == [False, True, True]


def test_a_stop_during_a_back_off_waits_for_nothing(launch_both: Launcher) -> None:
    unit = {"command": sh("exit 3"), "backoff": {"initial": "60s"}}
    running = launch_both.start({"service.a": unit}, env=LONG)
    running.expect_error("restart 2 in 60s")
    running.send(signal.SIGTERM)
    assert running.wait().code == 3


def test_nothing_is_restarted_once_the_pod_ends(launch_both: Launcher) -> None:
    """A service that dies during the stop stays dead."""
    pod = {
        "sidecar.s": {"command": tool("cleanup", 0.3, "marker")},
        "service.a": {"command": sh("echo ready; exec sleep 1000")},
    }
    running = launch_both.start(pod)
    result, _ = stop(running, r"a \| ready", r"s \| ready")
    assert result.out.count("a | ready") == 1 and result.unit("a")["restartCount"] == 0


def test_the_deadline_of_the_pod_stops_in_order(launch: Launcher) -> None:
    """TERM is held when they begin, so that none dies of it that has not begun to wait for it."""
    marker = launch.folder / "marker"
    pod = {
        "pod": {"deadline": "3s", "termination_grace_period": "1h"},
        "service.a": {"command": tool("cleanup", 0.2, marker)},
        "service.b": {"command": at_term(0)},
    }
    result = launch.run(pod, wrap=tool("given", "blocked"))
    assert result.code == 124 and marker.exists() and 3 <= result.took


def test_who_is_stopped_by_hand_and_deaf_is_killed_too(launch_both: Launcher) -> None:
    """A stopped process that ignores TERM: KILL needs no CONT."""
    running = launch_both.start(
        {"service.a": {"command": sh("trap '' TERM CONT; echo ready; kill -STOP $$; while :; do sleep 1; done")}},
        env={"MINIPOD_GRACE": "500ms"},
    )
    result, took = stop(running)
    assert result.code == 137 and took < 0.5 + SLACK
