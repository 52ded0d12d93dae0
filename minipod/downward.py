"""How the downward API writes a map into a file: a line for each entry, as Kubernetes has them. Pure."""

from collections.abc import Mapping

_SHORT = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


def map_text(data: Mapping[str, str]) -> str:
    """``key="value"`` for each entry, sorted by key, without a line feed at the end."""
    return "\n".join(f"{key}={quote(data[key])}" for key in sorted(data))


def quote(text: str) -> str:
    """In double quotes, with Go's escapes."""
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    if code in _SHORT or character.isprintable():
        return _SHORT.get(code, character)
    return f"\\x{code:02x}" if code < 128 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
