"""What people are told of presets: a conflict with both its places, and what was put where. It must never decide."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from minipod.config.findings import Findings, Path, visible, word
from minipod.config.locate import Source
from minipod.errors import Place
from minipod.presets.merge import Addition, Conflict, Preset

_WHY = "a preset adds, and changes nothing; with a conflict no preset is applied"


class Injected(NamedTuple):
    """What a preset has put into one unit; ``unit`` is "" for the pod. ``place``: where the preset stands."""

    preset: str
    place: Place
    unit: str
    what: tuple[str, ...]


class Put(NamedTuple):
    """The same, before lines are known."""

    preset: str
    at: Path
    unit: str
    what: tuple[str, ...]


def tell_conflicts(conflicts: Iterable[Conflict], found: Findings) -> None:
    """Each pair of places once, however many units it is about."""
    told: set[tuple[Path, Path]] = set()
    for each in conflicts:
        pair = each.entry.at, each.other.at
        if pair in told:
            continue
        told.add(pair)
        found.error(
            each.entry.at,
            f"preset {word(each.preset.name)} cannot be applied: {_whose(each)} has another {each.entry.what}",
            on_key=True,
            also=((each.other.at, "the other one"),),
            why=_WHY,
            help="make them equal, or leave one of them out",
        )


def check_names(presets: Sequence[Preset], found: Findings) -> None:
    """Each name once, wherever it stands."""
    seen: dict[tuple[str, str | None], Preset] = {}
    for preset in presets:
        other = seen.setdefault((preset.name, preset.namespace), preset)
        if other is not preset:
            also = ((other.at, "the other one"),)
            message = f"a second preset is called {word(preset.name)}"
            found.error(preset.at, message, on_key=True, also=also, help="rename one of them")


def _whose(conflict: Conflict) -> str:
    if conflict.of is conflict.preset:
        return "it"
    if conflict.of is not None:
        return f"preset {word(conflict.of.name)}"
    return word(conflict.holder) if conflict.holder else "the pod"


def collect(additions: Iterable[Addition], presets: Sequence[Preset]) -> tuple[Put, ...]:
    """By preset, in the order of ``presets``; then by unit, in the order of what was added."""
    rows: dict[tuple[int, str], list[str]] = {}
    places = {preset.at: i for i, preset in enumerate(presets)}
    for each in additions:
        rows.setdefault((places[each.preset.at], each.holder), []).append(each.entry.what)
    ranked = sorted(rows.items(), key=lambda row: row[0][0])
    return tuple(Put(presets[i].name, presets[i].at, unit, tuple(what)) for (i, unit), what in ranked)


def place_puts(puts: Iterable[Put], source: Source) -> tuple[Injected, ...]:
    """With lines; the text of a line is not kept."""
    puts = tuple(puts)
    places = {at: source.place(at, on_key=True)._replace(source="") for at in dict.fromkeys(put.at for put in puts)}
    return tuple(Injected(put.preset, places[put.at], put.unit, put.what) for put in puts)


def lines_of(injected: Sequence[Injected]) -> str:
    """For `minipod check`; "" for nothing."""
    if not injected:
        return ""
    names = dict.fromkeys((each.place, each.preset) for each in injected)
    text = f"presets: {', '.join(visible(name) for _, name in names)}\n"
    for each in injected:
        where = f"{visible(each.place.name)}:{each.place.line}" if each.place.line else visible(each.place.name)
        text += f"  {where}: {visible(each.preset)} -> {each.unit or 'pod'}: {visible(', '.join(each.what))}\n"
    return text
