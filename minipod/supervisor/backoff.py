"""Back-off: the ladder of delays between restarts (spec.md section 5, KEP-4603), in nanoseconds.

The first restart is immediate; then the delay starts at ``initial`` and doubles up to ``cap``. A run longer than
``reset_after`` begins the ladder anew. Delays count from the end of the run before.
"""

SECOND = 1_000_000_000
INITIAL = 1 * SECOND
CAP = 60 * SECOND
RESET_AFTER = 600 * SECOND
# The kernel had no process, memory or descriptor to give: no failure of the unit, so no ladder.
RETRY_AFTER = SECOND // 4
FACTOR = 2


def ladder(initial: int = INITIAL, cap: int = CAP) -> tuple[int, ...]:
    """The delays in ns before the 1st, 2nd … restart; the last one holds for all that follow.

    ``initial`` and ``cap`` are ns, both >= 0; an ``initial`` above ``cap`` is lowered to it (KEP-5593).
    """
    delays, delay = [0], min(initial, cap)
    while delay > 0:
        delays.append(delay)
        if delay == cap:
            break
        delay = min(delay * FACTOR, cap)
    return tuple(delays)


def delay_before(restarts: int, delays: tuple[int, ...]) -> int:
    """The delay in ns before the next restart when ``restarts`` have been counted since the last reset."""
    return delays[min(restarts, len(delays) - 1)]
