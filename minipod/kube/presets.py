"""PodPresets and a manifest's pod: what they add is put into its document, as if it had stood there, before a container
is read; the places of what was put there are the preset's. What goes together is decided elsewhere (``presets.merge``).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from minipod.config.findings import Findings, Path, word
from minipod.config.locate import Source
from minipod.config.selector import check_key, read_requirement
from minipod.config.tables import read_labels
from minipod.config.values import SUBDOMAIN, matches
from minipod.kube.setting import Doc, Helper
from minipod.presets.merge import (
    RECORD,
    Addition,
    Entry,
    Field,
    Holder,
    Merged,
    Preset,
    Selector,
    is_left_alone,
    merge,
    picks,
)
from minipod.presets.tell import Put, collect, tell_conflicts

# Which list of a container, and of the pod's spec, has which entries.
OF_CONTAINER = {"env": Field.ENV, "envFrom": Field.ENV_FROM, "volumeMounts": Field.MOUNT}
OF_POD = {"volumes": Field.VOLUME}
_LISTS = {field: name for name, field in (*OF_CONTAINER.items(), *OF_POD.items())}
_ROWS = ("initContainers", "containers")
_SOURCES = ("configMapRef", "secretRef")


class Admission(NamedTuple):
    """What became of a pod: ``data`` is the pod with what was added, ``grafts`` where each of that stands."""

    data: Doc
    merged: Merged
    presets: tuple[Preset, ...] = ()
    grafts: tuple[tuple[Path, Path], ...] = ()


# --- reading ----------------------------------------------------------------------------------------------------------


def read_preset(helper: Helper, found: Findings) -> Preset:
    """One PodPreset, whose shape is seen to already."""
    meta, spec, at = helper.data.get("metadata", {}), helper.data.get("spec", {}), (*helper.at, "spec")
    name = meta.get("name", "")
    if name and not matches(SUBDOMAIN, name):
        why = "a name is at most 253 of a-z 0-9 - and ., a letter or digit at both ends of each part"
        where = (*helper.at, "metadata", "name")
        found.error(where, f"{word(name)} cannot name a preset", why=why, help="call it for example database")
    return Preset(
        name,
        helper.at,
        _read_selector(spec.get("selector", {}), (*at, "selector"), found),
        lists_of(spec, at, {**OF_CONTAINER, **OF_POD}),
        meta.get("namespace", "default"),
        meta.get("resourceVersion", ""),
    )


def _read_selector(given: Doc, at: Path, found: Findings) -> Selector:
    labels = read_labels(given.get("matchLabels", {}), (*at, "matchLabels"), found)
    requirements = []
    for i, each in enumerate(given.get("matchExpressions", ())):
        here = (*at, "matchExpressions", i)
        if "key" in each and "operator" in each and check_key(each["key"], (*here, "key"), found):
            where = (*here, "values") if "values" in each else here
            requirements.append(read_requirement(each["key"], each["operator"], each.get("values", []), where, found))
    return Selector(labels or {}, tuple(each for each in requirements if each is not None))


def lists_of(data: Doc, at: Path, fields: Mapping[str, Field]) -> dict[Field, list[Entry]]:
    """The entries of a container, a spec or a preset, by what they are."""
    return {
        field: [entry_of(field, each, (*at, name, i)) for i, each in enumerate(data.get(name, ()))]
        for name, field in fields.items()
    }


def entry_of(field: Field, data: Doc, at: Path) -> Entry:
    """An entry of a list in a manifest. Equal are those that Kubernetes would keep as the same object: what says
    nothing is as good as not there."""
    name = data.get("name", "")
    keys: tuple = ((field, name),)
    what = f"{field.value} {name}"
    if field is Field.MOUNT:
        path = data.get("mountPath", "")
        keys = ((field, name), ("path", path))
        what = f"mount of {name} at {path}"
    elif field is Field.ENV_FROM:
        names = tuple(data.get(kind, {}).get("name") for kind in _SOURCES)
        keys = ((data.get("prefix", ""), *names),)
        what = " and ".join(f"{kind} {name}" for kind, name in zip(("ConfigMap", "Secret"), names, strict=True) if name)
    return Entry(keys, _said(data), what, data, at)


def _said(data: Any) -> Any:
    if isinstance(data, dict):
        read = {key: _said(inner) for key, inner in data.items()}
        return {key: inner for key, inner in read.items() if inner is not None and inner != "" and inner is not False}
    return [_said(each) for each in data] if isinstance(data, list) else data


# --- the pod ----------------------------------------------------------------------------------------------------------


def admit(data: Doc, at: Path, namespace: str, presets: Sequence[Preset]) -> Admission:
    """The pod, or the template of one, that stands at ``at``, with all that is for it: all of it or nothing."""
    meta, spec = data.get("metadata", {}), data.get("spec", {})
    chosen = tuple(preset for preset in presets if picks(preset, meta.get("labels", {}), namespace))
    if not chosen or is_left_alone(meta.get("annotations", {})):
        return Admission(data, Merged((), ()))
    here = (*at, "spec")
    rows = [((*here, key, i), each) for key in _ROWS for i, each in enumerate(spec.get(key, ()))]
    holders = [Holder(each.get("name", ""), lists_of(each, place, OF_CONTAINER)) for place, each in rows]
    merged = merge([Holder("", lists_of(spec, here, OF_POD)), *holders], chosen)
    if merged.conflicts:
        return Admission(data, merged)
    targets: dict[str, tuple[Path, Doc]] = {"": (here, dict(spec))}
    targets.update((each.get("name", ""), (place, dict(each))) for place, each in rows)
    grafts = tuple(_add(each, *targets[each.holder]) for each in merged.additions)
    return Admission(_rebuilt(data, targets, chosen), merged, chosen, grafts)


def _add(addition: Addition, at: Path, target: Doc) -> tuple[Path, Path]:
    name = _LISTS[addition.field]
    target[name] = [*target.get(name, ()), addition.entry.data]
    return (*at, name, len(target[name]) - 1), addition.entry.at


def _rebuilt(data: Doc, targets: Mapping[str, tuple[Path, Doc]], presets: Sequence[Preset]) -> Doc:
    meta, spec = dict(data.get("metadata", {})), targets[""][1]
    for key in _ROWS:
        if key in spec:
            spec[key] = [targets[each.get("name", "")][1] for each in spec[key]]
    record = {f"{RECORD}{preset.name}": preset.version for preset in presets}
    meta["annotations"] = {**meta.get("annotations", {}), **record}
    return {**data, "metadata": meta, "spec": spec}


def apply_presets(
    data: Doc, at: Path, namespace: str, presets: Sequence[Preset], tree: Source, found: Findings
) -> tuple[Doc, tuple[Put, ...]]:
    """The pod with what was added, and what that is. Conflicts are told, and nothing is added then."""
    admission = admit(data, at, namespace, presets)
    tell_conflicts(admission.merged.conflicts, found)
    tree.grafts.update((path, (None, place)) for path, place in admission.grafts)
    return admission.data, collect(admission.merged.additions, admission.presets)
