"""What a unit's processes may do and use, as the kernel and python-prctl see it; what cannot be had is not started."""

import os
from pathlib import Path

import prctl
import pytest
from system_harness import Launcher, sh

NET_BIND, KILL = 1 << prctl.CAP_NET_BIND_SERVICE, 1 << prctl.CAP_KILL
WITNESS = """
import prctl
sets = prctl.cap_permitted, prctl.cap_effective, prctl.cap_inheritable, prctl.capbset
print(*("k" * s.kill + "n" * s.net_bind_service or "-" for s in sets),
      prctl.get_no_new_privs(), prctl.get_keepcaps(), prctl.capbset.chown)
"""
SHOW = sh("cat /proc/self/status; ulimit -Sn; ulimit -Hn; ulimit -c; nice; cat /proc/self/oom_score_adj")


def shown(launch: Launcher, unit: dict, wrap: list[str] | None = None) -> tuple[dict[str, str], list[str]]:
    """/proc/self/status, and the lines behind it."""
    keys = {"command": SHOW, "restart": "never", "log": "raw", **unit}
    result = launch.run({"service.a": keys}, wrap=wrap or [])
    assert result.code == 0, result.err
    lines = {key: value.strip() for key, _, value in (line.partition(":\t") for line in result.lines)}
    return lines, result.lines[-5:]


def sets(shown: dict[str, str]) -> list[int]:
    return [int(shown[f"Cap{name}"], 16) for name in ("Prm", "Eff", "Inh", "Bnd", "Amb")]


def test_root_keeps_what_is_added(launch_both: Launcher, python: Path) -> None:
    """python-prctl is the witness: as runc has it, nothing is inheritable."""
    unit = {
        "command": [str(python), "-c", WITNESS],
        "restart": "never",
        "log": "raw",
        "no_new_privileges": True,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "cap_kill"]},
    }
    assert launch_both.run({"service.a": unit}).lines == ["kn kn - kn 1 False False"]


def test_another_user_has_what_is_added(launch_both: Launcher) -> None:
    """By the ambient set, or it would have nothing; groups and limits are its own, and so are those of its probe."""
    unit = {
        "user": "4321",
        "groups": ["3002", 3001],
        "limits": {"nofile": {"soft": 77, "hard": 99}, "core": 0},
        "nice": 7,
        "oom_score_adj": 123,
        "capabilities": {"drop": ["KILL"], "add": ["NET_BIND_SERVICE"]},
    }
    status, rest = shown(launch_both, unit)
    *own, bounding, ambient = sets(status)
    assert own == [NET_BIND] * 3 and ambient == NET_BIND
    assert bounding & (NET_BIND | KILL) == NET_BIND
    assert sorted(status["Groups"].split()) == ["0", "3001", "3002"]
    assert rest == ["77", "99", "0", "7", "123"]


def test_exec_probes_have_the_same(launch: Launcher, tmp_path: Path) -> None:
    """So have hooks: it is one child that both begin with."""
    probe = sh(f"(grep -E 'Cap|Groups|NoNew' /proc/self/status; ulimit -n; nice) > {tmp_path}/probe")
    hook = sh(f"(grep -E 'Cap|Groups|NoNew' /proc/self/status; ulimit -n; nice) > {tmp_path}/hook")
    unit = {
        "command": sh("read x < gate; grep -E 'Cap|Groups|NoNew' /proc/self/status; ulimit -n; nice"),
        "restart": "never",
        "log": "raw",
        "groups": ["3001"],
        "limits": {"nofile": 77},
        "nice": 7,
        "no_new_privileges": True,
        "capabilities": {"drop": ["KILL"]},
        "startup_probe": {"exec": probe},
        "post_start": {"exec": hook},
    }
    os.mkfifo(tmp_path / "gate")
    after = {"command": sh("echo > gate"), "restart": "never", "after": {"a": "ready"}}
    result = launch.run({"service.a": unit, "service.b": after})
    assert result.code == 0 and len(result.lines) == 9
    assert (tmp_path / "probe").read_text().splitlines() == result.lines
    assert (tmp_path / "hook").read_text().splitlines() == result.lines


WITHOUT = ["setpriv", "--bounding-set=-sys_resource,-setpcap"]
SOMEBODY = ["setpriv", "--reuid=4321", "--regid=4321", "--groups=3001"]


@pytest.mark.parametrize(
    ("wrap", "unit", "code", "why"),
    [
        ([], {"groups": ["3001", "nobody-has-this"]}, 126, "a: cannot execute: group nobody-has-this: "),
        (WITHOUT, {"limits": {"core": 0, "nofile": "unlimited"}}, 126, "a: cannot execute: limit nofile: operation"),
        (SOMEBODY, {"nice": -5}, 126, "a: cannot execute: nice of true: permission denied"),
        (WITHOUT, {"oom_score_adj": -900}, 126, "a: cannot execute: oom_score_adj of true: permission denied"),
        (SOMEBODY, {"groups": ["3002"]}, 126, "a: cannot execute: user or group true: operation not permitted"),
        (SOMEBODY, {"groups": ["3001"]}, 0, ""),
        (WITHOUT, {"capabilities": {"drop": ["KILL"]}}, 78, "cannot run: a: capabilities cannot be dropped for good"),
        (WITHOUT, {"capabilities": {"drop": ["KILL"]}, "no_new_privileges": True}, 0, ""),
        (SOMEBODY, {"capabilities": {"drop": ["ALL"]}, "no_new_privileges": True}, 0, ""),
        (WITHOUT, {"capabilities": {"add": ["ALL"]}}, 78, "a: the capability ALL cannot be added"),
        (WITHOUT, {"capabilities": {"add": ["NET_RAW", "SETPCAP"]}}, 78, "a: the capability SETPCAP cannot be added"),
    ],
)
def test_what_cannot_be_had(launch: Launcher, open_folder: Path, wrap, unit: dict, code: int, why: str) -> None:
    """A start error, or, where each start would fail alike, none at all: 78 before anything starts."""
    plan = launch.compile({"service.a": {"command": ["true"], "restart": "never", **unit}})
    result = launch.call("run", plan, wrap=wrap).wait()
    assert (result.code, why in result.err) == (code, True), result.err


def test_what_is_dropped_stays_dropped_without_setpcap(launch: Launcher) -> None:
    """The bounding set cannot be changed, and need not: nothing that is executed gains anything."""
    unit = {"capabilities": {"drop": ["ALL"]}, "no_new_privileges": True}
    status, _ = shown(launch, unit, WITHOUT)
    permitted, effective, inheritable, bounding, ambient = sets(status)
    assert (permitted, effective, inheritable, ambient) == (0, 0, 0, 0) and bounding & KILL
