"""The API of 2014, as v1."""

import json

import pytest

from minipod.errors import ConfigError
from minipod.supervisor.words import Handler, Kind

POD = {
    "id": "redis-master",
    "kind": "Pod",
    "apiVersion": "v1beta1",
    "desiredState": {
        "manifest": {
            "version": "v1beta1",
            "id": "redis-master",
            "containers": [
                {
                    "name": "master",
                    "image": "dockerfile/redis",
                    "imagePullPolicy": "PullAlways",
                    "command": ["serve", "$(MODE)"],
                    "cpu": 1500,
                    "memory": 1000,
                    "privileged": False,
                    "env": [
                        {"key": "MODE", "value": "fast"},
                        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                    ],
                    "ports": [{"name": "redis", "containerPort": 6379, "hostPort": 6379}],
                    "livenessProbe": {"type": "tcp", "tcpSocket": {"port": "redis"}, "initialDelaySeconds": 30},
                    "volumeMounts": [{"name": "data", "path": "/data", "mountType": "LOCAL"}],
                }
            ],
            "volumes": [
                {"name": "data", "source": {"emptyDir": {}}},
                {"name": "host", "source": {"hostDir": {"path": "/x"}}},
            ],
            "restartPolicy": {"onFailure": {}},
        }
    },
    "labels": {"name": "redis-master"},
}


@pytest.fixture
def pod(read):
    return read(json.dumps(POD)).pod


def test_what_it_is(pod):
    assert (pod.name, pod.labels) == ("redis-master", {"name": "redis-master"})
    (unit,) = pod.units
    assert (unit.name, unit.kind, unit.restart) == ("master", Kind.SERVICE, "on_failure")


def test_the_policy_may_stand_beside_the_manifest(read):
    old = json.loads(json.dumps(POD))
    del old["desiredState"]["manifest"]["restartPolicy"]
    old["desiredState"]["restartPolicy"] = {"never": {}}
    assert read(json.dumps(old)).pod.units[0].restart == "never"


def test_its_command_was_the_images_cmd(pod, read):
    assert (pod.units[0].command, pod.units[0].args) == (("serve",), ("fast",))
    (unit,) = read(json.dumps(POD), entrypoints={"dockerfile/redis": ("entry",)}).pod.units
    assert (unit.command, unit.args) == (("entry",), ("serve", "fast"))


def test_numbers_become_resources(pod):
    assert pod.units[0].env == {"MODE": "fast", "CPU": "2"}


def test_volumes_and_probes(pod):
    assert [(volume.name, volume.kind, volume.path) for volume in pod.volumes] == [
        ("data", "empty_dir", ""),
        ("host", "host_path", "/x"),
    ]
    assert [(mount.volume, mount.path) for mount in pod.units[0].mounts] == [("data", "/data")]
    assert (pod.units[0].liveness_probe.ask.handler, pod.units[0].liveness_probe.ask.port) == (
        Handler.TCP_SOCKET,
        6379,
    )


def test_the_pod_of_a_controller(read):
    template = {"desiredState": POD["desiredState"], "labels": {"of": "pod"}}
    state = {"replicas": 1, "replicaSelector": {"of": "pod"}, "podTemplate": template}
    controller = {"id": "many", "kind": "ReplicationController", "apiVersion": "v1beta1", "desiredState": state}
    manifest = json.loads(json.dumps(controller))
    del manifest["desiredState"]["podTemplate"]["desiredState"]["manifest"]["restartPolicy"]
    pod = read(json.dumps(manifest)).pod
    assert (pod.name, pod.labels, [unit.name for unit in pod.units]) == ("many", {"of": "pod"}, ["master"])


def test_a_bare_manifest(read):
    pod = read(json.dumps(POD["desiredState"]["manifest"])).pod
    assert (pod.name, [unit.name for unit in pod.units]) == ("redis-master", ["master"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ([], {"desiredState": 5}), ([], {"desiredState": {"manifest": []}}),
        (["desiredState"], {"extra": 1}), (["desiredState", "manifest"], {"containers": {}}),
        (["desiredState", "manifest"], {"containers": [5, None]}), (["desiredState", "manifest"], {"volumes": [5]}),
        (["desiredState", "manifest"], {"volumes": [{"name": "x", "source": 5}]}),
        (["desiredState", "manifest"], {"restartPolicy": {"always": {}, "never": {}}}),
        (["desiredState", "manifest", "containers", 0], {"env": [5]}),
        (["desiredState", "manifest", "containers", 0], {"livenessProbe": 5}),
        (["desiredState", "manifest", "containers", 0], {"imagePullPolicy": {}}),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_told_with_its_place(read, path, value):
    manifest = json.loads(json.dumps(POD))
    inner = manifest
    for part in path:
        inner = inner[part]
    inner.update(value)
    with pytest.raises(ConfigError) as caught:
        read(json.dumps(manifest, indent=1))
    assert all(problem.place.line for problem in caught.value.problems)
