"""What is shown of a variable. A name that speaks of a secret keeps its value to itself."""

import re

_SECRET = re.compile("SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|KEY", re.IGNORECASE)
HIDDEN = "…"


def shown_value(name: str, value: str) -> str:
    """The value, or ``…`` for one that must not be seen."""
    return HIDDEN if _SECRET.search(name) else value
