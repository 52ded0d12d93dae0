"""The block in /etc/hosts, and what a host is called: by the functions that write and name them, and by the reader of
manifests."""

import json
from collections.abc import Iterator, Mapping

from cases import Case, Difference, compare, name_of

from minipod.errors import ConfigError
from minipod.hosts_file import block_text, line
from minipod.kube.hostname import name_and_domain, names, truncate
from minipod.kube.read import read_manifest
from minipod.model import Pod

# What stands in the file before anything of a pod does: minipod leaves it as it finds it.
_MANAGED = """# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
_OF_THE_HOST = "# Kubernetes-managed hosts file (host network).\n"


def read(document: Mapping) -> Iterator[Case]:
    for group, check in _CHECKS.items():
        for at, case in enumerate(document.get(group) or ()):
            yield Case(name_of(case, f"{group} {at}"), lambda engine, check=check, case=case: check(case))


def _check_file(case: Mapping) -> Iterator[Difference]:
    hosts = tuple((alias["ip"], tuple(alias["hostnames"])) for alias in case["hostAliases"])
    if case["mode"] == "managed":
        own = names(case["hostname"], case["domain"])
        before = _MANAGED + "".join(line(address, own) for address in case["podIPs"])
    else:
        before = _OF_THE_HOST + case["existingHostsFile"]
    yield from compare("text", case["expected"], before + block_text(hosts))
    pod = _pod({"hostAliases": case["hostAliases"]})
    if pod is not None:
        yield from compare("manifest's block", block_text(hosts), block_text(pod.hosts))


def _check_length(case: Mapping) -> Iterator[Difference]:
    yield from compare("name", case["expected"], truncate(case["input"]))


def _check_names(case: Mapping) -> Iterator[Difference]:
    given = {"hostname": case["hostname"], "subdomain": case["subdomain"]}
    override = case["hostnameOverride"] if case["gateHostnameOverride"] else None
    is_wrong = case.get("expectError", False)
    spec = {**given, **({"hostnameOverride": override} if override else {})}
    meta = {"name": case["podName"], "namespace": case["namespace"]}
    pod = _pod({key: value for key, value in spec.items() if value}, meta)
    yield from compare("refused", is_wrong, pod is None)
    if is_wrong or pod is None:
        return
    found = name_and_domain(
        case["podName"], case["namespace"], **given, override=override, cluster=case["clusterDomain"]
    )
    yield from compare("name and domain", (case["expectedHostname"], case["expectedDomain"]), found)
    if any(spec.values()):
        yield from compare("manifest's name", case["expectedHostname"], pod.hostname)


def _pod(spec: Mapping, meta: Mapping | None = None) -> Pod | None:
    """The pod of a manifest with that; None when it is refused."""
    whole = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod", **(meta or {})},
        "spec": {"containers": [{"name": "main", "command": ["true"]}], **spec},
    }
    try:
        return read_manifest(json.dumps(whole), "pod.json", entrypoints={}).pod
    except ConfigError:
        return None


_CHECKS = {"hostsFile": _check_file, "truncateHostname": _check_length, "hostnameAndDomain": _check_names}
