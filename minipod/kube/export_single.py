"""A whole pod file in one container, with minipod as its program: probes by minipod's own answers, and the grace that
it needs. Pure.
"""

import os
from typing import Any, NamedTuple

from minipod.kube.expansion import quote
from minipod.kube.export import Doc, name_of, workload
from minipod.kube.export_losses import Losses
from minipod.kube.export_volume import config_map
from minipod.model import Control, Pod
from minipod.supervisor.words import Kind

FOLDER = "/etc/minipod"
_PORT = 9090
_PERIOD = 5  # seconds: health costs PID 1 nothing to speak of


class Inside(NamedTuple):
    """What minipod runs in the container: ``path`` of a file that the image has, or ``text`` of one that it shall get,
    under the name ``base``."""

    path: str = ""
    base: str = ""
    text: str = ""


def export_single(pod: Pod, kind: str, image: str, inside: Inside, losses: Losses) -> list[Doc]:
    """The documents; the workload is the last."""
    path = inside.path or f"{FOLDER}/{inside.base}"
    volume = f"{pod.name}-minipod"[:253]
    name = pod.name.replace(".", "-")[:63].strip("-") or "pod"
    container: Doc = {
        "name": name,
        "image": image,
        "command": [quote(word) for word in ("minipod", "run", path, *_asking(pod, inside))],
        **_message(pod),
        **_probes(pod, inside, losses),
        **_terminal(pod),
    }
    if not inside.path:
        container["volumeMounts"] = [{"name": "minipod", "mountPath": FOLDER, "readOnly": True}]
    grace = losses.seconds(None, "termination_grace_period", pod.termination_grace_period, 1)
    spec: Doc = {
        "restartPolicy": _policy(pod, kind),
        "terminationGracePeriodSeconds": grace,
        **({} if inside.path else {"volumes": [{"name": "minipod", "configMap": {"name": volume}}]}),
        "containers": [container],
    }
    maps = [] if inside.path else config_map(volume, {inside.base: inside.text.encode()})
    return [*maps, workload(kind, name_of(pod, kind, losses), pod.labels, spec)]


def _policy(pod: Pod, kind: str) -> str:
    """minipod restarts its units by itself; a pod whose work can be done is not begun anew when it is."""
    lasts = any(unit.kind is Kind.SERVICE and unit.restart == "always" for unit in pod.units)
    return "Always" if kind == "Deployment" or (kind == "Pod" and lasts) else "Never"


def _message(pod: Pod) -> Doc:
    path = pod.termination_message_path
    return {"terminationMessagePath": path} if path else {"terminationMessagePolicy": "FallbackToLogsOnError"}


def _terminal(pod: Pod) -> Doc:
    return {"stdin": True, "tty": True} if any(unit.tty for unit in pod.units) else {}


def _asking(pod: Pod, inside: Inside) -> list[str]:
    """A port for the kubelet, where the pod file has none and may be told more."""
    if pod.control != Control() or not _may_be_told(inside):
        return []
    return ["--set", f'pod.control={{ listen = ":{_PORT}" }}']


def _may_be_told(inside: Inside) -> bool:
    """``--set`` changes a pod file in TOML, and no plan."""
    return os.path.splitext(inside.path or inside.base)[1] == ".toml"


def _probes(pod: Pod, inside: Inside, losses: Losses) -> Doc:
    """/livez, /readyz; the same by command where no port is open to the kubelet."""
    control = pod.control
    if not control.enabled:
        losses.lose(None, "control", "nobody can be asked, so there are no probes", "write control = true")
        return {}
    host, port = control.listen or (("::", _PORT) if _asking(pod, inside) else ("", 0))
    if port and host in ("::", "0.0.0.0"):
        ports: list[dict[str, Any]] = [{"name": "minipod", "containerPort": port}]
        return {"ports": ports, **_pair(*({"httpGet": {"path": path, "port": port}} for path in ("/livez", "/readyz")))}
    return _pair(*({"exec": {"command": ["minipod", word]}} for word in ("health", "ready")))


def _pair(live: Doc, ready: Doc) -> Doc:
    period = {"periodSeconds": _PERIOD}
    return {"livenessProbe": {**live, **period}, "readinessProbe": {**ready, **period}}
