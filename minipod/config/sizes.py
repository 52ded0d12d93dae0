"""Sizes: ``"10M"``, ``"512Ki"`` or a number of bytes, to bytes and back. Suffixes are those of Kubernetes' quantities:
k M G T are powers of 1,000, Ki Mi Gi Ti powers of 1,024; K is taken for k. All exact: no float is multiplied.
"""

import re

SUFFIXES = {
    "Ti": 1 << 40, "Gi": 1 << 30, "Mi": 1 << 20, "Ki": 1 << 10,
    "T": 10**12, "G": 10**9, "M": 10**6, "K": 10**3, "k": 10**3, "": 1,
}  # fmt: skip
MOST = (1 << 62) - 1
PATTERN = r"(\d{1,19})(?:\.(\d{1,9}))?(Ti|Gi|Mi|Ki|T|G|M|K|k|)"
_EXAMPLE = 'write for example "10M" or "512Ki"'


class BadSize(ValueError):
    """No size: the sentence, and a next step."""

    def __init__(self, message: str, help: str = _EXAMPLE):
        super().__init__(message)
        self.help = help


def parse_size(value: str | int) -> int:
    """Bytes, 0 to 2^62 - 1; a fraction of a byte counts as one, as Kubernetes rounds. BadSize for anything else."""
    total = _from_text(value) if isinstance(value, str) else value
    if total < 0:
        raise BadSize("is negative", "a size is 0 or more")
    if total > MOST:
        raise BadSize("is larger than any disk")
    return total


def _from_text(text: str) -> int:
    match = re.fullmatch(PATTERN, text, re.ASCII)
    if not match:
        raise _why_not(text)
    whole, fraction, suffix = match.groups(default="")
    size = SUFFIXES[suffix]
    return int(whole) * size - int(fraction.ljust(9, "0")) * -size // 10**9


def _why_not(text: str) -> BadSize:
    if text.startswith("-"):
        return BadSize("is negative", "a size is 0 or more")
    number, suffix = re.match(r"([\d.]*)\s*(.*)", text, re.DOTALL).groups()
    likely = {"kb": "k", "mb": "M", "gb": "G", "tb": "T", "kib": "Ki", "mib": "Mi", "gib": "Gi", "tib": "Ti"}
    likely |= {"m": "M", "g": "G", "t": "T", "ki": "Ki", "mi": "Mi", "gi": "Gi", "ti": "Ti", "b": ""}
    meant = likely.get(suffix.lower())
    is_number = re.fullmatch(r"\d+(\.\d+)?", number, re.ASCII)
    help = f'write "{number}{meant}"' if is_number and meant is not None else _EXAMPLE
    return BadSize("is no size", f"{help}: k M G T are powers of 1,000, Ki Mi Gi Ti of 1,024")


def format_size(size: int) -> str:
    """The shortest text that parses to ``size``, as a whole number of a suffix; of two the one with the larger."""
    texts = [f"{size // unit}{suffix}" for suffix, unit in SUFFIXES.items() if size % unit == 0 and suffix != "K"]
    return min(texts, key=len) if size else "0"
