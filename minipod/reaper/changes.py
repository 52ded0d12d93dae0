"""What is different between two plans, unit by unit: who is as he was, who is another, who is new and who is gone.

Pure. Units are the same if their names are. Positions are nobody's difference: they are resolved before anything is
compared. It must never say what a difference comes to, nor how it is shown.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from minipod.reaper.records import File, Plan, SignalRule, Source, Task, Unit, Variables, Volume
from minipod.reaper.requests import is_launched
from minipod.supervisor.order import is_the_rows
from minipod.supervisor.words import Direction, Errand, Milestone, Origin, SignalVerb


class Change(Enum):
    """What became of a unit. A process that runs does not feel ORDER, only whom it waits for is another, nor WORDS,
    only what is said of it is."""

    UNCHANGED = "unchanged"
    ORDER = "order"
    WORDS = "words"
    CHANGED = "changed"
    NEW = "new"
    REMOVED = "removed"


class UnitChange(NamedTuple):
    """``old`` is None of a new one, ``new`` of one that was removed. ``fields``: names of ``records.Unit`` that differ,
    errands aside. ``env``: names of variables; with none of them, yet "env" in ``fields``, their order differs.
    ``errands``: kinds. ``waits``: whom its start waits for, before and now, if that differs. ``unseen``: variables of
    Secrets that both have; PID 1 has forgotten what they were."""

    change: Change
    old: Unit | None
    new: Unit | None
    fields: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    errands: tuple[Errand, ...] = ()
    waits: tuple["Waits", "Waits"] | None = None
    unseen: tuple[str, ...] = ()

    @property
    def unit(self) -> Unit:
        """As it is now; as it was, if it is gone."""
        found = self.new or self.old
        assert found is not None
        return found


class Named(NamedTuple):
    """A signal's rule; ``targets`` are names."""

    verb: SignalVerb
    send: int
    targets: tuple[str, ...]


class Changes(NamedTuple):
    """``units``: those of the new plan in its order, then the removed ones in theirs. ``pod``: names of
    ``records.Plan`` that differ. ``signals``: numbers. ``order``: the units that both have, before and now, if their
    order differs."""

    units: tuple[UnitChange, ...]
    pod: tuple[str, ...]
    signals: tuple[int, ...]
    order: tuple[tuple[str, ...], tuple[str, ...]] | None

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.pod or self.signals or self.order) or any(
            each.change is not Change.UNCHANGED for each in self.units
        )


Waits = frozenset[tuple[str, Milestone]]

# Compared in ways of their own; a rank follows from the edges, an environment begins with the pod's.
_OWN_OF_UNIT = frozenset({"name", "rank", "env", "errands", "sources"})
_SAID = frozenset({"labels", "image"})
_OWN_OF_PLAN = frozenset({"units", "edges", "rules", "env", "labels", "main_unit", "args_unit", "volumes"})


def changes(old: Plan, new: Plan) -> Changes:
    """All that is different."""
    before = {unit.name: unit for unit in old.units}
    names = {unit.name for unit in new.units}
    waits = _waits(old), _waits(new)
    found = [_changed(before.get(unit.name), unit, old, new, waits) for unit in new.units]
    found += [UnitChange(Change.REMOVED, unit, None) for unit in old.units if unit.name not in names]
    pod = [name for name in Plan._fields if name not in _OWN_OF_PLAN and getattr(old, name) != getattr(new, name)]
    pod += [name for name in ("main_unit", "args_unit") if named(old, name) != named(new, name)]
    pod += ["volumes"] if visible_volumes(old.volumes) != visible_volumes(new.volumes) else []
    pod += ["labels"] if dict(old.labels) != dict(new.labels) else []
    rules = _rules(old), _rules(new)
    return Changes(
        units=tuple(found),
        pod=tuple(pod),
        signals=tuple(n for n, pair in enumerate(zip(*rules, strict=True)) if pair[0] != pair[1]),
        order=_order(old, new),
    )


def named(plan: Plan, field: str) -> str | None:
    """The name of the unit that a field of the plan means."""
    at = getattr(plan, field)
    return None if at is None else plan.units[at].name


def variables_of(plan: Plan, unit: Unit) -> Variables:
    """All that a unit is given by the plan, in the order in which they are worked out; a later one wins."""
    return plan.env + unit.env


def rule_of(plan: Plan, number: int) -> Named:
    """What the plan does with a signal."""
    return _named(plan, plan.rules[number])


def _named(plan: Plan, rule: SignalRule) -> Named:
    return Named(rule.verb, rule.send, tuple(sorted(plan.units[at].name for at in rule.targets)))


def _rules(plan: Plan) -> list[Named]:
    return [_named(plan, rule) for rule in plan.rules]


def _order(old: Plan, new: Plan) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """File order decides who of several failures has the exit code, and in which order inits run."""
    both = {unit.name for unit in old.units} & {unit.name for unit in new.units}
    before, now = (tuple(unit.name for unit in plan.units if unit.name in both) for plan in (old, new))
    return None if before == now else (before, now)


# --- one unit ---------------------------------------------------------------------------------------------------------


def _changed(
    old: Unit | None, unit: Unit, before: Plan, now: Plan, waits: tuple[Mapping[str, Waits], Mapping[str, Waits]]
) -> UnitChange:
    if old is None:
        return UnitChange(Change.NEW, None, unit)
    fields = [name for name in Unit._fields if name not in _OWN_OF_UNIT and getattr(old, name) != getattr(unit, name)]
    given = variables_of(before, old), variables_of(now, unit)
    if given[0] != given[1]:
        fields.append("env")
    sources = _seen(old.sources), _seen(unit.sources)
    if sources[0] != sources[1]:
        fields.append("sources")
    errands = _by_kind(old.errands), _by_kind(unit.errands)
    kinds = tuple(kind for kind in Errand if errands[0].get(kind) != errands[1].get(kind))
    pair = waits[0][unit.name], waits[1][unit.name]
    return UnitChange(
        _change(fields, kinds, pair),
        old,
        unit,
        tuple(fields),
        _names(*map(dict, given)),
        kinds,
        pair if pair[0] != pair[1] else None,
        tuple(each.name for each in sources[1] if each.origin is Origin.SECRET and each in sources[0]),
    )


def _change(fields: Iterable[str], kinds: tuple[Errand, ...], pair: tuple[Waits, Waits]) -> Change:
    if kinds or not _SAID.issuperset(fields):
        return Change.CHANGED
    if pair[0] != pair[1]:
        return Change.ORDER
    return Change.WORDS if fields else Change.UNCHANGED


def _seen(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Secrets without their texts: those of a plan that runs are gone."""
    return tuple(each._replace(secret=None) for each in sources)


def visible_volumes(volumes: Iterable[Volume]) -> list[Volume]:
    """Likewise without the files of Secrets."""
    return [volume._replace(files=tuple(map(_visible_file, volume.files))) for volume in volumes]


def _visible_file(file: File) -> File:
    return file._replace(content=b"") if file.is_secret and not file.is_copy else file


def _names(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Of the variables that differ, those of before first."""
    return tuple(name for name in {**old, **new} if old.get(name) != new.get(name))


def _by_kind(tasks: Iterable[Task]) -> dict[Errand, Task]:
    """Which Python asks what the core cannot ask itself is where minipod is, and nobody's wish."""
    found = {task.kind: task for task in tasks}
    return {kind: task._replace(argv=task.argv[1:]) if is_launched(task.argv) else task for kind, task in found.items()}


def _waits(plan: Plan) -> dict[str, Waits]:
    """By name, whom each unit's start waits for, as its ``after`` says: who is in the row of inits and sidecars, and
    that all services wait for the last of it, is told by kinds and file order. The stop's edges follow from the
    start's."""
    found: dict[str, set[tuple[str, Milestone]]] = {unit.name: set() for unit in plan.units}
    for edge in plan.edges:
        if edge.direction is Direction.START and not is_the_rows(edge, plan.units[edge.first].kind):
            found[plan.units[edge.second].name].add((plan.units[edge.first].name, edge.milestone))
    return {name: frozenset(waits) for name, waits in found.items()}
