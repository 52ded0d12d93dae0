"""PodPresets beside a pod in a manifest, and presets of a directory that go into it."""

import pytest

from minipod.config.render import render_error
from minipod.errors import ConfigError
from minipod.model import Mount
from minipod.presets.tell import lines_of
from minipod.reading import read_pod

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: shop}}
spec:
  initContainers:
  - {name: seed, command: [run, $(DB)], env: [{name: A, value: "1"}]}
  containers:
  - name: web
    command: [run]
"""
PRESET = """\
apiVersion: settings.k8s.io/v1alpha1
kind: PodPreset
metadata: {name: database, resourceVersion: "7"}
spec:
  selector: {matchExpressions: [{key: app, operator: In, values: [shop]}]}
  env: [{name: A, value: "1"}, {name: DB, value: "db $(USER)"}]
  envFrom: [{configMapRef: {name: conf}}]
  volumes: [{name: data, emptyDir: {}}]
  volumeMounts: [{name: data, mountPath: /data}]
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {USER: me}\n"


@pytest.fixture
def read(tmp_path):
    """The pod of a manifest, with a directory of further files."""

    def run(text: str, **files: str):
        (tmp_path / "presets").mkdir(exist_ok=True)
        for name, inner in files.items():
            (tmp_path / "presets" / name.replace("_", ".")).write_text(inner, encoding="utf-8")
        path = tmp_path / "pod.yaml"
        path.write_text(text, encoding="utf-8")
        return read_pod(str(path), presets=[str(tmp_path / "presets")] if files else ())

    return run


@pytest.fixture
def said(read, tmp_path):
    def run(text: str, **files: str) -> str:
        with pytest.raises(ConfigError) as caught:
            read(text, **files)
        return render_error(caught.value).replace(str(tmp_path) + "/", "")

    return run


def test_a_pod_gets_what_stands_beside_it(read):
    reading = read(f"{POD}---\n{PRESET}---\n{MAP}")
    seed, web = reading.pod.units
    assert dict(seed.env) == {"USER": "me", "A": "1", "DB": "db me"}
    assert list(web.env) == ["USER", "A", "DB"]
    assert seed.command == ("run", "db me")
    assert seed.mounts == web.mounts == (Mount("data", "/data"),)
    assert [volume.name for volume in reading.pod.volumes] == ["data"]
    shown = lines_of(reading.injected).replace(reading.injected[0].place.name, "pod.yaml")
    assert shown == (
        "presets: database\n"
        "  pod.yaml:11: database -> pod: volume data\n"
        "  pod.yaml:11: database -> seed: env DB, ConfigMap conf, mount of data at /data\n"
        "  pod.yaml:11: database -> web: env A, env DB, ConfigMap conf, mount of data at /data\n"
    )


def test_files_of_a_directory_are_as_good(read):
    together = read(f"{POD}---\n{PRESET}---\n{MAP}").pod
    assert read(POD, a_yaml=PRESET, b_yml=MAP).pod == together


def test_a_template_gets_it_too(read):
    inner = POD.partition("spec:\n")[2].replace("\n", "\n    ")
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {}\n  template:\n"
        f"    metadata: {{labels: {{app: shop}}}}\n    spec:\n    {inner}"
    )
    assert [dict(unit.env)["DB"] for unit in read(text, a_yaml=PRESET, b_yaml=MAP).pod.units] == ["db me", "db me"]


def test_what_was_applied_is_recorded(read):
    key = "podpreset.admission.kubernetes.io/podpreset-database"
    field = f"""[{{name: P, valueFrom: {{fieldRef: {{fieldPath: "metadata.annotations['{key}']"}}}}}}]"""
    text = POD + f"    env: {field}\n"
    assert read(text, a_yaml=PRESET, b_yaml=MAP).pod.units[1].env["P"] == "7"
    assert read(text).pod.units[1].env["P"] == ""


def test_a_pod_may_be_left_alone(read):
    alone = "annotations: {podpreset.admission.kubernetes.io/exclude: 'true'}, labels: "
    reading = read(POD.replace("labels: ", alone), a_yaml=PRESET, b_yaml=MAP)
    assert reading.injected == () and dict(reading.pod.units[1].env) == {}


@pytest.mark.parametrize(("namespace", "is_applied"), [("default", True), ("other", False)])
def test_a_preset_is_of_a_namespace(read, namespace, is_applied):
    reading = read(POD, a_yaml=PRESET.replace("name: database", f"name: database, namespace: {namespace}"), b_yaml=MAP)
    assert bool(reading.injected) is is_applied


def test_a_preset_that_says_none_is_of_the_default_one(read):
    text = POD.replace("name: web, labels", "name: web, namespace: other, labels")
    assert read(text, a_yaml=PRESET, b_yaml=MAP).injected == ()


def test_a_preset_in_toml_has_no_namespace(read):
    text = POD.replace("name: web, labels", "name: web, namespace: other, labels")
    toml = """
[preset.database]
selector = { match_labels = { app = "shop" } }
env = { DB = "db $(A)" }
volumes = { data = "/data", conf = { path = "/conf", read_only = true } }
[preset.database.volume.data]
empty_dir = { medium = "Memory", size_limit = "1Mi" }
[preset.database.volume.conf]
files = { "a.conf" = "port = 80" }
"""
    reading = read(text, a_toml=toml)
    assert dict(reading.pod.units[0].env) == {"A": "1", "DB": "db 1"}
    assert reading.pod.units[1].mounts == (Mount("data", "/data"), Mount("conf", "/conf", read_only=True))
    data, conf = reading.pod.volumes
    assert (data.medium, data.size_limit) == ("Memory", 1 << 20)
    assert [(file.path, file.content) for file in conf.files] == [("a.conf", b"port = 80")]


def test_a_conflict_shows_both_places(said):
    other = PRESET.replace("name: database", "name: other").replace("db $(USER)", "db2")
    text = said(POD + '    env: [{name: A, value: "2"}]\n', a_yaml=PRESET, b_yaml=other, c_yaml=MAP)
    assert "presets/a.yaml:6:9: error: preset `database` cannot be applied: `web` has another env A" in text
    assert "pod.yaml:10:11: note: the other one" in text
    assert "presets/b.yaml:6:32: error: preset `other` cannot be applied: preset `database` has another env DB" in text
    assert "presets/a.yaml:6:32: note: the other one" in text


def test_a_mistake_in_what_was_added_is_told_where_it_stands(said):
    text = said(POD, a_yaml=PRESET)
    assert text.count("error") == 1
    assert "presets/a.yaml:7:35: error: there is no ConfigMap `conf`" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (POD, "a Pod has no place here"),
        (PRESET.replace("selector:", "selectors:"), "unknown field `selectors`"),
        (PRESET.replace("In,", "in,"), "`operator` cannot be `in`"),
        (PRESET.replace(", values: [shop]", ""), "In needs values"),
        (PRESET.replace("In,", "Exists,"), "Exists takes no values"),
        (PRESET.replace("key: app", "key: '-'"), "`-` cannot be a label"),
        (PRESET.replace("v1alpha1", "v1"), "there is no PodPreset in `settings.k8s.io/v1`"),
        (PRESET.replace("name: database", "name: Data"), "`Data` cannot name a preset"),
        (PRESET.replace("{name: database, ", "{"), "the PodPreset has no name"),
        ("a: [", "presets/a.yaml"),
        (PRESET + "---\n" + PRESET, "a second PodPreset is called `database`"),
        ("a: 1\na: 2\n", "`a` is given twice"),
    ],
)
def test_a_bad_file_is_told(said, text, message):
    assert message in said(POD, a_yaml=text, b_yaml=MAP)


def test_nothing_of_a_secret_is_shown(said):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {KEY: hunter-2}\n"
    text = said(POD, a_yaml=secret, b_yaml=secret)
    assert "presets/a.yaml:4" in text and "a second Secret is called `s`" in text
    assert "hunter" not in text


def test_a_name_is_given_once_in_all_files(said):
    text = said(POD + f"---\n{PRESET}---\n{MAP}", a_toml="[preset.a]\n", b_toml="[preset.a]\n")
    assert "presets/b.toml:1:9: error: a second preset is called `a`" in text
    assert "presets/a.toml:1:9: note: the other one" in text


def test_what_no_manifest_could_say_goes_in_from_toml(read):
    toml = """
[preset.files]
env_file = "/etc/a.env"
env_from = [{ directory = "/etc/config" }]
secrets = { DB = "/run/secrets/db" }
env = { URL = "db://$(DB)/$(FROM_FILE)" }
"""
    seed, web = read(POD, a_toml=toml).pod.units
    assert [(source.kind, source.path) for source in web.env_from] == [
        ("env_file", "/etc/a.env"), ("directory", "/etc/config"), ("secret_file", "/run/secrets/db"),
    ]  # fmt: skip
    assert web.env_from == seed.env_from
    assert web.env["URL"] == "db://$(DB)/$(FROM_FILE)"


def test_a_secret_and_a_variable_of_one_name_differ(said):
    text = said(POD, a_toml='[preset.a]\nsecrets = { A = "/x" }\n')
    assert "presets/a.toml:2:13: error: preset `a` cannot be applied: `seed` has another" in text
