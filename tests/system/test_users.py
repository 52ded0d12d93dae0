"""Who a unit runs as, where, and with what; python-prctl is the witness of what the core set."""

import os
import signal
from pathlib import Path

import pytest
from system_harness import Launcher, Running, at_term, children, sh, status, tool, wait_until

# What Docker gives a container by default, and nothing else in the bounding set.
DOCKER = (
    "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write "
    "setfcap"
).split()
DOCKER_BITS = 0xA80425FB
SHORT = {"MINIPOD_GRACE": "3s"}  # what is deaf is waited for, what heeds TERM has time for that on any machine

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
# a comment, then lines that are none

short:x:7
app:x:1234:2345:An App:/home/app:/bin/sh
homeless:x:1236:2345:::/bin/sh
77:x:1277:2377:a name of digits:/home/77:/bin/sh
"""
GROUP = """\
root:x:0:
app:x:2345:
extra:x:3001:somebody,app
more:x:3002:app,else
not:x:3003:apple,xapp
last:x:3004:app"""


@pytest.fixture
def accounts(open_folder: Path) -> list[str]:
    """A wrap that puts a passwd and a group file of ours in place, in minipod's mount namespace alone."""
    (open_folder / "passwd").write_text(PASSWD)
    (open_folder / "group").write_text(GROUP)
    return ["sh", "-c", 'mount --bind passwd /etc/passwd; mount --bind group /etc/group; exec "$@"', "sh"]


@pytest.fixture
def docker(accounts: list[str]) -> list[str]:
    """The same under Docker's default capabilities."""
    kept = ",".join(["-all", *(f"+{name}" for name in DOCKER)])
    return [*accounts, "setpriv", f"--bounding-set={kept}", f"--inh-caps={kept}"]


def shown(launch: Launcher, unit: dict, wrap: list[str], *, command: list[str] | None = None) -> dict[str, str]:
    """/proc/self/status of the unit's program."""
    keys = {"command": command or ["cat", "/proc/self/status"], "restart": "never", "log": "raw", **unit}
    result = launch.run({"service.a": keys}, wrap=wrap)
    assert result.code == 0, result.err
    return {key: value.strip() for key, _, value in (line.partition(":") for line in result.lines)}


def ids(shown: dict[str, str]) -> tuple[set[str], set[str], list[str]]:
    """Real, effective, saved and file-system ids as one set each; supplementary groups."""
    return set(shown["Uid"].split()), set(shown["Gid"].split()), sorted(shown["Groups"].split())


@pytest.mark.parametrize(
    ("keys", "uid", "gid", "groups"),
    [
        ({"user": "app"}, "1234", "2345", ["2345", "3001", "3002", "3004"]),
        ({"user": "1234"}, "1234", "2345", ["2345", "3001", "3002", "3004"]),
        ({"user": "4321"}, "4321", "0", ["0"]),
        ({"user": "77"}, "1277", "2377", ["2377"]),
        ({"user": "app", "group": "extra"}, "1234", "3001", ["3001"]),
        ({"user": "app", "group": "999"}, "1234", "999", ["999"]),
        ({"group": "extra"}, "0", "3001", None),
    ],
)
def test_users_and_groups(launch_both: Launcher, docker, keys: dict, uid: str, gid: str, groups) -> None:
    """Under Docker's default capabilities, as DESIGN's item 8 asks; a group that is named is the only one."""
    seen = ids(shown(launch_both, keys, docker))
    assert seen[:2] == ({uid}, {gid}) and (groups is None or seen[2] == groups)


def test_a_non_root_unit_under_docker_s_default_capabilities(launch_both: Launcher, docker: list[str]) -> None:
    """It has none of them, as in a container with USER; a root unit has what minipod has."""
    theirs = shown(launch_both, {"user": "app"}, docker)
    assert {int(theirs[key], 16) for key in ("CapPrm", "CapEff", "CapAmb")} == {0}
    assert int(theirs["CapBnd"], 16) == DOCKER_BITS
    root = shown(launch_both, {}, docker)
    assert int(root["CapEff"], 16) == int(root["CapBnd"], 16) == DOCKER_BITS


# Other users may not execute everybody's Python; a shell they may.
DEAF_DAEMON = sh("(setsid sh -c 'trap \"\" TERM; echo ready $$; while :; do sleep 1; done' &); exec sleep 1000")


def programs(running: Running) -> list[tuple[str, str]]:
    """Of minipod's children: whose they are, and what they run."""
    shown = [status(pid) for pid in children(running.pid)]
    return [(each["Uid"].split()[0], each["Name"]) for each in shown if each]


def test_stop_and_restart_reach_a_non_root_unit(launch_both: Launcher, docker: list[str]) -> None:
    """CAP_KILL is among Docker's; strays of another user are killed, too."""
    pod = {
        "service.a": {"command": sh("echo ready; exec sleep 1000"), "user": "app"},
        "service.b": {"command": DEAF_DAEMON, "user": "homeless", "restart": "on_failure"},
    }
    running = launch_both.start(pod, wrap=docker, env=SHORT)
    running.expect_all(r"a \| ready", r"b \| ready")
    daemon = running.inside(int(running.expect_all(r"b \| ready (\d+)")[0].group(1)))
    for uid in ("1234", "1236"):
        wait_until(lambda uid=uid: (uid, "sleep") in programs(running), f"{uid}'s unit runs")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 143 and not status(daemon)


def test_a_user_that_changed_beyond_our_reach_is_a_warning(launch_both: Launcher, accounts: list[str]) -> None:
    """EPERM when forwarding: tini dies of it (krallin/tini#9). Without CAP_KILL root may not signal others."""
    wrap = [*accounts, "setpriv", "--bounding-set=-kill"]
    gate = launch_both.folder / "gate"
    os.mkfifo(gate)
    gate.chmod(0o666)
    pod = {
        "service.a": {"command": sh("echo ready; read x < gate"), "user": "app", "restart": "never"},
        "service.b": {"command": tool("signals", signal.SIGTERM)},
    }
    running = launch_both.start(pod, wrap=wrap)
    running.expect_all(r"a \| ready", r"b \| ready")
    running.send(signal.SIGUSR1)
    running.expect(r"b \| got 10")
    running.expect_error("a: cannot send SIGUSR1: operation not permitted")
    gate.write_text("\n")
    running.expect_error("a: exited with 0")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.unit("b")["exitCode"] == 0


def test_home_is_the_user_s_own(launch_both: Launcher, accounts: list[str]) -> None:
    """Nobody sees whose environment it was; what the config says goes before."""
    env = {"HOME": "/root", "USER": "root", "LOGNAME": "root", "KEPT": "yes"}
    show = sh('echo "$HOME $USER $LOGNAME $KEPT"')
    for keys, wanted in (
        ({"user": "app"}, "/home/app app app yes"),
        ({"user": "homeless"}, "/ homeless homeless yes"),
        ({"user": "4321"}, "/   yes"),
        ({"user": "app", "env": {"HOME": "/data"}}, "/data app app yes"),
        ({}, "/root root root yes"),
    ):
        unit = {"command": show, "restart": "never", "log": "raw", **keys}
        assert launch_both.run({"service.a": unit}, wrap=accounts, env=env).out == wanted + "\n", keys


def test_home_of_a_user_in_a_command(launch: Launcher, accounts: list[str]) -> None:
    """$(HOME) in a command is resolved at load: a variable that only the child learns is not there yet."""
    unit = {"command": sh("echo $MINIPOD_UNIT $MINIPOD_POD"), "restart": "never", "log": "raw", "user": "app"}
    assert launch.run({"pod": {"name": "p"}, "service.a": unit}, wrap=accounts).out == "a p\n"


def test_umask_and_working_dir(launch_both: Launcher, accounts: list[str], tmp_path: Path) -> None:
    """A directory that is missing is created, as Docker and Kubernetes do, as us and not as the user."""
    deep = tmp_path / "made" / "by us"
    unit = {"command": sh("umask; pwd; stat -c %u:%a ."), "restart": "never", "log": "raw", "umask": "027",
            "working_dir": str(deep), "user": "app"}
    assert launch_both.run({"service.a": unit}, wrap=accounts).lines == ["0027", str(deep), "0:755"]


def test_without_these_keys_all_is_as_minipod_has_it(launch_both: Launcher, tmp_path: Path) -> None:
    unit = {"command": sh("umask; pwd; id -u"), "restart": "never", "log": "raw"}
    result = launch_both.run({"service.a": unit}, wrap=["sh", "-c", 'umask 035; exec "$@"', "sh"])
    assert result.lines == ["0035", str(tmp_path), str(os.getuid())]


@pytest.mark.parametrize("mode", ["prefix", "raw"])
def test_dev_stdout_opens_for_any_user(launch_both: Launcher, docker: list[str], mode: str) -> None:
    """moby#31243: a pipe that belongs to root cannot be opened by its name."""
    script = sh("echo out >/dev/stdout; echo err >/dev/stderr")
    unit = {"command": script, "restart": "never", "user": "app", "log": mode}
    result = launch_both.run({"service.a": unit}, wrap=docker)
    assert result.code == 0 and "out\n" in result.out and "err\n" in result.err


def test_what_cannot_be_become_is_126(launch_both: Launcher, accounts: list[str]) -> None:
    """minipod itself is not root: no other user can be had, its own needs no right."""
    wrap = [*accounts, "setpriv", "--reuid=1234", "--regid=2345", "--clear-groups"]
    for user, code in (("root", 126), ("homeless", 126), ("app", 0), ("1234", 0)):
        plan = launch_both.compile({"service.a": {"command": ["true"], "user": user, "restart": "never"}})
        result = launch_both.call("run", plan, wrap=wrap).wait()
        assert result.code == code, (user, result.err)


def test_an_unprivileged_minipod_does_all_its_duties(launch_both: Launcher, accounts: list[str]) -> None:
    wrap = [*accounts, "setpriv", "--reuid=4321", "--regid=4321", "--clear-groups", "--no-new-privs"]
    running = launch_both.start(
        {"service.a": {"command": DEAF_DAEMON}, "service.b": {"command": sh("exit 1")}},
        wrap=wrap, env=SHORT, report=False,
    )
    daemon = running.inside(int(running.expect(r"ready (\d+)").group(1)))
    running.expect_error("b: restart 2 ")
    running.send(signal.SIGTERM)
    assert running.wait().code == 143 and not status(daemon)


# --- witnesses

WITNESS = "import prctl; print(prctl.get_child_subreaper(), prctl.get_no_new_privs(), prctl.get_pdeathsig(), " \
          "prctl.get_keepcaps(), prctl.get_dumpable())"


def test_a_unit_inherits_no_attribute_of_ours(launch_both: Launcher, python: Path) -> None:
    unit = {"command": [str(python), "-c", WITNESS], "restart": "never", "log": "raw"}
    assert launch_both.run({"service.a": unit}).lines == ["0 0 0 False True"]


def test_units_get_only_their_streams(launch_both: Launcher) -> None:
    """None of ours, none that minipod inherited."""
    unit = {"command": tool("descriptors"), "restart": "never", "log": "raw"}
    reading, writing = os.pipe()
    other = os.dup2(writing, 57)
    pod = {"service.a": unit, "service.b": unit, "sidecar.s": {"command": at_term(0)}}
    result = launch_both.run(pod, pass_fds=(reading, other))
    os.close(reading), os.close(writing), os.close(other)
    assert [line for line in result.lines if line.startswith("open")] == ["open 0 1 2"] * 2


def test_one_program_keeps_what_was_handed_on(launch_both: Launcher) -> None:
    """Socket activation and the like: descriptors from 3 on are the program's business."""
    reading, writing = os.pipe()
    other = os.dup2(writing, 57)
    result = launch_both.solo(*tool("descriptors"), pass_fds=(other,)).wait()
    os.close(reading), os.close(writing), os.close(other)
    assert result.out == "open 0 1 2 57\n"


def test_one_program_s_environment_is_exactly_ours(launch_both: Launcher) -> None:
    result = launch_both.solo("env", "-0", wrap=["env", "-i", "A=1", "MINIPOD_GRACE=2s", "B="]).wait()
    assert result.out == "A=1\0MINIPOD_GRACE=2s\0B=\0"


def test_limits_are_as_they_were(launch_both: Launcher) -> None:
    """minipod raises its own number of files; its children have what they would have had."""
    unit = {"command": sh("ulimit -Sn; ulimit -Hn"), "restart": "never", "log": "raw"}
    result = launch_both.run({"service.a": unit}, wrap=["sh", "-c", 'ulimit -Sn 77; exec "$@"', "sh"])
    assert result.lines[0] == "77"


def test_minipod_reaps_for_its_descendants_only_where_it_must(launch_as_child: Launcher) -> None:
    """Not PID 1 it is a subreaper: an orphan's parent is minipod."""
    running = launch_as_child.start({"service.a": {"command": tool("daemonise")}}, env=SHORT)
    daemon = running.inside(int(running.expect(r"ready (\d+)").group(1)))
    wait_until(lambda: int(status(daemon)["PPid"]) == running.pid, "its own parent is gone, minipod has it")
    running.send(signal.SIGTERM)
    assert running.wait().code == 143
