"""A pod from the text of a manifest, in one call."""

import pytest

from minipod.kube.read import read_manifest

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"


@pytest.fixture
def read():
    """``read(text, **options)`` is what the manifest of that text means."""

    def run(text: str, **options):
        return read_manifest(text, "pod.yaml", **{"entrypoints": {}, **options})

    return run


@pytest.fixture
def unit(read):
    """``unit(fields)``: the unit of a container with these fields, in YAML's flow style."""

    def run(fields: str, *, spec: str = "", others: str = "", **options):
        container = "{name: main, command: [run], " + fields + "}"
        return read(f"{HEAD}{spec}  containers: [{container}]\n{others}", **options).pod.units[0]

    return run
