"""Texts written so that they are read as they are meant: in double quotes, as TOML and YAML both read them, and in a
plan, where PID 1 replaces `$(NAME)`.
"""

_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def literal(text: str) -> str:
    """A text that PID 1 shall leave as it is."""
    if "$" not in text:
        return text
    ends = (*text[1:], "$")
    return "".join("$$" if c == "$" and after in "$(" else c for c, after in zip(text, ends, strict=True))


def quoted(text: str) -> str:
    """A string, on one line, whatever is in it; nothing of it reaches a terminal unescaped."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escaped(c)) for c in text) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
