"""What a pod file means as a whole: order, defaults, what the pod hands down to its units."""

import pytest

from minipod.config.build import effective_restart
from minipod.config.read import read_pod
from minipod.errors import ConfigError
from minipod.model import Backoff, Pod, Unit
from minipod.supervisor.vocabulary import Kind

SECOND = 1_000_000_000
KINDS = (
    '[init.a]\ncommand = ["a"]\n[sidecar.b]\ncommand = ["b"]\n'
    '[service.c]\ncommand = ["c"]\n[service.d]\ncommand = ["d"]\n'
)


def test_smallest_pod_is_the_models_defaults(read):
    assert read('[service.web]\ncommand = "a b"\n').pod == Pod(
        "pod", (Unit("web", Kind.SERVICE, ("a", "b"), "always"),)
    )


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["service.z", "init.b", "sidecar.a", "init.a2"], ["b", "a", "a2", "z"]),
        (["sidecar.s", "init.i", "service.a", "service.b"], ["s", "i", "a", "b"]),
        (["init.i1", "service.z", "sidecar.s1", "init.i2", "sidecar.s2"], ["i1", "s1", "i2", "s2", "z"]),
    ],
)
def test_inits_and_sidecars_keep_their_common_order(order, expected, read):
    text = "".join(f'[{table}]\ncommand = ["true"]\n' for table in order)
    assert [unit.name for unit in read(text).pod.units] == expected


def test_common_order_of_inline_and_dotted_tables(read):
    text = (
        'sidecar.s.command = ["s"]\ninit = { i = { command = ["i"] } }\n'
        'sidecar.t.command = ["t"]\nservice.w.command = ["w"]\n'
    )
    assert [unit.name for unit in read(text).pod.units] == ["s", "i", "t", "w"]


def test_a_unit_of_the_command_line_comes_last(read):
    pod = read(KINDS, overrides=['init.z.command=["z"]']).pod
    assert [unit.name for unit in pod.units] == ["a", "b", "z", "c", "d"]


# own, the pod's, main → init, sidecar, service (DESIGN.md section 4)
RESTARTS = [
    (None, None, False, ("never", "always", "always")),
    (None, None, True, ("never", "always", "never")),
    (None, "on_failure", False, ("on_failure", "always", "on_failure")),
    (None, "never", False, ("never", "always", "never")),
    (None, "always", False, ("always", "always", "always")),
    (None, "always", True, ("always", "always", "never")),
    ("on_failure", "never", True, ("on_failure", "on_failure", "on_failure")),
    ("never", "always", False, ("never", "never", "never")),
]


@pytest.mark.parametrize(("own", "pods", "is_main", "expected"), RESTARTS)
def test_restart(own, pods, is_main, expected):
    found = tuple(effective_restart(kind, own, pods, is_main=is_main and kind is Kind.SERVICE) for kind in Kind)
    assert found == expected


def test_main_restarts_never_and_the_pods_restart_reaches_the_others(read):
    units = {u.name: u for u in read('[pod]\nmain = "d"\nrestart = "on_failure"\n' + KINDS).pod.units}
    assert [units[name].restart for name in "abcd"] == ["on_failure", "always", "on_failure", "never"]


def test_units_inherit_backoff_key_by_key(read):
    text = '[pod]\nbackoff = { initial = "2s", max = "8s" }\n' + KINDS + 'backoff = { max = "4s" }\n'
    *_, c, d = read(text).pod.units
    assert c.backoff == Backoff(initial=2 * SECOND, max=8 * SECOND)
    assert d.backoff == Backoff(initial=2 * SECOND, max=4 * SECOND)


def test_units_inherit_grace_and_max_restarts(read):
    text = (
        '[pod]\ntermination_grace_period = "3s"\nmax_restarts = 2\n'
        + KINDS
        + "termination_grace_period = 1\nmax_restarts = 0\n"
    )
    pod = read(text).pod
    *_, c, d = pod.units
    assert (c.termination_grace_period, c.max_restarts) == (3 * SECOND, 2)
    assert (d.termination_grace_period, d.max_restarts) == (SECOND, 0)
    assert pod.termination_grace_period == 3 * SECOND


@pytest.mark.parametrize(
    ("file", "name"),
    [("shop.toml", "shop"), ("a.b.toml", "a.b"), ("My Shop.toml", "pod"), ("x_y.toml", "pod"), (".toml", "pod")],
)
def test_default_name_is_the_files(file, name, tmp_path):
    path = tmp_path / file
    path.write_text('[service.web]\ncommand = ["true"]\n')
    assert read_pod(str(path)).pod.name == name


def test_environment_of_pod_and_unit_stay_apart(read):
    pod = read('[env]\nA = "1"\nB = "$(A)"\n[service.w]\ncommand = ["true"]\nenv = { A = "2" }\n').pod
    assert pod.env == {"A": "1", "B": "$(A)"}
    assert pod.units[0].env == {"A": "2"}


def test_ready_after_main_and_completed_after_an_init_can_be_met(messages):
    text = '[pod]\nmain = "c"\n' + KINDS + 'after = { a = "completed", b = "ready", c = "ready" }\n'
    assert messages(text) == []


def test_an_always_init_can_be_completed(messages):
    text = '[pod]\nrestart = "always"\n' + KINDS + 'after = { a = "completed" }\n'
    assert messages(text) == []


def test_long_chains_are_no_cycle(messages):
    text = "".join(f'[service.s{i}]\ncommand = ["true"]\nafter = ["s{i + 1}"]\n' for i in range(500))
    assert messages(text + '[service.s500]\ncommand = ["true"]\n') == []


def test_every_mistake_at_once_in_file_order(read):
    text = (
        '[pod]\nname = "X"\nfoo = 1\n[service.b]\ncommand = 1\nafter = ["c"]\n'
        '[service.a]\nrestart = "x"\n[init]\nq = 1\n'
    )
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert [p.place.line for p in caught.value.problems] == [2, 3, 5, 6, 7, 8, 10]


@pytest.mark.parametrize(("size", "key"), [(4093, "labels"), (4094, "labels"), (4096, "image"), (4097, "image")])
def test_what_is_said_of_a_unit_fits_into_an_answer(messages, size, key):
    """The core's own limit, with a place."""
    text = '[service.web]\ncommand = ["true"]\nimage = "' + "i" * size + '"\n'
    text += 'labels = { a = "1" }\n' if key == "labels" else ""
    found = messages(text)
    assert found == ([] if size in (4093, 4096) else [f"`{key}` makes 4,097 bytes of words about `web`"])
