"""What no plan for a pod that runs may change: every key that docs/apply.md names, each by itself."""

import pytest

from minipod.model import Control, EnvSource, Log, Mount, Pod, Unit, Volume, VolumeFile
from minipod.secret import Secret
from minipod.supervisor.deeds_plan import is_same
from minipod.supervisor.settled import is_settled, of_pod, refusals
from minipod.supervisor.vocabulary import Kind, LogMode

DATA = Volume("data", "empty_dir")
WEB = Unit("web", Kind.SERVICE, ("web",), "always", mounts=(Mount("data", "/data"),))
DB = Unit("db", Kind.SERVICE, ("db",), "always")
SHOP = Pod("shop", (WEB, DB), volumes=(DATA,))
FILED = Log(file="/log")
KEYS = VolumeFile("key", 0o600, b"", EnvSource("secret", "", "s", "key", value=Secret(b"old")), is_secret=True)


def with_units(*units: Unit) -> Pod:
    return SHOP._replace(units=units)


@pytest.mark.parametrize("new", [
    SHOP._replace(name="other"), SHOP._replace(deadline=1), SHOP._replace(hostname="h"),
    SHOP._replace(hosts=(("10.0.0.1", ("db",)),)), SHOP._replace(control=Control(listen=("::", 80))),
    SHOP._replace(log=Log(LogMode.JSON)), SHOP._replace(volumes=()),
    SHOP._replace(volumes=(DATA, DATA._replace(name="b"))), SHOP._replace(volumes=(DATA._replace(size_limit=1),)),
    with_units(WEB, DB._replace(tty=True)), with_units(WEB, DB._replace(read_only=True)),
    with_units(WEB, DB._replace(log=FILED)), with_units(WEB, DB, DB._replace(name="new", log=FILED)),
    with_units(WEB, DB._replace(mounts=(Mount("data", "/elsewhere"),))),
    with_units(WEB, DB._replace(mounts=(Mount("data", "/data", "part"),))),
])  # fmt: skip
def test_what_is_settled(new: Pod) -> None:
    assert is_settled(SHOP, SHOP)
    assert not is_settled(SHOP, new)


@pytest.mark.parametrize("new", [
    SHOP._replace(labels={"a": "b"}), SHOP._replace(main="web"), SHOP._replace(log=Log(LogMode.RAW)), with_units(DB),
    with_units(DB, WEB, DB._replace(name="new", mounts=WEB.mounts)),
    with_units(WEB, DB._replace(log=Log(LogMode.JSON))),
    with_units(WEB, DB._replace(mounts=(Mount("data", "/data", read_only=True),))),
])  # fmt: skip
def test_what_is_not(new: Pod) -> None:
    assert is_settled(SHOP, new)


def test_who_had_it_before_may_have_it() -> None:
    pod = with_units(WEB._replace(read_only=True, tty=True, log=FILED), DB._replace(log=FILED))
    web, db = pod.units
    assert is_settled(pod, pod._replace(units=(web._replace(args=("-v",)), db._replace(read_only=True))))
    assert is_settled(pod, pod._replace(units=(web,)))
    assert not is_settled(pod, pod._replace(units=(db,)))


def test_every_key_is_told_with_whose_it_is() -> None:
    new = SHOP._replace(hostname="h", deadline=1, units=(WEB._replace(tty=True), DB._replace(mounts=WEB.mounts)))
    new = new._replace(units=(*new.units, DB._replace(name="new", mounts=(Mount("data", "/elsewhere"),))))
    assert [each.sentence for each in refusals(of_pod(SHOP), of_pod(new))] == [
        "the pod's hostname cannot change while it runs", "the pod's deadline cannot change while it runs",
        "web: its tty cannot change while the pod runs", "new: its volumes cannot change while the pod runs",
    ]  # fmt: skip


def test_what_is_known_only_where_the_pod_runs_is_not_claimed() -> None:
    """A sub_path_expr may come to a part that is there, or not."""
    new = with_units(WEB, DB._replace(mounts=(Mount("data", "/data", "$(A)", expands=True),)))
    assert is_settled(SHOP, new)
    assert not is_settled(SHOP, with_units(WEB, DB._replace(mounts=(Mount("data", "/x", "$(A)", expands=True),))))


def test_the_texts_of_secrets_are_not_compared() -> None:
    """PID 1 has forgotten them: neither is the plan refused for them, nor a unit restarted."""
    new = KEYS._replace(source=KEYS.source._replace(value=Secret(b"new")))
    secret = Volume("data", "files", files=(KEYS,))
    assert is_settled(SHOP._replace(volumes=(secret,)), SHOP._replace(volumes=(secret._replace(files=(new,)),)))
    moved = secret._replace(files=(new._replace(mode=0o644),))
    assert not is_settled(SHOP._replace(volumes=(secret,)), SHOP._replace(volumes=(moved,)))

    old, other = (DB._replace(env_from=(file.source,)) for file in (KEYS, new))
    assert is_same(SHOP, old, SHOP, other)
    assert not is_same(SHOP, old, SHOP, DB._replace(env_from=(new.source._replace(key="other"),)))
