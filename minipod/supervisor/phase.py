"""Pod phase as a lookup over booleans (spec.md section 1; source ``getPhase``), in the order of Kubernetes' own steps."""

from minipod.supervisor.vocabulary import Phase, Word


class PhaseBit(Word):
    """One boolean of the phase's key; its number is its bit."""

    FAILED_INIT = "an init failed for good"
    WAITING = "an init is not done, or a service has yet to run for the first time"
    RUNNING = "a service or a sidecar runs"
    RESTARTING = "a service has stopped and will be restarted"
    UNSUCCESSFUL = "a service's last end was not 0"
    OVER = "the pod is over: nothing will ever run again"


def phase_of(bits: frozenset[PhaseBit]) -> Phase:
    """The phase for a set of facts. Total: every combination has an answer, as in ``getPhase``."""
    over = PhaseBit.OVER in bits
    if PhaseBit.FAILED_INIT in bits:
        return Phase.FAILED
    if PhaseBit.WAITING in bits:
        return Phase.FAILED if over else Phase.PENDING  # TerminatePod: a pod that ends before it began has failed
    if not over and (PhaseBit.RUNNING in bits or PhaseBit.RESTARTING in bits):
        return Phase.RUNNING
    return Phase.FAILED if PhaseBit.UNSUCCESSFUL in bits else Phase.SUCCEEDED


def _bits(key: int) -> frozenset[PhaseBit]:
    return frozenset(bit for bit in PhaseBit if key >> bit.number & 1)


PHASE: tuple[Phase, ...] = tuple(phase_of(_bits(key)) for key in range(1 << len(PhaseBit)))
