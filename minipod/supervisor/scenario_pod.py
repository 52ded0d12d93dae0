"""The ``given`` of a scenario: a pod file whose commands, and what its probes and hooks ask, may be left out, because
the scenario's world says what comes of them. ``[given.pod] order`` lists units in the order of the file.

Pure. It must never read a key by itself: ``config.build`` does, with every mistake and its place.
"""

from collections.abc import Mapping

from minipod.config.build import Doc, build
from minipod.config.findings import Finding, Findings, Path, word
from minipod.config.probes import HOOK_HANDLERS, PROBE_HANDLERS
from minipod.model import Pod
from minipod.supervisor.errands import HOOKS, KEYS
from minipod.supervisor.order import ranks
from minipod.supervisor.words import Errand, Kind

_ANYTHING = ["true"]
_ORDER = "order"
_HANDLERS = {key: HOOK_HANDLERS if kind in HOOKS else PROBE_HANDLERS for kind, key in KEYS.items()}
del _HANDLERS[KEYS[Errand.WATCHDOG]]


def parse_pod(given: object, at: Path, found: Findings) -> Pod | None:
    """The pod that stands at ``at`` in a scenario; None when anything is wrong with it, which ``found`` has then."""
    if not isinstance(given, dict):
        return found.mismatch(at, given, "a table, or the path of a pod file", help="write [given.service.web]")
    doc, order = _completed(given)
    inner = Findings()
    pod = build(doc, "scenario", lambda paths: sorted(paths, key=lambda path: order.get(path[-1], 0)), inner)
    _check_names(pod, inner)
    for each in inner.all:
        found.failed |= inner.failed
        found.all.append(_moved(each, at))
    if inner.failed:
        return None
    return pod._replace(units=tuple(sorted(pod.units, key=lambda unit: order.get(unit.name, 0))))


def _completed(given: Doc) -> tuple[Doc, Mapping[object, int]]:
    """The document with all that a pod file needs, and the units' order."""
    doc = {key: dict(table) if isinstance(table, dict) else table for key, table in given.items()}
    pod = doc.get("pod")
    names = pod.pop(_ORDER, []) if isinstance(pod, dict) else []
    for kind in Kind:
        table = doc.get(kind.word)
        for name, unit in table.items() if isinstance(table, dict) else ():
            table[name] = _whole(unit) if isinstance(unit, dict) else unit
    order = {name: at for at, name in enumerate(names)} if isinstance(names, list) else {}
    return doc, order


def _whole(unit: Doc) -> Doc:
    asks = {key: unit[key] for key in _HANDLERS if isinstance(unit.get(key), dict)}
    told = {
        key: {"exec": _ANYTHING, **ask} for key, ask in asks.items() if not any(name in ask for name in _HANDLERS[key])
    }
    return {"command": _ANYTHING, **unit, **told}


def _check_names(pod: Pod, found: Findings) -> None:
    """Only what cannot be played: a scenario may be about a pod that ``minipod check`` would refuse."""
    names = [unit.name for unit in pod.units]
    for unit in pod.units:
        for name in unit.after:
            if name not in names:
                found.error(
                    (unit.kind.word, unit.name, "after"),
                    f"no unit is called {word(name)}",
                    near=(name, tuple(names)),
                    help="name one that is there",
                )
    if pod.main is not None and pod.main not in names:
        near = (pod.main, tuple(names))
        found.error(("pod", "main"), f"no unit is called {word(pod.main)}", near=near, help="name a service")
    if not found.failed:
        _check_order(pod, found)


def _check_order(pod: Pod, found: Findings) -> None:
    try:
        ranks([unit.member for unit in pod.units])
    except ValueError as bad:
        found.error((), f"the units wait for each other: {bad}", help="leave one after out")


def _moved(finding: Finding, at: Path) -> Finding:
    return finding._replace(at=(*at, *finding.at), also=tuple(((*at, *path), label) for path, label in finding.also))
