"""A pod's whole status: order, conditions, reasons, and what one status takes over from the one before."""

import json

from minipod.status import columns
from minipod.status.api import pod_object, timestamp
from minipod.status.pod import PodRecord, follow, parts_of, pod_status
from minipod.status.records import Condition, PodInfo, PodStatus, Terminated
from minipod.status.states import UnitRecord
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.vocabulary import Kind, Life, Outcome, PodEvent
from minipod.supervisor.vocabulary import Pod as PodState

DONE, CRASH = Terminated(0, "Completed"), Terminated(2, "Error", finished_at=100 * SECOND)
UP = {"life": Life.UP, "begun": True, "begun_in_round": True, "started": True, "ready": True, "instances": 1}
UNITS = (
    UnitRecord("migrate", Kind.INIT, Life.ENDED, outcome=Outcome.DONE, begun=True, instances=1, ends=(DONE,)),
    UnitRecord("proxy", Kind.SIDECAR, **UP),
    UnitRecord("web", Kind.SERVICE, **UP),
    UnitRecord("db", Kind.SERVICE, **UP),
)


def words(status: PodStatus) -> dict[str, tuple[str, str]]:
    return {c.type: (c.status, c.reason) for c in status.conditions}


def test_services_by_name_the_others_in_their_order() -> None:
    """spec.md section 2: the order decides which reason kubectl shows."""
    status = pod_status(PodRecord(UNITS))
    assert [each.name for each in status.inits] == ["migrate", "proxy"]
    assert [each.name for each in status.mains] == ["db", "web"]


def test_all_is_well() -> None:
    status = pod_status(PodRecord(UNITS))
    assert status.phase == "Running"
    assert words(status) == {
        "PodReadyToStartContainers": ("True", ""),
        "Initialized": ("True", ""),
        "Ready": ("True", ""),
        "ContainersReady": ("True", ""),
        "PodScheduled": ("True", ""),
    }
    assert list(words(status)) == [
        "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
    ]


def test_volumes_are_not_prepared_yet() -> None:
    """differences.md, 37."""
    assert words(pod_status(PodRecord(UNITS, is_prepared=False)))["PodReadyToStartContainers"] == ("False", "")


def test_the_pod_begins_anew() -> None:
    """spec.md section 3.3: Initialized stays True meanwhile."""
    anew = Terminated(137, "RestartingAllContainers")
    held = {"life": Life.HELD, "begun": True, "instances": 1, "ends": (anew,)}
    units = [UnitRecord(unit.name, unit.kind, **held) for unit in UNITS]
    status = pod_status(PodRecord(units, PodState.RESETTING, can_begin_anew=True))
    assert words(status)["AllContainersRestarting"] == ("True", "")
    assert words(status)["Initialized"] == ("True", "")
    assert words(status)["Ready"] == ("False", "ContainersNotReady")


def test_a_deadline_is_the_reason_once_all_has_stopped() -> None:
    """observed.md: Failed/DeadlineExceeded only when all has stopped."""
    late = {"cause": PodEvent.POD_DEADLINE, "exit_code": 124}
    running = pod_status(PodRecord(UNITS, PodState.ENDING, **late))
    assert (running.phase, running.reason) == ("Running", "")
    over = [
        UnitRecord(unit.name, unit.kind, Life.ENDED, outcome=Outcome.STOPPED, begun=True, instances=1, ends=(DONE,))
        for unit in UNITS
    ]
    status = pod_status(PodRecord(over, PodState.OVER, **late))
    assert (status.phase, status.reason) == ("Failed", "DeadlineExceeded")
    assert words(status)["Ready"] == ("False", "PodFailed")


def test_a_transition_keeps_its_moment_until_the_status_changes() -> None:
    """spec.md section 10."""
    first = follow(None, pod_status(PodRecord(UNITS)), 5)
    assert {c.last_transition for c in first.conditions} == {5}
    unready = (*UNITS[:3], UnitRecord("db", Kind.SERVICE, **{**UP, "ready": False}))
    second = follow(first, pod_status(PodRecord(unready)), 9)
    moments = {c.type: c.last_transition for c in second.conditions}
    assert moments["Ready"] == moments["ContainersReady"] == 9
    assert moments["Initialized"] == moments["PodScheduled"] == 5


def test_a_reason_stays_as_long_as_its_phase() -> None:
    """spec.md section 1."""
    before = PodStatus("Pending", "Because", "of this")
    assert follow(before, PodStatus("Pending"), 0)[:3] == ("Pending", "Because", "of this")
    assert follow(before, PodStatus("Running"), 0)[:3] == ("Running", "", "")
    assert follow(before, PodStatus("Pending", "Other"), 0)[:3] == ("Pending", "Other", "")


def test_a_gate_is_asked_of_others() -> None:
    gates = {"gates": ("lb",)}
    assert words(pod_status(PodRecord(UNITS, **gates)))["Ready"] == ("False", "ReadinessGatesNotReady")
    assert words(pod_status(PodRecord(UNITS, others=(Condition("lb", "True"),), **gates)))["Ready"] == ("True", "")
    both = pod_status(PodRecord(UNITS, gates=("lb", "dns"), others=(Condition("lb", "Unknown"),))).condition("Ready")
    assert both.message == (
        'the status of pod readiness gate "lb" is not "True", but Unknown, '
        'corresponding condition of pod readiness gate "dns" does not exist.'
    )


def test_as_json() -> None:
    """v1 field names; what is empty is left out, what the API requires stands."""
    crashed = UnitRecord("db", Kind.SERVICE, Life.BACKOFF, begun=True, instances=2, ends=(CRASH,))
    record = PodRecord((*UNITS[:3], crashed), start_time=0)
    info = PodInfo("shop", parts_of(record.units), created_at=0, labels=(("app", "shop"),))
    pod = json.loads(json.dumps(pod_object(info, follow(None, pod_status(record), 90 * SECOND))))
    assert pod["metadata"] == {"name": "shop", "labels": {"app": "shop"}, "creationTimestamp": "1970-01-01T00:00:00Z"}
    assert pod["spec"] == {
        "initContainers": [{"name": "migrate"}, {"name": "proxy", "restartPolicy": "Always"}],
        "containers": [{"name": "web"}, {"name": "db"}],
    }
    status = pod["status"]
    assert status["phase"] == "Running" and status["startTime"] == "1970-01-01T00:00:00Z"
    assert status["containerStatuses"][0] == {
        "name": "db",
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 2, "reason": "Error", "finishedAt": "1970-01-01T00:01:40Z"}},
        "ready": False,
        "started": False,
        "restartCount": 1,
    }
    assert status["initContainerStatuses"][1]["state"] == {"running": {}}
    assert status["conditions"][2] == {
        "type": "Ready",
        "status": "False",
        "reason": "ContainersNotReady",
        "message": "containers with unready status: [db]",
        "lastTransitionTime": "1970-01-01T00:01:30Z",
    }


def test_a_row() -> None:
    crashed = UnitRecord("db", Kind.SERVICE, Life.BACKOFF, begun=True, instances=2, ends=(CRASH,))
    record = PodRecord((*UNITS[:3], crashed))
    info = PodInfo("shop", parts_of(record.units), created_at=0)
    row = columns.of(info, pod_status(record), 160 * SECOND)
    assert row == ("shop", "2/3", "CrashLoopBackOff", "1 (60s ago)", "2m40s")


def test_a_moment_is_written_in_whole_seconds() -> None:
    assert timestamp(1_700_000_000 * SECOND + 999_999_999) == "2023-11-14T22:13:20Z"
    assert timestamp(None) is None
