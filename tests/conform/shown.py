"""The v1 API's JSON as the status package's records. Moments are relative to ``NOW``."""

from collections.abc import Mapping, Sequence

from units import moment, state_of

from minipod.status.records import Condition, ContainerStatus, Terminated
from minipod.supervisor.backoff import SECOND

NOW = 2_000_000_000 * SECOND  # later than any age in years


def status_of(status: Mapping) -> ContainerStatus:
    """One container status."""
    last = state_of(status.get("lastState"), NOW)
    return ContainerStatus(
        name=status.get("name", ""),
        state=state_of(status.get("state"), NOW),
        last_state=last if isinstance(last, Terminated) else None,
        ready=bool(status.get("ready")),
        started=status.get("started"),
        restart_count=status.get("restartCount", 0),
    )


def statuses_of(statuses: Sequence[Mapping] | None) -> tuple[ContainerStatus, ...] | None:
    """A list of them; None if nothing is known."""
    return None if statuses is None else tuple(map(status_of, statuses))


def conditions_of(conditions: Sequence[Mapping] | None) -> tuple[Condition, ...]:
    """A pod's conditions."""
    return tuple(
        Condition(c["type"], c.get("status", ""), c.get("reason", ""), c.get("message", "")) for c in conditions or ()
    )


def when(moment_given: Mapping | None) -> int | None:
    """``{"secondsAgo": s}`` as ns."""
    return moment(moment_given, NOW)
