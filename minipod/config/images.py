"""[image."NAME"]: what an image would run, and a unit whose image it is. What the unit leaves out is put into the
document as if it had been written there; the places of what was put there are the image's. No image is ever looked for.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Any, NamedTuple

from minipod.config.build import Doc, read_table
from minipod.config.findings import Findings, Path, word
from minipod.config.key import IMAGE, UNITS
from minipod.model import Image
from minipod.quoting import literal

_UNREADABLE = ("unreadable",)
Images = dict[str, tuple[Image, Path]]


class Part(NamedTuple):
    """One key that a unit gets: its value, and where that stands."""

    key: str
    value: Any
    at: Path


def read_images(documents: Sequence[tuple[Path, Doc]], found: Findings) -> Images:
    """The images of all documents, by their names, each with its place. Of two of one name the pod's own goes before
    those of other files, and two in other files are one too many."""
    images: Images = {}
    for base, doc in documents:
        tables = doc.get(IMAGE, {})
        if not isinstance(tables, dict):
            found.mismatch((*base, IMAGE), tables, "a table", help=f'write [{IMAGE}."NAME"]')
            continue
        for name, table in tables.items():
            at = (*base, IMAGE, name)
            image = _read_image(name, table, at, found)
            if name in images and images[name][1][:-2] != ():
                also = ((images[name][1], "the other one"),)
                found.error(at, f"a second image is called {word(name)}", on_key=True, also=also, help="leave one out")
            elif image is not None:
                images.setdefault(name, (image, at))
    return images


def _read_image(name: str, table: object, at: Path, found: Findings) -> Image | None:
    if not isinstance(table, dict):
        return found.mismatch(at, table, "a table", help=f'write [{IMAGE}."NAME"] above its keys')
    given = read_table(table, IMAGE, at, found)
    if "entrypoint" in table:  # one that is wrong is told once, and no unit of its lacks a command
        given.setdefault("entrypoint", _UNREADABLE)
    user, _, group = given.pop("user", "").partition(":")
    return Image(**given, user=user, group=group)


# --- units ------------------------------------------------------------------------------------------------------------


def apply_images(doc: Doc, images: Images, source: Any, found: Findings) -> None:
    """Give each unit what its image says and it does not. ``source``: has ``grafts``, where lines are told."""
    names = set()
    for kind in UNITS:
        tables = doc.get(kind)
        for name, table in tables.items() if isinstance(tables, dict) else ():
            image = table.get("image") if isinstance(table, dict) else None
            if isinstance(image, str):
                names.add(image)
                if image in images:
                    _apply(table, (kind, name), *images[image], _names(doc), source)
    _warn_of_unused(images, names, found)


def _warn_of_unused(images: Images, names: set[str], found: Findings) -> None:
    """Of the pod's own: files of presets are for other pods, too."""
    for name, (_, at) in images.items():
        if name not in names and at == (IMAGE, name):
            found.warn(
                at,
                f"no unit has the image {word(name)}",
                on_key=True,
                near=(name, tuple(sorted(names))),
                why="nobody runs what it says",
                help=f'add image = "{name}" to a unit, or leave it out',
            )


def _names(doc: Doc) -> set[str]:
    env = doc.get("env")
    return set(env) if isinstance(env, dict) else set()


def _apply(table: Doc, at: Path, image: Image, place: Path, pods: set[str], source: Any) -> None:
    for part in list(_parts(table, at, image, place)):
        table[part.key] = part.value
        source.grafts[(*at, part.key)] = None, part.at
    own = table.get("env", {})
    if isinstance(own, dict):
        secrets = table.get("secrets")
        new = variables(image, {*pods, *own, *(secrets if isinstance(secrets, dict) else ())})
        source.grafts.update(((*at, "env", name), (None, (*place, "env", name))) for name in new)
        if new:
            table["env"] = {**new, **own}


def _parts(table: Doc, at: Path, image: Image, place: Path) -> Iterator[Part]:
    if "command" not in table:
        yield from _command(table, at, image, place)
    if "working_dir" not in table and image.working_dir:
        yield Part("working_dir", image.working_dir, (*place, "working_dir"))
    if "user" not in table and image.user:
        yield Part("user", image.user, (*place, "user"))
        if "group" not in table and image.group:
            yield Part("group", image.group, (*place, "user"))


def _command(table: Doc, at: Path, image: Image, place: Path) -> Iterator[Part]:
    """Kubernetes' rule: args take the place of cmd; without an entrypoint the first of them is the program."""
    args = table.get("args")
    entrypoint, cmd = [literal(text) for text in image.entrypoint], [literal(text) for text in image.cmd]
    if entrypoint:
        yield Part("command", entrypoint, (*place, "entrypoint"))
        if args is None and cmd:
            yield Part("args", cmd, (*place, "cmd"))
    elif args is None and cmd:
        yield Part("command", cmd, (*place, "cmd"))
    elif isinstance(args, list) and args:
        yield Part("command", args, (*at, "args"))
        yield Part("args", [], (*at, "args"))


def variables(image: Image, known: Container[str]) -> dict[str, str]:
    """Those that a container gets, which has ``known`` ones already."""
    return {name: literal(text) for name, text in image.env.items() if name not in known}
