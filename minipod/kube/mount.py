"""Where containers see volumes: volumeMounts. Nothing is mounted here."""

from collections.abc import Mapping

from minipod.config.findings import Path, word
from minipod.config.paths import clean
from minipod.kube.environment import Environment
from minipod.kube.expansion import Later, references
from minipod.kube.setting import Doc, Setting
from minipod.kube.volume_files import is_inside
from minipod.model import Mount


def read_mounts(container: Doc, at: Path, setting: Setting, environment: Environment) -> tuple[Mount, ...]:
    """Where one container sees which volume."""
    seen: dict[str, int] = {}
    mounts = []
    names = dict.fromkeys(setting.volume_names)
    for i, mount in enumerate(container.get("volumeMounts", ())):
        here = (*at, "volumeMounts", i)
        mounts.append(_mount(mount, here, names, setting, environment))
        path = clean(mount.get("mountPath", ""))
        if path in seen:
            also = (((*at, "volumeMounts", seen[path], "mountPath"), "the other one"),)
            message = f"two volumes are mounted at {word(mount['mountPath'])}"
            setting.found.error((*here, "mountPath"), message, also=also, help="choose another path for one of them")
        elif path:
            seen[path] = i
    return tuple(mount for mount in mounts if mount is not None)


def _are_told(setting: Setting) -> bool:
    """Whether there is an error about the volumes already: one of those that cannot be read may be meant."""
    return setting.was_told((*setting.at, "volumes"))


def _mount(
    mount: Doc, at: Path, names: Mapping[str, None], setting: Setting, environment: Environment
) -> Mount | None:
    name, path = mount.get("name"), mount.get("mountPath")
    if name is not None and name not in names and not _are_told(setting):
        why = f"the pod's volumes: {', '.join(names)}" if names else "the pod has no volumes"
        message = f"no volume is called {word(name)}"
        setting.found.error((*at, "name"), message, near=(name, tuple(names)), why=why, help="add it to spec.volumes")
    if path is not None and (".." in path.split("/") or not clean(path)):  # the kubelet takes data for /data
        why = "it is a directory below /, without .."
        message = f"`mountPath` cannot be {word(path)}"
        setting.found.error((*at, "mountPath"), message, why=why, help="write for example /data")
    part = _sub_path(mount, at, setting, environment)
    if name is None or path is None or part is None:
        return None
    sub_path, expands = part
    return Mount(name, f"/{clean(path)}", sub_path, mount.get("readOnly", False), expands)


def _sub_path(mount: Doc, at: Path, setting: Setting, environment: Environment) -> tuple[str, bool] | None:
    """The path, and whether PID 1 must look up variables in it."""
    if mount.get("subPath") and mount.get("subPathExpr"):
        also = (((*at, "subPath"), "the other one"),)
        return setting.found.error(
            (*at, "subPathExpr"), "`subPath` and `subPathExpr` are both given", on_key=True, also=also, help="keep one"
        )
    key = "subPathExpr" if mount.get("subPathExpr") else "subPath"
    text, expands = mount.get(key, ""), False
    if key == "subPathExpr":
        if not _are_set(text, (*at, key), setting, environment):
            return None
        expands = any(isinstance(environment.look(name), Later) for name in references(text))
        text = environment.expand(text) if expands else environment.expand_plain(text)
    if text and not is_inside(text, (*at, key), setting):
        return None
    return clean(text), expands


def _are_set(text: str, at: Path, setting: Setting, environment: Environment) -> bool:
    """Every variable must be there, and not empty (spec.md section 12)."""
    for name in references(text):
        if not environment.look(name):
            near = (name, tuple(environment.values))
            why = "Kubernetes takes only variables that are set, and not empty"
            is_empty = environment.look(name) == ""
            message = f"the variable {word(name)} is empty" if is_empty else f"there is no variable {word(name)}"
            help = "give it a value" if is_empty else "add it to env"
            setting.found.error(at, message, near=None if is_empty else near, why=why, help=help)
            return False
    return True
