"""What the API server adds to every pod that it is given: a volume with a token for itself. A pod that was written out
of a cluster has it; nobody wrote it, and there is no server here that would want it.
"""

import re
from typing import Any

from minipod.kube.parts import Part, changed, each_of, kept

_NAME = re.compile(r"kube-api-access-[a-z0-9]{5}")
_OLD_NAME = re.compile(r"[-.a-z0-9]+-token-[a-z0-9]{5}")  # before 1.21 it was a Secret
_WHERE = "/var/run/secrets/kubernetes.io/serviceaccount"


def without_token(part: Part) -> tuple[Part, bool]:
    """The document without such volumes and what mounts them, and whether there was one."""
    if not isinstance(part.data, dict):
        return part, False
    inner = _changed_spec if part.data.get("kind") == "Pod" else _changed_template
    text = str(part.data.get("spec"))
    if _NAME.search(text) is None and _WHERE not in text:
        return part, False
    without = changed(part, by={"spec": inner})
    return without, without.data != part.data


def _is_no_token(entry: Any) -> bool:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str):
        return True
    return not _NAME.fullmatch(name) and not (_OLD_NAME.fullmatch(name) and _is_old(entry, name))


def _is_old(entry: dict[str, Any], name: str) -> bool:
    """Whether it is such a Secret, or mounts one where the API server has its programs look."""
    secret = entry.get("secret")
    return entry.get("mountPath") == _WHERE or (isinstance(secret, dict) and secret.get("secretName") == name)


def _changed_container(part: Part) -> Part:
    return changed(part, by={"volumeMounts": kept(_is_no_token)})


def _changed_spec(part: Part) -> Part:
    containers = each_of(_changed_container)
    return changed(part, by={"volumes": kept(_is_no_token), "containers": containers, "initContainers": containers})


def _changed_template(part: Part) -> Part:
    return changed(part, by={"template": lambda inner: changed(inner, by={"spec": _changed_spec})})
