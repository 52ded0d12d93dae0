"""However much a few lines of a manifest stand for, it is read in little time and memory, or refused with its place."""

import pytest

from minipod.errors import ConfigError
from minipod.kube.setting import Refused

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"
DOUBLES = ", ".join(["{name: A0, value: xxxxxxxx}"] + [
    f"{{name: A{i}, value: $(A{i - 1})$(A{i - 1})}}" for i in range(1, 60)
])  # fmt: skip


def refused(read, text: str) -> list[tuple[int, str]]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert all(each.why and each.help for each in caught.value.problems)
    return [(each.place.line, each.message) for each in caught.value.problems]


@pytest.mark.parametrize("set", ["", "envFrom: [{secretRef: {name: s}}], "])
def test_a_variable_that_doubles_with_each_line(read, set):
    """60 lines of it would be 8 EiB."""
    secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {K: v}\n"
    found = refused(read, f"{HEAD}  containers: [{{name: a, command: [b], {set}env: [{DOUBLES}]}}]\n{secret}")
    assert found == [(5, "`A14` is longer than 128 KiB, every reference replaced")]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("command: [b, {}]", "`command[1]` is longer than 128 KiB, every reference replaced"),
        ("command: [b], args: [{}]", "`args[0]` is longer than 128 KiB, every reference replaced"),
    ],
)
@pytest.mark.parametrize("more", ["", "$(K)"])
def test_a_word_that_is_long(read, field, message, more):
    secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {K: v}\n"
    env = f"envFrom: [{{secretRef: {{name: s}}}}], env: [{{name: A, value: {'x' * 100_000}}}]"
    word = "$(A)" * 100_000 + more
    assert refused(read, f"{HEAD}  containers: [{{name: a, {field.format(word)}, {env}}}]\n{secret}") == [(5, message)]


def test_the_kernels_most_fits(read):
    """NAME=value and its end in 128 KiB."""

    def text(value: str) -> str:
        return f"{HEAD}  containers: [{{name: a, command: [b, $(A)], env: [{{name: A, value: {value}}}]}}]\n"

    assert len(read(text("x" * 131_069)).pod.units[0].command[1]) == 131_069
    too_long = [(5, "`A` is longer than 128 KiB, every reference replaced")]
    assert refused(read, text("x" * 131_070)) == too_long
    assert refused(read, text("\u00e9" * 65_535)) == too_long


def test_a_config_map_for_many(read, monkeypatch):
    monkeypatch.setattr("minipod.kube.expansion.MOST_TEXTS", 100_000)
    row = "".join(f"  - {{name: a{i}, command: [b], envFrom: [{{configMapRef: {{name: c}}}}]}}\n" for i in range(99))
    config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
    config += "".join(f"  k{i}: {'v' * 1000}\n" for i in range(10))
    (place,) = refused(read, f"{HEAD}  containers:\n{row}{config}")
    assert place == (15, "the texts of the pod come to more than 64 MiB, every reference replaced")


def test_what_was_refused_is_known_by_its_place():
    refused = Refused([(0, "spec", "a"), (0, "data")])
    assert (set(refused.within((0, "spec"))), set(refused.within((1,)))) == ({"a"}, set())
    places = {(0, "spec", "a"): True, (0, "spec", "a", 3): True, (0, "data", "k"): True, (0, "spec"): False, (): False}
    assert {place: refused.holds(place) for place in places} == places
