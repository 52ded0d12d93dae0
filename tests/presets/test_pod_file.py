"""Presets of a pod file, and of a directory beside it."""

import os

import pytest

from minipod.config.render import render_error
from minipod.errors import ConfigError
from minipod.presets.tell import lines_of
from minipod.reading import read_pod

POD = """\
[pod]
labels = { app = "shop" }
[env]
LANG = "C"
[preset.database]
selector = { match_labels = { app = "shop" } }
env = { DB = "db", LANG = "C" }
[preset.others]
selector = { match_labels = { app = "bar" } }
env = { DB = "other" }
[init.seed]
command = ["true"]
env = { DB = "db", OWN = "1" }
[service.web]
command = ["true"]
"""


@pytest.fixture
def write(tmp_path):
    def run(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return run


@pytest.fixture
def said(write, tmp_path):
    """What is wrong with a pod file and the files of a directory."""

    def run(text: str, **files: str) -> str:
        for name, inner in files.items():
            write(f"presets/{name}.toml", inner)
        with pytest.raises(ConfigError) as caught:
            read_pod(write("pod.toml", text), presets=[str(tmp_path / "presets")] if files else ())
        return render_error(caught.value).replace(str(tmp_path) + "/", "")

    return run


def envs(pod) -> dict[str, list[tuple[str, str]]]:
    return {unit.name: list(unit.env.items()) for unit in pod.units}


def test_a_preset_adds_to_every_unit_behind_its_own(write):
    reading = read_pod(write("pod.toml", POD))
    assert envs(reading.pod) == {"seed": [("DB", "db"), ("OWN", "1")], "web": [("DB", "db")]}
    assert lines_of(reading.injected).replace(reading.injected[0].place.name, "pod.toml") == (
        "presets: database\n  pod.toml:5: database -> web: env DB\n"
    )


def test_without_a_preset_for_it_a_pod_is_as_it_was(write):
    text = POD.replace('[pod]\nlabels = { app = "shop" }\n', "")
    bare = text.partition("[preset")[0] + "[init.seed]" + text.partition("[init.seed]")[2]
    pods = [read_pod(write(name, inner)) for name, inner in (("p.toml", text), ("q.toml", bare))]
    assert pods[0].pod._replace(name="q") == pods[1].pod
    assert pods[0].injected == ()


def test_files_of_a_directory_count_by_their_names(write, tmp_path):
    path = write("pod.toml", POD)
    write("presets/b.toml", '[preset.b]\nenv = { B = "2" }\n')
    write("presets/a.toml", '[preset.a]\nenv = { A = "1" }\n')
    write("presets/.hidden.toml", "no TOML")
    write("presets/README.md", "no TOML")
    reading = read_pod(path, presets=[str(tmp_path / "presets")])
    assert envs(reading.pod)["web"] == [("DB", "db"), ("A", "1"), ("B", "2")]
    assert [(each.preset, each.unit, each.what) for each in reading.injected] == [
        ("database", "web", ("env DB",)),
        ("a", "seed", ("env A",)), ("a", "web", ("env A",)),
        ("b", "seed", ("env B",)), ("b", "web", ("env B",)),
    ]  # fmt: skip


def test_a_conflict_shows_both_places_and_nothing_is_applied(said):
    assert said(POD, a='[preset.a]\nenv = { OWN = "2", A = "1" }\n', b='[preset.b]\nenv = { LANG = "D" }\n') == (
        """\
presets/a.toml:2:9: error: preset `a` cannot be applied: `seed` has another env OWN
  2 | env = { OWN = "2", A = "1" }
    |         ^^^
pod.toml:13:20: note: the other one
  13 | env = { DB = "db", OWN = "1" }
     |                    ^^^
  why: a preset adds, and changes nothing; with a conflict no preset is applied
  help: make them equal, or leave one of them out

presets/b.toml:2:9: error: preset `b` cannot be applied: `seed` has another env LANG
  2 | env = { LANG = "D" }
    |         ^^^^
pod.toml:4:1: note: the other one
  4 | LANG = "C"
    | ^^^^
  why: a preset adds, and changes nothing; with a conflict no preset is applied
  help: make them equal, or leave one of them out
"""
    )


def test_two_presets_in_conflict_are_told_once(said):
    text = said(POD, a='[preset.a]\nenv = { A = "1" }\n', b='[preset.b]\nenv = { A = "2" }\n')
    assert text.startswith("presets/b.toml:2:9: error: preset `b` cannot be applied: preset `a` has another env A\n")
    assert text.count("error") == 1 and "presets/a.toml:2:9: note: the other one" in text


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ("preset = 1", "`preset` must be a table, not a number"),
        ("[preset]\nx = 1", "`x` must be a table, not a number"),
        ("[preset.Big]", "`Big` cannot name a preset"),
        ("[preset.a]\nenvs = {}", "unknown key `envs`"),
        ("[preset.a]\ncommand = ['x']", "`command` is no key of [preset.NAME]"),
        ("[preset.a]\nenv = { A = 1 }", "variable `A` must be a string, not a number"),
        ("[preset.a]\nselector = 'app=shop'", "`selector` must be a table, not a string"),
        ("[preset.a]\nselector = { labels = {} }", "unknown key `labels`"),
        ("[preset.a]\nselector = { match_labels = { '-' = 'x' } }", "`-` cannot be a label"),
        ("[preset.a]\nselector = { match_labels = { a = '-' } }", "label `a` cannot be `-`"),
        ("[preset.a]\nselector = { match_expressions = {} }", "`match_expressions` must be a list of tables"),
        ("[preset.a]\nselector = { match_expressions = ['a'] }", "`match_expressions[0]` must be a table"),
        ("[preset.a]\nselector = { match_expressions = [{ key = 'a' }] }", "the expression has no operator"),
        ("[preset.a]\nselector = { match_expressions = [{ operator = 'In' }] }", "the expression has no key"),
        ("[preset.a]\nselector = { match_expressions = [{ key = 'a', operator = 'in' }] }", "cannot be `in`"),
        ("[preset.a]\nselector = { match_expressions = [{ key = 'a', operator = 'In' }] }", "In needs values"),
        ("[preset.a]\nselector = { match_expressions = [{ key = '', operator = 'Exists' }] }", "cannot be a label"),
        (
            "[preset.a]\nselector = { match_expressions = [{ key = 'a', operator = 'Exists', values = ['x'] }] }",
            "Exists takes no values",
        ),
        (
            "[preset.a]\nselector = { match_expressions = [{ key = 'a', operator = 'In', values = ['-'] }] }",
            "no label has the value `-`",
        ),
        (
            "[preset.a]\nselector = { match_expressions = [{ key = 'a', operator = 'In', values = 'x' }] }",
            "`values` must be a list of strings",
        ),
        (
            "[preset.a]\nselector = { match_expressions = [{ key = 'a', operator = 'In', values = ['x'], not = 1 }] }",
            "unknown key `not`",
        ),
    ],
)
def test_a_bad_preset_is_told_whoever_it_is_for(said, preset, message):
    text = said(f"{preset}\n[service.web]\ncommand = ['true']\n")
    assert message in text
    assert text.count(": error: ") == 1 and text.count("  help: ") == 1


def test_a_file_of_presets_has_nothing_else(said):
    text = said(POD, a="[service.x]\ncommand = ['true']\n")
    assert "presets/a.toml:1:2: error: `service` has no place here" in text


@pytest.mark.parametrize("text", ["[preset", "", "\udc80".encode("utf-8", "surrogateescape").decode("latin-1")])
def test_a_file_that_is_no_toml_is_told(said, text):
    assert "presets/a.toml" in said(POD, a=text)


def test_a_name_is_given_once(said):
    text = said(POD, a='[preset.database]\nenv = { X = "1" }\n')
    assert "presets/a.toml:1:9: error: a second preset is called `database`" in text
    assert "pod.toml:5:9: note: the other one" in text


def test_a_directory_that_is_none_is_told(write, tmp_path):
    for folder in ("no/such", write("file", ""), "a\0b"):
        with pytest.raises(ConfigError) as caught:
            read_pod(write("pod.toml", POD), presets=[folder])
        assert caught.value.problems[0].message.startswith("cannot read presets: ")


def test_a_directory_that_is_named_twice_counts_once(write, tmp_path):
    write("presets/a.toml", '[preset.a]\nenv = { A = "1" }\n')
    folder = str(tmp_path / "presets")
    reading = read_pod(write("pod.toml", POD), presets=[folder, f"{folder}/"])
    assert [each.preset for each in reading.injected] == ["database", "a", "a"]


def test_what_is_no_file_is_told_and_not_waited_for(write, tmp_path):
    """To open a pipe would wait until somebody writes to it."""
    os.mkfifo(os.path.join(os.path.dirname(write("presets/b.toml", "x = 1\n")), "a.toml"))
    with pytest.raises(ConfigError) as caught:
        read_pod(write("pod.toml", POD), presets=[str(tmp_path / "presets")])
    assert "presets/a.toml: error: cannot read it: it is no file" in render_error(caught.value)


def test_a_warning_about_what_was_added_is_told_once(write, tmp_path):
    path = write("pod.toml", POD)
    write("presets/a.toml", '[preset.a]\nenv = { A = "$(NOBODY_HAS_IT)" }\n')
    warnings = read_pod(path, presets=[str(tmp_path / "presets")], thorough=True).warnings
    told = [each for each in warnings if "NOBODY_HAS_IT" in each.message]
    assert [(each.place.name.rpartition("/")[2], each.place.line) for each in told] == [("a.toml", 2)]


def test_the_command_line_goes_before_presets(write):
    with pytest.raises(ConfigError) as caught:
        read_pod(write("pod.toml", POD), overrides=["service.web.env.DB=mine"])
    (problem,) = caught.value.problems
    assert problem.also[0][0].name == "--set"


SOURCES = """\
[pod]
labels = { app = "shop" }
[volume.cache]
empty_dir = true
[preset.files]
env_file = "/etc/a.env"
env_from = [{ directory = "/etc/config", prefix = "C_" }]
secrets = { DB = "/run/secrets/db", KEY = { file = "/run/secrets/key", to = "fd" } }
volumes = { cache = "/cache", data = { path = "/data", read_only = true } }
[preset.files.volume.cache]
empty_dir = {}
[preset.files.volume.data]
host_path = "/srv/data"
[service.web]
command = ["true"]
env_file = "/etc/b.env"
volumes = { cache = "/cache" }
[service.api]
command = ["true"]
env_file = [{ path = "/etc/a.env" }]
"""


def test_files_secrets_volumes_and_mounts_are_added(write):
    web, api = (pod := read_pod(write("pod.toml", SOURCES)).pod).units
    assert [source.path for source in web.env_from] == [
        "/etc/b.env", "/etc/a.env", "/etc/config", "/run/secrets/db", "/run/secrets/key",
    ]  # fmt: skip
    assert [source.path for source in api.env_from][0] == "/etc/a.env" and len(api.env_from) == 4
    assert [(mount.volume, mount.path, mount.read_only) for mount in web.mounts] == [
        ("cache", "/cache", False), ("data", "/data", True),
    ]  # fmt: skip
    assert web.mounts == api.mounts
    assert [(volume.name, volume.kind) for volume in pod.volumes] == [("cache", "empty_dir"), ("data", "host_path")]


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ('secrets = { A = "/x" }', "`web` has another secret A"),
        ('secrets = { S = "/y" }', "`web` has another secret S"),
        ('env = { S = "1" }', "`web` has another env S"),
        ('env_file = [{ path = "/etc/b.env", optional = true }]', "`web` has another env_file /etc/b.env"),
        ('volumes = { data = "/other" }', "`web` has another mount of data at /other"),
        ('volumes = { other = "/data" }', "`web` has another mount of other at /data"),
        ('volume = { data = { host_path = "/x" } }', "the pod has another volume data"),
        ('volumes = { x = ["/x", { path = "/y" }] }', "it has another mount of x at /y"),
    ],
)
def test_what_differs_is_a_conflict(said, preset, message):
    pod = """
[volume.data]
empty_dir = true
[service.web]
command = ["true"]
env = { A = "1" }
env_file = "/etc/b.env"
secrets = { S = "/x" }
volumes = { data = "/data" }
"""
    text = said(pod, a=f"[preset.a]\n{preset}\n")
    assert f"error: preset `a` cannot be applied: {message}" in text
    assert text.count("error") == 1


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ('volumes = { no = "/data" }', "no volume is called `no`"),
        ('volumes = { no = "data" }', "`data` must begin with /"),
        ("volume = { data = {} }", "has no source"),
        ("volume = 1", "`volume` must be a table"),
        ('secrets = "x"', "`secrets` must be a table"),
        ("env_from = [{}]", "`directory` is missing"),
    ],
)
def test_a_mistake_of_a_preset_is_told_in_it(said, preset, message):
    text = said("[service.web]\ncommand = ['true']\n", a=f"[preset.a]\n{preset}\n")
    assert message in text and "presets/a.toml:2:" in text
    assert text.count(": error: ") == 1
