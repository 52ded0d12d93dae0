"""PodPresets of a directory, and a pod file in TOML."""

import pytest

from minipod.config.render import render_error
from minipod.errors import ConfigError
from minipod.model import Mount
from minipod.presets.tell import lines_of
from minipod.reading import read_pod

POD = """\
[pod]
labels = { app = "shop" }
[service.web]
command = ["true"]
env = { A = "1" }
[volume.cache]
empty_dir = true
"""
PRESET = """\
apiVersion: settings.k8s.io/v1alpha1
kind: PodPreset
metadata: {name: database, namespace: any}
spec:
  selector: {matchLabels: {app: shop}}
  env:
  - {name: A, value: "1"}
  - {name: DB, value: "db $(A)"}
  - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: COST, valueFrom: {configMapKeyRef: {name: conf, key: COST}}}
  - {name: NONE, valueFrom: {configMapKeyRef: {name: conf, key: OTHER, optional: true}}}
  envFrom: [{prefix: C_, configMapRef: {name: conf}}]
  volumes:
  - {name: cache, emptyDir: {}}
  - {name: shared, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: data, hostPath: {path: /srv/data, type: Directory}}
  - {name: conf, configMap: {name: conf}}
  volumeMounts:
  - {name: cache, mountPath: /cache}
  - {name: shared, mountPath: /shared, subPath: a, readOnly: true}
  - {name: data, mountPath: /data}
  - {name: conf, mountPath: /conf}
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {COST: 3 $(A)}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {KEY: hunter2}\n"


@pytest.fixture
def read(tmp_path):
    def run(text: str, *files: str, **options):
        (tmp_path / "presets").mkdir()
        for number, inner in enumerate(files):
            (tmp_path / "presets" / f"{number}.yaml").write_text(inner, encoding="utf-8")
        (tmp_path / "pod.toml").write_text(text, encoding="utf-8")
        return read_pod(str(tmp_path / "pod.toml"), presets=[str(tmp_path / "presets")], **options)

    return run


@pytest.fixture
def said(read, tmp_path):
    def run(text: str, *files: str) -> str:
        with pytest.raises(ConfigError) as caught:
            read(text, *files)
        return render_error(caught.value).replace(str(tmp_path) + "/", "")

    return run


def test_a_pod_file_gets_all_of_it(read):
    reading = read(POD, PRESET, MAP)
    (web,) = reading.pod.units
    assert web.env == {"C_COST": "3 $$(A)", "A": "1", "DB": "db $(A)", "NAME": "pod", "COST": "3 $$(A)"}
    assert web.mounts == (
        Mount("cache", "/cache"), Mount("shared", "/shared", "a", read_only=True), Mount("data", "/data"),
        Mount("conf", "/conf"),
    )  # fmt: skip
    cache, shared, data, conf = reading.pod.volumes
    assert (cache.kind, shared.medium, shared.size_limit) == ("empty_dir", "Memory", 1 << 20)
    assert (data.kind, data.path, data.check) == ("host_path", "/srv/data", "Directory")
    assert [(file.path, file.content) for file in conf.files] == [("COST", b"3 $(A)")]
    shown = lines_of(reading.injected).replace(reading.injected[0].place.name, "0.yaml")
    assert shown == (
        "presets: database\n"
        "  0.yaml:1: database -> pod: volume shared, volume data, volume conf\n"
        "  0.yaml:1: database -> web: env DB, env NAME, env COST, ConfigMap conf, mount of cache at /cache, "
        "mount of shared at /shared, mount of data at /data, mount of conf at /conf\n"
    )


def test_pods_own_variables_go_before_those_of_a_set(read):
    pod = read(POD.replace("[service", '[env]\nC_COST = "own"\n[service'), PRESET, MAP).pod
    assert "C_COST" not in pod.units[0].env


def test_a_secret_is_no_text(read):
    preset = PRESET.partition("  env:")[0] + "  envFrom: [{secretRef: {name: s}}]\n"
    (web,) = read(POD, preset, SECRET).pod.units
    assert [(source.kind, source.object, source.is_secret) for source in web.env_from] == [("secrets", "s", True)]
    assert "hunter" not in repr(web)


def test_a_variable_goes_before_sets_also_where_a_preset_adds_both(read):
    """Of sources a later one wins: PodPreset's envFrom is no reason to lose a variable that is named."""
    preset = PRESET.partition("  env:")[0] + (
        "  env: [{name: KEY, valueFrom: {secretKeyRef: {name: s, key: KEY}}}]\n  envFrom: [{secretRef: {name: s}}]\n"
    )
    (web,) = read(POD.replace("[volume", 'secrets = { OWN = "/run/own" }\n[volume'), preset, SECRET).pod.units
    assert [source.kind for source in web.env_from] == ["secrets", "secret_file", "secret"]


CLAIM = """\
apiVersion: settings.k8s.io/v1alpha1
kind: PodPreset
metadata: {name: claims}
spec:
  volumes: [{name: data, persistentVolumeClaim: {claimName: big}}, {name: keys, secret: {secretName: s}},
    {name: cache, emptyDir: {}}]
  volumeMounts: [{name: data, mountPath: /data}, {name: keys, mountPath: /keys}]
"""


def test_a_directory_takes_the_place_of_a_presets_volume(read):
    """As the help of the mistake says; what is the pod's own, too, is still equal."""
    places = ["data=/srv/data", "keys=/srv/keys", "cache=/srv/cache"]
    reading = read(POD, CLAIM, SECRET, volumes=places, here=False)
    assert [f"{volume.name}={volume.path}" for volume in reading.pod.volumes] == [places[2], *places[:2]]
    assert reading.obstacles == ()


def test_a_volume_that_only_a_variable_is_read_from_is_used(read):
    preset = PRESET.partition("  env:")[0] + (
        "  env: [{name: K, valueFrom: {fileKeyRef: {volumeName: own, path: f, key: K}}}]\n"
        "  volumes: [{name: own, emptyDir: {}}, {name: idle, emptyDir: {}}]\n"
    )
    reading = read(POD.partition("[volume")[0], preset)
    assert [problem.message for problem in reading.warnings] == ["no unit sees the volume `idle`"]


def test_another_pod_gets_nothing_and_its_preset_needs_nothing(read):
    reading = read(POD.replace("shop", "bar"), PRESET)
    assert reading.injected == () and reading.obstacles == ()


def test_a_conflict_shows_both_places(said):
    pod = POD.replace('A = "1"', 'A = "2"').replace("empty_dir = true", 'host_path = "/x"')
    text = said(pod, PRESET, MAP)
    assert "presets/0.yaml:7:5: error: preset `database` cannot be applied: `web` has another env A" in text
    assert "pod.toml:5:9: note: the other one" in text
    assert "presets/0.yaml:14:5: error: preset `database` cannot be applied: the pod has another volume cache" in text
    assert "pod.toml:6:9: note: the other one" in text


def test_a_mistake_is_told_where_it_stands(said):
    text = said(POD, PRESET.replace("mountPath: /data", "mountPath: data"), MAP)
    assert "presets/0.yaml:21:5: error" in text and "must begin with /" in text
    assert text.count(": error: ") == 1


def test_a_map_that_is_missing_is_told(said):
    text = said(POD, PRESET)
    assert (text.count("there is no ConfigMap `conf`"), text.count("note: here, too")) == (1, 2)
    assert "presets/0.yaml:10:54: error" in text
