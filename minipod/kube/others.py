"""Kinds that stand beside pods in files for a cluster, and for which there is nothing to do in one container: why, for
each. A kind that is not here is one that nobody knows, or one that was misspelt.

It must never hold a kind that is read: those are in ``fields.KINDS``.
"""

from collections.abc import Iterator

from minipod.config.findings import Findings, Path, word
from minipod.config.suggest import closest
from minipod.kube.fields import HELPERS, KINDS

PARTS_OF_PODS = tuple(kind for kind in KINDS if kind not in HELPERS)
_RUNS = f"minipod runs pods: {', '.join(PARTS_OF_PODS)}, with {', '.join(HELPERS)} beside them"
_HELP = "leave it out, or have it left out: --allow-unknown"
_LIST = "write kind: List, with apiVersion and kind in each item"
_INSTEAD = {"CronJob": "write its spec.jobTemplate as a Job, or have it left out: --allow-unknown"}

# By the reason, because many kinds share one.
_REASONS = {
    "programs of one container find each other on 127.0.0.1, by their ports": "Service Endpoints EndpointSlice",
    "nothing here takes requests from outside": "Gateway HTTPRoute Ingress IngressClass",
    "the outer container's network is what it is": "NetworkPolicy",
    "there is no API server to have a token for": "ServiceAccount",
    "there is no API server that would ask for rights": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "a directory takes a volume's place: --volume NAME=/path": "PersistentVolume PersistentVolumeClaim StorageClass "
    "CSIDriver VolumeSnapshot",
    "a namespace is only a word here": "Namespace",
    "nothing is shared out between pods here": "LimitRange ResourceQuota PriorityClass RuntimeClass",
    "one pod is run here": "HorizontalPodAutoscaler PodDisruptionBudget VerticalPodAutoscaler",
    "nothing here looks at the clock": "CronJob",
    "there is no API server that would read it": "APIService CustomResourceDefinition Event Lease "
    "MutatingWebhookConfiguration Node PodSecurityPolicy ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration",
}
_WHY = {kind: why for why, kinds in _REASONS.items() for kind in kinds.split()}


class Others:
    """Tells of the documents that are not read. ``allowed``: one warning for each kind, else an error for each."""

    def __init__(self, found: Findings, *, allowed: bool):
        self._found, self._allowed = found, allowed
        self._first: dict[str, tuple[Path, str]] = {}
        self._counts: dict[str, int] = {}

    def take(self, kind: str, version: str, at: Path) -> bool:
        """One document of another kind; whether it is left out."""
        is_own = "." not in version.partition("/")[0] or version.partition("/")[0].endswith(".k8s.io")
        why = _WHY.get(kind, "") if is_own else ""
        misspelt = not why and is_own and closest(kind, KINDS) is not None and not kind.endswith("List")
        if self._allowed and not misspelt:
            self._first.setdefault(kind, (at, why))
            self._counts[kind] = self._counts.get(kind, 0) + 1
            return True
        near = (kind, (*KINDS, *_WHY)) if misspelt else None
        help = _LIST if kind.endswith("List") else _INSTEAD.get(kind, _HELP)
        self._found.error((*at, "kind"), f"{word(kind)} cannot be run", why=why or _RUNS, help=help, near=near)
        return False

    def tell(self) -> None:
        """What was left out."""
        for kind, at, why, count in self._rows():
            message = f"{word(kind)} is left out" + (f", {count} times" if count > 1 else "")
            self._found.warn((*at, "kind"), message, why=why or _RUNS)

    def _rows(self) -> Iterator[tuple[str, Path, str, int]]:
        for kind, (at, why) in self._first.items():
            yield kind, at, why, self._counts[kind]
