"""Ports of a manifest: their names, by which probes may ask for them, and what does not go together. Here they are only
words: nothing is mapped, and nobody is kept from listening elsewhere.
"""

from minipod.config.findings import Path, word
from minipod.config.values import matches
from minipod.kube.setting import Doc, Setting

PORT_NAME = r"(?=.*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?"
_Row = list[tuple[Doc, Path]]


def check_names(container: Doc, at: Path, setting: Setting) -> None:
    """Of one container; an empty name is none."""
    names: dict[str, int] = {}
    for i, port in enumerate(container.get("ports", ())):
        name = port.get("name", "")
        here = (*at, "ports", i, "name")
        if name in names:
            also = (((*at, "ports", names[name], "name"), "the other one"),)
            setting.found.error(here, f"two ports are called {word(name)}", also=also, help="rename one of them")
        elif name and not matches(PORT_NAME, name):
            why = "a name is at most 15 of a-z 0-9 and -, with a letter, and no two - together"
            setting.found.error(here, f"{word(name)} cannot name a port", why=why, help="call it for example http")
        if name:
            names.setdefault(name, i)


def check_ports(setting: Setting) -> None:
    """Of all containers together. Mains run side by side; an init has the host for itself."""
    mains = [_ports(each, (*setting.at, "containers", i)) for i, each in enumerate(setting.spec.get("containers", ()))]
    inits = enumerate(setting.spec.get("initContainers", ()))
    groups = [[each for row in mains for each in row]]
    groups += [_ports(each, (*setting.at, "initContainers", i)) for i, each in inits]
    for row in groups:
        _check_host(row, setting)
    if setting.spec.get("hostNetwork"):
        _check_equal(groups[0], setting)
    else:
        _warn_of_shared(groups[0], setting)


def _ports(container: Doc, at: Path) -> _Row:
    return [(port, (*at, "ports", i)) for i, port in enumerate(container.get("ports", ()))]


def _check_host(row: _Row, setting: Setting) -> None:
    """What the API server refuses. On the host's network each port is one of the host's."""
    is_hosts = setting.spec.get("hostNetwork", False)
    seen: dict[tuple, Path] = {}
    for port, at in row:
        inner = port.get("containerPort", 0)
        number, key = (port["hostPort"], "hostPort") if port.get("hostPort") else (inner * is_hosts, "containerPort")
        here = (*at, key)
        other = seen.setdefault((number, port.get("protocol", "TCP"), port.get("hostIP", "")), here)
        if number and other != here:
            also = ((other, "the other one"),)
            message = f"two ports are the host's port {number}"
            why = "Kubernetes refuses both together: only one program can listen there"
            setting.found.error(here, message, also=also, why=why, help="change one of them")


def _check_equal(row: _Row, setting: Setting) -> None:
    """On the host's network the API server refuses another port of the host; of an init it takes it."""
    for port, at in row:
        inner = port.get("containerPort", 0)
        if inner and port.get("hostPort", 0) not in (0, inner):
            why = "Kubernetes refuses another one on the host's network"
            message = f"`hostPort` must be {inner}, as `containerPort` is"
            setting.found.error((*at, "hostPort"), message, why=why, help=f"write {inner}, or leave it out")


def _warn_of_shared(row: _Row, setting: Setting) -> None:
    """Mains share one network, here as in Kubernetes."""
    seen: dict[tuple[int, str], Path] = {}
    for port, at in row:
        here = (*at, "containerPort")
        key = (port.get("containerPort", 0), port.get("protocol", "TCP"))
        other = seen.setdefault(key, here)
        if key[0] and other[:-3] != here[:-3]:
            also = ((other, "the other one"),)
            why = "they share one network, and only one of them can listen there"
            message = f"two containers have port {key[0]}"
            setting.found.warn(here, message, also=also, why=why, help="change one of them")
