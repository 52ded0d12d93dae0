"""A pod's conditions (spec.md section 10; ``pkg/kubelet/status/generate.go``). Messages are Kubernetes' too, because
programs read them.

Pure: from the parts of a pod and their statuses. ``statuses`` None means that nothing is known of any container, which
is not the same as a list without one.
"""

from collections.abc import Iterator, Mapping, Sequence

from minipod.status.records import Condition, ContainerStatus, Part, Running, Terminated, Waiting
from minipod.supervisor.verdict import REASON
from minipod.supervisor.vocabulary import ExitClass, Kind

CONTAINERS_READY, READY, INITIALIZED = "ContainersReady", "Ready", "Initialized"
POD_SCHEDULED, READY_TO_START = "PodScheduled", "PodReadyToStartContainers"
ALL_RESTARTING = "AllContainersRestarting"
_UNKNOWN_STATUSES = "UnknownContainerStatuses"
_COMPLETED, _FAILED = "PodCompleted", "PodFailed"
_ANEW = REASON[ExitClass.RESET][1]

Statuses = Sequence[ContainerStatus]


def all_of(
    parts: Sequence[Part],
    statuses: Statuses | None,
    phase: str,
    *,
    gates: Sequence[str] = (),
    others: Sequence[Condition] = (),
    is_prepared: bool = True,
    is_beginning_anew: bool | None = None,
) -> tuple[Condition, ...]:
    """Every condition in the kubelet's order. ``others``: conditions that somebody else set, for the gates.
    ``is_prepared``: volumes and hosts are there. ``is_beginning_anew``: None where no rule could ask for it."""
    found = [
        Condition(READY_TO_START, _word(is_prepared)),
        initialized(parts, statuses, phase),
        ready(parts, statuses, phase, gates, others),
        containers_ready(parts, statuses, phase),
        Condition(POD_SCHEDULED, "True"),
    ]
    if is_beginning_anew is not None:
        found.append(Condition(ALL_RESTARTING, _word(is_beginning_anew)))
    return tuple(found)


def initialized(parts: Sequence[Part], statuses: Statuses | None, phase: str) -> Condition:
    """Whether services may run: every init has succeeded and every sidecar has started, or a service ran already."""
    inits = [part for part in parts if part.kind is not Kind.SERVICE]
    if statuses is None:
        return _no(INITIALIZED, _UNKNOWN_STATUSES) if inits else _yes(INITIALIZED)
    known = _by_name(statuses)
    unknown = [part.name for part in inits if part.name not in known]
    if phase == "Succeeded" and not unknown:
        return _yes(INITIALIZED, _COMPLETED)
    if any(_has_run(known[p.name]) for p in parts if p.kind is Kind.SERVICE and p.name in known):
        return _yes(INITIALIZED)
    incomplete = [p.name for p in inits if p.name in known and not _is_complete(p, known[p.name])]
    if unknown or incomplete:
        return _no(INITIALIZED, "ContainersNotInitialized", _listed(unknown=unknown, incomplete=incomplete))
    return _yes(INITIALIZED)


def containers_ready(parts: Sequence[Part], statuses: Statuses | None, phase: str) -> Condition:
    """Whether all services and sidecars are ready."""
    if statuses is None:
        return _no(CONTAINERS_READY, _UNKNOWN_STATUSES)
    known = _by_name(statuses)
    names = [part.name for part in _inits_first(parts) if part.kind is not Kind.INIT]
    unknown = [name for name in names if name not in known]
    if phase == "Succeeded" and not unknown:
        return _no(CONTAINERS_READY, _COMPLETED)
    if phase == "Failed":
        return _no(CONTAINERS_READY, _FAILED)
    unready = [name for name in names if name in known and not known[name].ready]
    if unknown or unready:
        return _no(CONTAINERS_READY, "ContainersNotReady", _listed(unknown=unknown, unready=unready))
    return _yes(CONTAINERS_READY)


def ready(
    parts: Sequence[Part],
    statuses: Statuses | None,
    phase: str,
    gates: Sequence[str] = (),
    others: Sequence[Condition] = (),
) -> Condition:
    """Whether the pod is ready: its containers are, and every gate's condition among ``others`` is True."""
    containers = containers_ready(parts, statuses, phase)
    if containers.status != "True":
        return containers._replace(type=READY)
    closed = list(_closed(gates, others))
    return _no(READY, "ReadinessGatesNotReady", ", ".join(closed)) if closed else _yes(READY)


def carried(now: int, new: Sequence[Condition], old: Sequence[Condition]) -> tuple[Condition, ...]:
    """``new`` with the moment of each one's last transition, which changes with its status alone."""
    before = {condition.type: condition for condition in old}

    def moment(condition: Condition) -> int | None:
        was = before.get(condition.type)
        return was.last_transition if was and was.status == condition.status else now

    return tuple(condition._replace(last_transition=moment(condition)) for condition in new)


def _closed(gates: Sequence[str], others: Sequence[Condition]) -> Iterator[str]:
    status = {condition.type: condition.status for condition in others}
    for gate in gates:
        if gate not in status:
            yield f'corresponding condition of pod readiness gate "{gate}" does not exist.'
        elif status[gate] != "True":
            yield f'the status of pod readiness gate "{gate}" is not "True", but {status[gate]}'


def _is_complete(part: Part, status: ContainerStatus) -> bool:
    return bool(status.ready if part.kind is Kind.INIT else status.started)


def _has_run(status: ContainerStatus) -> bool:
    """Since the pod began; one that begins anew was initialized before and stays it (spec.md section 3.3)."""
    removed = isinstance(status.state, Waiting) and status.last_state is not None and status.last_state.reason == _ANEW
    return isinstance(status.state, Running | Terminated) or removed


def _by_name(statuses: Statuses) -> Mapping[str, ContainerStatus]:
    """The first of a name counts."""
    return {status.name: status for status in reversed(statuses)}


def _inits_first(parts: Sequence[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: part.kind is Kind.SERVICE)


def _listed(**names: Sequence[str]) -> str:
    return ", ".join(f"containers with {word} status: [{' '.join(some)}]" for word, some in names.items() if some)


def _yes(kind: str, reason: str = "") -> Condition:
    return Condition(kind, "True", reason)


def _no(kind: str, reason: str, message: str = "") -> Condition:
    return Condition(kind, "False", reason, message)


def _word(value: bool) -> str:
    return "True" if value else "False"
