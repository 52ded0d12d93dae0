"""`minipod exec` beside PID 1 itself: the command gets what the unit gets."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from system_harness import Launcher, sh

SHOW = 'pwd; umask; id -u; id -g; id -G; env | grep -Ev "^(MINIPOD_INSTANCE|PWD|OLDPWD|SHLVL|_)=" | sort; echo end'

Exec = Callable[..., subprocess.CompletedProcess]


@pytest.fixture
def exec_in(tmp_path: Path) -> Exec:
    """Runs `python -m minipod exec` from another directory, with other variables."""

    def run(*words: str, **how: object) -> subprocess.CompletedProcess:
        env = {**os.environ, "MINIPOD_SOCKET": str(tmp_path / "pod.sock"), "STRANGE": "1"}
        command = [sys.executable, "-m", "minipod", "exec", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env, cwd="/", **how)

    return run


@pytest.fixture
def shown(launch: Launcher, open_folder: Path) -> Iterator[Callable[[dict], str]]:
    """Starts a pod with this unit; what its program sees."""

    def show(unit: dict) -> str:
        running = launch.start({
            "pod": {"control": str(open_folder / "pod.sock")},
            "service.web": {"command": sh(f"{SHOW}; exec sleep 1000"), "log": "raw", **unit},
        })  # fmt: skip
        return running.expect(r"(?s)\A.*^end\n")[0].decode()

    yield show


@pytest.mark.parametrize(
    "unit",
    [
        {},
        {"working_dir": "/usr", "umask": "027", "env": {"A": "b=c", "B": "$(A)"}, "notify": {"fd": 3}},
        {"user": "nobody"},
        {"user": "12345", "env": {"HOME": "/x"}},
        {"user": "nobody", "group": "12", "working_dir": "/usr"},
        {"group": "12"},
    ],
    ids=lambda unit: ",".join(unit) or "plain",
)
def test_as_the_unit_itself(shown: Callable[[dict], str], exec_in: Exec, unit: dict) -> None:
    seen = shown({**unit, "start_timeout": "1h"} if "notify" in unit else unit)
    is_other = "user" in unit and os.geteuid() == 0
    done = exec_in("web", "--", "sh", "-c", SHOW, extra_groups=[0, 23456] if is_other else None)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(line for line in seen.splitlines(True) if not line.startswith("NOTIFY_FD="))


def test_a_unit_that_is_stopped(shown: Callable[[dict], str], exec_in: Exec, tmp_path: Path) -> None:
    shown({"env": {"A": "1"}})
    env = {**os.environ, "MINIPOD_SOCKET": str(tmp_path / "pod.sock")}
    subprocess.run([sys.executable, "-m", "minipod", "stop", "web"], env=env, check=True, timeout=60)
    assert exec_in("web", "sh", "-c", "echo $A; exit 5").stdout == "1\n"
    assert exec_in("web", "sh", "-c", "echo $A; exit 5").returncode == 5


def test_secrets_by_variable_and_by_descriptor(launch: Launcher, exec_in: Exec, open_folder: Path) -> None:
    """As the process has them; also for a command with another user than PID 1's."""
    (open_folder / "key").write_text("k3y")
    script = 'cat "$TLS_FILE"; echo " $PW"'
    unit = {
        "secrets": {"PW": str(open_folder / "key"), "TLS": {"file": str(open_folder / "key"), "to": "fd"}},
        "command": sh(f"{script}; exec sleep 1000"),
        "user": "nobody" if os.geteuid() == 0 else str(os.geteuid()),
    }
    running = launch.start({"pod": {"control": str(open_folder / "pod.sock")}, "service.web": unit})
    running.expect("k3y k3y")
    done = exec_in("web", "--", "sh", "-c", script)
    assert (done.stdout, done.returncode) == ("k3y k3y\n", 0), done.stderr
