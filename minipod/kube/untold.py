"""Images of which nobody has said what they run: one finding for each, however many containers have it, with a line to
paste.
"""

import re

from minipod.config.findings import Findings, Path, word

_PLAIN = re.compile(r"[\w./:@-]+", re.ASCII)


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


def _option(image: str) -> str:
    return f"--entrypoint {image}=" if _PLAIN.fullmatch(image) else f"--entrypoint '{image}'="
