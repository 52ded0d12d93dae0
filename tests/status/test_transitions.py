"""When a condition became what it is: from the record, or not at all."""

import pytest

from minipod.status.pod import PodRecord, pod_status
from minipod.status.records import Terminated
from minipod.status.states import UnitRecord
from minipod.status.transitions import Change, dated
from minipod.supervisor.vocabulary import Kind, Life, Outcome
from minipod.supervisor.vocabulary import Pod as PodState

BEGUN = 100
INIT = UnitRecord(
    "seed", Kind.INIT, Life.ENDED, outcome=Outcome.DONE, instances=1, ends=(Terminated(0, "Completed"),)
)
SIDECAR = UnitRecord("proxy", Kind.SIDECAR, Life.UP, started=True, ready=True, instances=1)
WEB = UnitRecord("web", Kind.SERVICE, Life.UP, started=True, ready=True, instances=1)
API = WEB._replace(name="api")
BOOT = (
    Change(101, "seed", "up", True, True),
    Change(102, "seed", "ended", code=0),
    Change(103, "proxy", "up"),
    Change(104, "proxy", None, True, True),
    Change(105, "web", "up", True),
    Change(105, "api", "up", True, True),
    Change(107, "web", None, True, True),
)
ALL = (INIT, SIDECAR, WEB, API)


def moments(units, changes, *, is_whole: bool = True, **pod) -> dict[str, int | None]:
    status = pod_status(PodRecord(units, start_time=BEGUN, **pod))
    found = dated(status, units, changes, is_whole=is_whole)
    assert [c._replace(last_transition=None) for c in found.conditions] == list(status.conditions)
    return {condition.type: condition.last_transition for condition in found.conditions}


def test_the_begin() -> None:
    assert moments(ALL, BOOT) == {
        "PodReadyToStartContainers": 100, "PodScheduled": 100, "Initialized": 104, "Ready": 107, "ContainersReady": 107,
    }  # fmt: skip


def test_what_has_not_changed_is_so_since_the_begin() -> None:
    late = (INIT, SIDECAR, WEB._replace(ready=False), API)
    found = moments(late, BOOT[:-1])
    assert (found["Ready"], found["Initialized"]) == (100, 104)
    assert moments((WEB,), BOOT[-3:])["Initialized"] == 100


def test_the_first_that_is_not_ready_counts_and_the_last_that_is() -> None:
    unready = (INIT, SIDECAR, WEB._replace(ready=False), API)
    fall = (*BOOT, Change(110, "web", None, True, False), Change(111, "api", None, True, False),
            Change(112, "api", None, True, True))  # fmt: skip
    assert moments(unready, fall)["Ready"] == 110
    assert moments(ALL, (*fall, Change(115, "web", None, True, True)))["Ready"] == 115


def test_whoever_has_no_program_is_not_ready() -> None:
    """Its flags stand until its probes hear of it."""
    gone = (INIT, SIDECAR, WEB._replace(life=Life.DRAINING), API)
    assert moments(gone, (*BOOT, Change(110, "web", "draining", True, True, 3)))["Ready"] == 110


def test_a_record_that_does_not_reach_back() -> None:
    """What has changed since is known, what it was before is not made up."""
    assert moments(ALL, (), is_whole=False)["Ready"] is None
    assert moments(ALL, (), is_whole=False)["Initialized"] is None
    again = (Change(110, "web", None, True, False), Change(111, "web", None, True, True))
    assert moments(ALL, again, is_whole=False)["Ready"] == 111
    assert moments(ALL, again[1:], is_whole=False)["Ready"] is None
    assert moments((WEB,), (), is_whole=False)["Initialized"] == 100


def test_a_pod_that_begins_anew() -> None:
    found = moments(ALL, (*BOOT, Change(120, "", "resetting")), state=PodState.RESETTING, can_begin_anew=True)
    assert found["AllContainersRestarting"] == 120
    back = (Change(120, "", "resetting"), Change(121, "seed", "held"), Change(125, "", "running"))
    found = moments((INIT._replace(life=Life.HELD), *ALL[1:]), (*BOOT, *back), can_begin_anew=True)
    assert (found["AllContainersRestarting"], found["Initialized"]) == (125, 104)
    assert moments((WEB,), BOOT[-3:], can_begin_anew=True)["AllContainersRestarting"] == 100


@pytest.mark.parametrize("changes", [BOOT[:-1], ()])
def test_a_record_that_says_something_else_says_nothing(changes) -> None:
    assert moments(ALL, changes)["Ready"] is None
