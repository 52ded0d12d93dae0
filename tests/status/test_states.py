"""Container states, reasons, flags and restart counts from what is known of a unit."""

import pytest

from minipod.status.records import Running, Terminated, Waiting
from minipod.status.states import UnitRecord, container_status
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.vocabulary import Kind, Life, Outcome, Want

CRASH = Terminated(3, "Error", finished_at=7)
DONE = Terminated(0, "Completed", finished_at=8)
ANEW = Terminated(137, "RestartingAllContainers", finished_at=9)
WITH_PROGRAM = (Life.UP, Life.PRE_STOP, Life.TURN, Life.TERM_SENT, Life.KILL_SENT)


def shown(kind: Kind = Kind.SERVICE, *, has_inits: bool = False, **known: object):
    return container_status(UnitRecord("web", kind, **known), has_inits=has_inits)


@pytest.mark.parametrize(("has_inits", "reason"), [(False, "ContainerCreating"), (True, "PodInitializing")])
@pytest.mark.parametrize("life", [Life.HELD, Life.SPAWNING, Life.POST_START, Life.BACKOFF])
def test_never_ran(life: Life, has_inits: bool, reason: str) -> None:
    """spec.md section 2; a post-start hook that is not done keeps it from being shown as running (section 7)."""
    status = shown(life=life, has_inits=has_inits)
    assert (status.state, status.last_state, status.restart_count) == (Waiting(reason), None, 0)
    assert not status.started and not status.ready


@pytest.mark.parametrize("life", WITH_PROGRAM)
def test_runs(life: Life) -> None:
    status = shown(life=life, instances=3, started_at=5, ends=(DONE, CRASH), started=True, ready=True)
    assert (status.state, status.last_state, status.restart_count) == (Running(5), CRASH, 2)
    assert status.started and status.ready


def test_its_leader_has_ended_though_others_of_it_live() -> None:
    """differences.md, 3: the main process's end is the container's."""
    status = shown(life=Life.DRAINING, instances=1, ends=(CRASH,), started=True, ready=True)
    assert status.state == CRASH
    assert not status.started and not status.ready


@pytest.mark.parametrize("end", [CRASH, DONE, Terminated(128, "StartError")])
def test_a_service_in_back_off(end: Terminated) -> None:
    """spec.md section 5: the exit code is irrelevant."""
    status = shown(life=Life.BACKOFF, instances=2, ends=(CRASH, end))
    assert (status.state, status.last_state, status.restart_count) == (Waiting("CrashLoopBackOff"), end, 1)


def test_what_is_not_to_be_had_is_said_while_it_waits() -> None:
    """spec.md section 2: as long as a container cannot be configured the kubelet says so, and why."""
    end = Terminated(128, "CreateContainerConfigError", message="it would run as root")
    status = shown(life=Life.BACKOFF, instances=1, ends=(end,))
    assert (status.state, status.last_state) == (Waiting("CreateContainerConfigError", "it would run as root"), end)
    assert shown(life=Life.ENDED, outcome=Outcome.FAILED, instances=1, ends=(end,)).state == end


def test_how_long_a_back_off_is() -> None:
    """spec.md section 5; from the end of the run before, whatever has passed of it."""
    end = Terminated(1, "Error", finished_at=5 * SECOND)
    for due_at in (45 * SECOND, 45 * SECOND - 1000):  # both moments are told in whole microseconds
        state = shown(life=Life.BACKOFF, instances=4, ends=(CRASH, end), due_at=due_at).state
        assert state == Waiting("CrashLoopBackOff", "back-off 40s restarting failed container=web")


@pytest.mark.parametrize("kind", [Kind.SIDECAR, Kind.INIT])
def test_a_success_is_never_shown_as_crashing(kind: Kind) -> None:
    """observed.md: a sidecar that exited 0 and waits in back-off; spec.md section 2: an init."""
    status = shown(kind, has_inits=True, life=Life.BACKOFF, instances=2, ends=(CRASH, DONE))
    assert (status.state, status.last_state) == (DONE, CRASH)
    assert shown(kind, life=Life.BACKOFF, instances=1, ends=(CRASH,)).state == Waiting("CrashLoopBackOff")


def test_over() -> None:
    status = shown(life=Life.ENDED, outcome=Outcome.FAILED, instances=2, ends=(DONE, CRASH), started=True, ready=True)
    assert (status.state, status.last_state, status.restart_count) == (CRASH, DONE, 1)
    assert not status.started and not status.ready


def test_over_without_a_start() -> None:
    """observed.md: delete during init leaves mains waiting; DESIGN.md section 4: DependencyFailed."""
    assert shown(has_inits=True, life=Life.ENDED, outcome=Outcome.STOPPED).state == Waiting("PodInitializing")
    assert shown(has_inits=True, life=Life.ENDED, outcome=Outcome.FAILED).state == Waiting("DependencyFailed")


def test_stopped_by_hand() -> None:
    status = shown(life=Life.HELD, want=Want.HOLD, begun=True, instances=1, ends=(DONE,))
    assert (status.state, status.restart_count) == (DONE, 0)


def test_removed_for_a_new_beginning() -> None:
    """observed.md: lastState 137/RestartingAllContainers for all, units that never ran keep restartCount 0."""
    status = shown(life=Life.HELD, want=Want.RESET, begun=True, instances=2, ends=(CRASH, ANEW))
    assert (status.state, status.last_state) == (Waiting("RestartingAllContainers"), ANEW)
    assert status.restart_count == 2
    assert shown(life=Life.UP, instances=3, ends=(CRASH, ANEW)).restart_count == 2
    assert shown(life=Life.HELD, want=Want.RESET).restart_count == 0


def test_flags_of_an_init() -> None:
    """observed.md: ordinary inits are started while they run, ready once they have succeeded."""
    runs = shown(Kind.INIT, has_inits=True, life=Life.UP, instances=1, started=True, ready=True)
    assert runs.started and not runs.ready
    done = shown(Kind.INIT, has_inits=True, life=Life.ENDED, outcome=Outcome.DONE, instances=1, ends=(DONE,))
    assert done.ready and not done.started
    assert not shown(Kind.INIT, life=Life.ENDED, outcome=Outcome.FAILED, instances=1, ends=(CRASH,)).ready


def test_ready_needs_started() -> None:
    """spec.md section 6.4."""
    assert not shown(life=Life.UP, instances=1, started=False, ready=True).ready
