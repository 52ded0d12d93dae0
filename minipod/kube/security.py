"""Who a container's program is and what it may do: securityContext of the pod and of the container, which goes before
it.

No program ever runs with more rights than the manifest asks for: what cannot be taken away, or had, here is an obstacle
to a run.
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

from minipod.config.findings import Path, word
from minipod.config.rights import read_capability
from minipod.config.tables import is_qualified
from minipod.kube.setting import Doc, Setting
from minipod.model import Capabilities
from minipod.supervisor.rights import CAPABILITIES, mask_of, names_of

# Annotations that were fields before there were such fields.
_PROFILES = ("container.apparmor.security.beta.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/")
_POD_PROFILE = "seccomp.security.alpha.kubernetes.io/pod"
_USUAL = ("runtime/default", "docker/default")  # what holds anyway

STATUS = "/proc/self/status"
_ROOT = 0
_SETGID, _SETUID, _SETPCAP = (1 << CAPABILITIES.index(name) for name in ("SETGID", "SETUID", "SETPCAP"))


class Identity(NamedTuple):
    """As the model has it: "" for minipod's own."""

    user: str = ""
    group: str = ""
    groups: tuple[str, ...] = ()
    member_groups: bool | None = None
    no_new_privileges: bool = False
    capabilities: Capabilities = Capabilities()
    not_root: bool = False
    read_only: bool = False


def read_identity(container: Doc, at: Path, setting: Setting) -> Identity:
    """The user, the groups and the rights of one container."""
    own, pods = container.get("securityContext", {}), setting.spec.get("securityContext", {})
    both = {**pods, **own}
    places = {key: (*(at if key in own else setting.at), "securityContext", key) for key in both}
    image = setting.image_of(container)
    _check_root(both, places, setting, image.user if image else "")
    _check_ids(both, places, setting)
    _check_profile(both, places, setting)
    groups, member_groups = _groups(both, places, setting)
    user, group = both.get("runAsUser"), both.get("runAsGroup")
    if user is None and image and image.user:
        user, group = image.user, image.group if group is None else group
    return Identity(
        "" if user is None else str(user),
        "" if group is None else str(group),
        groups,
        member_groups,
        both.get("allowPrivilegeEscalation") is False,
        _capabilities(both, places, setting),
        bool(both.get("runAsNonRoot")) and "runAsUser" not in both,
        bool(own.get("readOnlyRootFilesystem")),
    )


def _check_root(both: Doc, places: dict[str, Path], setting: Setting, of_image: str) -> None:
    """Who runs a plan elsewhere is seen there, by the core."""
    user = both.get("runAsUser")
    if not both.get("runAsNonRoot"):
        return
    if user == _ROOT:
        setting.found.error(
            places["runAsUser"],
            "`runAsUser` is root, and `runAsNonRoot` forbids it",
            also=((places["runAsNonRoot"], "here"),),
            why="Kubernetes would not start the container either",
            help="write another user",
        )
    elif user is None and of_image in ("0", "root"):
        why = "CreateContainerConfigError in Kubernetes"
        message = "`runAsNonRoot` forbids root, and the image's user is root"
        setting.found.error(places["runAsNonRoot"], message, on_key=True, why=why, help="add runAsUser")
    elif user is None and not of_image and setting.here and os.geteuid() == _ROOT:
        setting.later.error(
            places["runAsNonRoot"],
            "`runAsNonRoot` forbids root, and minipod is root",
            on_key=True,
            why="CreateContainerConfigError in Kubernetes; the image, which might name somebody, is not pulled",
            help="add runAsUser",
        )


def _check_ids(both: Doc, places: dict[str, Path], setting: Setting) -> None:
    """Without root a program can be nobody else."""
    for name, own, right in (("runAsUser", os.geteuid(), _SETUID), ("runAsGroup", os.getegid(), _SETGID)):
        if name in both and both[name] != own and setting.here and not _held("Eff") & right:
            setting.later.error(
                places[name],
                f"`{name}` is somebody else than minipod",
                why=f"minipod itself is {own} here, and may not change that",
                help=f"write {own}, or run minipod as root",
            )


def _groups(both: Doc, places: dict[str, Path], setting: Setting) -> tuple[tuple[str, ...], bool | None]:
    """The groups besides its own, and whether those of /etc/group are added."""
    given = [*both.get("supplementalGroups", ()), *([both["fsGroup"]] if "fsGroup" in both else ())]
    policy = both.get("supplementalGroupsPolicy")
    own = {os.getegid(), *os.getgroups()}
    differs = not own.issuperset(given) or (policy == "Strict" and not own.issubset({os.getegid(), *given}))
    if setting.here and not _held("Eff") & _SETGID:
        if differs:
            name = next(key for key in ("supplementalGroups", "fsGroup", "supplementalGroupsPolicy") if key in both)
            setting.warn_strictly(
                places[name],
                f"`{name}` is ignored",
                on_key=True,
                why="minipod may not change groups here: programs have its own",
                help="run minipod as root",
            )
        return (), None
    merges = True if "runAsUser" in both and "runAsGroup" in both else None
    return tuple(dict.fromkeys(map(str, given))), False if policy == "Strict" else merges


# --- rights -----------------------------------------------------------------------------------------------------------


def _capabilities(both: Doc, places: dict[str, Path], setting: Setting) -> Capabilities:
    """What is dropped and added."""
    given = both.get("capabilities", {})
    at = places.get("capabilities", ())
    drop, add = (_names(given.get(key, ()), (*at, key), setting) for key in ("drop", "add"))
    _check_api(both, add, places, setting)
    if setting.here:
        _check_added(mask_of(add), at, setting)
        lost = mask_of(drop) & ~mask_of(add)
        if lost & _held("Bnd") and not _held("Eff") & _SETPCAP and not _gains_nothing(both):
            setting.later.error(
                (*at, "drop"),
                "capabilities cannot be dropped for good",
                on_key=True,
                why="minipod lacks SETPCAP here: what is executed could gain them again",
                help="add allowPrivilegeEscalation: false",
            )
    return Capabilities(drop, add)


def _names(given: Iterable[str], at: Path, setting: Setting) -> tuple[str, ...]:
    names = [read_capability(each, (*at, i), setting.found) for i, each in enumerate(given)]
    return tuple(dict.fromkeys(name for name in names if name))


def _check_added(added: int, at: Path, setting: Setting) -> None:
    """Of ALL those count that we know of."""
    missing = added & ~_held("Prm") & mask_of(CAPABILITIES)
    if missing:
        name = names_of(missing & -missing)[0]
        setting.later.error(
            (*at, "add"),
            f"the capability {name} cannot be added",
            on_key=True,
            why="minipod does not have it itself here",
            help=f"give it to the outer container: docker run --cap-add {name}",
        )


def _check_api(both: Doc, added: tuple[str, ...], places: dict[str, Path], setting: Setting) -> None:
    """What the API server refuses."""
    if both.get("allowPrivilegeEscalation") is not False:
        return
    for key, is_given, what in (
        ("privileged", both.get("privileged"), "privileged"),
        ("capabilities", "SYS_ADMIN" in added, "the capability SYS_ADMIN"),
    ):
        if is_given:
            setting.found.error(
                places["allowPrivilegeEscalation"],
                f"`allowPrivilegeEscalation` false does not go with {what}",
                also=((places[key], "here"),),
                why="Kubernetes refuses both together",
                help="leave one of them out",
            )


def _check_profile(both: Doc, places: dict[str, Path], setting: Setting) -> None:
    if both.get("seccompProfile", {}).get("type") == "Localhost":
        setting.found.error(
            (*places["seccompProfile"], "type"),
            "a profile of its own cannot be loaded",
            why="the outer container's profile holds",
            help="write RuntimeDefault",
        )


# --- what minipod itself has ------------------------------------------------------------------------------------------


def may_give_to(group: int) -> bool:
    """Whether minipod may make a file the group's."""
    return bool(_held("Eff") & 1 << CAPABILITIES.index("CHOWN")) or group in {os.getegid(), *os.getgroups()}


def _held(which: str) -> int:
    """One of the sets of capabilities of ours; 0 when the kernel does not tell."""
    return int(_status(f"Cap{which}") or "0", 16)


def _gains_nothing(both: Doc) -> bool:
    return both.get("allowPrivilegeEscalation") is False or _status("NoNewPrivs") == "1"


def _status(name: str) -> str:
    """A line of our own status; "" when the kernel does not tell."""
    try:
        with open(STATUS, encoding="ascii", errors="replace") as lines:
            return next((line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:")), "")
    except OSError:
        return ""


def check_annotations(annotations: Doc, at: Path, setting: Setting) -> None:
    """Profiles that they ask for are the outer runtime's to load."""
    for name, profile in annotations.items():
        if not is_qualified(name.lower()):
            why = "it is [prefix/]name, as a label's"
            message, help = f"{word(name)} cannot be an annotation", "write for example note, or example.com/note"
            setting.found.error((*at, name), message, on_key=True, why=why, help=help)
        if (name == _POD_PROFILE or name.startswith(_PROFILES)) and profile not in _USUAL:
            why = "the outer container's profile holds"
            message, help = f"the annotation {word(name)} is ignored", "leave it out"
            setting.warn_strictly((*at, name), message, on_key=True, why=why, help=help)
