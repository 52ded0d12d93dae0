"""A unit as a container of a manifest. What a container cannot have goes to the losses, with the reason."""

from collections.abc import Iterable, Mapping
from typing import Any

from minipod.config.key import SOURCE_KEYS as KEYS
from minipod.kube.container import BACKOFF
from minipod.kube.expansion import references
from minipod.kube.export_losses import SECOND, Losses
from minipod.kube.export_probe import export_hooks, export_probes
from minipod.kube.export_security import export_security
from minipod.kube.probe import PROBES
from minipod.kube.stop_signal import signal_name
from minipod.model import TERM, Backoff, EnvSource, Log, Pod, Unit
from minipod.supervisor.words import Kind, LogMode, Milestone, Overflow, StdinMode

Doc = dict[str, Any]
POLICIES = {"always": "Always", "on_failure": "OnFailure", "never": "Never"}
# What has no word in a container, and why. The unit has it when it differs from the default.
_UNSAID = {
    "umask": ("a container has none", "let the program set it: sh -c 'umask 022; exec …'"),
    "limits": ("Kubernetes has none of a process's own", "let the program set them: sh -c 'ulimit -n 1024; exec …'"),
    "nice": ("a container has none", "let the program set it: nice -n 10 …"),
    "oom_score_adj": ("the kubelet works it out from the memory that is requested", ""),
    "essential": ("containers of a pod have no say in each other's end", ""),
    "max_restarts": ("Kubernetes never gives up a container", "restart_rules can name codes that are final"),
    "exit_codes": ("Kubernetes takes exit codes as they are", "let the program translate them"),
    "notify": ("the kubelet listens to no program", "add a startup_probe"),
    "watchdog": ("the kubelet listens to no program", "add a liveness_probe"),
    "labels": ("containers have none, only the pod has", "put them under [pod]"),
    "start_timeout": ("the kubelet listens to no program", "add a startup_probe"),
}
_SOURCES = {"secret": "secretKeyRef", "field": "fieldRef", "limit": "resourceFieldRef", "file": "fileKeyRef"}


def export_unit(unit: Unit, pod: Pod, image: str, policy: str, losses: Losses) -> Doc:
    """``policy``: the pod's restartPolicy."""
    _tell(unit, pod, losses)
    found: Doc = {"name": unit.name, "image": image, "command": list(unit.command)}
    if unit.args:
        found["args"] = list(unit.args)
    if unit.termination_message_path:
        found["terminationMessagePath"] = unit.termination_message_path
    if unit.message_from_log:
        found["terminationMessagePolicy"] = "FallbackToLogsOnError"
    found |= _environment(unit, pod, losses)
    found |= _directory(unit, losses) | _restart(unit, policy, losses) | export_security(unit, losses)
    if unit.stdin is StdinMode.INHERIT or unit.tty:
        found["stdin"] = True
    if unit.tty or unit.own_terminal:
        found["tty"] = True
    grace = max(1, -(-pod.termination_grace_period // SECOND))
    hooks = export_hooks(unit, grace, losses) | _stop_signal(unit, losses)
    if hooks:
        found["lifecycle"] = hooks
    return found | export_probes(unit, losses) | _mounts(unit)


def _tell(unit: Unit, pod: Pod, losses: Losses) -> None:
    """All that has no place in a container."""
    for key, (why, help) in _UNSAID.items():
        if getattr(unit, key) != Unit._field_defaults[key]:
            losses.lose(unit, key, why, help)
    if unit.deadline is not None:
        losses.lose(unit, "deadline", "only the pod and a Job have one", "let the program mind it: timeout(1)")
    if unit.backoff not in (Backoff(), BACKOFF):
        losses.lose(unit, "backoff", "the kubelet waits 0, 10 s, 20 s and so on to 5 m, for every container")
    if says_more(unit.log) and unit.log != pod.log:
        losses.lose(unit, "log", "kubectl logs has stdout and stderr as they are", "let the program write its file")
    if unit.termination_grace_period != pod.termination_grace_period:
        losses.lose(unit, "termination_grace_period", "the pod has one for all of its containers")
    if unit.after:
        waits = ", ".join(f"{name} {each.word}" for name, each in unit.after.items())
        help = "make what must be there first an init or a sidecar, or let the program wait"
        if any(each is not Milestone.STARTED for each in unit.after.values()):
            losses.lose(unit, "after", f"containers do not wait for {waits}; they start one after the other", help)
        else:
            losses.differ(
                unit, "after", f"{unit.name} starts after {waits}, and stops beside it",
                "containers start one after the other, and stop all at once", help,
            )  # fmt: skip


def says_more(log: Log) -> bool:
    """Whether it asks for more than lines that somebody can read."""
    return bool(log.file) or log.mode in (LogMode.JSON, LogMode.NONE) or log.overflow is Overflow.DROP


# --- environment ------------------------------------------------------------------------------------------------------


def _environment(unit: Unit, pod: Pod, losses: Losses) -> Doc:
    pairs = [*pod.env.items(), *unit.env.items()]
    sets = [each for each in unit.env_from if each.kind == "secrets"]
    entries = [_from(each) for each in unit.env_from if each.kind in _SOURCES]
    _tell_files(unit, losses)
    used = {name for _, text in pairs for name in references(text)}
    hidden = {name for name in pod.env if name in unit.env and name not in used}
    entries += [{"name": name, "value": text} for name, text in pod.env.items() if name not in hidden]
    entries += [{"name": name, "value": text} for name, text in unit.env.items()]
    known = {entry["name"] for entry in entries}
    if not sets:
        _tell_unknown(unit, "env", (text for _, text in pairs), known, losses)
        _tell_unknown(unit, "command", unit.command, known, losses)
        _tell_unknown(unit, "args", unit.args, known, losses)
        _tell_unknown(unit, "volumes", (mount.sub_path for mount in unit.mounts if mount.expands), known, losses)
        _tell_unknown_to_probes(unit, entries, losses)
    found: Doc = {}
    if sets:
        found["envFrom"] = [_set(each) for each in sets]
    return found | ({"env": entries} if entries else {})


def _tell_files(unit: Unit, losses: Losses) -> None:
    """Those of the outer container are not there in a container of its own."""
    for key in dict.fromkeys(KEYS[each.kind] for each in unit.env_from if each.kind in KEYS):
        help = "put what they hold into a Secret or a ConfigMap, and name it under envFrom"
        losses.lose(unit, key, "a container of a manifest takes variables from Secrets and ConfigMaps, not files", help)


def _tell_unknown(unit: Unit, key: str, texts: Iterable[str], known: set[str], losses: Losses) -> None:
    for name in dict.fromkeys(name for text in texts for name in references(text)):
        if name not in known:
            why = "Kubernetes replaces only what env defines, not what the image has"
            message = f"$({name}) stays as it is in `{key}` of {unit.name}"
            losses.differ(unit, key, message, why, f"define {name} under env")


def _tell_unknown_to_probes(unit: Unit, entries: Iterable[Doc], losses: Losses) -> None:
    """Their commands see values only as they are written."""
    plain = {entry["name"] for entry in entries if "value" in entry and not references(entry["value"])}
    for key in PROBES.values():
        probe = getattr(unit, key)
        texts = probe.ask.command if probe else ()
        for name in dict.fromkeys(name for text in texts for name in references(text)):
            if name not in plain:
                why = "in the command of a probe Kubernetes replaces only names whose value is a plain text under env"
                message = f"$({name}) is not what it is here in `{key}` of {unit.name}"
                losses.differ(unit, key, message, why, "let a shell read it: sh -c")


def _set(source: EnvSource) -> Doc:
    optional = {"optional": True} if source.is_optional else {}
    return {**({"prefix": source.name} if source.name else {}), "secretRef": {"name": source.object, **optional}}


def _from(source: EnvSource) -> Doc:
    given: Mapping[str, Any] = {
        "secret": {"name": source.object, "key": source.key},
        "field": {"fieldPath": source.key},
        "limit": {"resource": source.key, "divisor": source.divisor, **_of(source)},
        "file": {"volumeName": source.object, "path": source.path, "key": source.key},
    }[source.kind]
    optional = {"optional": True} if source.is_optional and source.kind in ("secret", "file") else {}
    return {"name": source.name, "valueFrom": {_SOURCES[source.kind]: {**given, **optional}}}


def _of(source: EnvSource) -> Doc:
    return {"containerName": source.object} if source.object else {}


# --- the rest ---------------------------------------------------------------------------------------------------------


def _directory(unit: Unit, losses: Losses) -> Doc:
    if unit.working_dir and not unit.working_dir.startswith("/"):
        losses.lose(unit, "working_dir", "nobody could say relative to which directory it is", "begin it with /")
        return {}
    return {"workingDir": unit.working_dir} if unit.working_dir else {}


def effective(unit: Unit) -> str:
    """An init never runs again after a success."""
    return "on_failure" if unit.kind is Kind.INIT and unit.restart == "always" else unit.restart


def follows_pod(unit: Unit, policy: str) -> bool:
    """Whether the pod's policy says of the unit what its own does."""
    if unit.kind is Kind.SIDECAR or unit.restart_rules:
        return False
    own = effective(unit)
    return own == ("on_failure" if unit.kind is Kind.INIT and policy == "always" else policy)


def _restart(unit: Unit, policy: str, losses: Losses) -> Doc:
    if follows_pod(unit, policy):
        return {}
    if unit.kind is Kind.SIDECAR:
        if unit.restart != "always":
            losses.lose(unit, "restart", "a sidecar is one by being restarted always")
        found: Doc = {"restartPolicy": "Always"}
    else:
        found = {"restartPolicy": POLICIES[effective(unit)]}
        message = f"`restart` of {unit.name} is its container's own"
        losses.differ(unit, "restart", message, "Kubernetes has this since 1.35, behind ContainerRestartRules")
    rules = [
        {
            "action": "RestartAllContainers" if rule.restart_all else "Restart",
            "exitCodes": {"operator": "NotIn" if rule.negated else "In", "values": list(rule.codes)},
        }
        for rule in unit.restart_rules
    ]
    return found | ({"restartPolicyRules": rules} if rules else {})


def _stop_signal(unit: Unit, losses: Losses) -> Doc:
    if unit.stop_signal == TERM:
        return {}
    why = "Kubernetes has this since 1.33, behind ContainerStopSignals; without it TERM is sent"
    losses.differ(unit, "stop_signal", f"`stop_signal` of {unit.name} needs a feature gate", why)
    return {"stopSignal": signal_name(unit.stop_signal)}


def _mounts(unit: Unit) -> Doc:
    mounts = [
        {
            "name": mount.volume,
            "mountPath": mount.path,
            **({"subPathExpr" if mount.expands else "subPath": mount.sub_path} if mount.sub_path else {}),
            **({"readOnly": True} if mount.read_only else {}),
        }
        for mount in unit.mounts
    ]
    return {"volumeMounts": mounts} if mounts else {}
