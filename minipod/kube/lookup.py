"""What an entry of a manifest refers to, looked up: a ConfigMap, a Secret's value, another container, a field of the
pod, a limit. Who asks for what is not there is told once, here.
"""

import base64
import binascii
import os
import re

from minipod.config.findings import Path, word
from minipod.kube.quantity import in_units, parse_quantity
from minipod.kube.setting import Doc, Helper, Setting
from minipod.model import EnvSource, Secret

_IN_MAP = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")
_RESOURCE = re.compile(r"(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-[A-Za-z0-9]+)")
_DIVISORS = {"cpu": ("1", "1m")}
_SIZES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def find_helper(kind: str, ref: Doc, at: Path, setting: Setting) -> Helper | None:
    """The ConfigMap or Secret that a reference names; None, told unless it is optional, when the manifest has none."""
    helpers = setting.config_maps if kind == "ConfigMap" else setting.secrets
    name = ref.get("name", ref.get("secretName"))
    if name is None:
        return None
    helper = helpers.get((setting.namespace, name))
    if helper is None and not ref.get("optional"):
        elsewhere = [namespace for namespace, other in helpers if other == name]
        why = f"there is one in the namespace {elsewhere[0]}" if elsewhere else "it must stand in the same manifest"
        self_help = f"add the {kind} behind `---`, or write optional: true"
        near = (name, tuple(other for _, other in helpers))
        setting.found.error(
            (*at, "secretName" if "secretName" in ref else "name"),
            f"there is no {kind} {word(name)}",
            near=near,
            why=why,
            help=self_help,
            once=True,
        )
    return helper


def secret_keys(data: Doc) -> tuple[str, ...]:
    """The names alone."""
    return tuple({**data.get("data", {}), **data.get("stringData", {})})


def secret_value(data: Doc, key: str) -> Secret:
    """Of a key that it has; stringData goes before."""
    plain = data.get("stringData", {})
    return Secret(plain[key].encode() if key in plain else decode(data["data"][key]) or b"")


def find_container(name: str | None, at: Path, setting: Setting) -> Doc | None:
    """The container of that name, told when there is none."""
    row = [*setting.spec.get("initContainers", ()), *setting.spec.get("containers", ())]
    for each in row:
        if each.get("name") == name:
            return each
    if name is not None:
        names = tuple(each.get("name", "") for each in row)
        setting.found.error(
            at, f"no container is called {word(name)}", near=(name, names), help="name one of the pod's"
        )
    return None


def field_value(path: str, setting: Setting) -> str | None:
    """What a fieldRef means when the manifest says it; None for what is known only later, or never."""
    in_map = _IN_MAP.fullmatch(path)
    if in_map:
        return setting.meta.get(in_map[1], {}).get(in_map[2], "")
    spec = setting.spec
    if path == "spec.serviceAccountName":
        return spec.get("serviceAccountName", spec.get("serviceAccount", "default"))
    if path == "spec.nodeName":
        return spec.get("nodeName") or (os.uname().nodename if setting.here else None)
    known = {f"metadata.{key}": setting.meta[key] for key in ("name", "namespace", "uid")}
    return known.get(path)


def resource_value(container: Doc, ref: Doc, at: Path, setting: Setting) -> str | EnvSource | None:
    """A limit or a request in whole divisors; a limit that is not set is the outer container's."""
    name = ref.get("resource", "")
    match = _RESOURCE.fullmatch(name)
    if match is None:
        if name:
            near = (name, ("limits.cpu", "limits.memory", "requests.cpu", "requests.memory"))
            why = "it is limits or requests of cpu, memory, ephemeral-storage or hugepages-SIZE"
            setting.found.error((*at, "resource"), f"no resource is called {word(name)}", near=near, why=why)
        return None
    divisor = parse_quantity(ref.get("divisor", "1") or "1") or parse_quantity("1")
    allowed = _DIVISORS.get(match[2], _SIZES)
    if ref.get("divisor", "1") not in (*allowed, "0", ""):
        why = f"for {match[2]} it is one of {', '.join(allowed)}"
        shown = word(ref["divisor"])
        return setting.found.error(
            (*at, "divisor"), f"`divisor` cannot be {shown}", why=why, help=f"write {allowed[0]}"
        )
    resources = container.get("resources", {})
    limits = resources.get("limits", {})
    given = limits if match[1] == "limits" else {**limits, **resources.get("requests", {})}
    value = parse_quantity(given[match[2]]) if match[2] in given else None
    if value or (value is not None and match[1] == "requests"):  # the kubelet takes a limit of 0 for none
        return str(in_units(value, divisor))
    is_here = match[1] == "limits" and not match[2].startswith("hugepages-")
    return EnvSource("limit", "", key=name, divisor=ref.get("divisor", "1")) if is_here else "0"


def decode(text: str) -> bytes | None:
    """What base64 stands for; None if it is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def refuse_kept(name: str, helper: Helper, at: Path, setting: Setting, *, instead: str) -> None:
    """The Secret is beside the pod, whose plan is to be kept in a file."""
    setting.later.error(
        at,
        f"the Secret {word(name)} cannot go into a plan that is kept",
        on_key=True,
        also=((helper.at, "it stands here"),),
        why="whoever has the plan could read it",
        help=f"run the manifest directly, or {instead}",
    )
