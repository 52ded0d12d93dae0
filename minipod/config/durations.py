"""Durations: ``"10s"``, ``"1m30s"``, ``"250ms"`` or a number of seconds, to nanoseconds and back. All exact: no float
is multiplied."""

import re

# Longest first: "1m30s" and not "30s1m", so that a slip such as "1m30m" is seen.
UNITS = {"h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
MOST = (1 << 62) - 1  # the plan's: two of them still fit into 63 bits
_PART = r"(?:(\d{1,19})(?:\.(\d{1,9}))?%s)?"
_DURATION = "".join(_PART % unit for unit in UNITS)
_NUMBER = r"\d+(\.\d*)?"


class BadDuration(ValueError):
    """No duration: the sentence, and a next step."""

    def __init__(self, message: str, help: str = 'write for example "10s", "1m30s" or "250ms"'):
        super().__init__(message)
        self.help = help


def parse_duration(value: str | int | float) -> int:
    """Nanoseconds, 0 to 2^62 - 1. BadDuration for anything else; a bool is not expected here."""
    total = _from_text(value) if isinstance(value, str) else _from_number(value)
    if total > MOST:
        raise BadDuration("is longer than 146 years", "leave the key out if there shall be no limit")
    return total


def _from_number(value: int | float) -> int:
    if value != value or value in (float("inf"), float("-inf")):
        raise BadDuration(f"is {value}, which is no time", "leave the key out if there shall be no limit")
    if value < 0:
        raise BadDuration("is negative", "a duration is 0 or more")
    if isinstance(value, int):
        return value * UNITS["s"]
    numerator, denominator = value.as_integer_ratio()
    return (2 * numerator * UNITS["s"] + denominator) // (2 * denominator)  # rounded to the nearest ns


def _from_text(text: str) -> int:
    match = re.fullmatch(_DURATION, text, re.ASCII)
    if not match or not text:
        raise _why_not(text)
    total = 0
    for number, unit in enumerate(UNITS.values()):
        whole, fraction = match.group(2 * number + 1), match.group(2 * number + 2)
        if whole:
            total += int(whole) * unit + int((fraction or "").ljust(9, "0")) * unit // 10**9
    return total


def _why_not(text: str) -> BadDuration:
    if text.startswith("-"):
        return BadDuration("is negative", "a duration is 0 or more")
    if re.fullmatch(_NUMBER, text, re.ASCII):
        return BadDuration("has no unit", f'write "{text}s" for seconds')
    return BadDuration("is no duration", 'units are h m s ms us ns, each once, the longest first: "1m30s", "250ms"')


def format_duration(ns: int) -> str:
    """The shortest text that parses to ``ns``."""
    text = ""
    for unit, size in UNITS.items():
        count, ns = divmod(ns, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
