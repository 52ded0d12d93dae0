"""Pod phase as a lookup over booleans (spec.md section 1; source ``getPhase``), in the order of Kubernetes' own steps.

A pod of ours that has ended is judged by its exit code, so that the two cannot contradict each other: that covers
deadlines, essential units, units that gave up, and a main whose success outweighs others that were stopped or never
began.
"""

from minipod.supervisor.vocabulary import Phase, Word


class PhaseBit(Word):
    """One boolean of the phase's key; its number is its bit."""

    FAILED_INIT = "an init failed for good"
    PENDING = "an init is not done, a service waits for its first run, or a sidecar has not started and no service ran"
    RUNNING = "a service or a sidecar runs"
    UNKNOWN = "nothing is known of a service or a sidecar"
    STOPPED = "a service has ended"
    RESTARTING = "a service that has ended will run again"
    UNSUCCESSFUL = "a service did not end with 0; of a pod that is over: its exit code is not 0"
    OVER = "the pod is over: nothing will ever run again, and its exit code is fixed"


def key_of(bits: frozenset[PhaseBit]) -> int:
    """The number under which PHASE has these facts."""
    return sum(1 << bit.number for bit in bits)


def phase_of(bits: frozenset[PhaseBit]) -> Phase:
    """The phase for a set of facts. Total: every combination has an answer, as in ``getPhase``."""
    if PhaseBit.FAILED_INIT in bits:
        return Phase.FAILED
    if PhaseBit.OVER in bits:
        return _judged(bits)
    if PhaseBit.PENDING in bits or PhaseBit.UNKNOWN in bits:
        return Phase.PENDING
    if PhaseBit.RUNNING in bits or PhaseBit.RESTARTING in bits:
        return Phase.RUNNING
    return _judged(bits) if PhaseBit.STOPPED in bits else Phase.PENDING


def _judged(bits: frozenset[PhaseBit]) -> Phase:
    return Phase.FAILED if PhaseBit.UNSUCCESSFUL in bits else Phase.SUCCEEDED


def _bits(key: int) -> frozenset[PhaseBit]:
    return frozenset(bit for number, bit in enumerate(_ALL) if key >> number & 1)


_ALL = tuple(PhaseBit)  # a walk over an Enum costs several times as much, and whoever asks a pod waits for this table
PHASE: tuple[Phase, ...] = tuple(phase_of(_bits(key)) for key in range(1 << len(PhaseBit)))
