"""The table of fields printed for people: `python -m minipod.kube.reference` is docs/kubernetes_fields.md; a test
compares them.
"""

import sys

from minipod.kube.field import Field, Verdict
from minipod.kube.fields import KINDS, TYPES, inner_type

_HEAD = """# Fields of a Kubernetes manifest

What minipod makes of each field, printed from the table that it reads manifests by (`minipod/kube/fields.py`). What is
not in it is no field: an error with its place. `minipod check FILE` prints the verdict of each field that a manifest
sets; how manifests are run is told in [kubernetes.md](kubernetes.md).

| verdict | |
|---|---|
"""
_TITLES = {
    "Meta": "metadata",
    "PodSpec": "spec of a Pod",
    "PodSecurity": "spec.securityContext",
    "PodOS": "spec.os",
    "HostAlias": "spec.hostAliases[]",
    "PodPresetSpec": "spec of a PodPreset",
    "LabelSelector": "spec.selector of a PodPreset",
    "Requirement": "spec.selector.matchExpressions[] of a PodPreset",
    "Template": "template",
    "Container": "containers[] and initContainers[]",
    "Security": "securityContext of a container",
    "Volume": "volumes[]",
}


def markdown() -> str:
    """The whole file."""
    rows = [f"| **{verdict.word}** | {verdict.value} |" for verdict in Verdict]
    return _HEAD + "\n".join(rows) + "\n" + "".join(_section(type) for type in TYPES)


def _section(type: str) -> str:
    versions = f" ({', '.join(KINDS[type])})" if type in KINDS else ""
    title = _TITLES.get(type, type)
    rows = [_row(name, field) for name, field in TYPES[type].items()]
    return "\n".join([f"\n## {title}{versions}\n", "| field | type | verdict | |", "|---|---|---|---|", *rows, ""])


def _row(name: str, field: Field) -> str:
    why = field.why.replace("|", "\\|")
    verdict = field.verdict.word + (", an error with --strict" if field.matters else "")
    return f"| {name} | {_type(field)} | {verdict} | {why} |"


def _type(field: Field) -> str:
    inner, suffix = inner_type(field.type)
    inner = {"any": "", "flag": "true or false", "int": "number"}.get(inner.partition(" ")[0], inner)
    inner = "number" if field.type.startswith("int ") else inner
    shown = f"{'list of ' * suffix.count('[]')}{'map to ' * suffix.count('{}')}{inner}".replace("|", ", ")
    return f"{shown}{', must be there' * field.required}"


if __name__ == "__main__":
    sys.stdout.write(markdown())
