"""`minipod diff` against PID 1 itself: the plan that it gives is the one that it was given."""

import subprocess
import sys
from pathlib import Path

from system_harness import SLEEP, Launcher, sh

POD = {
    "pod": {"name": "shop"},
    "init.seed": {"command": ["true"]},
    "service.web": {
        "command": sh("echo up; exec sleep 1000"), "env": {"API_TOKEN": "hunter2"}, "after": {"db": "started"},
        "readiness_probe": {"exec": ["true"], "period": "1s"}, "exit_codes": {"3": 0}, "stop_signal": "INT",
    },
    "service.db": {"command": SLEEP, "pre_stop": {"sleep": "10ms"}},
}  # fmt: skip


def test_a_pod_that_runs(launch: Launcher, tmp_path: Path) -> None:
    """Before a unit has ended and after it: what became of it is no difference."""
    pod = {**POD, "pod": {"name": "shop", "control": str(tmp_path / "shop.sock")}}

    def diff(units: dict) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "minipod", "diff", str(launch.write(units, "next"))]
        env = {"PATH": "/nowhere", "MINIPOD_SOCKET": str(tmp_path / "shop.sock")}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)

    launch.start(pod).expect("up")
    same = diff(pod)
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "")
    web = {**pod["service.web"], "env": {"API_TOKEN": "hunter3"}}
    other = diff({**pod, "service.web": web})
    said = "pod shop: 2 unchanged, 1 changed\n= init seed\n~ service web\n    env API_TOKEN              … -> …\n"
    assert (other.returncode, other.stdout, other.stderr) == (1, f"{said}= service db\n", "")
