"""The takeover table: what becomes of a unit when a running pod is given another plan (docs/apply.md).

When a plan is taken, and that it holds once all who leave are away, is the pod machine's. It must never say who is the
same as before: that is a comparison of plans.
"""

from typing import NamedTuple

from minipod.supervisor.vocabulary import Before, Change, Want


class Takeover(NamedTuple):
    """``leaves``: it is told to stop before the new plan holds, and takes no orders until then. ``want``: what is
    intended of it as it begins, as at the start; None: it does not begin."""

    leaves: bool
    want: Want | None


_RUNS_ON = Takeover(leaves=False, want=None)
_GOES = Takeover(leaves=True, want=None)

TAKEOVER: dict[Change, dict[Before, Takeover]] = {
    Change.KEPT: {Before.WANTED: _RUNS_ON, Before.HELD: _RUNS_ON},
    Change.CHANGED: {
        Before.WANTED: Takeover(leaves=True, want=Want.UP),
        # An order of a person's holds until the next one: a plan is none.
        Before.HELD: Takeover(leaves=True, want=Want.HOLD),
    },
    # Nobody can have stopped one that was in no plan.
    Change.NEW: dict.fromkeys(Before, Takeover(leaves=False, want=Want.UP)),
    Change.REMOVED: {Before.WANTED: _GOES, Before.HELD: _GOES},
}
