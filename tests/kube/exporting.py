"""What export's tests share: a pod written as a manifest, checked against the published schema, and read again."""

from functools import cache

import yaml
from jsonschema import Draft202012Validator
from kubernetes_validate.utils import schema_contents
from referencing import Registry, Resource

from minipod.kube.export import export_pod
from minipod.kube.export_losses import Losses
from minipod.kube.export_yaml import to_yaml
from minipod.kube.read import read_manifest
from minipod.model import Pod

VERSION = "1.36"  # whose rules minipod has


def to_documents(text: str) -> list[dict]:
    """What a manifest's text holds, valid by the schemas; nothing in it is unknown to them."""
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        validator(document["kind"], document["apiVersion"]).validate(document)
    return documents


@cache
def validator(kind: str, api: str) -> Draft202012Validator:
    """As ``kubernetes_validate.validate`` makes one for every document anew, which takes a second each."""
    folder = f"kubernetes-json-schema/v{VERSION}.0-local-strict"
    group, _, version = api.rpartition("/")
    name = "-".join(filter(None, (kind.lower(), group.partition(".")[0], version)))
    schema = schema_contents(f"{folder}/{name}.json", VERSION)
    definitions = Resource.from_contents(schema_contents(f"{folder}/_definitions.json", VERSION))
    return Draft202012Validator(schema, registry=definitions @ (Resource.from_contents(schema) @ Registry()))


def manifest_of(pod: Pod, kind: str = "Pod") -> tuple[str, list[str]]:
    """The text, and what it does not say."""
    losses = Losses()
    documents = export_pod(pod, kind, lambda unit: "app:1", losses)
    text = to_yaml(documents, losses.remarks())
    assert to_documents(text) == documents
    return text, [each.message for each in losses.found.all]


def reread(text: str) -> Pod:
    """What the reader of manifests makes of it, images aside: they are what the exporter was told."""
    pod = read_manifest(text, "pod.yaml", entrypoints={}).pod
    return pod._replace(units=tuple(unit._replace(image="") for unit in pod.units))
