"""$(VAR) expansion, by the function that the core is built with; of volumes' paths by the reader of manifests."""

from collections.abc import Iterator, Mapping

from cases import Case, Difference, Skip, compare, name_of
from manifest import environment, read_container
from texts import expand

_VOLUMES = "volumeMountSubPathExpr"


def read(document: Mapping) -> Iterator[Case | Skip]:
    for group, check in (("cases", _check_text), ("sequences", _check_sequence)):
        for at, case in enumerate(document.get(group) or ()):
            yield Case(name_of(case, f"{group} {at}"), lambda engine, check=check, case=case: check(case))
    containers = document.get("containerCases") or ()
    for at, case in enumerate(containers):
        check = _CHECKS[case["kind"]]
        yield Case(name_of(case, f"containerCases {at}"), lambda engine, check=check, case=case: check(case))


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
    yield from _check_manifest(case)


def _check_manifest(case: Mapping) -> Iterator[Difference]:
    """What the reader of manifests expands gives the same, when PID 1 has seen to it."""
    words = {key: case[key] for key in ("command", "args") if case.get(key)}
    if "command" not in words:
        return
    unit = read_container({"env": case.get("env") or [], **words})
    if unit is None:
        yield Difference("manifest", "read", "refused")
        return
    values = environment(unit)
    for key, texts in (("command", unit.command), ("args", unit.args)):
        wanted = case.get(f"expected{key.capitalize()}")
        if wanted is not None:
            yield from compare(f"manifest's {key}", wanted, [expand(text, [values]) for text in texts])


def _check_probe(case: Mapping) -> Iterator[Difference]:
    """A probe's words, of a manifest; without one there is nothing to be read."""
    if not case["command"]:
        return
    probe = {"exec": {"command": case["command"]}}
    unit = read_container({"env": case.get("env") or [], "livenessProbe": probe})
    if unit is None or unit.liveness_probe is None:
        yield Difference("manifest", "read", "refused")
        return
    words = [expand(text, [environment(unit)]) for text in unit.liveness_probe.ask.command]
    yield from compare("probe's command", case["expectedCommand"], words)


def _check_mount(case: Mapping) -> Iterator[Difference]:
    mount = {"name": "data", "mountPath": case["mountPath"] or "/mnt", "subPathExpr": case["subPathExpr"]}
    container = {"env": case.get("env") or [], "volumeMounts": [mount]}
    unit = read_container(container, spec={"volumes": [{"name": "data", "emptyDir": {}}]})
    yield from compare("read", case["expectedOk"], unit is not None)
    if unit is not None and case["expectedOk"]:
        yield from compare("sub path", case["expectedSubPath"], unit.mounts[0].sub_path)


_CHECKS = {"commandAndArgs": _check_words, "execProbeCommand": _check_probe, _VOLUMES: _check_mount}
