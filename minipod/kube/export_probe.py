"""Probes and hooks of a unit as a container has them."""

from typing import Any

from minipod.hosts import address
from minipod.kube.export_losses import Losses
from minipod.model import Ask, Probe, Unit
from minipod.supervisor.words import Handler

Doc = dict[str, Any]
_PROBES = {"startup_probe": "startupProbe", "liveness_probe": "livenessProbe", "readiness_probe": "readinessProbe"}
_HOOKS = {"post_start": "postStart", "pre_stop": "preStop"}
# Kubernetes' own defaults, which need not be said.
_DEFAULTS = {
    "initialDelaySeconds": 0,
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "successThreshold": 1,
    "failureThreshold": 3,
}


def export_probes(unit: Unit, losses: Losses) -> Doc:
    """startupProbe, livenessProbe, readinessProbe, as far as the unit has them."""
    given = {name: getattr(unit, name) for name in _PROBES}
    return {_PROBES[name]: _probe(unit, name, probe, losses) for name, probe in given.items() if probe is not None}


def export_hooks(unit: Unit, grace: int, losses: Losses) -> Doc:
    """postStart and preStop, as far as the unit has them. ``grace``: the pod's, in seconds: no sleep may be longer."""
    given = {name: getattr(unit, name) for name in _HOOKS}
    found = {_HOOKS[name]: _ask(unit, name, ask, losses) for name, ask in given.items() if ask is not None}
    for name, hook in _HOOKS.items():
        if found.get(hook, {}).get("sleep", {}).get("seconds", 0) > grace:
            message = f"`{name}` of {unit.name} sleeps {grace} s in the manifest"
            losses.differ(unit, name, message, "Kubernetes takes no sleep that is longer than the pod's grace")
            found[hook]["sleep"]["seconds"] = grace
    return found


def _probe(unit: Unit, name: str, probe: Probe, losses: Losses) -> Doc:
    numbers = {
        "initialDelaySeconds": losses.seconds(unit, name, probe.initial_delay, part="initial_delay"),
        "periodSeconds": losses.seconds(unit, name, probe.period, 1, part="period"),
        "timeoutSeconds": losses.seconds(unit, name, probe.timeout, 1, part="timeout"),
        "successThreshold": probe.success_threshold,
        "failureThreshold": probe.failure_threshold,
    }
    found = _ask(unit, name, probe.ask, losses)
    found |= {key: number for key, number in numbers.items() if number != _DEFAULTS[key]}
    if probe.termination_grace_period is not None:
        grace = losses.seconds(unit, name, probe.termination_grace_period, 1, part="termination_grace_period")
        found["terminationGracePeriodSeconds"] = grace
    return found


def _ask(unit: Unit, name: str, ask: Ask, losses: Losses) -> Doc:
    if ask.handler is Handler.EXEC:
        return {"exec": {"command": list(ask.command)}}
    if ask.handler is Handler.SLEEP:
        return {"sleep": {"seconds": losses.seconds(unit, name, ask.sleep, part="sleep")}}
    if ask.handler is Handler.GRPC:
        _host(unit, name, ask, losses, is_sayable=False)
        return {"grpc": {"port": ask.port, **({"service": ask.service} if ask.service else {})}}
    host = _host(unit, name, ask, losses)
    if ask.handler is Handler.TCP_SOCKET:
        return {"tcpSocket": {"port": ask.port, **host}}
    headers = [{"name": key, "value": value} for key, value in ask.headers]
    return {
        "httpGet": {
            "path": ask.path,
            "port": ask.port,
            **host,
            **({"scheme": "HTTPS"} if ask.scheme == "https" else {}),
            **({"httpHeaders": headers} if headers else {}),
        }
    }


def _host(unit: Unit, name: str, ask: Ask, losses: Losses, *, is_sayable: bool = True) -> Doc:
    """The kubelet asks the pod's address; a loopback's would be the node's own."""
    known = address(ask.host) or ""
    if known == "::1" or known.startswith("127."):
        message = f"probes ask the pod's address, not {ask.host}: this one is the first"
        losses.differ_once(unit, name, message, "programs must listen there", "let them listen on all addresses")
        return {}
    if not is_sayable:
        losses.lose(unit, name, f"its host {ask.host}: Kubernetes asks gRPC of the pod itself only")
        return {}
    return {"host": ask.host}
