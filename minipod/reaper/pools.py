"""What the parts of a plan share while it is written: texts and lists, equal ones once. It must never change what was
added.
"""

from collections.abc import Callable


class Blob:
    """All texts, each once, each with a NUL behind it."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self._seen: dict[str | bytes, dict[str, int]] = {}

    def add(self, text: str | bytes) -> dict[str, int]:
        """A ``struct plan_string``."""
        if text not in self._seen:
            raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
            self._seen[text] = {"at": len(self.bytes), "size": len(raw)}
            self.bytes += raw + b"\0"
        return self._seen[text]


class Lists:
    """One array that holds many lists, equal ones once. ``element`` makes an element's C value."""

    def __init__(self, element: Callable) -> None:
        self.elements: list = []
        self._element = element
        self._seen: dict[tuple, dict[str, int]] = {(): {"first": 0, "count": 0}}

    def add(self, items: tuple) -> dict[str, int]:
        """A ``struct plan_run``."""
        if items not in self._seen:
            self._seen[items] = {"first": len(self.elements), "count": len(items)}
            self.elements += map(self._element, items)
        return self._seen[items]
