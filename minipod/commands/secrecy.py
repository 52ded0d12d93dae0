"""What is shown of a variable or a header. A name that speaks of a secret keeps its value to itself."""

import re

_SECRET = re.compile("SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|KEY", re.IGNORECASE)
_SECRET_HEADER = re.compile(f"AUTHORIZATION|COOKIE|{_SECRET.pattern}", re.IGNORECASE)
HIDDEN = "…"


def shown_value(name: str, value: str) -> str:
    """The value, or ``…`` for one that must not be seen."""
    return HIDDEN if _SECRET.search(name) else value


def shown_header(line: str) -> str:
    """``Name: value``, or ``Name: …`` for one that must not be seen."""
    name, colon, _ = line.partition(": ")
    return f"{name}{colon}{HIDDEN}" if colon and _SECRET_HEADER.search(name) else line
