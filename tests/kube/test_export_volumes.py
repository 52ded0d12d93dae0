"""`minipod export kubernetes`: volumes, mounts and hosts, and what a cluster must be given for them."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from exporting import manifest_of, reread

from minipod.config.read import read_pod
from minipod.kube.export import export_pod
from minipod.kube.export_losses import Losses
from minipod.model import Pod

SERVICE = '[service.web]\ncommand = ["serve"]\n'
VOLUMES = """volumes = { data = "/data", conf = { path = "/etc/app", sub_path_expr = "$(ROLE)" }, keys = "/keys" }
env = { ROLE = "front" }
[volume.data]
empty_dir = { medium = "Memory", size_limit = "64Mi", mode = "0770" }
[volume.conf]
files = { "a.conf" = "a", "front/b.conf" = "b" }
[volume.keys]
projected = [{ secret = { files = { "tls.key" = "/run/key" }, optional = true } }, { config_map = "/etc/more" }]
default_mode = "0400"
[hosts]
"10.0.0.7" = ["db", "db.local"]
"""


@pytest.fixture
def pod(tmp_path: Path) -> Callable[[str], Pod]:
    """A pod from a text."""

    def read(text: str) -> Pod:
        path = tmp_path / "shop.toml"
        path.write_text(text, encoding="utf-8")
        return read_pod(str(path)).pod

    return read


@pytest.fixture
def export(pod) -> Callable:
    """The documents of a text, and all that is said of them."""

    def run(text: str) -> tuple[list[dict], str]:
        losses = Losses()
        export_pod(pod(text), "Pod", lambda unit: "app:1", losses)
        said = "\n".join(f"{each.message}\n{each.help}" for each in losses.found.all)
        return list(yaml.safe_load_all(manifest_of(pod(text))[0])), said

    return run


def test_volumes_of_a_pod_file(export):
    (config, workload), said = export(SERVICE + VOLUMES)
    spec = workload["spec"]
    assert config["data"] == {"a.conf": "a", "file-1": "b"}
    items = [{"key": "a.conf", "path": "a.conf"}, {"key": "file-1", "path": "front/b.conf"}]
    secret = {"name": "shop-keys", "optional": True, "items": [{"key": "tls.key", "path": "tls.key"}]}
    assert spec["volumes"] == [
        {"name": "data", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        {"name": "conf", "configMap": {"name": "shop-conf", "items": items}},
        {
            "name": "keys",
            "projected": {
                "sources": [{"secret": secret}, {"configMap": {"name": "shop-keys"}}], "defaultMode": 0o400,
            },
        },
    ]  # fmt: skip
    assert spec["containers"][0]["volumeMounts"] == [
        {"name": "data", "mountPath": "/data"},
        {"name": "conf", "mountPath": "/etc/app", "subPathExpr": "$(ROLE)"},
        {"name": "keys", "mountPath": "/keys"},
    ]
    assert spec["hostAliases"] == [{"ip": "10.0.0.7", "hostnames": ["db", "db.local"]}]
    assert "kubectl create secret generic shop-keys --from-file=tls.key=/run/key" in said
    assert "kubectl create configmap shop-keys --from-file=/etc/more" in said
    assert "`mode` of the volume data is not in the manifest" in said


def test_files_that_all_have_keys_need_no_items(export):
    text = 'volumes = { conf = "/etc/app" }\n[volume.conf]\nfiles = { b = "2", a = "1" }\ndefault_mode = "0600"\n'
    _, workload = export(SERVICE + text)[0]
    assert workload["spec"]["volumes"] == [{"name": "conf", "configMap": {"name": "shop-conf", "defaultMode": 0o600}}]


def test_a_directory_that_took_a_place_is_named(pod):
    text = SERVICE + 'volumes = { data = "/data" }\n[volume.data]\nhost_path = { path = "/srv", type = "Directory" }\n'
    assert reread(manifest_of(pod(text))[0]).volumes == pod(text).volumes


def test_hosts_name_goes_the_same_way():
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  hostname: front\n  subdomain: web\n"
        "  setHostnameAsFQDN: true\n  containers: [{name: a, command: [b]}]\n"
    )
    pod = reread(text)
    written = manifest_of(pod)[0]
    assert "hostnameOverride: front.web.default.svc.cluster.local" in written
    assert reread(written) == pod


@pytest.mark.parametrize("more", ["", "  subdomain: web\n", "  hostAliases: [{ip: 10.0.0.7, hostnames: [db]}]\n"])
def test_the_hosts_own_line_comes_of_its_name(more):
    """An alias of it would lead to 127.0.0.1 on a cluster, too."""
    pod = reread(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: shop}}\nspec:\n  hostname: front\n{more}"
        "  containers: [{name: a, command: [b]}]\n"
    )
    written = manifest_of(pod)[0]
    assert ("subdomain: web" in written) == ("subdomain" in more)
    assert "127.0.0.1" not in written
    assert reread(written) == pod


def test_a_line_that_no_name_brings_stays_an_alias():
    pod = reread(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: shop, namespace: far}\nspec:\n  hostname: front\n"
        "  subdomain: web\n  containers: [{name: a, command: [b]}]\n"
    )
    written = manifest_of(pod)[0]
    assert "front.web.far.svc.cluster.local" in written
    assert reread(written) == pod


def test_a_file_with_a_limit_of_the_container_around_names_a_container(read):
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: a, image: i, command: [b]}]\n"
        "  volumes:\n  - name: about\n    downwardAPI:\n      items:\n"
        "      - {path: cpu, resourceFieldRef: {containerName: a, resource: limits.cpu, divisor: 1m}}\n"
    )
    pod = read(text, here=False).pod
    written, _ = manifest_of(pod)
    (item,) = yaml.safe_load(written)["spec"]["volumes"][0]["downwardAPI"]["items"]
    assert item["resourceFieldRef"] == {"containerName": "a", "resource": "limits.cpu", "divisor": "1m"}
    assert read(written, here=False).pod.volumes == pod.volumes
