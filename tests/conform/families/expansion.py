"""$(VAR) expansion, by the function that the core is built with."""

from collections.abc import Iterator, Mapping

from cases import Case, Difference, Skip, compare, name_of
from texts import expand

_VOLUMES = "volumeMountSubPathExpr"


def read(document: Mapping) -> Iterator[Case | Skip]:
    for group, check in (("cases", _check_text), ("sequences", _check_sequence)):
        for at, case in enumerate(document.get(group) or ()):
            yield Case(name_of(case, f"{group} {at}"), lambda engine, check=check, case=case: check(case))
    containers = document.get("containerCases") or ()
    for at, case in enumerate(case for case in containers if case["kind"] != _VOLUMES):
        yield Case(name_of(case, f"containerCases {at}"), lambda engine, case=case: _check_words(case))
    left = sum(case["kind"] == _VOLUMES for case in containers)
    if left:
        yield Skip(_VOLUMES, left, "minipod has no volumes yet")


def _check_text(case: Mapping) -> Iterator[Difference]:
    yield from compare("text", case["expected"], expand(case["input"], case["vars"]))


def _check_sequence(case: Mapping) -> Iterator[Difference]:
    """Each value sees what those before it have become."""
    values = dict(case.get("initialVars") or {})
    for each in case["env"]:
        values[each["name"]] = expand(each["value"], [values])
    yield from compare("values", case["expected"], values)


def _check_words(case: Mapping) -> Iterator[Difference]:
    values = {each["name"]: each.get("value", "") for each in case.get("env") or ()}
    for given, wanted in (("command", "expectedCommand"), ("args", "expectedArgs")):
        if wanted in case:
            yield from compare(given, case[wanted] or [], [expand(word, [values]) for word in case.get(given) or ()])
