"""The fate table: what a unit's final end means to the pod.

Sidecars have no say in the phase, but no container lives on with a unit given up (DESIGN.md section 4). A command that
cannot be executed ends the pod whatever the unit is: it is a mistake in the image, and waiting does not mend it.
"""

from typing import NamedTuple

from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Outcome, PodEvent, Standing


class Fate(NamedTuple):
    """Actions for the pod's books, then an event for the pod machine, or none. ``possible`` is False where the outcome
    cannot be final for this standing."""

    actions: tuple[A, ...] = ()
    event: PodEvent | None = None
    possible: bool = True


NOTHING = Fate()
NEVER = Fate(possible=False)
_FATAL = Fate((A.BLAME,), PodEvent.FATAL)
_MAIN_FAILED = Fate((A.BLAME,), PodEvent.MAIN_OVER)
# What no standing changes: restarts are no end, a stop by the pod was asked for.
_ALIKE = {
    Outcome.RESTART: NEVER,
    Outcome.RESTART_NOW: NEVER,
    Outcome.HELD: NEVER,
    Outcome.RESTART_ALL: NEVER,
    Outcome.STOPPED: NOTHING,
    Outcome.UNRUNNABLE: Fate((A.BLAME,), PodEvent.UNRUNNABLE),
    Outcome.EXPIRED: NEVER,  # only inits have a deadline
    Outcome.GAVE_UP: _FATAL,
}

FATE: dict[Standing, dict[Outcome, Fate]] = {
    Standing.INIT: {
        **_ALIKE,
        Outcome.DONE: NOTHING,
        Outcome.FAILED: _FATAL,
        Outcome.EXPIRED: Fate((A.BLAME,), PodEvent.UNIT_DEADLINE),
    },
    Standing.SIDECAR: {**_ALIKE, Outcome.DONE: NOTHING, Outcome.FAILED: NOTHING},
    Standing.ESSENTIAL_SIDECAR: {**_ALIKE, Outcome.DONE: NOTHING, Outcome.FAILED: _FATAL},
    Standing.SERVICE: {
        **_ALIKE,
        Outcome.DONE: Fate((A.TALLY_DONE,)),
        Outcome.FAILED: Fate((A.BLAME, A.TALLY_FAILED)),
    },
    Standing.ESSENTIAL_SERVICE: {**_ALIKE, Outcome.DONE: Fate((A.TALLY_DONE,)), Outcome.FAILED: _FATAL},
    Standing.MAIN: {
        **_ALIKE,
        Outcome.DONE: Fate((), PodEvent.MAIN_OVER),
        Outcome.FAILED: _MAIN_FAILED,
        Outcome.GAVE_UP: _MAIN_FAILED,
    },
}
