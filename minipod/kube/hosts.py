"""What a manifest says of the pod's host: its name, and lines of /etc/hosts. Nothing is written here."""

from typing import NamedTuple

from minipod.config.findings import Path, word
from minipod.config.host_table import Hosts, check_address, check_name
from minipod.config.values import LABEL, SUBDOMAIN, matches
from minipod.kube.hostname import MOST_LONG, name_and_domain, names
from minipod.kube.setting import Doc, Setting

# Where the pod's own name leads: its address is known only where it runs, and this one reaches it as well.
LOOPBACK = "127.0.0.1"
_NAMING = ("hostname", "hostnameOverride", "subdomain", "setHostnameAsFQDN")


class Host(NamedTuple):
    """``name``: "" for that of the outer container."""

    name: str
    lines: Hosts


def read_hosts(setting: Setting) -> Host:
    """As far as it can be read. A name that the manifest does not choose is the outer container's: only there it leads
    to an address."""
    spec = setting.spec
    _check_names(spec, setting)
    aliases = _aliases(spec.get("hostAliases", ()), setting)
    if spec.get("hostNetwork") or not any(spec.get(key) for key in _NAMING):
        return Host("", aliases)
    given = {"hostname": spec.get("hostname", ""), "subdomain": spec.get("subdomain", "")}
    name, domain = name_and_domain(
        setting.meta["name"], setting.namespace, **given, override=spec.get("hostnameOverride")
    )
    known = {each for _, line in aliases for each in line}
    own = () if name in known else ((LOOPBACK, names(name, domain)),)
    shown = ".".join((name, domain)) if spec.get("setHostnameAsFQDN") and domain else name
    if len(shown) > MOST_LONG:
        why = f"the kernel takes at most {MOST_LONG} characters, and Kubernetes would not start the pod either"
        message = f"the host's long name has {len(shown)} characters"
        setting.found.error((*setting.at, "setHostnameAsFQDN"), message, on_key=True, why=why, help="shorten hostname")
    return Host(shown, (*own, *aliases))


def _check_names(spec: Doc, setting: Setting) -> None:
    for key in ("hostname", "subdomain"):
        if spec.get(key) and not matches(LABEL, spec[key]):
            why = "it is at most 63 of a-z 0-9 and -, a letter or digit at both ends"
            setting.found.error(
                (*setting.at, key), f"`{key}` cannot be {word(spec[key])}", why=why, help="write for example web"
            )
    override, at = spec.get("hostnameOverride"), (*setting.at, "hostnameOverride")
    if not override:
        return
    if not matches(SUBDOMAIN, override) or len(override) > MOST_LONG:
        why = f"it is a DNS name of at most {MOST_LONG} of a-z 0-9 - and ."
        shown = word(override)
        setting.found.error(at, f"`hostnameOverride` cannot be {shown}", why=why, help="write for example web")
    for key in ("hostNetwork", "setHostnameAsFQDN"):
        if spec.get(key):
            also = (((*setting.at, key), "here"),)
            message = f"`hostnameOverride` does not go with {key}"
            why = "Kubernetes refuses both together"
            setting.found.error(at, message, on_key=True, also=also, why=why, help="leave one out")


def _aliases(given: list[Doc], setting: Setting) -> Hosts:
    lines = []
    for i, alias in enumerate(given):
        at: Path = (*setting.at, "hostAliases", i)
        address, row = alias.get("ip"), alias.get("hostnames", [])
        for j, name in enumerate(row):
            check_name(name, (*at, "hostnames", j), setting.found)
        if address is not None and check_address(address, (*at, "ip"), setting.found) and row:
            lines.append((address, tuple(row)))
    return tuple(lines)
