"""The columns of kubectl get pod, and durations for people."""

from collections.abc import Iterator, Mapping

from cases import Case, Difference, compare, name_of
from shown import NOW, conditions_of, statuses_of, when
from units import parts_of

from minipod.status import columns, durations
from minipod.status.records import PodInfo, PodStatus
from minipod.supervisor.backoff import SECOND

_COLUMNS = {"name": "name", "ready": "ready", "status": "status", "restarts": "restarts", "age": "age"}
_WIDE = {"ip": "ip", "node": "node", "nominatedNode": "nominated_node", "readinessGates": "readiness_gates"}
_DURATIONS = {"HumanDuration": durations.human, "ShortHumanDuration": durations.short}


def read_pods(document: Mapping) -> Iterator[Case]:
    for at, case in enumerate(document["cases"]):
        yield Case(name_of(case, f"case {at}"), lambda engine, case=case: _check_pod(case))


def _check_pod(case: Mapping) -> Iterator[Difference]:
    info, status, wanted = _info(case["pod"]), _status(case["pod"]), case["expected"]
    row, more = columns.of(info, status, NOW), columns.wide(info, status)
    for source, fields in ((row, _COLUMNS), (more, _WIDE)):
        for column, field in fields.items():
            if column in wanted:
                yield from compare(column, wanted[column], getattr(source, field))


def _info(pod: Mapping) -> PodInfo:
    return PodInfo(
        name=pod["name"],
        parts=parts_of(pod),
        created_at=when(pod.get("creationTimestamp")),
        deleted_at=when(pod.get("deletionTimestamp")),
        gates=tuple(pod.get("readinessGates") or ()),
        ips=tuple(pod.get("podIPs") or ()),
        node=pod.get("nodeName", ""),
        nominated_node=pod.get("nominatedNodeName", ""),
    )


def _status(pod: Mapping) -> PodStatus:
    return PodStatus(
        phase=pod.get("phase", ""),
        reason=pod.get("reason", ""),
        conditions=conditions_of(pod.get("conditions")),
        inits=statuses_of(pod.get("initContainerStatuses") or ()),
        mains=statuses_of(pod.get("containerStatuses") or ()),
    )


def read_durations(document: Mapping) -> Iterator[Case]:
    for at, case in enumerate(document["cases"]):
        name = f"{case['func']} {case['seconds']} ({at})"
        yield Case(name, lambda engine, case=case: _check_duration(case))


def _check_duration(case: Mapping) -> Iterator[Difference]:
    text = _DURATIONS[case["func"]](round(case["seconds"] * SECOND))
    yield from compare("text", case["expected"], text)
