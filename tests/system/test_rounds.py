"""Restart rules, new beginnings of the whole pod and sidecars, with real processes."""

import signal
from pathlib import Path

import pytest
from system_harness import Launcher, at_term, sh, tool

FAST = {"initial": "10ms", "max": "10ms"}


def unwilling(marker: Path) -> dict[str, object]:
    """A unit that ignores TERM, and is ready once it does."""
    return {
        "command": sh(f"trap '' TERM; : > {marker}; exec sleep 1000"),
        "readiness_probe": {"exec": {"command": ["test", "-e", str(marker)]}, "period": "10ms"},
    }


def counted(folder: Path, name: str, *codes: int) -> list[str]:
    """A program that ends with each of the codes in turn, the last one for ever."""
    file = folder / name
    cases = "".join(f"{at}) exit {code};; " for at, code in enumerate(codes[:-1]))
    count = f"n=$(cat {file} 2>/dev/null || echo 0); echo $((n + 1)) > {file}"
    return sh(f"{count}; case $n in {cases}*) exit {codes[-1]};; esac")


def test_a_rule_restarts_what_the_policy_would_leave(launch_both: Launcher, tmp_path: Path) -> None:
    result = launch_both.run({"service.a": {
        "command": counted(tmp_path, "n", 42, 42, 3), "restart": "never", "backoff": FAST,
        "restart_rules": [{"action": "restart", "exit_codes": [42]}],
    }})
    assert result.code == 3
    assert result.unit("a")["restartCount"] == 2


def test_a_negated_rule_restarts_a_success(launch: Launcher, tmp_path: Path) -> None:
    result = launch.run({"service.a": {
        "command": counted(tmp_path, "n", 0, 7), "restart": "never", "backoff": FAST,
        "restart_rules": [{"action": "restart", "not_exit_codes": [7, 8]}],
    }})
    assert result.code == 7 and result.unit("a")["restartCount"] == 1


def test_a_rule_has_max_restarts_too(launch: Launcher) -> None:
    result = launch.run({"service.a": {
        "command": sh("exit 42"), "restart": "never", "backoff": FAST, "max_restarts": 2,
        "restart_rules": [{"action": "restart", "exit_codes": [42]}],
    }})
    assert result.code == 42 and result.unit("a")["restartCount"] == 2


def test_the_whole_pod_begins_anew(launch_both: Launcher, tmp_path: Path) -> None:
    """Init, sidecar and services run again, from the first init on; then a rule that fits no more ends it."""
    result = launch_both.run({
        "init.seed": {"command": sh("echo seeded")},
        "sidecar.s": {"command": at_term(0)},
        "service.a": {
            "command": counted(tmp_path, "n", 88, 0), "restart": "never",
            "restart_rules": [{"action": "restart_all", "exit_codes": [88]}],
        },
        "service.b": {"command": at_term(0), "restart": "never"},
        "pod": {"main": "a"},
    })
    assert result.code == 0
    assert result.lines.count("seed | seeded") == 2
    assert "every unit ends, and the pod begins anew" in result.err
    assert [result.unit(name)["restartCount"] for name in ("seed", "s", "a", "b")] == [1, 1, 1, 1]


def test_a_new_beginning_keeps_a_second_between_two(launch: Launcher, tmp_path: Path) -> None:
    result = launch.run({"service.a": {
        "command": counted(tmp_path, "n", 88, 88, 0), "restart": "never",
        "restart_rules": [{"action": "restart_all", "exit_codes": [88]}],
    }})
    assert result.code == 0 and result.took > 2
    assert result.unit("a")["restartCount"] == 2


def test_who_ignores_term_is_killed_for_a_new_beginning(launch: Launcher, tmp_path: Path) -> None:
    """After two seconds, whatever its grace is."""
    result = launch.run({
        "service.a": {
            "command": counted(tmp_path, "n", 88, 0), "restart": "never", "after": {"b": "ready"},
            "restart_rules": [{"action": "restart_all", "exit_codes": [88]}],
        },
        "service.b": {**unwilling(tmp_path / "b"), "termination_grace_period": "60s"},
        "pod": {"main": "a", "termination_grace_period": "1s"},
    })
    assert result.code == 0
    assert "b: did not end in time: killed" in result.err
    assert result.unit("b")["restartCount"] == 1


def test_told_to_stop_while_it_begins_anew(launch_both: Launcher, tmp_path: Path) -> None:
    running = launch_both.start({
        "service.a": {
            "command": sh("exit 88"), "restart": "never", "after": {"b": "ready"},
            "restart_rules": [{"action": "restart_all", "exit_codes": [88]}],
        },
        "service.b": unwilling(tmp_path / "b"),
        "pod": {"termination_grace_period": "1s"},
    })
    running.expect_error("begins anew")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 137
    assert "stopping: got SIGTERM" in result.err


# --- sidecars


@pytest.mark.parametrize("code", [0, 1])
def test_a_sidecar_is_restarted_whatever_it_ends_with(launch: Launcher, tmp_path: Path, code: int) -> None:
    """And has no say in the outcome."""
    running = launch.start({
        "pod": {"restart": "never"},
        "sidecar.s": {"command": sh(f"echo sidecar; exit {code}"), "backoff": FAST},
        "service.a": {"command": at_term(0)},
    })
    for _ in range(3):
        running.expect(r"s \| sidecar")
    running.expect_all(r"a \| ready")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0 and result.unit("s")["restartCount"] >= 2


def test_sidecars_stop_last_in_reverse_order(launch_both: Launcher) -> None:
    running = launch_both.start({
        "sidecar.first": {"command": at_term(0)},
        "sidecar.second": {"command": at_term(0)},
        "service.a": {"command": at_term(0)},
    })
    running.expect_all(r"first  \| ready", r"second \| ready", r"a      \| ready")
    running.send(signal.SIGTERM)
    err = running.wait().err
    assert err.index("a: exited") < err.index("second: exited") < err.index("first: exited")


def test_a_sidecar_whose_startup_probe_fails_lets_nobody_start(launch: Launcher) -> None:
    running = launch.start({
        "sidecar.s": {
            "command": at_term(0), "backoff": FAST,
            "startup_probe": {"exec": {"command": ["false"]}, "period": "10ms", "failure_threshold": 2},
        },
        "service.a": {"command": at_term(0)},
    })
    running.expect_error("s: unhealthy, is stopped: exit code 1")
    running.expect_error("s: restart 2")
    assert b"a: started" not in running.err
    running.send(signal.SIGTERM)
    assert running.wait().code == 143


def test_deadline_stops_with_hooks_and_order(launch_both: Launcher) -> None:
    """TERM is held when they begin, so that none dies of it that has not begun to wait for it."""
    result = launch_both.run({
        "pod": {"deadline": "3s", "termination_grace_period": "1h"},
        "sidecar.s": {"command": at_term(0)},
        "service.a": {"command": at_term(0), "pre_stop": {"exec": {"command": ["echo", "before"]}}},
    }, wrap=tool("given", "blocked"))
    assert result.code == 124
    assert "a | before" in result.lines
    assert result.err.index("a: exited") < result.err.index("s: exited")
