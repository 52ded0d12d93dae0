"""Volumes, mounts and hosts of a manifest, as the model has them; mistakes in them are in errors/volumes*.yaml."""

import pytest

from minipod.errors import ConfigError, UsageError
from minipod.kube import outer_limit
from minipod.kube.lookup import secret_value
from minipod.model import EnvSource, Mount, Volume
from minipod.reading import read_pod
from minipod.secret import Secret

HEAD = """apiVersion: v1
kind: Pod
metadata: {name: web, labels: {b: '2', a: '1'}, annotations: {k: "x\\ny\\""}}
spec:
"""
OTHERS = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {b.conf: two, a.conf: "one\\n"}
binaryData: {raw: /wA=}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
data: {pw: aHVudGVyMg==}
stringData: {user: hunter}
"""


@pytest.fixture
def volume(read):
    """``volume(fields, spec)``: what a volume with these fields is, in YAML's flow style."""

    def run(fields: str, spec: str = "", **options) -> Volume:
        main = "{name: main, command: [run], resources: {limits: {memory: 64Mi}}}"
        containers = f"  containers: [{main}, {{name: free, command: [run]}}]\n"
        text = f"{HEAD}{spec}  volumes: [{{name: data, {fields}}}]\n{containers}{OTHERS}"
        (found,) = read(text, **options).pod.volumes
        return found

    return run


def files_of(volume: Volume) -> dict[str, tuple[int, bytes | None]]:
    return {file.path: (file.mode, file.content) for file in volume.files}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("emptyDir: {}", Volume("data", "empty_dir")),
        ("emptyDir: null", Volume("data", "empty_dir")),
        ("emptyDir: {medium: Memory, sizeLimit: 64Mi}", Volume("data", "empty_dir", "Memory", 64 << 20)),
        ("emptyDir: {mode: 01777}", Volume("data", "empty_dir", mode=0o1777)),
        ("emptyDir: {sizeLimit: 1500m, mode: 0750}", Volume("data", "empty_dir", size_limit=2, mode=0o750)),
        ("hostPath: {path: /srv//data/}", Volume("data", "host_path", path="/srv/data")),
        ("hostPath: {path: /, type: Directory}", Volume("data", "host_path", path="/", check="Directory")),
    ],
)
def test_directories(fields, wanted, volume):
    assert volume(fields) == wanted


def test_a_volume_without_a_source_is_an_empty_dir(read):
    text = f"{HEAD}  volumes: [{{name: data}}]\n  containers: [{{name: main, command: [run]}}]\n"
    assert read(text).pod.volumes == (Volume("data", "empty_dir"),)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("configMap: {name: conf}",
         {"b.conf": (0o644, b"two"), "a.conf": (0o644, b"one\n"), "raw": (0o644, b"\xff\0")}),
        ("configMap: {name: conf, defaultMode: 0400, items: [{key: a.conf, path: x//y}, "
         "{key: raw, path: r, mode: 511}]}",
         {"x/y": (0o400, b"one\n"), "r": (0o777, b"\xff\0")}),
        ("configMap: {name: none, optional: true}", {}),
        ("configMap: {name: conf, optional: true, items: [{key: none, path: x}, {key: b.conf, path: b}]}",
         {"b": (0o644, b"two")}),
        ("downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}, "
         "{path: a, mode: 0600, fieldRef: {fieldPath: metadata.annotations}}, "
         "{path: name, fieldRef: {fieldPath: metadata.name}}, "
         "{path: one, fieldRef: {fieldPath: \"metadata.labels['b']\"}}, "
         "{path: mem, resourceFieldRef: {containerName: main, resource: limits.memory, divisor: 1Mi}}]}",
         {"l": (0o644, b'a="1"\nb="2"'), "a": (0o600, b'k="x\\ny\\""'), "name": (0o644, b"web"), "one": (0o644, b"2"),
          "mem": (0o644, b"64")}),
        ("projected: {defaultMode: 0440, sources: [{configMap: {name: conf, items: [{key: b.conf, path: d/b}]}}, "
         "{downwardAPI: {items: [{path: d/n, fieldRef: {fieldPath: metadata.name}}]}}, "
         "{configMap: {name: none, optional: true}}]}",
         {"d/b": (0o440, b"two"), "d/n": (0o440, b"web")}),
    ],
)  # fmt: skip
def test_files(fields, wanted, volume):
    found = volume(fields)
    assert (found.kind, found.medium) == ("files", "")
    assert files_of(found) == wanted


def secret(key: str, optional: bool = False) -> EnvSource:
    return EnvSource("secret", "", "db", key, is_optional=optional, is_secret=True)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("secret: {secretName: db, defaultMode: 0400}", {"pw": (0o400, "pw"), "user": (0o400, "user")}),
        ("secret: {secretName: db, items: [{key: user, path: a/u, mode: 0600}]}", {"a/u": (0o600, "user")}),
        ("projected: {sources: [{secret: {name: db, items: [{key: pw, path: p}]}}]}", {"p": (0o644, "pw")}),
    ],
)
def test_secrets_are_named_and_on_no_disk(fields, wanted, volume):
    found = volume(fields)
    assert found.medium == "Memory"
    assert {f.path: (f.mode, f.source.key) for f in found.files if f.source and f.source.is_secret} == wanted
    assert "hunter" not in str(found)


def test_a_secret_is_handed_to_a_pod_that_runs_here_and_to_no_other(volume, read):
    values = {file.path: file.source.value for file in volume("secret: {secretName: db}").files if file.source}
    assert values == {"pw": Secret(b"hunter2"), "user": Secret(b"hunter")}
    volumes = "  volumes: [{name: data, secret: {secretName: db}}]\n"
    text = f"{HEAD}{volumes}  containers: [{{name: main, command: [run]}}]\n{OTHERS}"
    assert read(text).obstacles == ()
    (problem,) = read(text, here=False).obstacles
    assert problem.message == "the Secret `db` cannot go into a plan that is kept"


def test_a_secret_that_is_missing_can_be_checked_and_not_run(read):
    unit = "  containers: [{name: main, command: [run]}]\n"
    reading = read(f"{HEAD}  volumes: [{{name: data, secret: {{secretName: none}}}}]\n{unit}")
    assert [each.message for each in reading.obstacles] == ["there is no Secret `none`"]
    reading = read(f"{HEAD}  volumes: [{{name: data, secret: {{secretName: none, optional: true}}}}]\n{unit}")
    assert reading.obstacles == ()


def test_what_minipod_makes_is_the_groups(volume):
    spec = "  securityContext: {fsGroup: 2000}\n"
    assert volume("emptyDir: {}", spec).group == 2000
    assert volume("hostPath: {path: /srv}", spec).group is None
    found = volume("configMap: {name: conf, defaultMode: 0600}", spec)
    assert (found.group, {file.mode for file in found.files}) == (2000, {0o640})


# --- directories in the place of volumes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    ["persistentVolumeClaim: {claimName: c}", "nfs: {server: a, path: /b}", "emptyDir: {}", "image: {reference: a}",
     "configMap: {name: none}", "projected: {sources: [{serviceAccountToken: {path: token}}, {secret: {name: none}}]}"],
)  # fmt: skip
def test_a_directory_takes_the_place_of_a_volume(fields, volume):
    assert volume(fields, volumes={"data": "/srv"}) == Volume("data", "host_path", path="/srv", check="Directory")


def test_and_of_a_claim(read):
    text = """apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  selector: {}
  serviceName: db
  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]
  template:
    spec:
      containers: [{name: main, command: [run], volumeMounts: [{name: data, mountPath: /data}]}]
"""
    pod = read(text, volumes={"data": "/srv"}).pod
    assert (pod.volumes, pod.units[0].mounts) == (
        (Volume("data", "host_path", path="/srv", check="Directory"),), (Mount("data", "/data"),),
    )  # fmt: skip
    with pytest.raises(ConfigError) as refused:
        read(text)
    (problem,) = refused.value.problems
    assert (problem.message, problem.place.line) == ("the claim `data` cannot be had here", 7)
    assert problem.help.endswith("--volume data=/path")


TOML = '[service.web]\ncommand = ["true"]\nvolumes = { data = "/data" }\n[volume.data]\nempty_dir = true\n'


def test_and_of_a_pod_files_volume(tmp_path):
    path = tmp_path / "pod.toml"
    path.write_text(TOML)
    wanted = Volume("data", "host_path", path="/a=b", check="Directory")
    assert read_pod(str(path), volumes=["data=/a=b/"]).pod.volumes == (wanted,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("data", "write NAME=/PATH"),
        ("data=srv", "write NAME=/PATH"),
        ("=/srv", "write NAME=/PATH"),
        ("data=/srv/../etc", "without .."),
        ("data=/" + "é" * 2048, "at most 4095 bytes"),
        ("dta=/srv", "the pod has no volume dta; did you mean data?"),
    ],
)
def test_no_directory_in_the_place_of_a_volume(given, said, tmp_path):
    path = tmp_path / "pod.toml"
    path.write_text(TOML)
    with pytest.raises(UsageError) as refused:
        read_pod(str(path), volumes=[given])
    assert said in str(refused.value)


# --- mounts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("mountPath: /a//b/", Mount("data", "/a/b")),
        ("mountPath: ./a/b", Mount("data", "/a/b")),  # the kubelet takes it from /
        ("mountPath: /a, readOnly: true, subPath: x/./y", Mount("data", "/a", "x/y", read_only=True)),
        ("mountPath: /a, subPathExpr: $(A)/$(B)", Mount("data", "/a", "one/two-one")),
        ("mountPath: /a, subPathExpr: x-$(IP)-$(A)", Mount("data", "/a", "x-$(IP)-one", expands=True)),
    ],
)
def test_mounts(fields, wanted, read):
    address = "{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}"
    env = f"env: [{{name: A, value: one}}, {{name: B, value: two-$(A)}}, {address}]"
    text = f"{HEAD}  volumes: [{{name: data}}]\n  containers:\n  - name: main\n    command: [run]\n    {env}\n"
    (unit,) = read(f"{text}    volumeMounts: [{{name: data, {fields}}}]\n").pod.units
    assert unit.mounts == (wanted,)


# --- hosts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "name", "lines"),
    [
        ("", "", ()),
        ("  hostAliases: [{ip: 10.0.0.7, hostnames: [db, db.local]}, {ip: '::1', hostnames: [x]}]\n", "",
         (("10.0.0.7", ("db", "db.local")), ("::1", ("x",)))),
        ("  hostname: front\n", "front", (("127.0.0.1", ("front",)),)),
        ("  subdomain: shop\n", "web", (("127.0.0.1", ("web.shop.default.svc.cluster.local", "web")),)),
        ("  hostname: front\n  subdomain: shop\n  setHostnameAsFQDN: true\n",
         "front.shop.default.svc.cluster.local",
         (("127.0.0.1", ("front.shop.default.svc.cluster.local", "front")),)),
        ("  hostname: front\n  hostnameOverride: a.b\n  subdomain: shop\n", "a.b", (("127.0.0.1", ("a.b",)),)),
        ("  hostname: front\n  hostAliases: [{ip: 10.0.0.7, hostnames: [front]}]\n", "front",
         (("10.0.0.7", ("front",)),)),
        ("  hostNetwork: true\n  hostname: front\n", "", ()),
    ],
)  # fmt: skip
def test_hosts(spec, name, lines, read):
    pod = read(f"{HEAD}{spec}  containers: [{{name: main, command: [run]}}]\n").pod
    assert (pod.hostname, pod.hosts) == (name, lines)
    assert pod.env == ({"HOSTNAME": name} if name else {})


@pytest.mark.parametrize(
    ("files", "cpu", "memory"),
    [
        ({"_CPU": "150000 100000\n", "_MEMORY": "67108864\n"}, "2", "64"),
        ({"_CPU": "max 100000\n", "_MEMORY": "max\n"}, "3", "1024"),
        ({"_OLD_CPU": "-1\n", "_MEMORY": "9223372036854771712\n"}, "3", "1024"),
        ({}, "3", "1024"),
    ],
)
def test_a_limit_that_is_left_out_is_the_outer_containers(files, cpu, memory, volume, monkeypatch, tmp_path):
    for name in ("_CPU", "_OLD_CPU", "_MEMORY"):
        path = tmp_path / name
        if name in files:
            path.write_text(files[name])
        monkeypatch.setattr(outer_limit, name, str(path) if name == "_CPU" else (str(path), str(tmp_path / "period")))
    monkeypatch.setattr(outer_limit.os, "sched_getaffinity", lambda pid: {0, 1, 2})
    monkeypatch.setattr(outer_limit.os, "sysconf", {"SC_PHYS_PAGES": 1 << 18, "SC_PAGE_SIZE": 4096}.get)
    item = "{path: %s, resourceFieldRef: {containerName: free, resource: limits.%s, divisor: %s}}"
    items = ", ".join(item % each for each in (("c", "cpu", "1"), ("m", "memory", "1Mi")))
    found = volume(f"downwardAPI: {{items: [{items}]}}")
    assert [file.content for file in found.files] == [cpu.encode(), memory.encode()]


def test_and_not_known_where_the_pod_does_not_run(read):
    item = "{path: c, resourceFieldRef: {containerName: main, resource: limits.cpu}}"
    text = f"{HEAD}  volumes: [{{name: data, downwardAPI: {{items: [{item}]}}}}]\n"
    reading = read(f"{text}  containers: [{{name: main, command: [run]}}]\n", here=False)
    assert [each.message for each in reading.obstacles] == ["the limit of cpu is not known here"]


def test_string_data_goes_before_data():
    assert secret_value({"data": {"k": "YQ=="}, "stringData": {"k": "b"}}, "k") == Secret(b"b")
