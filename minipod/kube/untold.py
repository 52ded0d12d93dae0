"""Images of which nobody has said what they run: one finding for each, however many containers have it, with a line to
paste. And those of which somebody has, but no container has them.
"""

import re
from collections.abc import Iterable, Sequence

from minipod.config.findings import Findings, Path, visible, word
from minipod.errors import ERROR, Place, Problem

_PLAIN = re.compile(r"[\w./:@-]+", re.ASCII)
_SHOWN = 20


class Untold:
    """Takes containers without a command, by their image."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Path, str, bool]]] = {}

    def take(self, image: str, place: Path, name: str, *, has_args: bool) -> None:
        self._rows.setdefault(image, []).append((place, name, has_args))

    def tell(self, found: Findings) -> None:
        for image, row in self._rows.items():
            (place, name, has_args), *others = row
            message = f"{word(name)} has {'args but no command' if has_args else 'no command'}"
            also = tuple((where, f"nor has {word(other)}") for where, other, _ in others)
            why = f"what the image {word(image)} would run is not known: no image is pulled"
            help = f"add command, or say what the image runs: {_option(image)}'PROGRAM ARGS'"
            if any(each for _, _, each in row):
                help += f"; where it has no ENTRYPOINT, {_option(image)}"
            found.error(place, message, on_key=True, also=also, why=why, help=help)


def unused(given: Iterable[str], images: Sequence[str]) -> tuple[Problem, ...]:
    """Of those that --entrypoint names, each that is none of the pod's: a mistake on the command line."""
    return tuple(_unused(name, images) for name in given if name not in images)


def _unused(name: str, images: Sequence[str]) -> Problem:
    from minipod.config.suggest import did_you_mean

    names = list(dict.fromkeys(map(visible, filter(None, images))))
    help = f"name one of {', '.join(names[:_SHOWN])}" if names else "leave it out"
    why = "it says what an image of the pod runs" if names else "none of its containers names an image"
    place = Place("--entrypoint", 0, 1, name, max(1, len(name)))
    help = did_you_mean(name, names, quote="`") or help
    return Problem(ERROR, place, f"no container has the image {word(name)}", why, help)


def _option(image: str) -> str:
    return f"--entrypoint {image}=" if _PLAIN.fullmatch(image) else f"--entrypoint '{image}'="
