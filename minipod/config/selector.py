"""Reading a label selector, by Kubernetes' rules. As in ``values``: what is wrong is recorded, nothing is raised."""

from minipod.config.findings import Findings, Path, word
from minipod.config.tables import read_labels, unknown_key
from minipod.config.values import QUALIFIED, SUBDOMAIN, matches, read_choice
from minipod.presets.merge import OPERATORS, Requirement, Selector

KEYS = ("match_labels", "match_expressions")
_EXPRESSION_KEYS = ("key", "operator", "values")
_VALUED = ("In", "NotIn")
_AN_EXPRESSION = 'write { key = "tier", operator = "In", values = ["front"] }'


def read_selector(value: object, at: Path, found: Findings) -> Selector | None:
    """Which labels a pod must have."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help='write { match_labels = { app = "web" } }')
    for key in value:
        if key not in KEYS:
            unknown_key((*at, key), KEYS, found)
    labels = read_labels(value.get("match_labels", {}), (*at, "match_labels"), found)
    requirements = _read_expressions(value.get("match_expressions", []), (*at, "match_expressions"), found)
    return None if labels is None or requirements is None else Selector(labels, requirements)


def _read_expressions(value: object, at: Path, found: Findings) -> tuple[Requirement, ...] | None:
    if not isinstance(value, list):
        return found.mismatch(at, value, "a list of tables", help=f"{_AN_EXPRESSION}, in [ ]")
    read = [_read_expression(each, (*at, i), found) for i, each in enumerate(value)]
    return tuple(each for each in read if each is not None) if None not in read else None


def _read_expression(value: object, at: Path, found: Findings) -> Requirement | None:
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help=_AN_EXPRESSION)
    for key in value:
        if key not in _EXPRESSION_KEYS:
            unknown_key((*at, key), _EXPRESSION_KEYS, found, of="an expression")
    missing = [key for key in ("key", "operator") if key not in value]
    for key in missing:
        found.error(at, f"the expression has no {key}", help=_AN_EXPRESSION)
    operator = read_choice(value.get("operator", "In"), (*at, "operator"), found, {name: name for name in OPERATORS})
    values = value.get("values", [])
    if missing or operator is None or not check_key(value["key"], (*at, "key"), found):
        return None
    if not isinstance(values, list):
        return found.mismatch((*at, "values"), values, "a list of strings", help='write ["front", "back"]')
    where = (*at, "values") if "values" in value else at
    return read_requirement(value["key"], operator, values, where, found)


def read_requirement(key: str, operator: str, values: list, at: Path, found: Findings) -> Requirement | None:
    """What goes together: In and NotIn have values, the others none; ``values`` stand at ``at``."""
    if operator in _VALUED and not values:
        return found.error(at, f"{operator} needs values", why="it looks for one of them", help="add values")
    if operator not in _VALUED and values:
        help = "leave values out, or write In"
        return found.error(at, f"{operator} takes no values", why="whether the label is there is all", help=help)
    for i, text in enumerate(values):
        if not isinstance(text, str) or (text and not matches(QUALIFIED, text)):
            why = "a label's value is empty, or at most 63 of a-z A-Z 0-9 - _ ., a letter or digit at both ends"
            message = f"no label has the value {word(text)}"
            return found.error((*at, i), message, why=why, help="write what the label has, in quotes")
    return Requirement(key, operator, tuple(values))


def check_key(key: object, at: Path, found: Findings) -> bool:
    """Whether a label can be called so."""
    prefix, slash, name = key.rpartition("/") if isinstance(key, str) else ("", "", "")
    if matches(QUALIFIED, name) and (not slash or matches(SUBDOMAIN, prefix)):
        return True
    found.error(
        at,
        f"{word(key)} cannot be a label",
        why="a label is [prefix/]name: the name at most 63 of a-z A-Z 0-9 - _ ., a letter or digit at both ends; the "
        "prefix a DNS name",
        help="write for example app, or example.com/app",
    )
    return False
