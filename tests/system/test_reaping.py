"""Nothing stays and nothing escapes: orphans, zombies, strays, and those that are not ours."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from system_harness import (
    PATIENCE,
    SLEEP,
    Launcher,
    Running,
    at_term,
    beside,
    children,
    descendants,
    sh,
    status,
    tool,
    wait_until,
)

ORPHANS = 10_000
LONG = {"MINIPOD_GRACE": "1h"}  # whoever waits for it to end is seen on the slowest machine
SHORT = {"MINIPOD_GRACE": "3s"}  # what is deaf is waited for, what heeds TERM has time for that on any machine


def has_no_zombies(running: Running) -> bool:
    return not any(status(pid).get("State", "").startswith("Z") for pid in children(running.pid))


@pytest.fixture(scope="module")
def orphans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that makes them."""
    made = tmp_path_factory.mktemp("orphans") / "orphans"
    subprocess.run(["cc", "-O1", "-o", made, Path(__file__).with_name("orphans.c")], check=True, timeout=30)
    return made


def test_ten_thousand_orphans_are_reaped(launch_both: Launcher, orphans: Path) -> None:
    """All while another unit is restarted again and again."""
    pod = {
        "pod": {"main": "maker"},
        "service.maker": {"command": sh(f"{orphans} {ORPHANS} && exec sleep 1000")},
        "service.other": {"command": sh("exit 1"), "backoff": {"initial": "20ms", "max": "20ms"}},
    }
    running = launch_both.start(pod)
    running.expect(r"maker \| made", PATIENCE * 8)
    wait_until(lambda: len(children(running.pid)) <= 2 and has_no_zombies(running), "only the units are left")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 143 and result.lines == ["maker | made"]
    assert result.report["orphansReaped"] >= ORPHANS and result.unit("other")["restartCount"] > 0


def test_an_orphan_that_ends_is_reaped_at_once(launch_both: Launcher) -> None:
    """While the unit that made it lives on."""
    running = launch_both.start({"service.a": {"command": sh("(sleep 0.1 &) ; echo ready; exec sleep 1000")}})
    running.expect("ready")
    wait_until(lambda: len(children(running.pid)) == 1 and has_no_zombies(running), "only the unit is left")
    running.send(signal.SIGTERM)
    assert running.wait().report["orphansReaped"] == 1


def test_one_program_s_orphans_are_reaped(launch_both: Launcher) -> None:
    running = launch_both.solo("sh", "-c", "(sleep 0.1 &) ; echo ready; exec sleep 1000")
    running.expect("ready")
    wait_until(lambda: len(children(running.pid)) == 1 and has_no_zombies(running), "only the program is left")
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_children_from_before_us_are_ours(launch_both: Launcher) -> None:
    """An exec leaves its children: the dead one is reaped, the living one ends with the pod."""
    running = launch_both.start({"service.a": {"command": at_term(0)}}, wrap=tool("given", "with-child"), env=LONG)
    running.expect("ready")
    wait_until(lambda: len(children(running.pid)) == 2 and has_no_zombies(running), "the dead one is reaped")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0


# --- strays


def daemon_of(running: Running) -> int:
    """The test's own pid of the daemon that said it is ready."""
    return running.inside(int(running.expect(r"ready (\d+)").group(1)))


def test_a_daemon_ends_with_the_pod(launch_both: Launcher) -> None:
    """Two forks, a session of its own, deaf to TERM: killed within the budget, at the latest."""
    running = launch_both.start({"service.a": {"command": tool("daemonise")}}, env=SHORT)
    daemon = daemon_of(running)
    assert os.getsid(daemon) not in children(running.pid)
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 143 and not status(daemon) and result.took < 9


def test_a_daemon_that_forgot_its_environment_ends_with_the_pod(launch_both: Launcher) -> None:
    running = launch_both.start({"service.a": {"command": tool("daemonise", "bare")}}, env=SHORT)
    daemon = daemon_of(running)
    running.send(signal.SIGTERM)
    assert running.wait().code == 143 and not status(daemon)


def test_a_daemon_that_obeys_delays_nothing(launch_both: Launcher) -> None:
    unit = {"command": sh("setsid sleep 1000 & echo ready; exec sleep 1000")}
    running = launch_both.start({"service.a": unit}, env=LONG)
    running.expect("ready")
    wait_until(lambda: len(descendants(running.pid)) == 2, "both run")
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_a_daemon_is_killed_before_its_unit_is_restarted(launch_both: Launcher) -> None:
    """Found by the marker in its environment; the new instance never meets the old one's daemon."""
    once = sh(f"[ -e started ] && exec sleep 1000; touch started; {' '.join(tool('daemonise', 'leave'))}; exit 1")
    running = launch_both.start({"service.a": {"command": once, "restart": "on_failure"}})
    daemon = int(running.expect(r"ready (\d+)").group(1))
    running.expect_error("(?s)a: started.*a: started")
    wait_until(lambda: len(descendants(running.pid)) == 1, "only the new instance is left")
    assert not running.inside(daemon)
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_what_a_leader_leaves_in_its_group_is_killed_before_a_restart(launch_both: Launcher) -> None:
    """As the kernel ends a container with its PID 1."""
    once = sh("[ -e started ] && exec sleep 1000; touch started; trap '' TERM HUP; sleep 999 & exit 1")
    running = launch_both.start({"service.a": {"command": once}}, env=LONG)
    running.expect_error("(?s)a: started.*a: started")
    wait_until(lambda: len(descendants(running.pid)) == 1, "only the new instance is left")
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_another_unit_s_daemon_is_left_alone(launch_both: Launcher) -> None:
    """b is restarted three times; a's daemon lives on."""
    pod = {
        "service.a": {"command": tool("daemonise")},
        "service.b": {"command": sh("exit 1"), "backoff": {"initial": "20ms", "max": "20ms"}},
    }
    running = launch_both.start(pod, env=SHORT)
    daemon = daemon_of(running)
    running.expect_error("b: restart 8 ")
    assert status(daemon)["State"][0] not in "ZX"
    running.send(signal.SIGTERM)
    running.wait()
    assert not status(daemon)


def test_what_one_program_leaves_behind_ends_with_it(launch_both: Launcher) -> None:
    """Also when nobody told us to stop: TERM, then KILL within the budget."""
    running = launch_both.solo(*tool("daemonise", "leave"), env=SHORT)
    result = running.wait()
    assert result.code == 0 and "ready" in result.out and result.took < 9


def test_siblings_get_the_time_they_need(launch_both: Launcher) -> None:
    """krallin/tini#180: the leader ends at once, a sibling needs half a second to clean up."""
    marker = launch_both.folder / "marker"
    running = launch_both.start({"service.a": {"command": tool("with_sibling", 0.5, marker)}}, env=LONG)
    running.expect("ready")
    running.send(signal.SIGTERM)
    running.wait()
    assert marker.read_text() == "cleaned\n"


def test_one_program_s_siblings_get_the_time_they_need(launch_both: Launcher) -> None:
    marker = launch_both.folder / "marker"
    running = launch_both.solo(*tool("with_sibling", 0.5, marker), env=LONG)
    running.expect("ready")
    running.send(signal.SIGTERM)
    running.wait()
    assert marker.read_text() == "cleaned\n"


# --- those that are not ours


def test_a_session_from_outside_is_left_alone(launch: Launcher) -> None:
    """As `docker exec` makes it: in our namespace, nobody's child in it. It is neither signalled nor waited for."""
    running = launch.start({"service.a": {"command": tool("daemonise")}}, env=SHORT)
    running.expect("ready")
    marker = launch.folder / "got"
    script = f"trap 'echo got >>{marker}; exit' TERM HUP INT; echo inside; read word; echo $word"
    enter = ["nsenter", "-t", str(running.pid), "-p", "-m", "--", "sh", "-c", script]
    with beside(enter, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout.readline() == "inside\n"
        running.send(signal.SIGUSR1)
        running.send(signal.SIGTERM)
        result = running.wait()
        session.stdin.close()
        session.wait(30)  # the kernel ended it with the namespace
    assert result.code != 0 and not marker.exists()


def test_who_is_beside_us_is_left_alone(launch_as_child: Launcher) -> None:
    """Not PID 1: our own descendants are signalled, nobody else."""
    running = launch_as_child.start({"service.a": {"command": tool("daemonise")}}, env=SHORT)
    running.expect("ready")
    enter = ["nsenter", "-t", str(running.pid), "-p", "-m", "--", *SLEEP]
    with beside(enter, stdout=subprocess.DEVNULL) as session:
        wait_until(lambda: [pid for pid in children(session.pid) if status(pid).get("Name") == "sleep"], "it sleeps")
        os.kill(running.pid, signal.SIGTERM)
        result = running.wait(others=True)
        session.wait(30)
    assert result.code == 143 and re.findall(r"(?m)^left behind: \d+ \((.*)\)", result.err) == ["sleep"]
