"""The reader of a unit's volumes: where it sees which of them. As in ``values``. Imported only for pods that have them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from minipod.config.findings import Findings, Path, word
from minipod.config.key import MOUNT
from minipod.config.keys import keys_of
from minipod.config.paths import read_absolute, read_inner
from minipod.config.tables import unknown_key
from minipod.config.values import Reader, read_flag
from minipod.model import Mount

_EXAMPLE = 'write volumes = { data = "/data" }'


def read_mounts(value: object, at: Path, found: Findings) -> tuple[Mount, ...] | None:
    """The mounts in their order; a volume may be there more than once."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table of paths", help=_EXAMPLE)
    placed = []
    for name, inner, here in _entries(value, at):
        mount = _read_mount(name, inner, here, found)
        if mount is not None:
            placed.append((mount, (*here, "path") if isinstance(inner, dict) else here))
    check_paths(placed, found)
    return tuple(mount for mount, _ in placed)


def _entries(value: Mapping[str, object], at: Path) -> Iterator[tuple[str, object, Path]]:
    for name, inner in value.items():
        if isinstance(inner, list):
            yield from ((name, each, (*at, name, i)) for i, each in enumerate(inner))
        else:
            yield name, inner, (*at, name)


def _read_mount(name: str, value: object, at: Path, found: Findings) -> Mount | None:
    if isinstance(value, str):
        path = read_absolute(value, at, found)
        return None if path is None else Mount(name, path)
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a path, a table, or a list of them", help=_EXAMPLE)
    read = {key: _read_part(key, inner, (*at, key), found) for key, inner in value.items()}
    if "path" not in value:
        return found.error(at, f"{word(name)} has no path", on_key=True, help='add path = "/data"')
    if "sub_path" in value and "sub_path_expr" in value:
        also = (((*at, "sub_path"), "the other one"),)
        message = "`sub_path` and `sub_path_expr` are both given"
        return found.error((*at, "sub_path_expr"), message, on_key=True, also=also, help="keep one of them")
    return None if None in read.values() else _mount(name, read)


def _mount(name: str, read: Mapping[str, Any]) -> Mount:
    inner = read.get("sub_path_expr", read.get("sub_path", ""))
    return Mount(name, read["path"], inner, read.get("read_only", False), "sub_path_expr" in read)


def _read_part(key: str, value: object, at: Path, found: Findings) -> Any:
    known = keys_of(MOUNT)
    if key not in known:
        return unknown_key(at, tuple(known), found, of="a place of a volume")
    return _PARTS[known[key].type](value, at, found)


_PARTS: dict[str, Reader] = {"absolute": read_absolute, "flag": read_flag, "sub_path": read_inner}


Placed = tuple[Mount, Path]


def check_paths(placed: list[Placed], found: Findings) -> None:
    """One volume a path, and none inside of another one. Paths are clean; ``placed``: where each stands. In the order
    of their texts what is inside of a path follows it at once, so that nobody is compared with all others."""
    around: list[int] = []
    for i in sorted(range(len(placed)), key=lambda i: (f"{placed[i][0].path}/", i)):
        while around and not f"{placed[i][0].path}/".startswith(f"{placed[around[-1]][0].path}/"):
            around.pop()
        if around:
            _refuse(placed[min(around[-1], i)], placed[max(around[-1], i)], found)
        around.append(i)


def _refuse(first: Placed, second: Placed, found: Findings) -> None:
    paths, also = (first[0].path, second[0].path), ((first[1], "the other one"),)
    if paths[0] == paths[1]:
        message, why = f"two volumes are at {word(paths[0])}", "one would hide the other"
        found.error(second[1], message, also=also, why=why, help="give one of them another path")
        return
    outer, inner = sorted(paths, key=len)
    message = f"{word(inner)} is inside of {word(outer)}, where another volume is"
    why = "a directory for it would have to be made in that volume"
    found.error(second[1], message, also=also, why=why, help="put them side by side")
