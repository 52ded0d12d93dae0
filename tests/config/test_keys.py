"""Every key of the table is accepted where it may stand, refused where it may not, and documented; and so is every key
that DESIGN.md section 7 names for later."""

import itertools
from pathlib import Path

import pytest

from minipod.commands.explain import explain
from minipod.config import reference, toml
from minipod.config.defaults import default_text, to_toml
from minipod.config.keys import BACKOFF, INIT, KEYS, POD, RULE, SCOPES, SERVICE, SIDECAR, TOP, UNITS, keys_of
from minipod.config.schema import SHAPES, schema
from minipod.errors import UsageError
from minipod.model import Backoff, Pod, Unit
from minipod.supervisor.vocabulary import Kind

ROOT = Path(__file__).parents[2]
# DESIGN.md section 7, as it stands there.
SECTION_7 = {
    POD: "name labels restart backoff max_restarts termination_grace_period deadline main signals log "
    "termination_message_path control",
    TOP: "pod env volume hosts preset image init sidecar service signals",
    SERVICE: "command args env env_file env_from secrets working_dir user group groups umask limits nice oom_score_adj "
    "no_new_privileges capabilities after essential restart restart_rules backoff max_restarts deadline stop_signal "
    "stop_to termination_grace_period exit_codes stdin tty log volumes labels notify watchdog start_timeout image "
    "startup_probe liveness_probe readiness_probe post_start pre_stop "
    "termination_message_path read_only",  # a container has its own in Kubernetes
}
PLACED = [(scope, key) for scope in (POD, *UNITS) for key in keys_of(scope).values()]
WRONG = [
    (scope, name)
    for scope, name in itertools.product((TOP, POD, *UNITS), sorted({key.name for key in KEYS}))
    if name not in keys_of(scope)
]


def pod_with(scope: str, line: str) -> str:
    """A pod, complete but for ``line``, which stands in ``scope``."""
    tables = {POD: "", **{kind: 'command = ["true"]\n' for kind in UNITS}}
    names = {POD: "pod", INIT: "init.setup", SIDECAR: "sidecar.db", SERVICE: "service.web"}
    if line.startswith("command =") and scope != TOP:
        tables[scope] = ""
    text = line + "\n" if scope == TOP else ""
    for where, body in tables.items():
        text += f"[{names[where]}]\n{body}" + (line + "\n" if where == scope else "")
    return text


@pytest.mark.parametrize(("scope", "key"), PLACED, ids=lambda part: getattr(part, "name", part))
def test_key_is_accepted_with_its_example(scope, key, read):
    needs = 'notify = "sd"\n' if key.name in ("watchdog", "start_timeout") else ""
    others = "[volume.data]\nempty_dir = true\n" if key.name == "volumes" else ""
    read(pod_with(scope, f"{needs}{key.name} = {key.example}") + others)


@pytest.mark.parametrize("key", keys_of(TOP).values(), ids=lambda key: key.name)
def test_top_level_key_is_accepted_with_its_example(key, messages):
    text = f"{key.name} = {key.example}\n"
    assert messages(text if key.name == SERVICE else text + '[service.web]\ncommand = ["true"]\n') == []


@pytest.mark.parametrize(("scope", "name"), WRONG)
def test_key_is_refused_in_the_wrong_table(scope, name, messages):
    found = messages(pod_with(scope, f"{name} = 1"))
    assert [m for m in found if f"`{name}` is no key of" in m or f"unknown key `{name}`" in m], found


@pytest.mark.parametrize("scope", SECTION_7)
def test_the_design_names_these_keys_and_no_other(scope):
    known = set(keys_of(scope))
    everywhere = {name for kind in UNITS for name in keys_of(kind)} if scope == SERVICE else set()
    assert known | everywhere == set(SECTION_7[scope].split())


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.scopes[0]}-{key.name}")
def test_key_is_explained(key):
    text = explain(key.name)
    assert key.example in text
    assert reference.TYPES[key.type] in text
    assert all(reference.heading(scope) in text for scope in key.scopes)


def test_every_type_has_a_shape_and_words():
    types = {key.type for key in KEYS}
    assert set(reference.TYPES) == types
    assert set(SHAPES) == types - {"units"}


def test_every_key_is_in_the_schema():
    parts = {TOP: schema(), **schema()["$defs"]}
    for scope in SCOPES:
        assert list(parts[scope]["properties"]) == list(keys_of(scope))


@pytest.mark.parametrize(("printed", "file"), [("markdown", "docs/config.md"), ("toml", "config/minipod.toml")])
def test_printed_file_is_as_the_code_prints_it(printed, file):
    assert getattr(reference, printed)() == (ROOT / file).read_text(encoding="utf-8")


def test_file_of_all_keys_says_nothing_but_defaults(read):
    """With the file's values and without them the pod is the same, and its fields are the model's defaults."""
    text = (ROOT / "config/minipod.toml").read_text(encoding="utf-8")
    tables = toml.loads(text)
    bare = {kind: {name: {"command": ["true"]} for name in tables[kind]} for kind in UNITS}
    given = read(text).pod
    assert given == read("\n".join(f"{kind} = {to_toml(units)}" for kind, units in bare.items())).pod
    units = tuple(
        Unit(name, kind, ("true",), restart)
        for name, kind, restart in (
            ("first", Kind.INIT, "never"),
            ("helper", Kind.SIDECAR, "always"),
            ("web", Kind.SERVICE, "always"),
        )
    )
    assert given == Pod("pod", units)


def test_file_of_all_keys_has_each_key_and_its_examples_hold(read):
    text = (ROOT / "config/minipod.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") if " = " in line else line for line in text.splitlines()]
    tables = toml.loads("\n".join(lines))
    assert set(tables) == set(keys_of(TOP))
    assert set(tables[POD]) == set(keys_of(POD)) - {"signals"}
    for kind in UNITS:
        (unit,) = tables[kind].values()
        assert set(unit) == set(keys_of(kind))
    read("\n".join(line for line in lines if not line.startswith("startup_probe")))  # it goes not with notify


def test_each_line_of_the_file_of_all_keys_has_a_comment():
    text = (ROOT / "config/minipod.toml").read_text(encoding="utf-8")
    bare = [line for line in text.splitlines() if line and not line.startswith("#") and "  # " not in line]
    assert bare == []


def test_default_texts_are_the_models():
    assert default_text(keys_of(POD)["termination_grace_period"], POD) == '"10s"'
    assert default_text(keys_of(BACKOFF)["max"], BACKOFF) == '"1m"'
    assert Backoff().max == 60_000_000_000
    assert default_text(keys_of(SERVICE)["stop_signal"], SERVICE) == '"TERM"'
    assert default_text(keys_of(RULE)["to"], RULE) == "every running unit"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("restrat", "did you mean restart?"),
        ("service.comand", "did you mean command?"),
        ("servce.command", "did you mean service?"),
        ("init.essential", "no key `init.essential`"),
        ("", "no key"),
    ],
)
def test_unknown_key_is_not_explained(path, said):
    with pytest.raises(UsageError) as caught:
        explain(path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "path", ["service.web.restart", "service.restart", "[service.restart]", "service.NAME.restart"]
)
def test_a_units_name_is_no_part_of_the_key(path):
    assert explain(path) == explain("service.restart")


def test_nor_is_a_volumes_name():
    assert explain("volume.data.empty_dir.size_limit") == explain("volume.empty_dir.size_limit")
    assert "in:      volumes = { NAME = { … } }" in explain("service.web.volumes.sub_path")
    assert "  medium" in explain("volume.NAME.empty_dir")


def test_explained_default_differs_by_table():
    assert "always" not in explain("init.restart").split("example")[0].split("default")[1]
    assert "always" in explain("sidecar.restart").split("example")[0].split("default")[1]
