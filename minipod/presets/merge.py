"""Which pods a preset is for, and what becomes of a pod with several of them: Kubernetes' rules (spec.md section 17).

Pure: it knows neither TOML nor YAML, neither a field nor a file. Whoever reads those says what tells two entries apart
and what makes them equal; what is to be added comes back, nothing is changed here.
"""

from collections.abc import Hashable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

# Annotations of a pod, by Kubernetes' names.
EXCLUDE = "podpreset.admission.kubernetes.io/exclude"
RECORD = "podpreset.admission.kubernetes.io/podpreset-"
MIRROR = "kubernetes.io/config.mirror"

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class Field(Enum):
    """What a preset has lists of. ``apart``: two presets are not compared with one another."""

    ENV = "env"
    ENV_FROM = "env_from"
    MOUNT = "mount"
    VOLUME = "volume"

    @property
    def apart(self) -> bool:
        return self is Field.ENV_FROM


class Requirement(NamedTuple):
    """One match expression; ``operator`` is one of OPERATORS."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class Selector(NamedTuple):
    """All of it must hold; an empty one picks everything."""

    labels: Mapping[str, str]
    requirements: tuple[Requirement, ...] = ()


class Entry(NamedTuple):
    """One entry of a list. ``keys``: whoever shares one of them is the same entry, or in conflict; ``content``: equal
    of equal entries. ``what`` names it for people; ``data`` and ``at`` are the caller's: what is to be added, and where
    it stands."""

    keys: tuple[Hashable, ...]
    content: Any
    what: str
    data: Any
    at: Any


Lists = Mapping[Field, Sequence[Entry]]


class Preset(NamedTuple):
    """``namespace``: of the pods that it may be for; None for all. ``version``: what is recorded of it."""

    name: str
    at: Any
    selector: Selector
    lists: Lists
    namespace: str | None = None
    version: str = ""


class Holder(NamedTuple):
    """What gets the entries of a preset: the pod itself, whose name is "", or one of its units. ``lists`` has the
    fields that it can take."""

    name: str
    lists: Lists


class Addition(NamedTuple):
    preset: Preset
    holder: str
    field: Field
    entry: Entry


class Conflict(NamedTuple):
    """The preset's ``entry`` differs from the ``other`` one that is there, which is the preset ``of``'s; None: the
    pod's own."""

    preset: Preset
    holder: str
    entry: Entry
    other: Entry
    of: Preset | None


class Merged(NamedTuple):
    """With one conflict nothing is added."""

    additions: tuple[Addition, ...]
    conflicts: tuple[Conflict, ...]


def is_left_alone(annotations: Mapping[str, str]) -> bool:
    """Whether the pod says that no preset is for it, or is another's mirror."""
    return annotations.get(EXCLUDE) == "true" or MIRROR in annotations


def picks(preset: Preset, labels: Mapping[str, str], namespace: str | None = None) -> bool:
    """Whether the preset is for a pod with these labels. ``namespace``: the pod's; None if it has none."""
    is_near = None in (preset.namespace, namespace) or preset.namespace == namespace
    wanted = preset.selector.labels.items()
    return (
        is_near
        and all(labels.get(key) == value for key, value in wanted)
        and all(_holds(each, labels) for each in preset.selector.requirements)
    )


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    if requirement.operator == "In":
        return value in requirement.values
    if requirement.operator == "NotIn":  # a label that is not there is in nothing
        return value not in requirement.values
    return (value is not None) == (requirement.operator == "Exists")


def merge(holders: Sequence[Holder], presets: Sequence[Preset]) -> Merged:
    """What all these presets add to the holders: behind what is there, in their order, what is there already left
    out."""
    additions: list[Addition] = []
    conflicts: list[Conflict] = []
    for holder in holders:
        for field in holder.lists:
            _merge_list(holder, field, presets, additions, conflicts)
    return Merged(() if conflicts else tuple(additions), tuple(conflicts))


def _merge_list(
    holder: Holder, field: Field, presets: Sequence[Preset], additions: list[Addition], conflicts: list[Conflict]
) -> None:
    known: dict[Hashable, tuple[Entry, Preset | None]] = {}
    for entry in holder.lists[field]:
        known.update((key, (entry, None)) for key in entry.keys)
    for preset in presets:
        for entry in preset.lists.get(field, ()):
            there = [known[key] for key in entry.keys if key in known]
            if any(other.content == entry.content for other, _ in there):
                continue
            if there:
                conflicts.append(Conflict(preset, holder.name, entry, *there[0]))
                continue
            additions.append(Addition(preset, holder.name, field, entry))
            if not field.apart:
                known.update((key, (entry, preset)) for key in entry.keys)
