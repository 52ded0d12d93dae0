"""A text that nobody may see by accident: not in a plan's page, a log, an error or a traceback."""


class Secret:
    """Bytes behind a word. Equal when they are; ``reveal`` is for whoever hands them over."""

    __slots__ = ("_bytes",)

    def __init__(self, raw: bytes) -> None:
        self._bytes = raw

    def reveal(self) -> bytes:
        """The bytes themselves."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._bytes)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __repr__(self) -> str:
        return "Secret(…)"
