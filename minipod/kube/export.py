"""A pod as Kubernetes' manifest: one container a unit, in a Pod, a Deployment or a Job. Pure; what cannot be said goes
to the losses.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minipod.config.host_table import Hosts
from minipod.config.values import LABEL, matches
from minipod.kube.export_container import POLICIES, export_unit, follows_pod, says_more
from minipod.kube.export_losses import Losses
from minipod.kube.export_security import export_pods_security
from minipod.kube.export_volume import export_volumes
from minipod.kube.hostname import name_and_domain, names
from minipod.kube.hosts import LOOPBACK
from minipod.model import TERM, Pod, Unit
from minipod.supervisor.order import ranks
from minipod.supervisor.words import Kind

Doc = dict[str, Any]
# Which restart policies a pod of each kind may have; the first is its own.
KINDS = {
    "Pod": ("always", "on_failure", "never"),
    "Deployment": ("always",),
    "Job": ("on_failure", "never"),
}
_APIS = {"Pod": "v1", "Deployment": "apps/v1", "Job": "batch/v1"}
_NAMESPACE = "default"  # of a manifest that names none, as these do
_NAME_LABEL = "app.kubernetes.io/name"
_MOST_LABEL = 63  # characters of a label's value


def export_pod(pod: Pod, kind: str, image_of: Callable[[Unit], str], losses: Losses) -> list[Doc]:
    """The documents; the workload is the last. ``image_of`` names a unit's image."""
    policy = _policy(pod, KINDS[kind])
    _tell(pod, kind, losses)
    host, hosts = _host(pod)
    if host and pod.env.get("HOSTNAME") == pod.hostname:  # containers have it from there
        pod = pod._replace(env={name: text for name, text in pod.env.items() if name != "HOSTNAME"})
    row = _in_order(pod)
    containers = [export_unit(unit, pod, image_of(unit), policy, losses) for unit in row]
    inits = [each for each, unit in zip(containers, row, strict=True) if unit.kind is not Kind.SERVICE]
    mains = [each for each, unit in zip(containers, row, strict=True) if unit.kind is Kind.SERVICE]
    volumes, maps = export_volumes(pod, losses)
    spec: Doc = {
        **({"os": {"name": "linux"}} if any(unit.stop_signal != TERM for unit in row) else {}),
        "restartPolicy": POLICIES[policy],
        "terminationGracePeriodSeconds": losses.seconds(
            None, "termination_grace_period", pod.termination_grace_period, 1
        ),
        **_deadline(pod, kind, losses),
        **export_pods_security(pod, losses),
        **host,
        **_aliases(hosts),
        **({"volumes": volumes} if volumes else {}),
        **({"initContainers": inits} if inits else {}),
        "containers": mains,
    }
    return [*maps, workload(kind, name_of(pod, kind, losses), pod.labels, spec)]


def name_of(pod: Pod, kind: str, losses: Losses) -> str:
    """A Job's is a label's value, too."""
    name = pod.name if kind != "Job" else pod.name[:_MOST_LABEL].rstrip("-.")
    if name != pod.name:
        losses.differ(None, "name", f"the Job is called {name}", f"a Job's name has at most {_MOST_LABEL} characters")
    return name


def _deadline(pod: Pod, kind: str, losses: Losses) -> Doc:
    if not pod.deadline:
        return {}
    if kind == "Deployment":
        losses.lose(None, "deadline", "the pods of a Deployment shall not end", "export a Pod or a Job")
        return {}
    return {"activeDeadlineSeconds": losses.seconds(None, "deadline", pod.deadline, 1)}


def _host(pod: Pod) -> tuple[Doc, Hosts]:
    """What names it, and the lines of /etc/hosts that this does not bring: on a cluster its own comes of itself."""
    if not pod.hostname:
        return {}, pod.hosts
    if not matches(LABEL, pod.hostname):
        return {"hostnameOverride": pod.hostname}, pod.hosts
    subdomain = _subdomain(pod)
    if subdomain is None:
        return {"hostname": pod.hostname}, pod.hosts
    return {"hostname": pod.hostname, **({"subdomain": subdomain} if subdomain else {})}, pod.hosts[1:]


def _subdomain(pod: Pod) -> str | None:
    """As the pod's own line has it, which is the first; "" for none. None: there is no such line, or a namespace's that
    the manifest does not name."""
    if not pod.hosts or any(pod.hostname in row for _, row in pod.hosts[1:]):
        return None
    long = pod.hosts[0][1][0]
    subdomain = long.removeprefix(f"{pod.hostname}.").partition(".")[0] if long != pod.hostname else ""
    _, domain = name_and_domain(pod.name, _NAMESPACE, hostname=pod.hostname, subdomain=subdomain)
    return subdomain if pod.hosts[0] == (LOOPBACK, names(pod.hostname, domain)) else None


def _aliases(hosts: Hosts) -> Doc:
    rows = [{"ip": address, "hostnames": list(row)} for address, row in hosts]
    return {"hostAliases": rows} if rows else {}


def workload(kind: str, name: str, labels: Mapping[str, str], spec: Doc) -> Doc:
    """The spec of a pod as a Pod, or as the template of a controller."""
    meta: Doc = {"name": name, **({"labels": dict(labels)} if labels else {})}
    found: Doc = {"apiVersion": _APIS[kind], "kind": kind, "metadata": meta}
    if kind == "Pod":
        return {**found, "spec": spec}
    if kind == "Job":
        return {**found, "spec": {"template": {"metadata": {"labels": dict(labels)} if labels else {}, "spec": spec}}}
    chosen = dict(labels) or {_NAME_LABEL: name[:_MOST_LABEL].rstrip("-.")}
    template = {"metadata": {"labels": chosen}, "spec": spec}
    return {**found, "spec": {"replicas": 1, "selector": {"matchLabels": chosen}, "template": template}}


def _policy(pod: Pod, allowed: Sequence[str]) -> str:
    """The policy that suits most; of two the services'."""
    services = [unit for unit in pod.units if unit.kind is Kind.SERVICE]

    def misfits(policy: str) -> tuple[int, int]:
        return sum(not follows_pod(unit, policy) for unit in pod.units), policy != services[0].restart

    return min(allowed, key=misfits)


def _in_order(pod: Pod) -> list[Unit]:
    """Containers start one after the other: those that others wait for come before them."""
    rank = ranks([unit.member for unit in pod.units])
    return [unit for _, unit in sorted(zip(rank, pod.units, strict=True), key=lambda pair: pair[0])]


def _tell(pod: Pod, kind: str, losses: Losses) -> None:
    """What the pod as a whole cannot say."""
    if pod.main is not None:
        why = f"a pod ends when all of its containers have; {pod.main} has its exit code in the pod's status"
        losses.lose(None, "main", why, "make the others sidecars")
    if pod.signals:
        losses.lose(None, "signals", "nobody sends a container anything but its stop signal")
    if says_more(pod.log):
        losses.lose(None, "log", "kubectl logs has stdout and stderr as they are")
    if pod.control.listen:
        losses.lose(None, "control", "there is no minipod in the pod", "write probes, or export with --single")
    elif pod.control.socket:
        losses.lose(None, "control", "there is no minipod in the pod")
    if pod.termination_message_path:
        why = "each container has one of its own, at /dev/termination-log if nobody says otherwise"
        losses.lose(None, "termination_message_path", why)
    for unit in pod.units if kind == "Job" else ():
        if unit.kind is Kind.SERVICE and unit.restart == "always":
            message = f"the Job never ends: {unit.name} is restarted always"
            losses.differ(unit, "restart", message, help="write on_failure")
