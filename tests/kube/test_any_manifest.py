"""Random manifests, drawn from the table of fields, each with a little that is wrong: there is a pod or there are
mistakes with their places, and nothing else ever comes of it."""

import json
from random import Random

import pytest

from minipod.config.render import render_error
from minipod.errors import ConfigError
from minipod.kube.field import Verdict
from minipod.kube.fields import TYPES
from minipod.kube.read import read_manifest
from minipod.kube.verdicts import tell_verdicts
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower

A_TEXT = [
    "a", "b", "web", "", "/", "/data", "../x", "a/../b", "x" * 300, "$(A)", "$$", "$(", "é", "v1", "metadata.name",
    "status.podIP", "metadata.labels['a']", "limits.cpu", "requests.memory", "SIGTERM", "Memory", "1Gi", "Directory",
    "/a\nb", "kind: Secret", "10.0.0.1", "::1", "http://x", "80", "0", "%", "aGk=",
]  # fmt: skip
A_NUMBER = [0, 1, 2, 5, 80, 255, 300, 420, 511, 65535, 2**31 - 1, 2**31, -1, 10**30]
ANYTHING = [None, True, False, 1, 1.5, "x", "", [], {}, [None], {"a": None}, [[]]]


def draw(dice: Random, type: str, depth: int):
    """A value of that type, or now and then any other."""
    if dice.random() < 0.01:
        return dice.choice(ANYTHING)
    if type[0] == "[":
        return [draw(dice, type[1:-1], depth + 1) for _ in range(dice.choice([0, 1, 1, 2, 3]))]
    if type[0] == "{":
        return {dice.choice(A_TEXT): draw(dice, type[1:-1], depth + 1) for _ in range(dice.choice([0, 1, 2]))}
    if type in TYPES:
        return draw_object(dice, type, depth)
    if type == "flag":
        return dice.random() < 0.5
    if type.startswith("int"):
        return dice.choice(A_NUMBER)
    if "|" in type or type == "v1":
        return dice.choice(type.split("|"))
    if type == "any":
        return dice.choice(ANYTHING)
    if type == "quantity":
        return dice.choice(["1", "500m", "64Mi", 2, 0.5, "1e3", "x", "-1"])
    return dice.choice([80, "web"]) if type == "port" else dice.choice(A_TEXT)


def draw_object(dice: Random, type: str, depth: int) -> dict:
    chance = 0.35 if depth < 4 else 0.25
    drawn = {}
    for name, field in TYPES[type].items():
        is_refused = field.verdict is Verdict.REJECT
        if (field.required and dice.random() < 0.98) or dice.random() < chance * (0.02 if is_refused else 1):
            drawn[name] = draw(dice, field.type, depth + 1)
    if dice.random() < 0.02:
        drawn[dice.choice(["nmae", "livenessprobe", "x"])] = 1
    return drawn


def manifest(dice: Random) -> str:
    """A List of a workload and of what may stand beside it."""
    kind = dice.choice(["Pod"] * 6 + ["Deployment", "Job", "StatefulSet"])
    group = {"Pod": "v1", "Job": "batch/v1"}.get(kind, "apps/v1")
    items = [{**draw_object(dice, kind, 0), "apiVersion": group, "kind": kind, "metadata": {"name": "pod"}}]
    for helper in ("ConfigMap", "Secret"):
        for name in dice.sample(["a", "b", "web"], dice.randrange(3)):
            data = {dice.choice(["a", "b", "web"]): dice.choice(["aGk=", "$(A)"])}
            items.append({"apiVersion": "v1", "kind": helper, "metadata": {"name": name}, "data": data})
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)


@pytest.mark.parametrize("numbers", [range(first, first + 50) for first in range(0, 500, 50)], ids=str)
def test_a_pod_or_mistakes(numbers):
    outcomes = set()
    for number in numbers:
        dice = Random(number)
        text = manifest(dice)
        images = {name: ("run",) for name in ("a", "web") if f'"image": "{name}"' in text}
        try:
            reading = read_manifest(text, "pod.json", entrypoints=images, thorough=bool(number % 2), here=False)
        except ConfigError as bad:
            assert all(problem.place.line and problem.message for problem in bad.problems), number
            assert render_error(bad)
            outcomes.add("mistakes")
        else:
            assert encode(lower(reading.pod))
            tell_verdicts(reading.remarks)
            outcomes.add("pod")
    assert "mistakes" in outcomes


def simple(dice: Random) -> str:
    """One that is right more often than not."""
    container = {"name": "web", "command": ["run", dice.choice(["$(A)", "$$", "x"])]}
    for name in dice.sample(["env", "envFrom", "livenessProbe", "lifecycle", "ports", "securityContext"], 2):
        container[name] = draw(dice, TYPES["Container"][name].type, 3)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": {"containers": [container]}}
    return json.dumps(pod)


def test_some_are_pods():
    pods = 0
    for number in range(400):
        try:
            pod = read_manifest(simple(Random(number)), "pod.json", entrypoints={}).pod
        except ConfigError:
            continue
        pods += bool(encode(lower(pod)))
    assert pods > 40
