"""Pod phase as a lookup over booleans (spec.md section 1; source ``getPhase``), in the order of Kubernetes' own steps.

A pod that has ended is judged by its exit code, so that the two cannot contradict each other: that covers deadlines,
essential units, units that gave up, and a main whose success outweighs others that were stopped or never began.
"""

from minipod.supervisor.vocabulary import Phase, Word


class PhaseBit(Word):
    """One boolean of the phase's key; its number is its bit."""

    FAILED_INIT = "an init failed for good"
    WAITING = "an init is not done, or a sidecar or service has yet to run for the first time"
    RUNNING = "a service or a sidecar runs"
    RESTARTING = "a service has stopped and will be restarted"
    UNSUCCESSFUL = "the pod's exit code, as things stand, is not 0"
    OVER = "the pod is over: nothing will ever run again"


def phase_of(bits: frozenset[PhaseBit]) -> Phase:
    """The phase for a set of facts. Total: every combination has an answer, as in ``getPhase``."""
    if PhaseBit.FAILED_INIT in bits:
        return Phase.FAILED
    if PhaseBit.OVER not in bits:
        if PhaseBit.WAITING in bits:
            return Phase.PENDING
        if PhaseBit.RUNNING in bits or PhaseBit.RESTARTING in bits:
            return Phase.RUNNING
    return Phase.FAILED if PhaseBit.UNSUCCESSFUL in bits else Phase.SUCCEEDED


def _bits(key: int) -> frozenset[PhaseBit]:
    return frozenset(bit for bit in PhaseBit if key >> bit.number & 1)


PHASE: tuple[Phase, ...] = tuple(phase_of(_bits(key)) for key in range(1 << len(PhaseBit)))
