"""Who a unit is and what it may do, as securityContext: of the pod what all containers share, of a container the rest.
Pure; what cannot be said goes to the losses.
"""

from typing import Any

from minipod.kube.export_losses import Losses
from minipod.kube.field import MOST_INT
from minipod.model import Pod, Unit

Doc = dict[str, Any]


def export_pods_security(pod: Pod, losses: Losses) -> Doc:
    """Groups are the pod's in Kubernetes, and so is whether those of /etc/group are added."""
    own = _group_of_volumes(pod)
    found: Doc = {} if own is None else {"fsGroup": own}
    groups = {unit.groups for unit in pod.units}
    if len(groups) == 1 and all(_is_id(name) for name in next(iter(groups))):
        numbers = [int(name) for name in next(iter(groups)) if int(name) != own]
        found |= {"supplementalGroups": numbers} if numbers else {}
    else:
        for unit in pod.units:
            if unit.groups:
                why = "a pod has one list of numbers for all of its containers"
                losses.lose(unit, "groups", why, "give all units the same numbers")
    lonely = [unit for unit in pod.units if not _has_member_groups(unit)]
    if lonely and len(lonely) == len(pod.units):
        found["supplementalGroupsPolicy"] = "Strict"
    else:
        for unit in lonely:
            why = "a pod adds the groups of /etc/group for all containers or for none"
            losses.differ(unit, "group", f"{unit.name} is in the groups that the image's /etc/group names, too", why)
    return {"securityContext": found} if found else {}


def _group_of_volumes(pod: Pod) -> int | None:
    """It is one of every container's, too."""
    return next((volume.group for volume in pod.volumes if volume.group is not None), None)


def _has_member_groups(unit: Unit) -> bool:
    return not (unit.user and unit.group) if unit.member_groups is None else unit.member_groups


def _is_id(text: str) -> bool:
    return text.isdigit() and int(text) <= MOST_INT


def export_security(unit: Unit, losses: Losses) -> Doc:
    """A container's own."""
    found: Doc = {}
    for key, name, value in (("user", "runAsUser", unit.user), ("group", "runAsGroup", unit.group)):
        if _is_id(value):
            found[name] = int(value)
        elif value:
            help = "" if value.isdigit() else f"write the number of {value}"
            losses.lose(unit, key, "a manifest takes only numbers, 2^31 - 1 at most", help)
    if unit.not_root:
        found["runAsNonRoot"] = True
    if unit.no_new_privileges:
        found["allowPrivilegeEscalation"] = False
    if unit.read_only:
        found["readOnlyRootFilesystem"] = True
    found |= _capabilities(unit, losses)
    return {"securityContext": found} if found else {}


def _capabilities(unit: Unit, losses: Losses) -> Doc:
    drop, add = unit.capabilities
    if add and unit.user and unit.user not in ("0", "root"):
        why = "on a cluster they are root's alone"
        losses.differ(unit, "capabilities", f"{unit.name} will not have the capabilities that are added", why)
    sets = {key: list(names) for key, names in (("drop", drop), ("add", add)) if names}
    return {"capabilities": sets} if sets else {}
