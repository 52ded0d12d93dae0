"""Names of units for things that others name more freely: RFC 1123 labels, each once in a pod."""

import re
from collections.abc import Sequence

from minipod.config.values import LABEL, SUBDOMAIN, matches

_LONGEST = 63


def label(text: str) -> str:
    """The nearest label; "" if nothing in the text can stand in one."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST].rstrip("-")


def pod_name(text: str) -> str:
    """The nearest name of a pod; "" if there is none."""
    return text if matches(SUBDOMAIN, text) else label(text)


def unit_names(wanted: Sequence[tuple[str, str]]) -> list[str]:
    """For each (group, name) a name: the name alone where that is enough, else behind its group's, else numbered."""
    alone = [label(name) or "unit" for _, name in wanted]
    together = [label(f"{group}-{name}") or "unit" for group, name in wanted]
    taken: set[str] = set()
    found = []
    for at, (short, long) in enumerate(zip(alone, together, strict=True)):
        name = _free(short if alone.count(short) == 1 else long, taken, {*alone[at + 1 :]})
        taken.add(name)
        found.append(name)
    assert all(matches(LABEL, name) for name in found)
    return found


def _free(name: str, taken: set[str], coming: set[str]) -> str:
    if name not in taken and name not in coming:
        return name
    number = 1
    while (each := f"{name[: _LONGEST - 1 - len(str(number))].rstrip('-')}-{number}") in taken | coming:
        number += 1
    return each
