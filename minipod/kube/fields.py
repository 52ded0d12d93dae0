"""The fields of a manifest and what minipod makes of each: one table, by the type that has them. ``docs/kubernetes.md``
and the verdicts of ``minipod check`` are printed from it; what it does not name is no field.

It is data. Which value a field may have beyond its type is its reader's to say.
"""

from collections.abc import Iterator

from minipod.kube.field import MOST_INT, MOST_LONG, Field, Type, approx, exact, needed, reject, warn, warn_strictly
from minipod.kube.fields_container import CONTAINER_TYPES
from minipod.kube.fields_volume import VOLUME_TYPES
from minipod.presets.merge import OPERATORS

_SERVER = "the API server keeps books with it, and there is none"
_SCHEDULING = "it chooses a node, and there is but one place to run"
_OUTER = "it belongs to the runtime of the outer container"
_SHARED = "all that runs in this container shares it already"
_CONTROLLER = "it tells a controller how to make pods, and one pod is run here"
_ONE = "one pod is run here"
_UTS = "in HOSTNAME and /etc/hosts; the kernel's own only where minipod is PID 1 and may set it"

_RESOLVER = "/etc/resolv.conf belongs to the outer container"
_DOMAIN = "a line of /etc/hosts has it; there is no DNS of a cluster that could serve it"

_META: Type = {
    "annotations": exact("{text}"),
    "creationTimestamp": warn("any", _SERVER),
    "deletionGracePeriodSeconds": warn("any", _SERVER),
    "deletionTimestamp": warn("any", _SERVER),
    "finalizers": warn("any", _SERVER),
    "generateName": approx("text", "there is no server that would add letters: the name gets none"),
    "generation": warn("any", _SERVER),
    "labels": exact("{text}"),
    "managedFields": warn("any", _SERVER),
    "name": exact("text"),
    "namespace": approx(
        "text", "only a word: for fieldRef, and for the ConfigMaps and Secrets beside the pod", "default"
    ),
    "ownerReferences": warn("any", _SERVER),
    "resourceVersion": warn("any", _SERVER),
    "selfLink": warn("any", _SERVER),
    "uid": approx("text", "a pod that has none gets one that follows from its name, its namespace and where it runs"),
}

_POD_SPEC: Type = {
    "activeDeadlineSeconds": exact(f"int 1..{MOST_INT}"),
    "affinity": warn("any", _SCHEDULING),
    "automountServiceAccountToken": warn("flag", "there is no API server to have a token for", False),
    "containers": needed("[Container]"),
    "dnsConfig": warn_strictly("any", _RESOLVER),
    "dnsPolicy": warn_strictly(
        "ClusterFirst|ClusterFirstWithHostNet|Default|None", _RESOLVER, "ClusterFirst", "Default"
    ),
    "enableServiceLinks": warn_strictly("flag", "there are no Services, so no variables of theirs", False),
    "ephemeralContainers": reject("only a running pod can be given one", "use `minipod exec NAME`", []),
    "evictionResponders": warn("any", "only the API server evicts through it"),
    "hostAliases": approx("[HostAlias]", "lines of the outer container's /etc/hosts while the pod runs", []),
    "hostIPC": warn("flag", _SHARED, False),
    "hostNetwork": warn("flag", _SHARED, False),
    "hostPID": warn("flag", _SHARED, False),
    "hostUsers": warn("flag", _OUTER, True),
    "hostname": approx("text", _UTS),
    "hostnameOverride": approx("text", _UTS),
    "imagePullSecrets": warn("any", "no image is pulled"),
    "initContainers": exact("[Container]"),
    "nodeName": approx("text", "only a word: for fieldRef"),
    "nodeSelector": warn("any", _SCHEDULING),
    "os": exact("PodOS"),
    "overhead": warn("any", _SCHEDULING),
    "preemptionPolicy": warn("PreemptLowerPriority|Never", _SCHEDULING, "PreemptLowerPriority"),
    "priority": warn("any", _SCHEDULING, 0),
    "priorityClassName": warn("text", _SCHEDULING),
    "readinessGates": warn_strictly("[any]", "nobody can set such a condition here, so none is waited for", []),
    "resourceClaims": reject("the programs would miss a device", "leave it out if they do without", []),
    "resources": warn("Resources", "there is no cgroup of the pod's own; fieldRefs see the numbers"),
    "restartPolicy": exact("Always|OnFailure|Never"),
    "runtimeClassName": warn_strictly("text", "the isolation that it asks for is not given: " + _OUTER),
    "schedulerName": warn("text", _SCHEDULING, "default-scheduler"),
    "schedulingGates": warn_strictly("any", "there is no scheduler to wait for: the pod is started", []),
    "schedulingGroup": warn("any", _SCHEDULING),
    "securityContext": exact("PodSecurity"),
    "serviceAccount": approx("text", "only a word: no token is there for it", "default"),
    "serviceAccountName": approx("text", "only a word: no token is there for it", "default"),
    "setHostnameAsFQDN": approx("flag", _UTS, False),
    "shareProcessNamespace": approx("flag", "all processes of this container see each other", True),
    "subdomain": approx("text", _DOMAIN),
    "terminationGracePeriodSeconds": exact(f"int {-MOST_LONG}..{MOST_LONG}"),
    "tolerations": warn("any", _SCHEDULING),
    "topologySpreadConstraints": warn("any", _SCHEDULING),
    "volumes": exact("[Volume]"),
    "workloadRef": warn("any", _SCHEDULING),
}

_POD_SECURITY: Type = {
    "appArmorProfile": warn_strictly("any", _OUTER),
    "fsGroup": approx(f"int 0..{MOST_INT}", "added to the groups, and of what minipod makes; ignored where it may not"),
    "fsGroupChangePolicy": warn("Always|OnRootMismatch", "volumes are made anew: there is nothing to change", "Always"),
    "runAsGroup": exact(f"int 0..{MOST_INT}"),
    "runAsNonRoot": exact("flag"),
    "runAsUser": exact(f"int 0..{MOST_INT}"),
    "seLinuxChangePolicy": warn_strictly("any", _OUTER),
    "seLinuxOptions": warn_strictly("any", _OUTER),
    "seccompProfile": approx("Seccomp", "the outer container's profile holds"),
    "supplementalGroups": exact(f"[int 0..{MOST_INT}]"),
    "supplementalGroupsPolicy": exact("Merge|Strict"),
    "sysctls": warn_strictly("any", _OUTER, []),
    "windowsOptions": reject("this is Linux"),
}

_WORKLOAD: Type = {
    "apiVersion": needed("text"),
    "kind": needed("text"),
    "metadata": exact("Meta"),
    "status": warn("any", "it tells what was, not what shall be"),
}


def _controller(template: str, *ignored: str, **more: Field) -> Type:
    return {"template": needed(template), **{name: warn("any", _CONTROLLER, False) for name in ignored}, **more}


_REPLICAS = warn(f"int 0..{MOST_INT}", _ONE, 1)
_SELECTOR = exact("any", "the pod is the template's, whatever its labels")

TYPES: dict[str, Type] = {
    "Pod": {**_WORKLOAD, "spec": needed("PodSpec")},
    "PodTemplate": {**_WORKLOAD, "template": needed("Template")},
    "Deployment": {**_WORKLOAD, "spec": needed("DeploymentSpec")},
    "ReplicaSet": {**_WORKLOAD, "spec": needed("ReplicaSetSpec")},
    "StatefulSet": {**_WORKLOAD, "spec": needed("StatefulSetSpec")},
    "DaemonSet": {**_WORKLOAD, "spec": needed("DaemonSetSpec")},
    "ReplicationController": {**_WORKLOAD, "spec": needed("ReplicaSetSpec")},
    "Job": {**_WORKLOAD, "spec": needed("JobSpec")},
    "Template": {"metadata": exact("Meta"), "spec": needed("PodSpec")},
    "DeploymentSpec": _controller(
        "Template",
        "minReadySeconds",
        "paused",
        "progressDeadlineSeconds",
        "revisionHistoryLimit",
        "strategy",
        replicas=_REPLICAS,
        selector=_SELECTOR,
    ),
    "ReplicaSetSpec": _controller("Template", "minReadySeconds", replicas=_REPLICAS, selector=_SELECTOR),
    "StatefulSetSpec": _controller(
        "Template",
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "podManagementPolicy",
        "revisionHistoryLimit",
        "updateStrategy",
        replicas=_REPLICAS,
        selector=_SELECTOR,
        serviceName=approx("text", f"the pod's subdomain: {_DOMAIN}"),
        volumeClaimTemplates=approx("[Claim]", "directories take their places: --volume NAME=/path", []),
    ),
    "DaemonSetSpec": _controller(
        "Template", "minReadySeconds", "revisionHistoryLimit", "updateStrategy", selector=_SELECTOR
    ),
    "JobSpec": _controller(
        "Template",
        "backoffLimitPerIndex",
        "managedBy",
        "manualSelector",
        "maxFailedIndexes",
        "podFailurePolicy",
        "podReplacementPolicy",
        "suspend",
        "successPolicy",
        "ttlSecondsAfterFinished",
        activeDeadlineSeconds=approx(f"int 1..{MOST_LONG}", "it counts from the start of the one pod"),
        backoffLimit=warn(f"int 0..{MOST_INT}", _ONE, 0),
        completionMode=approx("NonIndexed|Indexed", "the one pod is the first, with the index 0", "NonIndexed"),
        completions=warn(f"int 0..{MOST_INT}", _ONE, 1),
        parallelism=warn(f"int 0..{MOST_INT}", _ONE, 1),
        selector=_SELECTOR,
    ),
    "ConfigMap": {
        **{name: field for name, field in _WORKLOAD.items() if name != "status"},
        "binaryData": exact("{text}"),
        "data": exact("{text}"),
        "immutable": exact("flag"),
    },
    "Secret": {
        **{name: field for name, field in _WORKLOAD.items() if name != "status"},
        "data": exact("{text}"),
        "immutable": exact("flag"),
        "stringData": exact("{text}"),
        "type": exact("text"),
    },
    "PodPreset": {
        **{name: field for name, field in _WORKLOAD.items() if name != "status"},
        "spec": exact("PodPresetSpec"),
    },
    "PodPresetSpec": {
        "env": exact("[Env]"),
        "envFrom": exact("[EnvFrom]"),
        "selector": exact("LabelSelector"),
        "volumeMounts": exact("[VolumeMount]"),
        "volumes": exact("[Volume]"),
    },
    "LabelSelector": {"matchExpressions": exact("[Requirement]"), "matchLabels": exact("{text}")},
    "Requirement": {
        "key": needed("text"),
        "operator": needed("|".join(OPERATORS)),
        "values": exact("[text]"),
    },
    "Meta": _META,
    "PodSpec": _POD_SPEC,
    "PodSecurity": _POD_SECURITY,
    "PodOS": {"name": needed("linux|windows")},
    "Claim": {
        "apiVersion": exact("text"),
        "kind": exact("text"),
        "metadata": needed("Meta"),
        "spec": exact("any"),
        "status": exact("any"),
    },
    "HostAlias": {"hostnames": exact("[text]"), "ip": needed("text")},
    **CONTAINER_TYPES,
    **VOLUME_TYPES,
}
# Each kind that is read, and the API group's versions that have it.
KINDS = {
    "Pod": ("v1",),
    "PodTemplate": ("v1",),
    "ReplicationController": ("v1",),
    "Deployment": ("apps/v1",),
    "ReplicaSet": ("apps/v1",),
    "StatefulSet": ("apps/v1",),
    "DaemonSet": ("apps/v1",),
    "Job": ("batch/v1",),
    "ConfigMap": ("v1",),
    "Secret": ("v1",),
    "PodPreset": ("settings.k8s.io/v1alpha1",),  # of old: Kubernetes took it out with 1.20
}
HELPERS = ("ConfigMap", "Secret", "PodPreset")  # what stands beside a pod


def rows(kind: str) -> Iterator[tuple[str, Field]]:
    """Every field of a kind, by its path as ``spec.containers[].name``, in the order of the table."""
    yield from _rows(kind, "")


def _rows(type: str, prefix: str) -> Iterator[tuple[str, Field]]:
    for name, field in TYPES[type].items():
        path = f"{prefix}{name}"
        yield path, field
        inner, suffix = inner_type(field.type)
        if inner in TYPES:
            yield from _rows(inner, f"{path}{suffix}.")


def inner_type(type: str) -> tuple[str, str]:
    """What a list or a mapping is of, and how that is written in a path: ``[Container]`` is Container, ``[]``."""
    suffix = ""
    while type[0] in "[{":
        suffix += "[]" if type[0] == "[" else "{}"
        type = type[1:-1]
    return type, suffix
