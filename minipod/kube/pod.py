"""From a workload of a manifest to the model: which pod it means, its metadata, and all of its containers."""

import os
from typing import NamedTuple

from minipod.config.findings import Findings, Path, word
from minipod.config.images import read_images
from minipod.config.locate import Source
from minipod.config.presets import Document
from minipod.config.tables import read_labels
from minipod.config.values import LABEL, SUBDOMAIN, matches
from minipod.config.volumes import Meta
from minipod.kube.beside import Beside
from minipod.kube.container import grace_of, read_unit
from minipod.kube.documents import Workload
from minipod.kube.expansion import Room
from minipod.kube.field import MOST_INT
from minipod.kube.hosts import read_hosts
from minipod.kube.ports import check_ports
from minipod.kube.presets import apply_presets
from minipod.kube.probe import seconds
from minipod.kube.security import check_annotations
from minipod.kube.setting import Doc, Refused, Setting
from minipod.kube.untold import Untold
from minipod.kube.volume import read_volumes
from minipod.model import Pod, Unit
from minipod.presets.folder import in_order
from minipod.presets.tell import Put, check_names
from minipod.supervisor.words import Kind

_TEMPLATED = frozenset(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job"))
_CONTAINERS = ("initContainers", "containers")
_INDEX = "batch.kubernetes.io/job-completion-index"
_NUMBER, _NUMBERED = "apps.kubernetes.io/pod-index", "statefulset.kubernetes.io/pod-name"
_NAMES = ("nodeName", "priorityClassName", "runtimeClassName", "serviceAccount", "serviceAccountName")
_ALWAYS = _TEMPLATED - {"Job"}


class Context(NamedTuple):
    """What a pod is read with. ``beside``: what stands beside it; ``tables``: what TOML files say that do. The rest is
    as Setting has it."""

    beside: Beside
    tree: Source
    wrong: Refused
    entrypoints: dict
    mapped: dict
    here: bool
    strict: bool
    tables: tuple[Document, ...] = ()


def read_workload(
    workload: Workload, context: Context, found: Findings, later: Findings
) -> tuple[Pod, dict[str, Path], tuple[Put, ...]]:
    """The pod, as far as it can be read, where each of its units stands, and what presets have put into it."""
    data, at = _template(workload)
    data, puts = _with_presets(data, at, workload, context, found)
    data = _with_number(_with_index(data, workload), at, workload, found)
    spec = data.get("spec", {})
    setting = Setting(
        found=found,
        later=later,
        meta=_meta(data, at, workload, found, context.wrong, here=context.here),
        spec=spec,
        at=(*at, "spec"),
        config_maps=context.beside.config_maps,
        secrets=context.beside.secrets,
        entrypoints=context.entrypoints,
        room=Room(),
        untold=Untold(),
        images={name: image for name, (image, _) in read_images(context.tables, found).items()},
        wrong=context.wrong,
        is_old=workload.is_old,
        here=context.here,
        mapped=context.mapped,
        claims=_claims(workload),
        strict=context.strict,
    )
    _check_spec(workload, setting)
    check_annotations(setting.meta["annotations"], (*at, "metadata", "annotations"), setting)
    check_ports(setting)
    units, places = _units(setting)
    setting.untold.tell(found)
    return _pod(workload, setting, units), places, puts


def _with_presets(
    data: Doc, at: Path, workload: Workload, context: Context, found: Findings
) -> tuple[Doc, tuple[Put, ...]]:
    """The pod with what is for it, of its own manifest and of all files."""
    if not context.beside.presets and not context.tables:
        return data, ()
    meta = data.get("metadata", {})
    was_failed, found.failed = found.failed, False
    presets = [*context.beside.presets]
    if context.tables:
        from minipod.kube.presets_toml import read_toml_presets

        about = Meta(meta.get("name", "pod"), meta.get("labels", {}))
        presets += read_toml_presets(context.tables, about, found)
    presets = in_order(presets)
    check_names(presets, found)
    is_wrong, found.failed = found.failed, found.failed or was_failed
    namespace = workload.data.get("metadata", {}).get("namespace", meta.get("namespace", "default"))
    return (data, ()) if is_wrong else apply_presets(data, at, namespace, presets, context.tree, found)


def _template(workload: Workload) -> tuple[Doc, Path]:
    """The part that has metadata and spec of the pod itself, and where it stands."""
    if workload.kind == "Pod":
        return workload.data, workload.at
    path = ("template",) if workload.kind == "PodTemplate" else ("spec", "template")
    data = workload.data
    for key in path:
        data = data.get(key, {})
    return data, (*workload.at, *path)


def _with_index(data: Doc, workload: Workload) -> Doc:
    """The pod of an indexed Job with what its controller adds: the first pod has index 0."""
    if workload.data.get("spec", {}).get("completionMode") != "Indexed":
        return data
    meta, spec = data.get("metadata", {}), data.get("spec", {})
    also = {key: {**meta.get(key, {}), _INDEX: "0"} for key in ("labels", "annotations")}
    entry = {"name": "JOB_COMPLETION_INDEX", "value": "0"}
    rows = {key: [_with_entry(each, entry) for each in spec[key]] for key in _CONTAINERS if key in spec}
    return {**data, "metadata": {**meta, **also}, "spec": {**spec, **rows}}


def _with_number(data: Doc, at: Path, workload: Workload, found: Findings) -> Doc:
    """The pod of a StatefulSet with what its controller adds: the first pod has number 0. Its host is called as it is,
    in the domain of its Service, whatever the template says."""
    name = _pod_name(workload)
    if workload.kind != "StatefulSet" or not matches(LABEL, name):
        return data
    meta, spec = data.get("metadata", {}), data.get("spec", {})
    labels = {**meta.get("labels", {}), _NUMBER: "0", _NUMBERED: name}
    host = {"hostname": name, "subdomain": _service(workload, found)}
    for key, value in host.items():
        if spec.get(key) not in (None, "", value):
            why = f"a StatefulSet's controller writes {word(value) if value else 'nothing'} there"
            found.warn((*at, "spec", key), f"`{key}` is ignored", on_key=True, why=why, help="leave it out")
    return {**data, "metadata": {**meta, "labels": labels}, "spec": {**spec, **host}}


def _service(workload: Workload, found: Findings) -> str:
    name = workload.data.get("spec", {}).get("serviceName", "")
    if not name or matches(LABEL, name):
        return name
    why = "it is its pods' subdomain: at most 63 of a-z 0-9 and -, a letter or digit at both ends"
    at = (*workload.at, "spec", "serviceName")
    found.error(at, f"`serviceName` cannot be {word(name)}", why=why, help="write for example web")
    return ""


def _with_entry(container: Doc, entry: Doc) -> Doc:
    env = container.get("env", [])
    has_one = any(each.get("name") == entry["name"] for each in env)
    return container if has_one else {**container, "env": [*env, entry]}


def _claims(workload: Workload) -> dict[str, Path]:
    """Volumes of a StatefulSet's own, and where their names stand."""
    row = workload.data.get("spec", {}).get("volumeClaimTemplates", ())
    at = (*workload.at, "spec", "volumeClaimTemplates")
    return {each["metadata"]["name"]: (*at, i, "metadata", "name") for i, each in enumerate(row) if _has_name(each)}


def _has_name(claim: Doc) -> bool:
    return "name" in claim.get("metadata", {})


def _meta(data: Doc, at: Path, workload: Workload, found: Findings, wrong: Refused, *, here: bool) -> Doc:
    """The pod's metadata with all that fieldRefs may ask for. A controller's pod is called after it, whatever its
    template is called."""
    own, outer = data.get("metadata", {}), workload.data.get("metadata", {})
    place = workload.at
    name = _pod_name(workload)
    namespace = outer.get("namespace", own.get("namespace", "default"))
    meta = (*place, "metadata")
    if not name and not wrong.holds((*meta, "name")):
        found.error(meta if outer else place, "the pod has no name", on_key=True, help="add metadata: {name: …}")
    elif name and not matches(SUBDOMAIN, name):
        why = "a name is at most 253 of a-z 0-9 - and ., a letter or digit at both ends of each part"
        where = (*place, "metadata", "name" if outer.get("name") else "generateName")
        found.error(where, f"{word(name)} cannot name a pod", why=why, help="call it for example web")
    _check_namespace(outer.get("namespace"), (*workload.at, "metadata", "namespace"), found)
    labels = own.get("labels", {})
    read_labels(labels, (*at, "metadata", "labels"), found)
    return {
        "name": name or "pod",
        "namespace": namespace,
        "uid": own.get("uid") or _uid_of(f"{namespace}/{name}@{os.uname().nodename if here else ''}"),
        "labels": labels,
        "annotations": own.get("annotations", {}),
    }


def _pod_name(workload: Workload) -> str:
    """As its controller calls it; "" for none."""
    meta = workload.data.get("metadata", {})
    name = meta.get("name") or meta.get("generateName", "").rstrip("-.")
    return f"{name}-0" if name and workload.kind == "StatefulSet" else name


def _check_namespace(name: str | None, at: Path, found: Findings) -> None:
    if name is not None and not matches(LABEL, name):
        why = "it is at most 63 of a-z 0-9 and -, a letter or digit at both ends"
        found.error(at, f"{word(name)} cannot name a namespace", why=why, help="write for example default")


def _uid_of(text: str) -> str:
    """One that stays while its pod does, as the kubelet's of a pod that no API server knows: were it another one each
    time, a manifest would differ from itself. The bits are RFC 9562's of version 8, from FNV-1a of 128 bits: modules
    for better ones would cost more than all else that is read."""
    number = 0x6C62272E07BB014262B821756295C58D
    for byte in text.encode():
        number = (number ^ byte) * (2**88 + 0x13B) % 2**128
    raw = bytearray(number.to_bytes(16, "big"))
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _check_spec(workload: Workload, setting: Setting) -> None:
    spec, at, found = setting.spec, setting.at, setting.found
    policy = spec.get("restartPolicy", "Always")
    if workload.kind in _ALWAYS and policy != "Always":
        why = f"a {workload.kind} keeps its pods running"
        found.error((*at, "restartPolicy"), f"`restartPolicy` cannot be {policy} here", why=why, help="write Always")
    if workload.kind in _ALWAYS and "activeDeadlineSeconds" in spec:
        why = f"Kubernetes refuses it in the pods of a {workload.kind}, which shall not end"
        where = (*at, "activeDeadlineSeconds")
        found.error(where, "`activeDeadlineSeconds` cannot stand here", on_key=True, why=why, help="leave it out")
    if workload.kind == "Job" and policy == "Always":
        where = (*at, "restartPolicy") if "restartPolicy" in spec else at
        why = "a Job runs to its end"
        found.error(where, "`restartPolicy` cannot be Always here", why=why, help="write OnFailure or Never")
    if policy == "OnFailure" and workload.data.get("spec", {}).get("backoffLimit") == 0:
        where, why = (*workload.at, "spec", "backoffLimit"), "OnFailure starts what failed again, within the one pod"
        found.warn(where, "`backoffLimit` is ignored", on_key=True, why=why, help="write restartPolicy: Never")
    if "containers" in spec and not spec["containers"]:
        found.error((*at, "containers"), "there is no container", help="add one, with a name and a command")
    if spec.get("os", {}).get("name") == "windows":
        found.error((*at, "os", "name"), "this is Linux", help="write linux")
    if spec.get("hostPID") and spec.get("shareProcessNamespace"):
        also = (((*at, "hostPID"), "here"),)
        why = "Kubernetes refuses both together"
        message = "`shareProcessNamespace` does not go with hostPID"
        found.error((*at, "shareProcessNamespace"), message, on_key=True, also=also, why=why, help="leave one out")
    if spec.get("shareProcessNamespace") is False:
        why = "all processes of this container see each other"
        found.warn((*at, "shareProcessNamespace"), "`shareProcessNamespace` is true here", why=why, help="leave it out")
    for key in _NAMES:
        if spec.get(key) and not matches(SUBDOMAIN, spec[key]):
            why = "a name is at most 253 of a-z 0-9 - and ., a letter or digit at both ends of each part"
            found.error((*at, key), f"`{key}` cannot be {word(spec[key])}", why=why, help="write a name of that kind")
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        found.warn(
            (*at, "terminationGracePeriodSeconds"), "it counts as 1", why="Kubernetes takes it so", help="write 1"
        )


def _units(setting: Setting) -> tuple[list[Unit], dict[str, Path]]:
    units: list[Unit] = []
    places: dict[str, Path] = {}
    for key in _CONTAINERS:
        for i, container in enumerate(setting.spec.get(key, ())):
            at = (*setting.at, key, i)
            unit = read_unit(container, at, setting, is_init=key == "initContainers")
            if unit.name in places:
                also = (((*places[unit.name], "name"), "the other one"),)
                why = "containers are told apart by name, inits too"
                message = f"{word(unit.name)} names two containers"
                setting.found.error((*at, "name"), message, also=also, why=why, help="rename one of them")
            places[unit.name] = at
            units.append(unit)
    return _in_order(units), places


def _in_order(units: list[Unit]) -> list[Unit]:
    """Mains start one by one: each waits until the start of the one before is over, its post_start with it."""
    row = []
    before = None
    for unit in units:
        if unit.kind is Kind.SERVICE:
            row.append(unit._replace(follows=before))
            before = unit.name
        else:
            row.append(unit)
    return row


def _pod(workload: Workload, setting: Setting, units: list[Unit]) -> Pod:
    deadlines = [setting.spec.get("activeDeadlineSeconds")]
    if workload.kind == "Job":
        deadlines.append(workload.data.get("spec", {}).get("activeDeadlineSeconds"))
    given = [deadline for deadline in deadlines if deadline is not None]
    host = read_hosts(setting)
    return Pod(
        name=setting.meta["name"],
        units=tuple(units),
        labels=setting.meta["labels"],
        env={"HOSTNAME": host.name} if host.name else {},
        deadline=seconds(min(*given, MOST_INT)) if given else None,
        termination_grace_period=grace_of(setting.spec),
        volumes=read_volumes(setting),
        hosts=host.lines,
        hostname=host.name,
    )
