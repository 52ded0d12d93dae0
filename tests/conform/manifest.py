"""A manifest with one container, read by minipod: for vectors about what a container is given."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from texts import expand
from trial import command

from minipod.errors import ConfigError
from minipod.kube.read import read_manifest
from minipod.model import Unit

# With directories for volumes of its own, and an environment of nothing but PATH.
_ALONE = 'mount -t tmpfs none /run && exec env -i "PATH=$PATH" "$@"'
_PATIENCE = 40  # seconds, for a machine that is busy with something else


def read_container(
    container: Mapping, *, meta: Mapping | None = None, spec: Mapping | None = None, others: Sequence[Mapping] = ()
) -> Unit | None:
    """The unit of a pod with that container alone; None when the manifest is refused. ``others`` stand beside it."""
    whole = {"name": "main", "command": ["true"], **container}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod", **(meta or {})},
        "spec": {"containers": [whole], **(spec or {})},
    }
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, *others]})
    try:
        return read_manifest(text, "pod.json", entrypoints={}).pod.units[0]
    except ConfigError:
        return None


def run_container(
    container: Mapping,
    *,
    meta: Mapping | None = None,
    spec: Mapping | None = None,
    others: Sequence[Mapping] = (),
    file: str | None = None,
) -> dict[str, str] | None:
    """What its program is given by the command that ships; None when it is not started. ``file``: what an init writes
    to the file `file` of the volume `work`."""
    at = {"name": "work", "mountPath": "/mnt"}
    write = {"name": "write", "command": ["sh", "-c", 'printf %s "$0" > /mnt/file', file], "volumeMounts": [at]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod", **(meta or {})},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "command": ["env", "-0"], **container}],
            **({} if file is None else {"initContainers": [write], "volumes": [{"name": "work", "emptyDir": {}}]}),
            **(spec or {}),
        },
    }
    own = ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-m", "--propagation", "private"]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "pod.json")
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, *others]}), encoding="utf-8")
        words = [*own, "sh", "-c", _ALONE, "sh", command(), "run", path]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=False)
    if done.returncode:
        return None
    text = re.sub(r"(?m)^main +\| ", "", done.stdout.decode())
    entries = dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)
    ours = ("MINIPOD_", "TERMINATION_MESSAGE_PATH")
    return {name: text for name, text in entries.items() if name != "PATH" and not name.startswith(ours)}


def environment(unit: Unit) -> dict[str, str]:
    """What PID 1 makes of the texts in a plan: each expanded, against those before it."""
    values: dict[str, str] = {}
    for name, text in unit.env.items():
        values[name] = expand(text, [values])
    return values
