"""Which pods a preset is for, and what several of them come to. The vectors have Kubernetes' own cases."""

from itertools import permutations

import pytest

from minipod.presets.merge import (
    EXCLUDE,
    MIRROR,
    Entry,
    Field,
    Holder,
    Preset,
    Requirement,
    Selector,
    is_left_alone,
    merge,
    picks,
)

LABELS = {"app": "shop", "tier": ""}


def preset(name: str, *entries: Entry, field: Field = Field.ENV, **more) -> Preset:
    return Preset(name, name, Selector({}), {field: entries}, **more)


def entry(name: str, content: object, *others: str) -> Entry:
    return Entry((name, *others), content, name, None, name)


@pytest.mark.parametrize(
    ("labels", "requirements", "is_picked"),
    [
        ({}, (), True),
        ({"app": "shop"}, (), True),
        ({"app": "shop", "tier": ""}, (), True),
        ({"app": "shop", "tier": "front"}, (), False),
        ({"other": ""}, (), False),
        ({}, (Requirement("app", "In", ("bar", "shop")),), True),
        ({}, (Requirement("app", "In", ("bar",)),), False),
        ({}, (Requirement("other", "In", ("",)),), False),
        ({}, (Requirement("app", "NotIn", ("bar",)),), True),
        ({}, (Requirement("app", "NotIn", ("bar", "shop")),), False),
        ({}, (Requirement("other", "NotIn", ("bar",)),), True),
        ({}, (Requirement("tier", "Exists"),), True),
        ({}, (Requirement("other", "Exists"),), False),
        ({}, (Requirement("tier", "DoesNotExist"),), False),
        ({}, (Requirement("other", "DoesNotExist"),), True),
        ({"app": "shop"}, (Requirement("tier", "Exists"), Requirement("app", "NotIn", ("shop",))), False),
    ],
)
def test_a_selector_picks(labels, requirements, is_picked):
    assert picks(Preset("p", None, Selector(labels, requirements), {}), LABELS) is is_picked


@pytest.mark.parametrize(
    ("of_preset", "of_pod", "is_picked"),
    [("a", "a", True), ("a", "b", False), (None, "b", True), ("a", None, True), (None, None, True)],
)
def test_a_namespace_keeps_pods_apart(of_preset, of_pod, is_picked):
    assert picks(preset("p", namespace=of_preset), {}, of_pod) is is_picked


@pytest.mark.parametrize(
    ("annotations", "is_alone"),
    [({}, False), ({EXCLUDE: "true"}, True), ({EXCLUDE: "yes"}, False), ({MIRROR: ""}, True)],
)
def test_a_pod_may_be_left_alone(annotations, is_alone):
    assert is_left_alone(annotations) is is_alone


def added(holders: list[Holder], *presets: Preset) -> list[tuple[str, str, str]]:
    return [(each.holder, each.preset.name, each.entry.what) for each in merge(holders, presets).additions]


def test_every_holder_gets_all_that_it_lacks():
    holders = [Holder("a", {Field.ENV: [entry("X", 1)]}), Holder("b", {Field.ENV: []}), Holder("", {Field.VOLUME: []})]
    one, two = preset("one", entry("X", 1), entry("Y", 2)), preset("two", entry("Y", 2), entry("Z", 3))
    assert added(holders, one, two) == [
        ("a", "one", "Y"), ("a", "two", "Z"), ("b", "one", "X"), ("b", "one", "Y"), ("b", "two", "Z"),
    ]  # fmt: skip


def test_one_conflict_and_nothing_is_added():
    holders = [Holder("a", {Field.ENV: [entry("X", 1)]}), Holder("b", {Field.ENV: []})]
    merged = merge(holders, [preset("good", entry("Y", 2)), preset("bad", entry("X", 2))])
    assert merged.additions == ()
    assert [(each.preset.name, each.holder, each.of) for each in merged.conflicts] == [("bad", "a", None)]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_presets_are_compared_with_one_another(order):
    presets = [preset(str(n), entry("X", n)) for n in order]
    merged = merge([Holder("a", {Field.ENV: []})], presets)
    assert [(each.preset.name, each.of.name) for each in merged.conflicts] == [
        (str(order[1]), str(order[0])), (str(order[2]), str(order[0])),
    ]  # fmt: skip


def test_sources_of_two_presets_are_not():
    presets = [preset(name, entry("map", name), field=Field.ENV_FROM) for name in ("one", "two")]
    assert added([Holder("a", {Field.ENV_FROM: []})], *presets) == [("a", "one", "map"), ("a", "two", "map")]
    assert merge([Holder("a", {Field.ENV_FROM: [entry("map", "own")]})], presets).conflicts


def test_any_key_that_is_shared_is_a_conflict():
    holders = [Holder("a", {Field.MOUNT: [entry("volume", 1, "/path")]})]
    for other in (entry("volume", 2, "/other"), entry("others", 2, "/path")):
        assert merge(holders, [preset("p", other, field=Field.MOUNT)]).conflicts
    assert not merge(holders, [preset("p", entry("others", 2, "/other"), field=Field.MOUNT)]).conflicts


def test_of_several_with_one_key_the_last_counts():
    """As in a program's environment, where it wins."""
    holders = [Holder("a", {Field.ENV: [entry("X", 1), entry("X", 2)]})]
    assert merge(holders, [preset("p", entry("X", 1))]).conflicts
    assert merge(holders, [preset("p", entry("X", 2))]) == ((), ())
