"""Kubernetes' quantities, as ``500m``, ``1Gi`` or ``1e3``: exact numbers, never floats."""

import re
from fractions import Fraction
from math import ceil

_SUFFIXES = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Fraction(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_QUANTITY = re.compile(r"([+-]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30}))(?:[eE]([+-]?\d{1,2})|([numkMGTPE]i?|Ki|))", re.ASCII)


def parse_quantity(text: str) -> Fraction | None:
    """The number; None for a text that is no quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None or (match[3] or "") not in _SUFFIXES:
        return None
    number = Fraction(match[1])
    return number * Fraction(10) ** int(match[2]) if match[2] else number * _SUFFIXES[match[3] or ""]


def in_units(value: Fraction, divisor: Fraction) -> int:
    """How many of ``divisor`` it is, a part of one counted as a whole one."""
    return ceil(value / divisor)
