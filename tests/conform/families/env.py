"""A container's environment, by the reader of manifests and PID 1's own expansion; what PID 1 reads itself, by the
command that ships.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from cases import Case, Difference, Skip, compare, name_of
from manifest import environment, read_container, run_container

# Variables of the services that the cases' cluster has.
_SERVICE = re.compile(r"(KUBERNETES|TEST|NOT_SPECIAL)_(SERVICE_(HOST|PORT)|PORT(_\d+_TCP(_PROTO|_PORT|_ADDR)?)?)")
_META = {"name": "dapi-test-pod-name"}
_SPEC = {"serviceAccountName": "special", "nodeName": "node-name"}
_NO_SERVICES = "there are no Services, and so none of their variables"
_ADDRESSES_DIFFER = 14


def read(document: Mapping) -> Iterator[Case | Skip]:
    skipped = {_NO_SERVICES: 0}
    for at, case in enumerate(document.get("cases") or ()):
        why = _why_not(case)
        if why:
            skipped[why] += 1
        else:
            yield Case(name_of(case, f"cases {at}"), lambda engine, case=case: _check(case))
    yield from (Skip("cases", count, why) for why, count in skipped.items() if count)


def _why_not(case: Mapping) -> str | None:
    if case.get("servicesSynced", True) is False or "_SERVICE_" in str([each.get("value") for each in case["env"]]):
        return _NO_SERVICES
    return None


def _is_read_later(case: Mapping) -> bool:
    """Whether PID 1 reads something of it."""
    sources = str([*case["env"], *case["envFrom"]])
    return any(word in sources for word in ("secretRef", "secretKeyRef", "status.", "fileKeyRef"))


def _check(case: Mapping) -> Iterator[Difference]:
    container = {"env": [_plain(each) for each in case["env"]], "envFrom": [_plain(each) for each in case["envFrom"]]}
    meta = {**_META, "namespace": case["namespace"]}
    if _is_read_later(case):
        yield from _check_run(case, container, meta)
        return
    unit = read_container(container, meta=meta, spec=_SPEC, others=list(_helpers(case, container)))
    yield from compare("refused", case["expectError"], unit is None)
    if unit is not None and not case["expectError"]:
        own = {each["name"] for each in container["env"]}
        wanted = {name: value for name, value in case["expectedEnv"].items() if name in own or not _is_service(name)}
        yield from compare("environment", wanted, environment(unit))


def _check_run(case: Mapping, container: Mapping, meta: Mapping) -> Iterator[Difference]:
    """Addresses are this machine's: not those of the case, and one of each family as there."""
    others = list(_helpers(case, container))
    given = run_container(container, meta=meta, spec=_SPEC, others=others, file=case.get("file"))
    yield from compare("refused", case["expectError"], given is None)
    if given is None or case["expectError"]:
        return
    addresses = {each["name"] for each in container["env"] if "status." in str(each.get("valueFrom"))}
    own = {each["name"] for each in container["env"]}
    wanted = {name: value for name, value in case["expectedEnv"].items() if name in own or not _is_service(name)}
    for name in {**wanted, **given}:
        if wanted.get(name) != given.get(name):
            rule = _ADDRESSES_DIFFER if name in addresses and given.get(name) else None
            yield Difference(name, wanted.get(name), given.get(name), rule)


def _is_service(name: str) -> bool:
    return _SERVICE.fullmatch(name) is not None


def _helpers(case: Mapping, container: Mapping) -> Iterator[Mapping]:
    """The one ConfigMap and the one Secret that the cases have, whatever they are asked for as."""
    if case.get("secretData") is not None:
        for name in sorted(set(_names(container, "secret"))):
            meta = {"name": name, "namespace": case["namespace"]}
            yield {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": case["secretData"]}
    if case.get("configMapData") is not None:
        for name in sorted(set(_names(container, "configMap"))):
            meta = {"name": name, "namespace": case["namespace"]}
            yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": case["configMapData"]}


def _names(value: object, kind: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in (f"{kind}Ref", f"{kind}KeyRef"):
                yield inner["name"]
            else:
                yield from _names(inner, kind)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _names(inner, kind)


def _plain(entry: object) -> object:
    """Go's embedded LocalObjectReference, as a manifest has it: in place."""
    if isinstance(entry, Mapping):
        inner = entry.get("localObjectReference", {})
        return {**inner, **{key: _plain(value) for key, value in entry.items() if key != "localObjectReference"}}
    return entry
