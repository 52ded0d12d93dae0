"""PID 1 compares plans by itself: it says of each unit what minipod/reaper/changes.py says."""

import subprocess
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from minipod.model import Ask, EnvSource, Log, Pod, Probe, Unit
from minipod.reaper import records
from minipod.reaper.changes import Change, changes
from minipod.reaper.encode import encode
from minipod.reaper.fixed import of_plan
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan, PlanRefused
from minipod.secret import Secret
from minipod.supervisor.settled import Settled, refusals
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


def other_pods(plan: Plan) -> Iterator[Plan]:
    """Of the pod's own likewise, and of its volumes and where they are seen."""
    for field in Plan._fields:
        value = getattr(plan, field)
        odd = value._replace(divisor=value.divisor + 1) if hasattr(value, "divisor") else other(value)
        if odd is not None:
            yield plan._replace(**{field: odd})
    yield plan._replace(listen_host="127.0.0.1", listen_port=8080)
    yield plan._replace(volumes=plan.volumes[::-1])
    for index, unit in enumerate(plan.units):
        for mount in unit.mounts:
            for field in ("path", "read_only") if mount.expands else ("path", "read_only", "sub_path"):
                seen = (mount._replace(**{field: other(getattr(mount, field))}),)
                yield plan._replace(units=(*plan.units[:index], unit._replace(mounts=seen), *plan.units[index + 1:]))


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
        web._replace(read_only=True),
        *(web._replace(env_from=(source,)) for source in SOURCES),
    ]
    rows = [row for each in webs for row in (((each, db), {}), ((seed, db, each), {"A": "1"}))]
    pods = [Pod("shop", units, env=env) for units, env in rows]
    pods.append(Pod("shop", (web, db, web._replace(name="more", log=Log(file="/log")))))
    pods.append(Pod("shop", (web, db), hosts=(("10.0.0.7", ("db",)),)))
    return list(map(lower, pods))


def test_what_pid_1_says(driver: Callable[[str], Path], plan: Plan) -> None:
    odd = list(filter(is_plan, (*other_units(plan), *other_pods(plan))))
    assert len(odd) > MANY
    small = shops()
    pairs = [*product(small, repeat=2), *((plan, each) for each in (plan, *odd))]
    raw = {id(each): encode(each).hex() for each in (*small, plan, *odd)}
    lines = "".join(f"{raw[id(old)]} {raw[id(new)]}\n" for old, new in pairs)
    done = subprocess.run([driver("compare_dump")], input=lines, capture_output=True, text=True, check=True)
    expected = [told(old, new) for old, new in pairs]
    said = [line.partition(" ") for line in done.stdout.splitlines()]
    assert [at for at, (signs, _, _) in enumerate(said) if signs != expected[at]] == []
    fixed = {id(each): of_plan(each) for each in (*small, plan, *odd)}
    keys = [[each.key.value for each in refusals(fixed[id(old)], fixed[id(new)])] or [""] for old, new in pairs]
    assert [(at, key, keys[at]) for at, (_, _, key) in enumerate(said) if key not in keys[at]] == []
    assert {key for _, _, key in said} == {"", *(each.value for each in Settled)}
    assert {"".join(sorted(set(said))) for said in expected} >= {"=", "=~", "~", "+~", "+=~"}
