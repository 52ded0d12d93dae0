"""What the readers of one manifest share: where mistakes go, and what stands beside the containers."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from minipod.config.findings import Findings, Path
from minipod.kube.expansion import Room
from minipod.kube.untold import Untold
from minipod.model import Image

Doc = dict[str, Any]
MODEL = "(model)"  # of an entry that a preset has put there: what no manifest could say, in the model's words


class Helper(NamedTuple):
    """A ConfigMap or a Secret of the manifest."""

    at: Path
    data: Doc


class Refused:
    """What was given and is wrong, by where it stands."""

    def __init__(self, paths: Iterable[Path] = ()):
        self._keys: dict[Path, set[str | int]] = {}
        for path in paths:
            self._keys.setdefault(path[:-1], set()).add(path[-1])

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self._keys)

    def within(self, at: Path) -> Collection[str | int]:
        """The keys right there."""
        return self._keys.get(at, ())

    def holds(self, at: Path) -> bool:
        """Whether it, or what it stands in, is among them."""
        return any(at[size] in self.within(at[:size]) for size in range(len(at)))


class Setting(NamedTuple):
    """``found`` takes what is wrong or odd; ``later`` what is right, and what minipod cannot do yet, so that such a
    pod can be checked and not run. ``meta``: the pod's metadata, names filled in. ``spec``: the pod's, at ``at``.
    ``entrypoints``: what images run, by their name. ``room``: for its texts. ``untold``: images of which
    nobody has said what they run. ``wrong``: what was given and refused.
    ``is_old``: it was lifted from v1beta1. ``here``: the pod will run where it is read. ``mapped``: directories
    that take the place of volumes, by their names. ``claims``: volumes that a StatefulSet's templates make, and
    where those stand. ``strict``: what a program may count on is no warning."""

    found: Findings
    later: Findings
    meta: Doc
    spec: Doc
    at: Path
    config_maps: Mapping[tuple[str, str], Helper]
    secrets: Mapping[tuple[str, str], Helper]
    entrypoints: Mapping[str, tuple[str, ...]]
    room: Room
    untold: Untold
    wrong: Refused = Refused()
    is_old: bool = False
    here: bool = True
    mapped: Mapping[str, str] = MappingProxyType({})
    claims: Mapping[str, Path] = MappingProxyType({})
    strict: bool = False
    images: Mapping[str, Image] = MappingProxyType({})

    def warn_strictly(self, at: Path, message: str, **more: Any) -> None:
        """Something that the program may count on is ignored."""
        tell = self.found.error if self.strict else self.found.warn
        tell(at, message, **more)

    def was_told(self, at: Path) -> bool:
        """Whether it, or what holds it, was given and refused: that it is missing is no other mistake."""
        return self.wrong.holds(at)

    def image_of(self, container: Doc) -> Image | None:
        """What the container's image says, as far as anybody has told. A given entrypoint takes the place of cmd."""
        name = container.get("image", "")
        known = self.images.get(name)
        if name not in self.entrypoints:
            return known
        return (known or Image())._replace(entrypoint=self.entrypoints[name], cmd=())

    @property
    def namespace(self) -> str:
        """In which ConfigMaps and Secrets are looked up."""
        return self.meta["namespace"]

    @property
    def volume_names(self) -> tuple[str, ...]:
        """What a container may mount."""
        names = (each.get("name", "") for each in self.spec.get("volumes", ()))
        return tuple(dict.fromkeys((*names, *self.claims)))
