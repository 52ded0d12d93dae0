"""What of volumes can only be seen with the whole pod at hand. Imported only for pods that have one."""

import os
from collections.abc import Iterator

from minipod.config.findings import Findings, Path, word
from minipod.config.key import VOLUME
from minipod.model import Pod, Unit


def check_volumes(pod: Pod, doc: dict, found: Findings) -> None:
    """Volumes that nobody has, and those that nobody wants."""
    given = doc.get(VOLUME, {})
    # Presets may have added volumes that no table says.
    names = tuple(dict.fromkeys((*(given if isinstance(given, dict) else ()), *(each.name for each in pod.volumes))))
    known = frozenset(names)
    for unit in pod.units:
        for name, at in _mounted(unit, doc):
            if name not in known:
                _refuse(name, names, at, found)
    used = {mount.volume for unit in pod.units for mount in unit.mounts}
    used |= {source.object for unit in pod.units for source in unit.env_from if source.kind == "file"}
    for volume in pod.volumes:
        if volume.name not in used:
            found.warn(
                (VOLUME, volume.name),
                f"no unit sees the volume {word(volume.name)}",
                on_key=True,
                why="it would be made for nobody",
                help=f'add volumes = {{ {volume.name} = "/{volume.name}" }} to a unit, or leave it out',
            )


def expressions(unit: Unit, doc: dict) -> Iterator[tuple[Path, str]]:
    """Each sub_path_expr, and where it stands."""
    at: Path = (unit.kind.word, unit.name, "volumes")
    for name, inner in doc[unit.kind.word][unit.name]["volumes"].items():
        rows = [((*at, name, i), each) for i, each in enumerate(inner)] if isinstance(inner, list) else []
        for where, row in rows or [((*at, name), inner)]:
            if isinstance(row, dict) and "sub_path_expr" in row:
                yield (*where, "sub_path_expr"), row["sub_path_expr"]


def note_shared_paths(pod: Pod, doc: dict, found: Findings) -> None:
    """A path where two units see different volumes needs mounts: links are the same for all."""
    seen: dict[str, tuple[str, Unit]] = {}
    for unit in pod.units:
        for mount in unit.mounts:
            other, first = seen.setdefault(mount.path, (f"{mount.volume}/{mount.sub_path}", unit))
            if other != f"{mount.volume}/{mount.sub_path}":
                found.note(
                    (unit.kind.word, unit.name, "volumes", mount.volume),
                    f"{word(first.name)} and {word(unit.name)} see different volumes at {word(mount.path)}",
                    on_key=True,
                    why="where minipod may not mount, there can be but one link, and the pod is refused",
                    help="give one of them another path",
                )


def warn_of_missing(pod: Pod, found: Findings) -> None:
    """Paths that must be there when the pod begins, and are not here."""
    for volume in pod.volumes:
        paths = [volume.path] if volume.check and not volume.check.endswith("OrCreate") else []
        paths += [file.copy_of for file in volume.files if file.copy_of and not file.is_optional]
        for path in paths:
            if not os.path.exists(path):
                at = (VOLUME, volume.name, *(["host_path"] if volume.path else []))
                help = "see to it that it is there when the pod begins"
                found.warn(at, f"{word(path)} is not here", on_key=True, why="the image may differ", help=help)


def _mounted(unit: Unit, doc: dict) -> Iterator[tuple[str, Path]]:
    at: Path = (unit.kind.word, unit.name, "volumes")
    given = doc[unit.kind.word][unit.name].get("volumes")
    for name in given if isinstance(given, dict) else ():
        yield name, (*at, name)


def _refuse(name: str, names: tuple[str, ...], at: Path, found: Findings) -> None:
    found.error(
        at,
        f"no volume is called {word(name)}",
        near=(name, names),
        on_key=True,
        why=f"there {'is' if len(names) == 1 else 'are'} {', '.join(names)}" if names else "the pod has no volumes",
        help=f"add [volume.{name}] with empty_dir = true" if name.isprintable() else "leave it out",
    )
