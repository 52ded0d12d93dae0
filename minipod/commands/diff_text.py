"""What differs between two plans, as text for people and as JSON for programs. Pure; it must never show a value that
looks secret: only that it differs.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from minipod.commands.errand_text import errand_rows
from minipod.commands.rights_text import READ_ONLY, message_text, rights_rows
from minipod.commands.setting_text import (
    STARTS,
    command_text,
    end_text,
    exit_rows,
    hosts_text,
    output_text,
    restart_text,
    signal_text,
    start_failure_text,
    stop_text,
    value_text,
)
from minipod.commands.volume_text import mount_text, volume_text
from minipod.config.durations import format_duration
from minipod.config.findings import visible
from minipod.config.sizes import format_size
from minipod.reaper.changes import Change, Changes, UnitChange, Waits, named, rule_of, variables_of
from minipod.reaper.records import Log, Plan, Unit
from minipod.supervisor.budget import WHOLE_GRACE
from minipod.supervisor.errands import KEYS
from minipod.supervisor.settled import HINT, Refusal
from minipod.supervisor.signals import name_of
from minipod.supervisor.words import Word

LINE = 120
_WIDTH = 26  # of a key, where that is enough
_SIGNS = {
    Change.UNCHANGED: "=", Change.ORDER: "~", Change.WORDS: "~", Change.CHANGED: "~", Change.NEW: "+",
    Change.REMOVED: "-",
}
_WORDS = {Change.ORDER: Change.CHANGED.value, Change.WORDS: Change.CHANGED.value}


class Row(NamedTuple):
    """One thing that differs. None: there is no such thing."""

    key: str
    old: str | None
    new: str | None


# Of a unit: the key, the fields of its record that it is about, and their text.
_Text = Callable[[Unit], str | None]
_KEYS: tuple[tuple[str, tuple[str, ...], _Text], ...] = (
    ("kind", ("kind",), lambda unit: unit.kind.word),
    ("command", ("argv", "command_count"), lambda unit: command_text(unit.argv)),
    ("image", ("image",), lambda unit: visible(unit.image) or None),
    ("working_dir", ("working_dir",), lambda unit: visible(unit.working_dir) or None),
    ("user", ("user",), lambda unit: visible(unit.user) or None),
    ("group", ("group",), lambda unit: visible(unit.group) or None),
    ("message", ("message_path", "message_own", "message_from_log"), lambda unit: message_text(unit) or None),
    ("umask", ("umask",), lambda unit: None if unit.umask is None else f"{unit.umask:04o}"),
    ("restart", ("rule", "max_restarts", "delays", "reset_ns"), restart_text),
    ("exit codes", ("exits",), lambda unit: ", ".join(exit_rows(unit.exits)) or None),
    ("its end", ("standing",), end_text),
    ("no start", ("unstartable_class", "unstartable_code"), start_failure_text),
    ("its stop", ("stop_signal", "stop_scope", "grace_ns", "rest_grace_ns"), stop_text),
    ("deadline", ("deadline_ns",), lambda unit: format_duration(unit.deadline_ns) if unit.deadline_ns else None),
    ("log", ("log",), lambda unit: output_text(unit.log)),
    ("stdin", ("stdin_mode",), lambda unit: unit.stdin_mode.value),
    ("root", ("read_only",), lambda unit: READ_ONLY if unit.read_only else None),
    ("volumes", ("mounts",), lambda unit: "; ".join(map(mount_text, unit.mounts)) or None),
    ("tty", ("tty", "tty_optional", "own_terminal"), lambda unit: _terminal(unit)),
    ("notify", ("notify_socket", "notify_fd"), lambda unit: _notify(unit)),
)


def _terminal(unit: Unit) -> str | None:
    return "minipod's" if unit.tty else "own" if unit.own_terminal else None


def _notify(unit: Unit) -> str | None:
    if unit.notify_socket:
        return "sd_notify's socket"
    return None if unit.notify_fd is None else f"a line written to descriptor {unit.notify_fd}"


# --- what differs -----------------------------------------------------------------------------------------------------


def pod_rows(found: Changes, old: Plan, new: Plan) -> Iterator[Row]:
    """What is no unit's own."""
    for field in found.pod:
        if field == "labels":
            yield from _map_rows("label", dict(old.labels), dict(new.labels))
        elif field == "volumes":
            yield from _map_rows("volume", *({v.name: volume_text(v) for v in plan.volumes} for plan in (old, new)))
        elif field == "hosts":
            yield Row(field, hosts_text(old), hosts_text(new))
        elif field in ("main_unit", "args_unit"):
            yield Row(field.removesuffix("_unit"), named(old, field), named(new, field))
        else:
            yield Row(_key(field), _plain(field, getattr(old, field)), _plain(field, getattr(new, field)))
    if found.order:
        yield Row("order", *map(_names, found.order))
    for number in found.signals:
        yield Row(f"signal {name_of(number)}", _signal(old, number), _signal(new, number))


def _map_rows(key: str, old: dict[str, str], new: dict[str, str]) -> Iterator[Row]:
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield Row(f"{key} {visible(name)}", *(_shown(each.get(name)) for each in (old, new)))


def _shown(text: str | None) -> str | None:
    return None if text is None else visible(text)


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(visible, names))


def _signal(plan: Plan, number: int) -> str:
    return signal_text(number, *rule_of(plan, number))


def unit_rows(change: UnitChange, old: Plan, new: Plan) -> Iterator[Row]:
    """What differs of a unit that both have."""
    before, now = change.old, change.new
    if before is None or now is None:
        return
    rest = set(change.fields) - {"env", "rights", "sources", "labels"}
    yield from _map_rows("label", dict(before.labels), dict(now.labels))
    if "sources" in change.fields:
        yield from _source_rows(before, now)
    if "rights" in change.fields:
        yield from _rights_rows(before, now)
    for key, fields, text in _KEYS:
        differing = [field for field in fields if field in rest]
        rest -= set(differing)
        if differing:
            yield from _either(Row(key, text(before), text(now)), before, now, differing)
    for field in sorted(rest):
        yield _field_row(field, before, now)
    yield from _env_rows(change, dict(variables_of(old, before)), dict(variables_of(new, now)))
    yield from _errand_rows(change, before, now)
    if change.waits is not None:
        yield Row("after", *map(_after, change.waits))


def _rights_rows(old: Unit, new: Unit) -> Iterator[Row]:
    texts = [dict(rights_rows(unit.rights)) for unit in (old, new)]
    for key in dict.fromkeys((*texts[0], *texts[1])):
        if texts[0].get(key) != texts[1].get(key):
            yield Row(key, *(text.get(key) for text in texts))


def _source_rows(old: Unit, new: Unit) -> Iterator[Row]:
    from minipod.commands.source_text import source_texts

    before, now = (tuple(source_texts(unit.sources)) for unit in (old, new))
    for text in dict.fromkeys((*before, *now)):
        if (text in before) != (text in now):
            yield Row("env from", *(text if text in each else None for each in (before, now)))
    if set(before) == set(now):
        yield Row("env from", "the same", "in another order, or read otherwise")


def _either(row: Row, old: Unit, new: Unit, fields: Sequence[str]) -> Iterator[Row]:
    """The text, unless it is the same: it does not tell all."""
    if row.old != row.new:
        yield row
    else:
        yield from (_field_row(field, old, new) for field in fields)


def _field_row(field: str, old: Unit, new: Unit) -> Row:
    return Row(_key(field), *(_plain(field, getattr(unit, field)) for unit in (old, new)))


def _key(field: str) -> str:
    return field.removesuffix("_ns")


def _plain(field: str, value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.endswith("_ns"):
        return "all that is left" if value == WHOLE_GRACE else format_duration(value) if value else None
    if isinstance(value, Word):
        return value.word
    if isinstance(value, (str, int)):
        return visible(str(value)) or None
    if isinstance(value, Log):
        return f"at most {format_size(value.max_size)} a file, besides {value.keep} older ones"
    return " ".join(map(format_duration, value)) if field == "delays" else "what is not shown"


def _env_rows(change: UnitChange, old: dict[str, str], new: dict[str, str]) -> Iterator[Row]:
    for name in change.env:
        values = [None if name not in env else value_text(name, env[name]) or "''" for env in (old, new)]
        yield Row(f"env {visible(name)}", *values)
    if "env" in change.fields and not change.env:
        yield Row("env", "the same variables", "in another order, or built otherwise")


def _errand_rows(change: UnitChange, old: Unit, new: Unit) -> Iterator[Row]:
    texts = [dict(errand_rows(unit)) for unit in (old, new)]
    for kind in change.errands:
        before, now = (text.get(kind.word) for text in texts)
        yield Row(KEYS[kind], before, now if now != before else "the same, but for what is not shown")


def _after(waits: Waits) -> str | None:
    ordered = sorted(waits, key=lambda wait: (wait[0], wait[1].number))
    return " and ".join(f"{visible(name)} {STARTS[milestone]}" for name, milestone in ordered) or None


# --- for people -------------------------------------------------------------------------------------------------------


def to_text(found: Changes, old: Plan, new: Plan) -> str:
    """A line for each unit, below it what differs; when nothing does, just what cannot be said."""
    if not found:
        return "".join(f"{line.lstrip()}\n" for change in found.units for line in _unseen(change))
    lines = [f"pod {visible(new.name)}: {_summary(found)}"]
    lines += [line for row in pod_rows(found, old, new) for line in _row(row)]
    for change in found.units:
        unit = change.unit
        lines.append(f"{_SIGNS[change.change]} {unit.kind.word} {visible(unit.name)}{_note(change)}")
        lines += [line for row in unit_rows(change, old, new) for line in _row(row)]
        lines += _unseen(change)
    return "\n".join(lines) + "\n"


def refusal_text(refused: Sequence[Refusal]) -> str:
    """A line for each change that PID 1 would not take over."""
    return "".join(f"minipod apply would refuse this: {visible(each.sentence)}; {HINT}\n" for each in refused)


def _summary(found: Changes) -> str:
    counts = Counter(word_of(change) for change in found.units)
    words = dict.fromkeys(word_of(each) for each in Change)
    return ", ".join(f"{counts[word]} {word}" for word in words if counts[word])


def word_of(change: UnitChange | Change) -> str:
    """Unchanged, changed, new, removed."""
    which = change.change if isinstance(change, UnitChange) else change
    return _WORDS.get(which, which.value)


def _note(change: UnitChange) -> str:
    if change.change is Change.NEW:
        return f"  {command_text(change.unit.argv)}"
    return ""


def _unseen(change: UnitChange) -> list[str]:
    return [f"    {visible(change.unit.name)}: the secret {visible(name)} cannot be compared" for name in change.unseen]


def _row(row: Row) -> Iterator[str]:
    """On one line, if it fits."""
    old, new = ("none" if text is None else text for text in (row.old, row.new))
    line = f"    {row.key:<{_WIDTH}} {old} -> {new}"
    if len(line) <= LINE:
        yield line
    else:
        yield f"    {row.key:<{_WIDTH}} {old}"
        yield f"    {'':<{_WIDTH - 3}} -> {new}"


# --- for programs -----------------------------------------------------------------------------------------------------


def to_json(found: Changes, old: Plan, new: Plan, refused: Sequence[Refusal]) -> str:
    """One document; a secret's value is ``…`` on both sides."""
    document = {
        "pod": new.name,
        "differs": bool(found),
        "keys": [row._asdict() for row in pod_rows(found, old, new)],
        "units": [
            {
                "name": change.unit.name,
                "kind": change.unit.kind.word,
                "change": word_of(change),
                "keys": [row._asdict() for row in unit_rows(change, old, new)],
                "unseen": list(change.unseen),
            }
            for change in found.units
        ],
        "refused": [
            {"unit": each.unit or None, "key": each.key.value, "why": each.sentence, "help": HINT} for each in refused
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"

