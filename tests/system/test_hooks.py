"""Hooks with real processes: what they hold up, what they may take, and that nothing of them is left."""

import os
import signal
import time
from pathlib import Path

import pytest
from costs import descriptors
from system_harness import SLEEP, Launcher, Running, at_term, descendants, status, tool, wait_until

FAST = {"initial": "10ms", "max": "10ms"}
STUBBORN = tool("stubborn")
HANGS = {"exec": {"command": SLEEP}}


def shell(script: str) -> dict[str, object]:
    """A hook that is a shell script; hooks expand nothing."""
    return {"exec": {"command": ["sh", "-c", script]}}


def stop(running: Running):
    running.send(signal.SIGTERM)
    return running.wait()


# --- post_start


def test_what_comes_after_waits_for_the_hook(launch_both: Launcher, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    running = launch_both.start({
        "sidecar.a": {"command": at_term(0), "post_start": shell(f"read x < {tmp_path}/gate")},
        "service.b": {"command": at_term(0)},
    })
    running.expect(r"a \| ready")
    running.expect_error("a: started")
    assert b"b: started" not in running.err
    (tmp_path / "gate").write_text("\n")
    running.expect(r"b \| ready")
    assert stop(running).code == 0


def test_a_hook_has_the_surroundings_of_its_unit(launch: Launcher, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    running = launch.start({"service.a": {
        "command": at_term(0),
        "env": {"WORD": "said"},
        "working_dir": str(tmp_path / "here"),
        "post_start": shell('echo "hook $WORD in $(pwd)"'),
    }})
    running.expect_all(rf"a \| hook said in {tmp_path}/here", r"a \| ready")
    assert stop(running).code == 0


@pytest.mark.parametrize("hook", [shell("exit 3"), {"exec": {"command": ["/no/such"]}}], ids=["code", "command"])
def test_a_failed_hook_ends_its_unit_by_the_usual_path(launch: Launcher, hook: dict) -> None:
    """TERM, not KILL; pre_stop before it; the policy decides what follows."""
    result = launch.run({"service.a": {
        "command": at_term(7), "restart": "never", "post_start": hook, "pre_stop": shell("echo before"),
    }})
    assert "a | before" in result.lines
    assert "a: post_start failed" in result.err
    assert result.code == 7 or result.code == 143  # it may have been asked before it could listen


def test_a_failed_hook_is_restarted(launch: Launcher, tmp_path: Path) -> None:
    flag = tmp_path / "second"
    running = launch.start({"service.a": {
        "command": at_term(0), "backoff": FAST, "post_start": shell(f"test -e {flag} || {{ touch {flag}; exit 1; }}"),
    }})
    running.expect_error("a: post_start failed: exit code 1")
    running.expect_error("a: restart 1")
    running.expect_error("(?s)a: started.*a: started")
    running.expect(r"a \| ready")
    assert stop(running).unit("a")["restartCount"] == 1


def test_a_program_that_ends_takes_its_hook_with_it(launch_both: Launcher) -> None:
    """The hook is in the middle of its work: it is killed, and the unit's own end counts."""
    result = launch_both.run({"service.a": {"command": ["true"], "restart": "never", "post_start": HANGS}})
    assert result.code == 0


def test_a_stop_ends_the_wait_for_post_start(launch_both: Launcher) -> None:
    unit = {"command": at_term(0), "post_start": HANGS}
    running = launch_both.start({"service.a": unit}, env={"MINIPOD_GRACE": "1h"})
    running.expect(r"a \| ready")
    assert stop(running).code == 0


# --- pre_stop


def test_the_hook_comes_before_term(launch_both: Launcher) -> None:
    running = launch_both.start({"service.a": {"command": at_term(0), "pre_stop": shell("echo before")}})
    running.expect(r"a \| ready")
    running.send(signal.SIGTERM)
    running.expect(r"a \| before")
    assert running.wait().code == 0


def test_no_hook_for_a_program_that_ends_by_itself(launch: Launcher) -> None:
    result = launch.run({"service.a": {"command": ["true"], "restart": "never", "pre_stop": shell("echo before")}})
    assert result.code == 0 and result.out == ""


def test_a_hook_takes_from_the_grace(launch: Launcher) -> None:
    """Half a second for both: it sleeps for most of it, then TERM is ignored, then KILL."""
    running = launch.start({
        "pod": {"termination_grace_period": "1h"},
        "service.a": {"command": STUBBORN, "termination_grace_period": "500ms", "pre_stop": {"sleep": "400ms"}},
    })
    running.expect("ready")
    began = time.monotonic()
    result = stop(running)
    assert result.code == 137
    assert 0.5 <= time.monotonic() - began


def test_a_hook_that_hangs_goes_with_its_unit(launch_both: Launcher) -> None:
    """It has its time, then TERM comes, and a while to heed it; what is left of it is killed when the unit is over."""
    running = launch_both.start({
        "pod": {"termination_grace_period": "10s"},
        "service.a": {"command": at_term(0), "termination_grace_period": "2s", "pre_stop": HANGS},
    })
    running.expect(r"a \| ready")
    assert stop(running).code == 0


def test_a_failed_hook_stops_nothing(launch: Launcher) -> None:
    running = launch.start({"service.a": {"command": at_term(0), "pre_stop": shell("exit 9")}})
    running.expect(r"a \| ready")
    result = stop(running)
    assert result.code == 0 and "a: pre_stop failed: exit code 9" in result.err


def test_hooks_of_all_units_run_at_once_and_term_comes_in_turn(launch: Launcher, tmp_path: Path) -> None:
    """The sidecar's hook is under way while the service still works on its own end."""
    os.mkfifo(tmp_path / "gate")
    running = launch.start({
        "pod": {"termination_grace_period": "60s"},
        "sidecar.s": {"command": at_term(0), "pre_stop": shell("echo hooked")},
        "service.a": {"command": at_term(0), "pre_stop": shell(f"read x < {tmp_path}/gate")},
    })
    running.expect_all(r"s \| ready", r"a \| ready")
    running.send(signal.SIGTERM)
    running.expect(r"s \| hooked")
    assert b"s: exited" not in running.err
    (tmp_path / "gate").write_text("\n")
    result = running.wait()
    assert result.code == 0
    assert result.err.index("a: exited") < result.err.index("s: exited")


def test_a_second_signal_ends_hooks_too(launch_both: Launcher) -> None:
    running = launch_both.start({
        "pod": {"termination_grace_period": "60s"},
        "service.a": {"command": STUBBORN, "termination_grace_period": "60s", "pre_stop": HANGS},
    })
    running.expect(r"a \| ready")
    running.send(signal.SIGTERM)
    running.expect_error("stopping: got SIGTERM")
    running.send(signal.SIGTERM)
    assert running.wait().code == 137


# --- what hangs holds up nobody


def sleeper(running: Running) -> int | None:
    """The process that hangs."""
    found = [pid for pid in descendants(running.pid) if status(pid).get("Name") == "sleep"]
    return found[0] if found else None


def test_a_hook_that_hangs_holds_up_no_other_unit(launch: Launcher) -> None:
    """A sibling's end is reaped meanwhile; once the hook is gone there are as many descriptors as before."""
    running = launch.start({
        "service.a": {"command": at_term(0), "post_start": HANGS},
        "service.b": {"command": at_term(5), "backoff": FAST},
    })
    running.expect_all(r"a \| ready", r"b \| ready")
    wait_until(lambda: len(descendants(running.pid)) == 3, "the hook runs")
    before = descriptors(running.pid)
    b = next(pid for pid in descendants(running.pid) if b"\x005\x00" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(b, signal.SIGTERM)
    running.expect_error("b: exited with 5")
    running.expect_error("b: restart 1")
    running.expect_error("(?s)b: started.*b: started")
    os.kill(wait_until(lambda: sleeper(running), "the hook has executed its command"), signal.SIGKILL)
    running.expect_error("a: post_start failed: ended by SIGKILL")
    wait_until(lambda: descriptors(running.pid) <= before, "nothing of the hook is left open")
    assert stop(running).code in (5, 143)  # b may not have begun to listen again


def test_a_shell_hook_leaves_nobody(launch_as_child: Launcher) -> None:
    """Its whole group goes with it."""
    running = launch_as_child.start({"service.a": {
        "command": at_term(0), "post_start": shell("sleep 1000 & sleep 1000"),
    }})
    running.expect(r"a \| ready")
    wait_until(lambda: len(descendants(running.pid)) == 4, "the hook and its child run")
    assert stop(running).code == 0  # the harness tells of whoever is left behind


def test_http_hook_takes_any_answer(launch: Launcher) -> None:
    """Any status is success for a hook; nobody who listens is a failure."""
    from peers import Peer, idle_port

    def not_found(peer, connection):
        peer.requests.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with Peer(not_found) as peer:
        running = launch.start({"service.a": {
            "command": at_term(0), "restart": "never",
            "post_start": {"http_get": {"port": peer.port, "path": "/up"}},
            "pre_stop": {"http_get": {"port": idle_port()}},
        }})
        wait_until(lambda: peer.requests, "the hook has asked")
        running.expect(r"a \| ready")
        result = stop(running)
    assert result.code == 0
    assert peer.requests[0].startswith(b"GET /up HTTP/1.1\r\n") and b"kube-lifecycle/" in peer.requests[0]
    assert "a: post_start failed" not in result.err
    assert "a: pre_stop failed: connection refused" in result.err


def test_sh_is_not_needed_for_sleep(launch: Launcher) -> None:
    """Sleep is the core's own: no process of anybody's. Who comes after it comes when it is over."""
    running = launch.start({
        "service.a": {"command": at_term(0), "post_start": {"sleep": "1h"}, "termination_grace_period": "2h"},
        "service.b": {"command": at_term(0), "after": ["a"]},
        "service.c": {"command": at_term(0), "post_start": {"sleep": "50ms"}},
        "service.d": {"command": at_term(0), "after": ["c"]},
    })
    running.expect_all(r"a \| ready", r"c \| ready", r"d \| ready")
    assert len(descendants(running.pid)) == 3
    assert stop(running).unit("b")["startedAt"] is None
