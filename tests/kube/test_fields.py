"""The table of fields against the schema that Kubernetes publishes, and what is printed from it."""

import json
from pathlib import Path

import kubernetes_validate
import pytest

from minipod.kube.field import Verdict
from minipod.kube.fields import KINDS, TYPES, inner_type, rows
from minipod.kube.reference import markdown

SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
CORE, APPS = "io.k8s.api.core.v1.", "io.k8s.api.apps.v1."
# What Kubernetes calls each type of the table, where it is not the same word in the core group.
NAMES = {
    **{name: APPS + name for name in TYPES if name.startswith(("Deploy", "ReplicaSet", "StatefulSet", "DaemonSet"))},
    "Job": "io.k8s.api.batch.v1.Job",
    "JobSpec": "io.k8s.api.batch.v1.JobSpec",
    "Meta": "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
    "LabelSelector": "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
    "Requirement": "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement",
    "Template": CORE + "PodTemplateSpec",
    "Claim": CORE + "PersistentVolumeClaim",
    "PodSecurity": CORE + "PodSecurityContext",
    "Port": CORE + "ContainerPort",
    "Handler": CORE + "LifecycleHandler",
    "Exec": CORE + "ExecAction",
    "Http": CORE + "HTTPGetAction",
    "Header": CORE + "HTTPHeader",
    "Tcp": CORE + "TCPSocketAction",
    "Grpc": CORE + "GRPCAction",
    "Sleep": CORE + "SleepAction",
    "Env": CORE + "EnvVar",
    "EnvSource": CORE + "EnvVarSource",
    "ConfigMapKey": CORE + "ConfigMapKeySelector",
    "SecretKey": CORE + "SecretKeySelector",
    "FieldRef": CORE + "ObjectFieldSelector",
    "FileKey": CORE + "FileKeySelector",
    "ResourceRef": CORE + "ResourceFieldSelector",
    "EnvFrom": CORE + "EnvFromSource",
    "ConfigMapRef": CORE + "ConfigMapEnvSource",
    "SecretRef": CORE + "SecretEnvSource",
    "Resources": CORE + "ResourceRequirements",
    "RestartRule": CORE + "ContainerRestartRule",
    "ExitCodes": CORE + "ContainerRestartRuleOnExitCodes",
    "Security": CORE + "SecurityContext",
    "Seccomp": CORE + "SeccompProfile",
    "EmptyDir": CORE + "EmptyDirVolumeSource",
    "HostPath": CORE + "HostPathVolumeSource",
    "ConfigMapVolume": CORE + "ConfigMapVolumeSource",
    "SecretVolume": CORE + "SecretVolumeSource",
    "Item": CORE + "KeyToPath",
    "DownwardVolume": CORE + "DownwardAPIVolumeSource",
    "DownwardFile": CORE + "DownwardAPIVolumeFile",
    "Projected": CORE + "ProjectedVolumeSource",
    "Projection": CORE + "VolumeProjection",
    "ProjectedConfigMap": CORE + "ConfigMapProjection",
    "ProjectedDownward": CORE + "DownwardAPIProjection",
    "ProjectedSecret": CORE + "SecretProjection",
}
# Kubernetes has taken them out, and publishes them no more.
GONE = {"PodPreset", "PodPresetSpec"}
PUBLISHED = [type for type in TYPES if type not in GONE]
# Fields that some other version of the schema has.
ELSEWHERE = {("PodSpec", "workloadRef"), ("PodTemplate", "status")}
# Alpha fields that ask for more than minipod knows: refused as unknown.
UNKNOWN = {"defaultUser", "user", "mode", "scheduling"}
TOLERANT = {"ConfigMapVolume", "SecretVolume", "Item", "DownwardVolume", "DownwardFile", "Projected", "Grpc", "JobSpec"}


@pytest.fixture(scope="module")
def definitions() -> dict:
    newest = max(SCHEMAS.glob("v*-local"), key=lambda path: [int(part) for part in path.name[1:-6].split(".")])
    return json.loads((newest / "_definitions.json").read_text(encoding="utf-8"))["$defs"]


@pytest.mark.parametrize("type", PUBLISHED)
def test_no_field_of_the_schema_is_missing(definitions, type):
    published = set(definitions[NAMES.get(type, CORE + type)]["properties"])
    missing = published - set(TYPES[type])
    assert missing <= (UNKNOWN if type in TOLERANT else set())


@pytest.mark.parametrize("type", PUBLISHED)
def test_no_field_is_invented(definitions, type):
    published = set(definitions[NAMES.get(type, CORE + type)]["properties"])
    assert {name for name in TYPES[type] if (type, name) not in ELSEWHERE} <= published


@pytest.mark.parametrize("type", PUBLISHED)
def test_what_must_be_there_is_asked_for(definitions, type):
    required = set(definitions[NAMES.get(type, CORE + type)].get("required", ())) - {"selector"}
    assert required <= {name for name, field in TYPES[type].items() if field.required}


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_a_field_is_known(kind):
    for path, field in rows(kind):
        inner = inner_type(field.type)[0]
        is_plain = inner.split(" ")[0] in ("text", "flag", "int", "port", "quantity", "any")
        assert inner in TYPES or is_plain or "|" in inner or inner == "v1", path


@pytest.mark.parametrize("kind", KINDS)
def test_a_verdict_that_differs_has_its_reason(kind):
    assert [path for path, field in rows(kind) if field.verdict is not Verdict.EXACT and not field.why] == []


def test_the_page_is_printed_from_the_table(root):
    assert (root / "docs/kubernetes_fields.md").read_text(encoding="utf-8") == markdown()
