"""Signals: none is lost, all that can be are forwarded, and children start with what minipod was given."""

import os
import pty
import re
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from knocking import Place, near
from system_harness import SLEEP, Launcher, Running, Stage, at_term, children, descendants, sh, status, tool, wait_until

from minipod.supervisor.signals import number_of

EARLY_RUNS = 200
AT_ONCE = 8
LATEST = 0.004  # seconds: the window in which group-signalling inits lose signals

HANDLED = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
NOBODYS = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, 32, 33}
FORWARDED = [number for number in range(1, 65) if number not in HANDLED | NOBODYS]


def bits(mask: str) -> set[int]:
    """The signals of a mask as /proc/PID/status shows it."""
    return {number for number in range(1, 65) if int(mask, 16) >> (number - 1) & 1}


def holds_signals(running: Running) -> bool:
    """minipod's first act is done; before it no program can receive anything."""
    return signal.SIGTERM in bits(status(running.pid).get("SigBlk", "0"))


# --- none is lost


def early_codes(launch: Launcher, *words: object) -> set[int]:
    """The exit codes of many runs, each told to stop at another moment of its first milliseconds."""
    codes = set()
    for first in range(0, EARLY_RUNS, AT_ONCE):
        batch = []
        for i in range(first, first + AT_ONCE):
            running = launch.call(*words)
            wait_until(lambda running=running: holds_signals(running), "signals are held")
            moment = time.monotonic() + LATEST * i / EARLY_RUNS
            while time.monotonic() < moment:
                pass
            running.send(signal.SIGTERM)
            batch.append(running)
        codes |= {running.wait().code for running in batch}
        launch.close()
    return codes


def test_one_program_is_stopped_in_the_first_milliseconds(launch_both: Launcher) -> None:
    assert early_codes(launch_both, "--", *SLEEP) == {143}


def test_a_pod_is_stopped_in_the_first_milliseconds(launch: Launcher) -> None:
    pod = {
        "init.i": {"command": ["true"]},
        "sidecar.s": {"command": SLEEP},
        "service.a": {"command": SLEEP},
        "service.b": {"command": SLEEP},
    }
    assert early_codes(launch, "run", launch.compile(pod)) == {143}


def test_a_stop_that_came_before_us_is_obeyed(launch_both: Launcher) -> None:
    """Pending and blocked when minipod was started."""
    script = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {15}); os.kill(os.getpid(), 15); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    running = launch_both.solo(*SLEEP, wrap=[sys.executable, "-ISc", script], env={"MINIPOD_GRACE": "300ms"})
    assert running.wait().code == 137  # the mask is the child's too: only KILL reaches it


# --- all that can be are forwarded


def test_every_signal_reaches_every_unit_s_group(launch_both: Launcher) -> None:
    """Also those that mean a fault and the real-time ones; grandchildren get them as well."""
    receiver = tool("signals", signal.SIGTERM)
    pod = {
        "sidecar.s": {"command": receiver},
        "service.a": {"command": sh(f"{' '.join(receiver)} & exec {' '.join(receiver)}")},
        "service.b": {"command": receiver},
    }
    running = launch_both.start(pod)
    running.expect_all(r"s \| ready", r"(?s)a \| ready.*a \| ready", r"b \| ready")
    for number in FORWARDED:
        running.send(number)
        got = rf"\| got {number}$"
        running.expect_all(f"s {got}", f"(?s)a {got}.*a {got}", f"b {got}")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


def test_one_program_gets_every_signal(launch_both: Launcher) -> None:
    """INT and QUIT, too: the terminal's own are the program's."""
    running = launch_both.solo(*tool("signals", signal.SIGTERM))
    running.expect("ready")
    for number in sorted({*FORWARDED, signal.SIGINT, signal.SIGQUIT}):
        running.send(number)
        running.expect(rf"got {number}$")
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


def test_a_burst_loses_none_that_queue(launch_both: Launcher) -> None:
    """Real-time signals queue: as many arrive as were sent."""
    running = launch_both.solo(*tool("signals", signal.SIGTERM))
    running.expect("ready")
    running.send(*[40] * 100)
    for _ in range(100):
        running.expect("got 40")
    running.send(signal.SIGTERM)
    assert running.wait().out.count("got 40") == 100


def test_signals_during_a_start_reach_the_program(launch: Launcher) -> None:
    """Sent as soon as minipod lives, long before Python is up: it waits, blocked, until somebody can have it."""
    plan = launch.compile({"service.a": {"command": ["sleep", "1000"]}})
    for _ in range(20):
        running = launch.start(plan)
        wait_until(lambda running=running: holds_signals(running), "signals are held")
        running.send(signal.SIGTERM)
        assert running.wait().code == 143


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_what_stops_a_pod(launch_both: Launcher, number: int) -> None:
    running = launch_both.start({"service.a": {"command": at_term(0)}})
    running.expect("ready")
    running.send(number)
    result = running.wait()
    assert result.code == 0 and result.report["toldBy"] == signal.Signals(number).name


# --- [signals]


def test_remaps(launch_both: Launcher) -> None:
    receiver = tool("signals", signal.SIGTERM)
    pod = {
        "signals": {"HUP": "USR1", "USR2": "ignore", "QUIT": "HUP", "PWR": "stop",
                    "WINCH": {"send": "HUP", "to": ["b"]}, "RTMIN+3": {"to": ["a"]}},
        "service.a": {"command": receiver},
        "service.b": {"command": receiver},
    }
    running = launch_both.start(pod)
    running.expect_all("a . ready", "b . ready")
    seen = {"a": [], "b": []}
    for number, becomes, to in ((1, 10, "ab"), (3, 1, "ab"), (28, 1, "b"), (37, 37, "a"), (12, 0, "")):
        running.send(number)
        running.send(44)  # after it, so that what must not come would have come
        for name in "ab":
            seen[name] += [becomes] * (name in to) + [44]
            pattern = "".join(rf"(?s:.*?){name} \| got {got}\n" for got in seen[name])
            running.expect_all(pattern)
    running.send(signal.SIGPWR)
    result = running.wait()
    for name in "ab":
        got = [int(line.split()[-1]) for line in result.lines if line.startswith(f"{name} | got")]
        assert got == [*seen[name], signal.SIGTERM]
    assert result.code == 0 and result.report["toldBy"] == "SIGPWR"


def test_term_may_be_forwarded_like_any_other(launch: Launcher) -> None:
    """{ send = ... } on TERM itself: then it is no order to stop."""
    pod = {"signals": {"TERM": "HUP"}, "service.a": {"command": tool("signals", 1), "restart": "never"}}
    running = launch.start(pod)
    running.expect("ready")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0 and "got 1\n" in result.out and result.report["toldBy"] is None


# --- who gets the stop signal


@pytest.mark.parametrize("number", ["TERM", "INT", "USR1", "RTMIN+5"])
def test_the_stop_signal(launch: Launcher, number: str) -> None:
    running = launch.start({"service.a": {"command": tool("signals", number_of(number)), "stop_signal": number}})
    running.expect("ready")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0 and result.lines[-1] == f"a | got {number_of(number)}"


def test_stop_to_main_spares_the_rest_until_it_is_killed(launch_both: Launcher) -> None:
    """The leader alone is asked; when it is gone, the rest of the group is killed at once."""
    receiver = " ".join(tool("signals", signal.SIGTERM))
    pod = {"service.a": {"command": sh(f"{receiver} & exec {receiver}"), "stop_to": "main"}}
    running = launch_both.start(pod, env={"MINIPOD_GRACE": "1h"})
    running.expect_all(r"(?s)ready.*ready")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0 and result.out.count("got 15") == 1


def test_term_ends_a_stopped_process(launch_both: Launcher) -> None:
    """TERM is followed by CONT."""
    unit = {"command": sh("echo ready; kill -STOP $$; sleep 1000")}
    running = launch_both.start({"service.a": unit}, env={"MINIPOD_GRACE": "1h"})
    running.expect("ready")
    leader = children(running.pid)[0]
    wait_until(lambda: status(leader)["State"].startswith("T"), "it is stopped")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 143


def test_one_stopped_program_ends_too(launch_both: Launcher) -> None:
    running = launch_both.solo(*SLEEP)
    child = wait_until(lambda: children(running.pid), "it was started")[0]
    wait_until(lambda: status(child).get("Name") == "sleep", "it runs")
    os.kill(child, signal.SIGSTOP)
    wait_until(lambda: status(child)["State"].startswith("T"), "it is stopped")
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


# --- freeze and thaw


def moment(time: str) -> datetime:
    return datetime.fromisoformat(time.replace("Z", "+00:00"))


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU])
def test_a_stop_from_the_terminal_freezes_all(launch_both: Launcher, number: int) -> None:
    """Units stop, timers stand still; minipod stops, too, unless it is PID 1, which cannot."""
    with near() as folder:
        place = Place(str(folder / "pod.sock"))
        running = launch_both.start({
            "pod": {"control": place.where},
            "service.a": {"command": sh("echo ready; exec sleep 1000")},
            "service.b": {"command": ["false"], "backoff": {"initial": "1h", "max": "1h"}},
        })  # fmt: skip
        running.expect("ready")
        due = place.wait().wait_for("b", life="backoff", instances=2)["dueAt"]
        unit = running.inside(place.unit("a")["pid"])
        wait_until(lambda: status(unit).get("Name") == "sleep", "it sleeps")
        running.send(number)
        wait_until(lambda: status(unit)["State"].startswith("T"), "the unit is stopped")
        if launch_both.stage is Stage.CHILD:
            wait_until(lambda: status(running.pid)["State"].startswith("T"), "minipod is stopped")
        frozen = time.monotonic()
        time.sleep(0.3)  # so much that must not be counted
        frozen = time.monotonic() - frozen
        running.send(signal.SIGCONT)
        wait_until(lambda: not status(unit)["State"].startswith("T"), "the unit goes on")
        later = moment(place.unit("b")["dueAt"]) - moment(due)
        assert later.total_seconds() > frozen - 0.01
        running.send(signal.SIGTERM)
        assert running.wait().code == 143


def test_term_reaches_the_frozen(launch_both: Launcher) -> None:
    """A stop of the pod thaws it: PID 1 is not stopped; elsewhere who stops us sends CONT."""
    running = launch_both.start({"service.a": {"command": at_term(0)}})
    running.expect("ready")
    unit = children(running.pid)[0]
    running.send(signal.SIGTSTP)
    wait_until(lambda: status(unit)["State"].startswith("T"), "the unit is stopped")
    running.send(signal.SIGTERM)
    if launch_both.stage is Stage.CHILD:
        running.send(signal.SIGCONT)
    assert running.wait().code == 0


def test_a_stopped_minipod_goes_on_where_it_was(launch_both: Launcher) -> None:
    """STOP from outside cannot be caught; what came meanwhile is dealt with after CONT."""
    running = launch_both.start({"service.a": {"command": tool("signals", signal.SIGTERM)}})
    running.expect("ready")
    running.send(signal.SIGSTOP)
    wait_until(lambda: status(running.pid)["State"].startswith("T"), "it is stopped")
    running.send(signal.SIGUSR1, signal.SIGTERM, signal.SIGCONT)
    result = running.wait()
    assert result.code == 0 and "got 10" in result.out


# --- what children start with


def signal_lines(launch: Launcher, how: str | None, *, solo: bool) -> dict[str, set[int]]:
    """Sig lines of /proc/self/status as seen by a unit's own program."""
    wrap = tool("given", how) if how else ()
    command = ["cat", "/proc/self/status"]
    if solo:
        result = launch.solo(*command, wrap=wrap).wait()
    else:
        result = launch.run({"service.a": {"command": command, "restart": "never", "log": "raw"}}, wrap=wrap)
    assert result.code == 0
    return {line[:6]: bits(line.split()[1]) for line in result.lines if re.match("Sig...:", line)}


@pytest.mark.parametrize("solo", [False, True], ids=["pod", "one program"])
def test_nothing_is_ignored_or_blocked_that_was_not(launch_both: Launcher, solo: bool) -> None:
    assert signal_lines(launch_both, None, solo=solo) == {"SigPnd": set(), "SigBlk": set(), "SigIgn": set(),
                                                          "SigCgt": set()}


@pytest.mark.parametrize("solo", [False, True], ids=["pod", "one program"])
def test_inherited_ignores_are_kept_but_for_chld(launch_both: Launcher, solo: bool) -> None:
    """SIGCHLD ignored makes the kernel reap behind our back; children get it at its default."""
    seen = signal_lines(launch_both, "ignored", solo=solo)
    assert seen["SigIgn"] == {signal.SIGHUP, signal.SIGUSR1} and seen["SigBlk"] == set()


@pytest.mark.parametrize("solo", [False, True], ids=["pod", "one program"])
def test_an_inherited_mask_is_kept(launch_both: Launcher, solo: bool) -> None:
    """Everything blocked when we start: we work all the same, children get what we got."""
    seen = signal_lines(launch_both, "blocked", solo=solo)
    assert seen["SigBlk"] == set(range(1, 65)) - {9, 19, 32, 33} and seen["SigIgn"] == set()


@pytest.mark.parametrize("how", ["ignored", "blocked"])
def test_odd_circumstances_change_no_duty(launch_both: Launcher, how: str) -> None:
    """Exit codes, forwarding, restarts: as ever. (Tini and catatonit hang when SIGCHLD is ignored.)"""
    assert launch_both.solo("sh", "-c", "exit 7", wrap=tool("given", how)).wait().code == 7
    pod = {"service.a": {"command": sh("exit 4"), "max_restarts": 2, "backoff": {"initial": "1ms"}}}
    result = launch_both.run(pod, wrap=tool("given", how))
    assert result.code == 4 and result.unit("a")["restartCount"] == 2


def test_minipod_itself_holds_all_signals(launch_both: Launcher) -> None:
    """Read from a signalfd: no handler anywhere."""
    running = launch_both.start({"service.a": {"command": at_term(0)}})
    running.expect("ready")
    mine = status(running.pid)
    assert bits(mine["SigBlk"]) >= set(range(1, 65)) - {9, 19, 32, 33} and bits(mine["SigCgt"]) == set()
    running.send(signal.SIGTERM)
    assert running.wait().code == 0


# --- sessions and terminals


def test_each_unit_is_a_session_and_a_group_of_its_own(launch_both: Launcher) -> None:
    running = launch_both.start({f"service.{name}": {"command": SLEEP} for name in "abc"})
    units = wait_until(lambda: len(children(running.pid)) == 3 and children(running.pid), "all run")
    wait_until(lambda: all(status(pid).get("Name") == "sleep" for pid in units), "all sleep")
    for pid in units:
        assert os.getsid(pid) == os.getpgid(pid) == pid
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_a_terminal_that_is_lost_stops_the_pod(launch_both: Launcher) -> None:
    """The kernel's own HUP; one that somebody sends is forwarded."""
    keyboard, terminal = pty.openpty()
    running = launch_both.start(
        {"service.a": {"command": tool("signals", signal.SIGTERM)}},
        wrap=tool("on_terminal", os.ttyname(terminal)), start_new_session=True,
    )
    os.close(terminal)
    running.expect("ready")
    running.send(signal.SIGHUP)
    running.expect("got 1$")
    os.close(keyboard)
    result = running.wait()
    assert result.code == 0 and result.report["toldBy"] == "SIGHUP"


def test_signals_to_what_is_gone_are_no_error(launch_both: Launcher, tmp_path: Path) -> None:
    """Between a unit's end and its restart there is nobody to signal."""
    running = launch_both.start({"service.a": {"command": sh("echo x >>runs; exit 1"), "backoff": {"initial": "60s"}}})
    running.expect_error("restart 2 in 60s")
    running.send(signal.SIGUSR1, signal.SIGHUP, signal.SIGWINCH)
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 1 and "cannot send" not in result.err
    assert not descendants(running.process.pid)
