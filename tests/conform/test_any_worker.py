"""Probes of containers at random, tick by tick, against the kubelet's own worker (spec.md section 6.3).

The worker here is a second statement of the rule; it shares nothing with the machines that the replay asks.
"""

import json
import random
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

REPLAY = Path(__file__).with_name("replay.py")
CASES = 300
FIRST = {"readiness": "Failure", "liveness": "Success", "startup": "Unknown"}
POLICIES = ("Always", "OnFailure", "Never")
CODES = (0, 1, 42)
OUTCOMES = ("success", "success", "failure", "failure", "failure", "unknown", "warning", "error")


# --- the rule -------------------------------------------------------------------------------------------------------


class Worker:
    """What the kubelet keeps for one container and one kind of probe."""

    def __init__(self, case: Mapping):
        probe = case["probe"]
        self.case, self.kind, self.delay = case, case["probeType"], probe.get("initialDelaySeconds", 0)
        self.needed = {"Success": probe.get("successThreshold", 1), "Failure": probe.get("failureThreshold", 1)}
        self.id = self.result = self.last = None
        self.is_held, self.run = False, 0

    def tick(self, pod: Mapping | None, outcome: str) -> bool:
        """Whether the worker goes on."""
        container = (pod or {}).get("container")
        if pod is not None and pod["phase"] in ("Failed", "Succeeded"):
            return False
        if container is None:
            return True
        if container["id"] != self.id:
            self.id, self.result, self.is_held = container["id"], FIRST[self.kind], False
        return self.is_held or self.see(pod, container, outcome)

    def see(self, pod: Mapping, container: Mapping, outcome: str) -> bool:
        if container["state"] != "running":
            self.result = "Failure"
            return container["state"] == "waiting" or is_restartable(self.case, container["exitCode"])
        if pod.get("deleted") and self.kind != "readiness":
            self.result = "Success"
            return False
        is_due = container["runningForSeconds"] >= self.delay
        if is_due and container["started"] is (self.kind != "startup") and outcome != "error":
            self.count("Success" if outcome in ("success", "warning") else "Failure")
        return True

    def count(self, result: str) -> None:
        self.run = self.run + 1 if result == self.last else 1
        self.last = result
        if self.run < self.needed[result]:
            return
        self.result = result
        if self.kind == "startup" or (self.kind == "liveness" and result == "Failure"):
            self.is_held, self.run = True, 0


def is_restartable(case: Mapping, code: int) -> bool:
    own = case["container"].get("restartPolicy")
    policy = own or case["podRestartPolicy"]
    return policy == "Always" or (policy == "OnFailure" and code != 0)


# --- cases ----------------------------------------------------------------------------------------------------------


def any_steps(chance: random.Random, kind: str) -> Iterator[tuple[dict | None, str]]:
    """What becomes of a container: it is not there yet, runs, ends, and runs again."""
    yield from ((chance.choice((None, {"phase": "Pending", "container": None})), "success") for _ in range(2))
    is_deleted = False
    for number in range(chance.choice((1, 2, 3))):
        name, age, started = f"c{number}", 0, kind != "startup" and chance.random() < 0.8
        for _ in range(chance.randrange(9)):
            running = {"id": name, "state": "running", "started": started, "runningForSeconds": age}
            is_deleted = is_deleted or chance.random() < 0.03
            yield {"phase": "Running", "container": running, "deleted": is_deleted}, chance.choice(OUTCOMES)
            age, started = age + chance.choice((1, 4)), started or (kind != "startup" and chance.random() < 0.5)
        ended = {"id": name, "state": "terminated", "exitCode": chance.choice(CODES)}
        yield {"phase": chance.choice(("Running", "Running", "Running", "Failed")), "container": ended}, "success"


def any_case(chance: random.Random, number: int) -> dict:
    kind = chance.choice(tuple(FIRST))
    probe = {"failureThreshold": chance.choice((1, 2, 3)), "initialDelaySeconds": chance.choice((0, 0, 5))}
    if kind == "readiness":
        probe["successThreshold"] = chance.choice((1, 2, 3))
    case = {
        "id": str(number), "probeType": kind, "probe": probe, "podRestartPolicy": chance.choice(POLICIES),
        "container": chance.choice(({}, {"restartPolicy": chance.choice(POLICIES)})),
    }
    return {**case, "steps": list(judged(Worker(case), any_steps(chance, kind)))}


def judged(worker: Worker, steps: Iterator[tuple[dict | None, str]]) -> Iterator[dict]:
    for pod, outcome in steps:
        goes_on = worker.tick(pod, outcome)
        expect = {"continue": goes_on, "result": worker.result, "resultRun": worker.run, "onHold": worker.is_held}
        yield {"pod": pod, "probeOutcome": outcome, "expect": expect}
        if not goes_on:
            return


@pytest.mark.parametrize("seed", range(3))
def test_any_worker(python: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    cases = [any_case(chance, number) for number in range(CASES)]
    told = [step["expect"] for case in cases for step in case["steps"]]
    assert {expect["result"] for expect in told} == {None, "Success", "Failure", "Unknown"}
    assert {expect["onHold"] for expect in told} == {expect["continue"] for expect in told} == {True, False}
    Path(tmp_path, "probe_worker.json").write_text(json.dumps({"cases": cases}), encoding="utf-8")
    done = subprocess.run([python, REPLAY, tmp_path], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == f"{CASES} passed, 0 failed, 0 different-by-rule", done.stdout[:2000]
