"""The API of 2014, v1beta1, as v1: ``id``, ``labels`` and ``desiredState.manifest`` become metadata and spec. Places
stay those of the text. What is no field of v1beta1 is left where it is, so that the table of fields refuses it.
"""

from typing import Any

from minipod.kube.parts import Part, changed, each_of, made, plain

VERSIONS = ("v1beta1", "v1beta2")
_META = {
    "annotations": "annotations",
    "creationTimestamp": "creationTimestamp",
    "id": "name",
    "labels": "labels",
    "namespace": "namespace",
    "resourceVersion": "resourceVersion",
    "selfLink": "selfLink",
    "uid": "uid",
}
_POLICIES = {"always": "Always", "onFailure": "OnFailure", "never": "Never"}
_PULLS = {"PullAlways": "Always", "PullIfNotPresent": "IfNotPresent", "PullNever": "Never"}


def is_old(data: Any) -> bool:
    """Whether it is a v1beta1 object, or the bare manifest that its kubelet read."""
    return isinstance(data, dict) and (
        data.get("apiVersion") in VERSIONS or ("kind" not in data and data.get("version") in VERSIONS)
    )


def lift(part: Part) -> Part:
    """The object as v1 has it."""
    if "kind" not in part.data:
        return made(part.node, {"apiVersion": plain("v1", part), "kind": plain("Pod", part), **_from_manifest(part)})
    meta, rest = _split(part)
    rest["apiVersion"] = plain("v1", part.get("apiVersion") or part)
    state = rest.pop("desiredState", None)
    rest.pop("currentState", None)
    if state is not None and rest["kind"].data == "Pod":
        rest["spec"] = _pod_spec(state)
    elif state is not None:
        rest["spec"] = _controller(state)
    if meta:
        rest["metadata"] = made(part.node, meta)
    return made(part.node, rest)


def _split(part: Part) -> tuple[dict[str, Part], dict[str, Part]]:
    """What belongs to the metadata, and all else."""
    items = part.items()
    meta = {_META[key]: inner for key, inner in items if key in _META}
    return meta, {key: inner for key, inner in items if key not in _META}


def _from_manifest(part: Part) -> dict[str, Part]:
    name = part.get("id")
    meta = {"metadata": made(part.node, {"name": name})} if name else {}
    return {**meta, "spec": _spec(part)}


def _controller(state: Part) -> Part:
    if not isinstance(state.data, dict):
        return state
    entries = dict(state.items())
    selector = entries.pop("replicaSelector", None)
    template = entries.pop("podTemplate", None)
    if selector is not None:
        entries["selector"] = selector
    if template is not None:
        entries["template"] = _template(template)
    return made(state.node, entries)


def _template(template: Part) -> Part:
    if not isinstance(template.data, dict):
        return template
    meta, rest = _split(template)
    state = rest.pop("desiredState", None)
    if state is not None:
        rest["spec"] = _pod_spec(state)
    if meta:
        rest["metadata"] = made(template.node, meta)
    return made(template.node, rest)


def _pod_spec(state: Part) -> Part:
    manifest = state.get("manifest")
    if manifest is None:
        return state
    others = {
        key: _policy(inner) if key == "restartPolicy" else inner
        for key, inner in state.items()
        if key not in ("manifest", "status", "host", "hostIP", "podIP")
    }
    spec = _spec(manifest)
    return made(manifest.node, {**dict(spec.items()), **others}) if isinstance(spec.data, dict) else spec


def _spec(manifest: Part) -> Part:
    return changed(
        manifest,
        dropped=("id", "uuid", "version"),
        by={
            "containers": each_of(_container),
            "restartPolicy": _policy,
            "volumes": each_of(_volume),
        },
    )


def _policy(part: Part) -> Part:
    """One of three empty mappings."""
    if isinstance(part.data, dict) and len(part.data) == 1 and next(iter(part.data)) in _POLICIES:
        return plain(_POLICIES[next(iter(part.data))], part)
    return part


def _container(part: Part) -> Part:
    """Its command was the image's CMD, its entrypoint the ENTRYPOINT."""
    lifted = changed(
        part,
        renamed={"command": "args", "entrypoint": "command"},
        by={
            "env": each_of(lambda each: changed(each, renamed={} if each.get("name") else {"key": "name"})),
            "imagePullPolicy": lambda each: (
                plain(_PULLS.get(each.data, each.data), each) if isinstance(each.data, str) else each
            ),
            "livenessProbe": lambda each: changed(each, dropped=("type",)),
            "volumeMounts": each_of(lambda each: changed(each, dropped=("mountType",), renamed={"path": "mountPath"})),
        },
    )
    return _with_resources(lifted) if isinstance(lifted.data, dict) else lifted


def _with_resources(part: Part) -> Part:
    """``cpu`` in thousandths, ``memory`` in bytes, ``privileged``."""
    entries = dict(part.items())
    limits: dict[str, Part] = {}
    for key, unit in (("cpu", "m"), ("memory", "")):
        given = entries.pop(key, None)
        if given is not None and given.data:
            limits[key] = plain(f"{given.data}{unit}", given)
    if limits:
        entries.setdefault("resources", made(part.node, {"limits": made(part.node, limits)}))
    if "privileged" in entries:
        privileged = entries.pop("privileged")
        entries.setdefault("securityContext", made(part.node, {"privileged": privileged}))
    return made(part.node, entries)


def _volume(part: Part) -> Part:
    source = part.get("source")
    if not isinstance(part.data, dict) or (source is not None and not isinstance(source.data, dict)):
        return part
    entries = {key: inner for key, inner in part.items() if key != "source"}
    for key, inner in source.items() if source else ():
        entries["hostPath" if key in ("hostDir", "hostDirectory") else key] = inner
    return made(part.node, entries)
