"""A pod as the v1 API's JSON: field names, one-of states, time stamps. Empty fields are left out, as Go's encoder does.

Pure: gives plain dicts and lists. It must never compute what it writes.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from minipod.status.records import (
    Condition,
    ContainerStatus,
    Part,
    PodInfo,
    PodStatus,
    Running,
    State,
    Terminated,
    Waiting,
)
from minipod.supervisor.vocabulary import Kind

Json = dict[str, object]
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def pod_object(info: PodInfo, status: PodStatus) -> Json:
    """``kubectl get pod -o json``. All times are ns since 1970."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _filled(
            name=info.name,
            labels=dict(info.labels),
            creationTimestamp=timestamp(info.created_at),
            deletionTimestamp=timestamp(info.deleted_at),
        ),
        "spec": _filled(
            initContainers=[_part(part) for part in info.parts if part.kind is not Kind.SERVICE],
            containers=[_part(part) for part in info.parts if part.kind is Kind.SERVICE],
            nodeName=info.node,
            readinessGates=[{"conditionType": gate} for gate in info.gates],
        ),
        "status": status_object(status, info.ips),
    }


def status_object(status: PodStatus, ips: Iterable[str] = ()) -> Json:
    """The ``status`` of a pod."""
    addresses = list(ips)
    return _filled(
        phase=status.phase,
        conditions=[condition_object(condition) for condition in status.conditions],
        reason=status.reason,
        message=status.message,
        podIP=addresses[0] if addresses else "",
        podIPs=[{"ip": address} for address in addresses],
        startTime=timestamp(status.start_time),
        initContainerStatuses=[container_object(each) for each in status.inits or ()],
        containerStatuses=[container_object(each) for each in status.mains or ()],
    )


def container_object(status: ContainerStatus) -> Json:
    """One entry of ``containerStatuses``. The fields that the API requires stand even when they are empty."""
    always = {
        "name": status.name,
        "state": state_object(status.state),
        "lastState": state_object(status.last_state),
        "ready": status.ready,
        "restartCount": status.restart_count,
    }
    return always if status.started is None else {**always, "started": status.started}


def state_object(state: State | None) -> Json:
    """The one-of; {} where nothing is known."""
    if isinstance(state, Waiting):
        return {"waiting": _filled(reason=state.reason, message=state.message)}
    if isinstance(state, Running):
        return {"running": _filled(startedAt=timestamp(state.started_at))}
    if isinstance(state, Terminated):
        return {"terminated": {"exitCode": state.exit_code, **_end(state)}}
    return {}


def condition_object(condition: Condition) -> Json:
    """One entry of ``conditions``."""
    return _filled(
        type=condition.type,
        status=condition.status,
        reason=condition.reason,
        message=condition.message,
        lastTransitionTime=timestamp(condition.last_transition),
    )


def timestamp(ns: int | None) -> str | None:
    """RFC 3339 in UTC with whole seconds, as the API writes it; None for None."""
    if ns is None:
        return None
    return (_EPOCH + timedelta(microseconds=ns // 1000)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _end(end: Terminated) -> Json:
    return _filled(
        signal=end.signal,
        reason=end.reason,
        message=end.message,
        startedAt=timestamp(end.started_at),
        finishedAt=timestamp(end.finished_at),
    )


def _part(part: Part) -> Json:
    policy = "Always" if part.kind is Kind.SIDECAR else ""
    return _filled(name=part.name, image=part.image, restartPolicy=policy)


def _filled(**fields: object) -> Json:
    return {name: value for name, value in fields.items() if value}
