"""PID 1 compares plans by itself: it says of each unit what minipod/reaper/changes.py says."""

import subprocess
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from minipod.model import Ask, EnvSource, Log, Pod, Probe, Unit
from minipod.reaper import records
from minipod.reaper.changes import Change, changes
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan, PlanRefused
from minipod.secret import Secret
from minipod.supervisor.vocabulary import Handler, Kind, LogMode, Milestone, Word

SOURCES = [
    EnvSource("env_file", "", path="/a"), EnvSource("env_file", "", path="/b"), EnvSource("env_file", "X_", path="/a"),
    EnvSource("env_file", "", path="/a", is_optional=True), EnvSource("directory", "", path="/a"),
    EnvSource("secret_file", "A", path="/a"), EnvSource("secret_file", "A", path="/a", to="fd"),
    EnvSource("file", "A", path="a", key="A"), EnvSource("file", "A", path="a", key="B"),
    EnvSource("secret", "A", object="a", key="a", value=Secret(b"one")),
    EnvSource("secret", "A", object="a", key="a", value=Secret(b"another")),
    EnvSource("limit", "A", key="limits.cpu"), EnvSource("limit", "A", key="limits.cpu", divisor="1m"),
]
SIGNS = {Change.UNCHANGED: "=", Change.ORDER: "=", Change.WORDS: "=", Change.CHANGED: "~", Change.NEW: "+"}
MANY = 100  # of the values that are tried
ELSEWHERE = {"name", "rank", "rights"}


def other(value: object) -> object:
    """Another one of its type; None: it is no number, word or text."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Word):
        return next(word for word in type(value) if word is not value)
    if value is None or isinstance(value, int):
        return (value or 0) + 1
    return f"{value}x" if isinstance(value, str) else None


def told(old: Plan, new: Plan) -> str:
    return "".join(SIGNS[each.change] for each in changes(old, new).units if each.new is not None)


def other_units(plan: Plan) -> Iterator[Plan]:
    """Of each unit each field that is a number, a word or a text, one at a time."""
    for index, unit in enumerate(plan.units):
        for field in records.Unit._fields:
            odd = None if field in ELSEWHERE else other(getattr(unit, field))
            if odd is not None:
                changed = unit._replace(**{field: odd})
                yield plan._replace(units=(*plan.units[:index], changed, *plan.units[index + 1:]))
        rights = unit._replace(rights=records.Rights(nice=3, groups=("a", "b")))
        yield plan._replace(units=(*plan.units[:index], rights, *plan.units[index + 1:]))


def is_plan(plan: Plan) -> bool:
    """Some values stand for nothing beside the others."""
    try:
        encode(plan)
    except PlanRefused:
        return False
    return True


def shops() -> list[Plan]:
    """Small pods that differ in what lies elsewhere in a plan: words, variables, probes, rights' lists, places."""
    web, db = Unit("web", Kind.SERVICE, ("serve",), "always"), Unit("db", Kind.SERVICE, ("db",), "always")
    seed = Unit("seed", Kind.INIT, ("seed",), "never")
    probe = Probe(Ask(Handler.EXEC, ("ask",)))
    webs = [
        web, web._replace(args=("-v",)), web._replace(command=("serve", "-v")), web._replace(env={"A": "1", "B": "2"}),
        web._replace(env={"B": "2", "A": "1"}), web._replace(env={"A": "1"}), web._replace(exit_codes={3: 0}),
        web._replace(restart="never"), web._replace(log=Log(LogMode.RAW)), web._replace(liveness_probe=probe),
        web._replace(readiness_probe=probe), web._replace(after={"db": Milestone.READY}),
        web._replace(liveness_probe=Probe(Ask(Handler.HTTP_GET, port=80, path="/a"))),
        web._replace(liveness_probe=Probe(Ask(Handler.HTTP_GET, port=80, path="/b"))),
        web._replace(labels={"a": "1"}), web._replace(image="web:2", labels={"a": "2", "b": "1"}),
        web._replace(user="www", group="www"), web._replace(group="www", working_dir="/www"),
        *(web._replace(env_from=(source,)) for source in SOURCES),
    ]
    return [
        lower(Pod("shop", units, env=env))
        for each in webs for units, env in (((each, db), {}), ((seed, db, each), {"A": "1"}))
    ]


def test_what_pid_1_says(driver: Callable[[str], Path], plan: Plan) -> None:
    odd = list(filter(is_plan, other_units(plan)))
    assert len(odd) > MANY
    small = shops()
    pairs = [*product(small, repeat=2), *((plan, each) for each in (plan, *odd))]
    raw = {id(each): encode(each).hex() for each in (*small, plan, *odd)}
    lines = "".join(f"{raw[id(old)]} {raw[id(new)]}\n" for old, new in pairs)
    done = subprocess.run([driver("compare_dump")], input=lines, capture_output=True, text=True, check=True)
    expected = [told(old, new) for old, new in pairs]
    assert [at for at, said in enumerate(done.stdout.split()) if said != expected[at]] == []
    assert {"".join(sorted(set(said))) for said in expected} >= {"=", "=~", "~", "+~", "+=~"}
