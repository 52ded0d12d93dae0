"""Names, by the readers of pod files and of manifests."""

import json
from collections.abc import Callable, Iterator, Mapping

from cases import Case, Difference, Skip, compare
from pod_file import is_probe

from minipod.config import tables, values
from minipod.config.findings import Findings
from minipod.kube.documents import KEY
from minipod.kube.ports import PORT_NAME

_HEADER = 'http_get = { port = 80, http_headers = [{ name = %s, value = "1" }] }'
_WHERE = ("service", "web", "key")


def _passes(read: Callable[[object, tuple, Findings], object], value: object) -> bool:
    found = Findings()
    read(value, _WHERE, found)
    return not found.failed


_RULES: dict[str, Callable[[object], bool]] = {
    "configMapKey": lambda text: values.matches(KEY, text),
    "dns1123Label": lambda text: values.matches(values.LABEL, text),
    "dns1123Subdomain": lambda text: values.matches(values.SUBDOMAIN, text),
    "envVarName": lambda text: values.matches(values.ENV_NAME, text),
    "httpHeaderName": lambda text: is_probe(_HEADER % json.dumps(text)),
    "labelValue": lambda text: _passes(tables.read_labels, {"name": text}),
    "portName": lambda text: values.matches(PORT_NAME, text),
    "portNumber": lambda number: is_probe(f"tcp_socket = {{ port = {number} }}"),
    "qualifiedName": lambda text: _passes(tables.read_labels, {text: ""}),
}
_LATER = "only Services have such names, and minipod reads none"


def read(document: Mapping) -> Iterator[Case | Skip]:
    for rule, lists in document.items():
        if not isinstance(lists, Mapping) or not {"valid", "invalid"} & lists.keys():
            continue
        given = [(value, word == "valid") for word in ("valid", "invalid") for value in lists.get(word) or ()]
        if rule not in _RULES:
            yield Skip(rule, len(given), _LATER)
            continue
        for value, is_valid in given:
            yield Case(f"{rule} {value!r}", lambda engine, *it, r=rule, v=value, w=is_valid: _check(r, v, w))


def _check(rule: str, value: object, is_valid: bool) -> Iterator[Difference]:
    yield from compare("valid", is_valid, _RULES[rule](value))
