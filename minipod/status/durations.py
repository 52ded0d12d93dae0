"""Durations for people, as kubectl's AGE column has them (spec.md section 11, ``duration.HumanDuration``)."""

from minipod.supervisor.backoff import SECOND

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 365 * 86_400
UNKNOWN, INVALID = "<unknown>", "<invalid>"

# Below how many seconds a duration has how many units of the greater kind, and whether those of the smaller are said.
_STEPS = (
    (2 * MINUTE, 1, "s", 0, ""),
    (10 * MINUTE, MINUTE, "m", 1, "s"),
    (3 * HOUR, MINUTE, "m", 0, ""),
    (8 * HOUR, HOUR, "h", MINUTE, "m"),
    (2 * DAY, HOUR, "h", 0, ""),
    (8 * DAY, DAY, "d", HOUR, "h"),
    (2 * YEAR, DAY, "d", 0, ""),
    (8 * YEAR, YEAR, "y", DAY, "d"),
)
_SHORT = ((MINUTE, 1, "s"), (HOUR, MINUTE, "m"), (DAY, HOUR, "h"), (YEAR, DAY, "d"))
_CLOCKS_DIFFER = -1  # seconds that two clocks may differ; more is no duration


def human(ns: int) -> str:
    """Two or three significant digits: ``119s``, ``3m10s``, ``5d``; ``<invalid>`` when over a second below 0."""
    seconds = _whole_seconds(ns)
    if seconds <= _CLOCKS_DIFFER:
        return INVALID if seconds < _CLOCKS_DIFFER else "0s"
    for below, unit, word, less, less_word in _STEPS:
        if seconds < below:
            rest = seconds % unit // less if less else 0
            return f"{seconds // unit}{word}" + (f"{rest}{less_word}" if rest else "")
    return f"{seconds // YEAR}y"


def between(since: int, until: int) -> str:
    """As ``human``, from one moment to another that were both told in microseconds: what was cut off from them makes no
    9s of 10s."""
    return human(round(until - since, -6))


def short(ns: int) -> str:
    """One unit only: ``59s``, ``1m``, ``23h``. ``<invalid>`` as ``human``."""
    seconds = _whole_seconds(ns)
    if seconds <= _CLOCKS_DIFFER:
        return INVALID if seconds < _CLOCKS_DIFFER else "0s"
    for below, unit, word in _SHORT:
        if seconds < below:
            return f"{seconds // unit}{word}"
    return f"{seconds // YEAR}y"


def age(since: int | None, now: int) -> str:
    """How long ago ``since`` was, both ns on one clock; ``<unknown>`` if it is None."""
    return UNKNOWN if since is None else human(now - since)


def _whole_seconds(ns: int) -> int:
    """Cut towards zero, as Go does."""
    return int(abs(ns) // SECOND) * (-1 if ns < 0 else 1)
