"""Pods with volumes, each with a /run and an /etc/hosts of its own, in a mount namespace of the test's.

It must never mount anything where others see it.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from system_harness import Launcher, Result, Running, bare_sh

from minipod.model import Kind, Mount, Pod, Unit, Volume
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan

HOSTS = "127.0.0.1\tlocalhost\n"
NO_MOUNTS = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")
DATA = Volume("data", "empty_dir")


class House(NamedTuple):
    """Where pods live: ``run`` is their /run, ``hosts`` their /etc/hosts; units see their volumes below ``seen``."""

    launch: Launcher
    run: Path
    hosts: Path
    seen: Path

    def start(self, pod: Pod | Plan, wrap: Sequence[str] = (), *, run: Path | None = None) -> Running:
        """Mounts are those of the pod's own namespace."""
        plan = self.launch.folder / f"{pod.name}.plan"
        plan.write_bytes(encode(pod if isinstance(pod, Plan) else lower(pod)))
        script = f'mount --bind "{run or self.run}" /run && mount --bind "{self.hosts}" /etc/hosts && exec "$@"'
        report = self.launch.folder / f"{pod.name}.json"
        words = ("run", plan, "--report", report)
        return self.launch.call(*words, wrap=("sh", "-c", script, "sh", *wrap), report_path=report)

    def play(self, pod: Pod | Plan, wrap: Sequence[str] = ()) -> Result:
        """To its end."""
        return self.start(pod, wrap).wait()

    @property
    def volumes(self) -> list[str]:
        """What is left of pods."""
        at = self.run / "minipod/volumes"
        return sorted(os.listdir(at)) if at.exists() else []

    def tree(self) -> list[str]:
        """All that stands where units see volumes."""
        return sorted(str(path.relative_to(self.seen)) for path in self.seen.rglob("*"))


def build(launch: Launcher, folder: Path) -> House:
    run, hosts, seen = folder / "run", folder / "hosts", folder / "seen"
    for made in (run, seen):
        made.mkdir()
    seen.chmod(0o777)
    hosts.write_text(HOSTS)
    return House(launch, run, hosts, seen)


def unit(name: str, script: str, *mounts: Mount, kind: Kind = Kind.SERVICE, **more: object) -> Unit:
    return Unit(name, kind, tuple(bare_sh(script.replace("$", "$$"))), "never", mounts=mounts, **more)


def job(script: str, *mounts: Mount, volumes: Sequence[Volume] = (DATA,), **more: object) -> Pod:
    return Pod("job", (unit("web", script, *mounts),), volumes=tuple(volumes), **more)
