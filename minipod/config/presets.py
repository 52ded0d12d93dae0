"""Presets and a pod file: what [preset.NAME] adds is put into the document as if it had been written there, before
anything is built; the places of what was put there are the preset's. It must never build, nor decide what goes together
(``presets``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from minipod.config.build import Doc, read_table
from minipod.config.findings import Findings, Path, word
from minipod.config.key import IMAGE, INIT, POD, PRESET, SERVICE, SIDECAR, VOLUME
from minipod.config.locate import Source
from minipod.config.text import parse_text
from minipod.config.values import SUBDOMAIN, matches
from minipod.config.volumes import Meta
from minipod.model import EMPTY, EnvSource, Volume
from minipod.model import Pod as PodModel
from minipod.presets.folder import File, in_order
from minipod.presets.merge import Addition, Entry, Field, Holder, Preset, Selector, merge, picks
from minipod.presets.tell import Put, check_names, collect, tell_conflicts

# Which key of a preset, and of a unit, has which entries; and which of the pod.
_OF_UNIT = {
    "env": Field.ENV,
    "secrets": Field.ENV,
    "env_file": Field.ENV_FROM,
    "env_from": Field.ENV_FROM,
    "volumes": Field.MOUNT,
}
_LISTS = ("env_file", "env_from")
_OF_POD = {VOLUME: Field.VOLUME}


class Raw(NamedTuple):
    """An entry as it is written: ``value`` under ``name`` in the table ``key``; without a name one of the list."""

    key: str
    name: str | None
    value: Any


class Pieces(NamedTuple):
    """An entry that no pod file could say, in the model's words."""

    env: Mapping[str, str] = EMPTY
    env_from: tuple[EnvSource, ...] = ()
    volumes: tuple[Volume, ...] = ()


class Inserted(NamedTuple):
    """``puts`` for people; ``pieces``: by unit ("" for the pod), what is added once the pod is built."""

    puts: tuple[Put, ...] = ()
    pieces: tuple[tuple[str, Pieces], ...] = ()


NOTHING = Inserted()
# What a TOML file says, and what its paths begin with.
Document = tuple[Path, Doc]
# Presets that are no TOML, read for a pod file: (document, about the pod, where lines are, findings).
Across = Callable[[Doc, Meta, Any, Findings], list[Preset]]


def insert(
    doc: Doc, name: str, source: Any, documents: Sequence[Document], across: Across | None, found: Findings
) -> Inserted:
    """Read all presets, of the pod file and of other ``documents``, and put into ``doc`` what those add that pick this
    pod, which is called ``name`` unless it says otherwise. ``source``: has ``grafts``, where lines are told."""
    meta = _meta(doc, name)
    was_failed, found.failed = found.failed, False
    presets = [each for base, one in (((), doc), *documents) for each in read_presets(one, base, meta, found)]
    presets = in_order([*presets, *(across(doc, meta, source, found) if across else ())])
    check_names(presets, found)
    is_wrong, found.failed = found.failed, found.failed or was_failed
    chosen = [preset for preset in presets if picks(preset, meta.labels)]
    if is_wrong or not chosen:
        return NOTHING
    merged = merge(list(_holders(doc, meta)), chosen)
    tell_conflicts(merged.conflicts, found)
    tables = {"": ((), doc), **{str(at[1]): (at, table) for at, table in _unit_tables(doc)}}
    pieces = [_put(each, *tables[each.holder], source) for each in merged.additions]
    return Inserted(collect(merged.additions, chosen), tuple(piece for piece in pieces if piece is not None))


def add_pieces(pod: PodModel, inserted: Inserted) -> PodModel:
    """The pod with what its file could not say."""
    for name, pieces in inserted.pieces:
        units = tuple(
            unit._replace(
                env=_before(pieces.env, unit.env, pod.env), env_from=_sets_first(unit.env_from + pieces.env_from)
            )
            if unit.name == name
            else unit
            for unit in pod.units
        )
        pod = pod._replace(units=units, volumes=pod.volumes + pieces.volumes)
    return pod


def _before(env: Mapping[str, str], own: Mapping[str, str], pods: Mapping[str, str]) -> dict[str, str]:
    """Variables of a set go before those that are named one by one."""
    return {**{name: text for name, text in env.items() if name not in pods}, **own}


def _sets_first(sources: tuple[EnvSource, ...]) -> tuple[EnvSource, ...]:
    """The same of sources, of which a later one wins."""
    return tuple(sorted(sources, key=lambda source: not source.is_set))


# --- reading ----------------------------------------------------------------------------------------------------------


def read_files(files: Sequence[File], source: Any, found: Findings) -> list[Document]:
    """The TOML files of `--preset`; ``source`` knows their places from now on. ConfigError if one is none."""
    return [(file.at, _read_file(file, source, found)) for file in files if file.is_toml]


def _read_file(file: File, source: Any, found: Findings) -> Doc:
    doc = parse_text(file.text, file.name)
    source.grafts[file.at] = Source(file.name, file.text), ()
    for key in doc:
        if key not in (PRESET, IMAGE):
            why = f'a file of presets has [{PRESET}.NAME] and [{IMAGE}."NAME"]'
            found.error((*file.at, key), f"{word(key)} has no place here", on_key=True, why=why, help="leave it out")
    return doc


def read_presets(doc: Doc, base: Path, meta: Meta, found: Findings) -> list[Preset]:
    """Those of a document whose paths begin with ``base``, for the pod that ``meta`` tells of."""
    tables = doc.get(PRESET, {})
    if not isinstance(tables, dict):
        found.mismatch((*base, PRESET), tables, "a table", help=f"write [{PRESET}.NAME]")
        return []
    read = [_read_preset(name, table, (*base, PRESET, name), meta, found) for name, table in tables.items()]
    return [preset for preset in read if preset is not None]


def _read_preset(name: str, table: object, at: Path, meta: Meta, found: Findings) -> Preset | None:
    if not isinstance(table, dict):
        return found.mismatch(at, table, "a table", help=f"write [{PRESET}.{name}]" if name.isprintable() else "")
    if not matches(SUBDOMAIN, name):
        why = "a name is at most 253 of a-z 0-9 - and ., a letter or digit at both ends of each part"
        found.error(at, f"{word(name)} cannot name a preset", on_key=True, why=why, help="call it for example database")
    given = read_table(table, PRESET, at, found)
    if VOLUME in table:
        from minipod.config.volumes import read_volumes

        read_volumes(table[VOLUME], meta, found, at)
    return Preset(name, at, given.get("selector", Selector({})), _lists(table, at, {**_OF_UNIT, **_OF_POD}, meta))


def _lists(table: Doc, at: Path, fields: Mapping[str, Field], meta: Meta) -> dict[Field, list[Entry]]:
    """What a preset, a unit or the pod has of these keys; what has not the right type is told elsewhere."""
    lists: dict[Field, list[Entry]] = {field: [] for field in fields.values()}
    for key, field in fields.items():
        value = table.get(key)
        if key in _LISTS and value is not None:
            row = _as_list(value)
            lists[field] += [_entry(field, Raw(key, None, each), (*at, key, i), meta) for i, each in enumerate(row)]
            continue
        for name, inner in value.items() if isinstance(value, dict) else ():
            here = (*at, key, name)
            if field is Field.MOUNT and isinstance(inner, list):
                lists[field] += [_entry(field, Raw(key, name, each), (*here, i), meta) for i, each in enumerate(inner)]
            else:
                lists[field].append(_entry(field, Raw(key, name, inner), here, meta))
    return lists


def _as_list(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def _entry(field: Field, raw: Raw, at: Path, meta: Meta) -> Entry:
    """Equal are those that mean the same, however it is written."""
    keys: tuple = ((field, raw.name),)
    content, what = raw.value, f"{field.value} {raw.name}"
    if raw.key in ("env_file", "env_from", "secrets"):
        source = source_of(raw)
        content = source or content
        path = source.path if source else str(raw.value)
        keys = keys if raw.name else ((raw.key, path, source.name if source else ""),)
        what = f"secret {raw.name}" if raw.name else f"{raw.key} {path}"
    elif field is Field.MOUNT:
        from minipod.config.mounts import read_mounts

        mounts = read_mounts({raw.name: raw.value}, (), Findings()) or ()
        content, what = mounts or content, f"mount of {raw.name} at {mounts[0].path if mounts else '?'}"
        keys = (*keys, *(("path", mount.path) for mount in mounts))
    elif field is Field.VOLUME:
        from minipod.config.volumes import read_volumes

        content = read_volumes({raw.name: raw.value}, meta, Findings()) or content
    return Entry(keys, content, what, raw, at)


def source_of(raw: Raw) -> EnvSource | None:
    """What is wrong with it is told where the preset, or the unit, is read."""
    from minipod.config.sources import SOURCE_READERS

    kind = {"env_file": "env_files", "env_from": "env_sets", "secrets": "secrets"}[raw.key]
    value = {raw.name: raw.value} if raw.name is not None else [raw.value]
    found = SOURCE_READERS[kind](value, (), Findings())
    return found[0] if found else None


# --- the pod ----------------------------------------------------------------------------------------------------------


def _meta(doc: Doc, default: str) -> Meta:
    given = doc.get(POD)
    given = given if isinstance(given, dict) else {}
    name, labels = given.get("name", default), given.get("labels")
    labels = labels if isinstance(labels, dict) else {}
    return Meta(name if isinstance(name, str) else default, labels)


def _unit_tables(doc: Doc) -> Iterator[tuple[Path, Doc]]:
    for kind in (INIT, SIDECAR, SERVICE):
        tables = doc.get(kind)
        for name, table in tables.items() if isinstance(tables, dict) else ():
            if isinstance(table, dict):
                yield (kind, name), table


def _holders(doc: Doc, meta: Meta) -> Iterator[Holder]:
    """The pod's variables count as those of each unit."""
    yield Holder("", _lists(doc, (), _OF_POD, meta))
    shared = _lists(doc, (), {"env": Field.ENV}, meta)[Field.ENV]
    for at, table in _unit_tables(doc):
        lists = _lists(table, at, _OF_UNIT, meta)
        lists[Field.ENV] = [*shared, *lists[Field.ENV]]
        yield Holder(str(at[1]), lists)


def _put(addition: Addition, at: Path, table: Doc, source: Any) -> tuple[str, Pieces] | None:
    """Into the table at ``at``; what cannot stand there is handed back."""
    data, name = addition.entry.data, addition.holder
    if isinstance(data, Pieces):
        return name, data
    if data.name is None:
        row = table[data.key] = [*_as_list(table.get(data.key, [])), data.value]
        source.grafts[(*at, data.key, len(row) - 1)] = None, addition.entry.at
        return None
    values = table.setdefault(data.key, {})
    if isinstance(values, dict):
        values[data.name] = data.value
        source.grafts[(*at, data.key, data.name)] = None, addition.entry.at
    return None
