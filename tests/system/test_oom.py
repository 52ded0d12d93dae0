"""Who was killed for want of memory, by the count of minipod's own cgroup: the files are ours, mounted where the
kernel's are, so that each test says what they hold and when they change.
"""

import os
from pathlib import Path

import pytest
from system_harness import SLEEP, Launcher, sh

# The file that counts, below /sys/fs/cgroup, which begins with a container's own cgroup or with the host's; and what
# /proc/PID/cgroup says then.
CGROUPS = {
    "memory.events": "0::/pods/one\n",
    "pods/one/memory.events": "0::/pods/one\n",
    "memory/memory.oom_control": "4:cpu,memory:/pods/one\n0::/\n",
    "memory/pods/one/memory.oom_control": "5:pids,xmemory:/other\n4:memory:/pods/one\n0::/\n",
}
V2 = "memory.events"


def among(folder: Path, file: str = "", count: str = "", cgroups: str = "") -> list[str]:
    """The command that becomes minipod where ``file`` holds ``count``; without a file there is none that counts."""
    (folder / "cgroups").write_text(cgroups or CGROUPS.get(file, ""))
    (folder / "count").write_text(count)
    put = f"mkdir -p /sys/fs/cgroup/{Path(file).parent} && cp {folder}/count /sys/fs/cgroup/{file}" if file else "true"
    mounts = f"mount -t tmpfs none /sys/fs/cgroup && mount --bind {folder}/cgroups /proc/$$/cgroup"
    return ["sh", "-c", f'{mounts} && {put} && exec "$@"', "sh"]


def counted(folder: Path, file: str, count: str, then: str = "kill -9 $$") -> dict[str, object]:
    """A unit that comes to an end after the kernel's count has become another."""
    (folder / "new").write_text(count)
    return {"command": sh(f"cat {folder}/new > /sys/fs/cgroup/{file}; {then}"), "restart": "never"}


@pytest.mark.parametrize("file", CGROUPS)
def test_a_kill_that_the_cgroup_counted(launch: Launcher, tmp_path: Path, file: str) -> None:
    unit = counted(tmp_path, file, "oom_kill_disable 9\noom_kill 8\n")
    result = launch.run({"service.a": unit}, wrap=among(tmp_path, file, "low 0\noom 3\noom_kill 7\nlast 0\n"))
    assert result.code == 137 and result.unit("a")["reason"] == "OOMKilled"
    assert "a: ended by SIGKILL" in result.err and ": out of memory" in result.err


@pytest.mark.parametrize(
    "count",
    [
        pytest.param("oom_kill 7\n", id="it did not count"),
        pytest.param("oom_kill 6\n", id="backwards"),
        pytest.param("", id="empty"),
        pytest.param("oom_kill 9", id="cut short"),
        pytest.param("oom_kill 9x\n", id="no number"),
        pytest.param("oom_kill \n", id="no digit"),
        pytest.param("oom_kill_disable 9\noom_group_kill 9\noom 9\nxoom_kill 9\n", id="others' counts"),
        pytest.param("x" * 5000 + "\noom_kill 9\n", id="too far behind"),
    ],
)
def test_a_kill_that_nobody_counted(launch: Launcher, tmp_path: Path, count: str) -> None:
    result = launch.run({"service.a": counted(tmp_path, V2, count)}, wrap=among(tmp_path, V2, "oom_kill 7\n"))
    assert result.code == 137 and result.unit("a")["reason"] == "Error" and "out of memory" not in result.err


@pytest.mark.parametrize(("count", "second"), [(1, "Error"), (2, "OOMKilled")])
def test_each_count_is_one_unit_s(launch: Launcher, tmp_path: Path, count: int, second: str) -> None:
    """The second is killed by hand after the first was by the kernel, which may have killed both."""
    os.mkfifo(tmp_path / "later")
    pod = {
        "service.a": counted(tmp_path, V2, f"oom_kill {count}\n"),
        "service.b": {"command": sh(f"read line < {tmp_path}/later; kill -9 $$"), "restart": "never"},
    }
    running = launch.start(pod, wrap=among(tmp_path, V2, "oom_kill 0\n"))
    running.expect_error("a: ended by SIGKILL .*: out of memory")
    (tmp_path / "later").write_text("now\n")
    result = running.wait()
    assert result.unit("a")["reason"] == "OOMKilled" and result.unit("b")["reason"] == second


def test_who_ended_otherwise_was_not_killed(launch: Launcher, tmp_path: Path) -> None:
    """Not by itself with KILL's number, and not by minipod."""
    os.mkfifo(tmp_path / "deaf")
    deaf = sh(f"trap '' TERM; echo now > {tmp_path}/deaf; while :; do sleep 1000; done")
    pod = {
        "pod": {"main": "a"},
        "service.a": counted(tmp_path, V2, "oom_kill 5\n", f"read line < {tmp_path}/deaf; exit 137"),
        "service.b": {"command": deaf, "restart": "never", "termination_grace_period": "500ms"},
    }
    result = launch.run(pod, wrap=among(tmp_path, V2, "oom_kill 0\n"))
    assert result.unit("a")["reason"] == "Error" and result.code == 137
    assert result.unit("b")["signal"] == 9 and result.unit("b")["reason"] == "Error"


@pytest.mark.parametrize("cgroups", ["garbage\n", "0::\n", "1:memory\n", ":::\n", "0::/" + "deep/" * 2000 + "\n"])
def test_a_cgroup_that_cannot_be_found(launch: Launcher, tmp_path: Path, cgroups: str) -> None:
    """Nothing was counted, and nothing is said."""
    pod = {"service.a": {"command": sh("kill -9 $$"), "restart": "never"}, "service.b": {"command": SLEEP}}
    result = launch.run({"pod": {"main": "a"}, **pod}, wrap=among(tmp_path, cgroups=cgroups))
    assert result.code == 137 and result.unit("a")["reason"] == "Error" and "cannot" not in result.err
