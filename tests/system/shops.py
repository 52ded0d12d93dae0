"""A pod with a control socket that has one unit of each kind: one that runs, one that fails, one that waits, one that
is over."""

from pathlib import Path

from knocking import Place
from system_harness import SLEEP, Launcher, Running, sh

POD = {
    "pod": {"name": "shop", "labels": {"app": "shop", "tier": "a"}},
    "init.first": {"command": sh("echo begun")},
    "service.web": {"command": sh("echo one; echo two >&2; printf three; exec sleep 1000")},
    "service.broken": {"command": sh("exit 3"), "restart": "on_failure", "backoff": {"initial": "1h", "max": "1h"}},
    "service.late": {"command": SLEEP, "after": {"broken": "completed"}},
}


def start(launch: Launcher, folder: Path, pod: dict, **how: object) -> tuple[Running, Place]:
    """The pod, and where it is asked."""
    path = str(folder / "pod.sock")
    running = launch.start({**pod, "pod": {**pod.get("pod", {}), "control": path}}, **how)
    return running, Place(path).wait()


def open_shop(launch: Launcher, folder: Path) -> tuple[Running, Place]:
    """With all that it comes to by itself: broken waits an hour for its third instance."""
    running, place = start(launch, folder, POD)
    place.wait_for("broken", life="backoff", instances=2)
    running.expect_all("one", "begun")
    return running, place
