"""What differs between two plans: units by name, whatever their places are."""

from typing import Any

import pytest

from minipod import model
from minipod.commands.diff_text import to_text
from minipod.model import Pod, Unit
from minipod.reaper import records
from minipod.reaper.changes import Change, Changes, changes
from minipod.reaper.decode import decode
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.reaper.records import File, Plan, Volume
from minipod.secret import Secret
from minipod.supervisor.words import Errand, Handler, Kind, Milestone, Origin, SignalVerb, Word

WEB = Unit("web", Kind.SERVICE, ("serve",), "always")
DB = Unit("db", Kind.SERVICE, ("db",), "always")
SEED = Unit("seed", Kind.INIT, ("seed",), "never")
PROXY = Unit("proxy", Kind.SIDECAR, ("proxy",), "always")
# Of a record's field, another value of its type; positions and what is compared in a way of its own aside.
POSITIONS = {"name", "rank", "errands"}
SAID = {"labels", "image"}


def pod(*units: Unit, **keys: Any) -> Plan:
    return lower(Pod("shop", units, **keys))


def words(found: Changes) -> dict[str, str]:
    return {change.unit.name: change.change.value for change in found.units}


def test_a_plan_is_as_itself(plan: Plan) -> None:
    found = changes(plan, decode(encode(plan)))
    assert not found
    assert set(words(found).values()) == {"unchanged"}


def test_all_four() -> None:
    found = changes(pod(SEED, WEB, DB), pod(PROXY, WEB, DB._replace(command=("db", "-v"))))
    assert words(found) == {"proxy": "new", "web": "unchanged", "db": "changed", "seed": "removed"}
    assert [change.fields for change in found.units] == [(), (), ("argv", "command_count"), ()]
    assert bool(found)


def test_a_place_is_no_difference() -> None:
    """The units before it, their number, and what waits in the row are not its own."""
    found = changes(pod(WEB, main="web"), pod(SEED, PROXY, DB, WEB, main="web"))
    assert words(found) == {"seed": "new", "proxy": "new", "db": "new", "web": "unchanged"}
    assert (found.pod, found.signals, found.order) == ((), (), None)


def other(value: Any, field: str = "") -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, Word):
        return next(word for word in type(value) if word is not value)
    if value is None or isinstance(value, int):
        return (value or 0) + 1
    if isinstance(value, records.Exits):
        return value._replace(codes=bytes(256))
    if isinstance(value, records.Log):
        return value._replace(keep=value.keep + 1)
    if field == "sources":
        return (records.Source(Origin.ADDRESS, "IP"),)
    return value + ("x" if isinstance(value, str) else (("x", "y"),))


@pytest.mark.parametrize("field", [name for name in records.Unit._fields if name not in POSITIONS])
def test_every_field_counts(field: str, plan: Plan) -> None:
    """A field that somebody adds must be compared, too."""
    index = 3
    unit = plan.units[index]
    odd = (("A", "b"),) if field == "env" else other(getattr(unit, field), field)
    units = (*plan.units[:index], unit._replace(**{field: odd}), *plan.units[index + 1:])
    found = changes(plan, plan._replace(units=units)).units[index]
    assert (found.change, found.fields) == (Change.WORDS if field in SAID else Change.CHANGED, (field,))


def test_a_rank_does_not_count(plan: Plan) -> None:
    units = tuple(unit._replace(rank=unit.rank + 1) for unit in plan.units)
    assert not changes(plan, plan._replace(units=units))


OWN = {"units", "edges", "rules", "env", "main_unit", "args_unit", "volumes"}


@pytest.mark.parametrize("field", [name for name in Plan._fields if name not in OWN])
def test_every_field_of_the_pod_counts(field: str, plan: Plan) -> None:
    value = getattr(plan, field)
    odd = value._replace(divisor=value.divisor + 1) if hasattr(value, "divisor") else other(value)
    odd = value[:1] if field == "volumes" else odd
    found = changes(plan, plan._replace(**{field: odd}))
    assert found.pod == (field,)
    assert found


def test_every_field_of_a_volume_counts(plan: Plan) -> None:
    first, *others = plan.volumes
    for field in Volume._fields:
        odd = () if field == "files" else (first._replace(**{field: other(getattr(first, field))}),)
        assert changes(plan, plan._replace(volumes=(*odd, *others))).pod == ("volumes",), field


def test_files_of_secrets_are_not_compared(plan: Plan) -> None:
    """A plan that runs has them no more; everything else of such a file counts."""

    def with_file(file: File) -> Plan:
        return plan._replace(volumes=(*plan.volumes[:-1], plan.volumes[-1]._replace(files=(file,))))

    file = File("pw", Secret(b"hunter2"), 0o600, is_secret=True)
    assert not changes(with_file(file), with_file(file._replace(content=Secret(b"\0" * 7))))
    assert changes(with_file(file), with_file(file._replace(mode=0o644))).pod == ("volumes",)


def test_the_pods_environment_is_each_units() -> None:
    found = changes(pod(WEB, DB, env={"A": "1"}), pod(WEB._replace(env={"A": "1"}), DB))
    assert words(found) == {"web": "unchanged", "db": "changed"}
    assert found.units[1].env == ("A",)


def test_variables() -> None:
    old, new = {"A": "1", "B": "2", "C": "3"}, {"B": "2", "C": "4", "D": "5"}
    found = changes(pod(WEB._replace(env=old)), pod(WEB._replace(env=new))).units[0]
    assert (found.fields, found.env) == (("env",), ("A", "C", "D"))


def test_the_order_of_variables_counts() -> None:
    """A later one is built from the earlier ones, so another order may be another value."""
    old, new = {"A": "1", "B": "$(A)"}, {"B": "$(A)", "A": "1"}
    found = changes(pod(WEB._replace(env=old)), pod(WEB._replace(env=new))).units[0]
    assert (found.change, found.fields, found.env) == (Change.CHANGED, ("env",), ())


def test_errands() -> None:
    ask = model.Ask(Handler.TCP_SOCKET, port=80)
    probe = model.Probe(ask)
    old = WEB._replace(liveness_probe=probe, startup_probe=probe)
    new = WEB._replace(liveness_probe=probe._replace(period=1), pre_stop=ask)
    found = changes(pod(old), pod(new)).units[0]
    assert found.change is Change.CHANGED
    assert set(found.errands) == {Errand.LIVENESS, Errand.STARTUP, Errand.PRE_STOP}


def test_which_python_asks_is_no_difference() -> None:
    """The one that reads a file need not be the one that PID 1 found."""
    ask = model.Ask(Handler.HTTP_GET, scheme="https", port=443)
    asked = Pod("shop", (WEB._replace(liveness_probe=model.Probe(ask)),))
    assert not changes(lower(asked, "/usr/bin/python3"), lower(asked, "/venv/bin/python"))
    by_path = asked._replace(units=(WEB._replace(liveness_probe=model.Probe(ask._replace(path="/other"))),))
    assert changes(lower(asked, "/usr/bin/python3"), lower(by_path, "/venv/bin/python"))


def test_who_waits_for_whom() -> None:
    """No running process feels it."""
    waits = WEB._replace(after={"db": Milestone.STARTED})
    found = changes(pod(waits, DB), pod(waits._replace(after={"db": Milestone.READY}), DB))
    web, db = found.units
    assert (web.change, db.change) == (Change.ORDER, Change.UNCHANGED)
    assert web.waits == (frozenset({("db", Milestone.STARTED)}), frozenset({("db", Milestone.READY)}))
    assert found


def test_what_is_said_of_a_unit() -> None:
    """No running process feels it, but together with what it does."""
    said = WEB._replace(labels={"a": "1"}, image="web:2")
    found = changes(pod(WEB, DB), pod(said, DB))
    assert words(found) == {"web": "words", "db": "unchanged"} and found
    assert to_text(found, pod(WEB, DB), pod(said, DB)) == (
        "pod shop: 1 unchanged, 1 changed\n~ service web\n    label a                    none -> 1\n"
        "    image                      none -> web:2\n= service db\n"
    )
    assert words(changes(pod(WEB, DB), pod(said._replace(umask=0), DB)))["web"] == "changed"


def test_what_all_services_wait_for_is_told_by_the_row() -> None:
    found = changes(pod(SEED, WEB), pod(SEED, PROXY, WEB._replace(after={"proxy": Milestone.STARTED})))
    assert words(found) == {"seed": "unchanged", "proxy": "new", "web": "unchanged"}


def test_the_order_in_the_file() -> None:
    found = changes(pod(WEB, DB), pod(DB, PROXY, WEB))
    assert found.order == (("web", "db"), ("db", "web"))
    assert found


def test_the_order_of_labels_is_none() -> None:
    found = changes(pod(WEB, labels={"a": "1", "b": "2"}), pod(WEB, labels={"b": "2", "a": "1"}))
    assert not found


def test_main_is_a_name() -> None:
    found = changes(pod(WEB, DB, main="web"), pod(WEB, DB, main="db"))
    assert found.pod == ("main_unit", "args_unit")
    assert words(found) == {"web": "changed", "db": "changed"}


def test_signals_are_sent_to_names() -> None:
    to_web = {10: model.SignalRule(SignalVerb.FORWARD, 12, ("web",))}
    assert changes(pod(WEB, DB, signals=to_web), pod(SEED, WEB, DB, signals=to_web)).signals == ()
    to_db = {10: to_web[10]._replace(to=("db",))}
    assert changes(pod(WEB, DB, signals=to_web), pod(WEB, DB, signals=to_db)).signals == (10,)


def test_a_secret_is_not_compared_and_named(plan: Plan) -> None:
    """What PID 1 sends has bytes 0 in its place."""
    db = plan.units[5]
    (secret, *rest) = db.sources
    wiped = db._replace(sources=(secret._replace(secret=Secret(bytes(7))), *rest))
    old = plan._replace(units=(*plan.units[:5], wiped))
    found = changes(old, plan)
    assert not found
    assert found.units[5].unseen == ("PASSWORD",)
    assert to_text(found, old, plan) == "db: the secret PASSWORD cannot be compared\n"
    gone = changes(old, plan._replace(units=(*plan.units[:5], db._replace(sources=tuple(rest)))))
    assert (gone.units[5].fields, gone.units[5].unseen) == (("sources",), ())
