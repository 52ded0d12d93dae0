"""The stop budget (DESIGN.md section 4): how the time between "stop" and the outer runtime's KILL is shared out.

All numbers are ns and are lowered into the plan: the core computes with them and knows none of its own. Of the budget
the margin is kept so that minipod is gone by itself before it is killed; with sidecars the last slice before the margin
is theirs; whoever still waits for its turn proceeds when the last slice of its own time begins.
"""

from typing import NamedTuple

from minipod.supervisor.backoff import SECOND
from minipod.supervisor.words import StopScope


class Slice(NamedTuple):
    """``min(cap, budget // divisor)``."""

    cap: int
    divisor: int

    def of(self, budget: int) -> int:
        return min(self.cap, budget // self.divisor)


GRACE = 10 * SECOND  # Docker's own stop timeout
TERM_FLOOR = 2 * SECOND  # between TERM and KILL of a single unit, whatever its hook took (spec.md section 8.2)
USAGE_PERIOD = 10 * SECOND  # from one look at what a volume holds to the next (differences.md item 22)
EVICTION_GRACE = 1 * SECOND  # the whole pod's, when a volume holds too much (spec.md section 15)
ROUND_FLOOR = 1 * SECOND  # between two beginnings of the whole pod (observed.md)
# The rest of a stopped group is asked to end together with its leader, so it keeps what is left of the grace: longer
# than any grace, and two of them still fit into 63 bits.
WHOLE_GRACE = 1 << 61
MARGIN = Slice(cap=SECOND // 2, divisor=10)
SIDECARS = Slice(cap=2 * SECOND, divisor=5)
TURN = Slice(cap=2 * SECOND, divisor=5)


class Limits(NamedTuple):
    """Moments in ns after the stop began: services and then sidecars are killed, waiting ends before that."""

    service_turn: int
    service_kill: int
    sidecar_turn: int
    sidecar_kill: int
    leave: int


def rest_grace(scope: StopScope) -> int:
    """How long, in ns after the leader's end, what is left of a stopped group may take: nothing when the leader alone
    was asked (DESIGN.md section 4)."""
    return WHOLE_GRACE if scope is StopScope.GROUP else 0


def limits(budget: int, *, has_sidecars: bool) -> Limits:
    """The moments of a stop of ``budget`` ns. Non-decreasing within a kind; all are 0 for a budget of 0."""
    end = budget - MARGIN.of(budget)
    share = SIDECARS.of(budget) if has_sidecars else 0
    services = end - share
    return Limits(
        service_turn=services - TURN.of(services),
        service_kill=services,
        sidecar_turn=end - TURN.of(share),
        sidecar_kill=end,
        leave=budget,
    )
