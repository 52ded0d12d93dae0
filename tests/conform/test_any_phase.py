"""Phases of pods at random, against the kubelet's own way to find them: count, then decide (spec.md section 1).

The counting here is a second statement of the rule; it shares nothing with the tables that the replay asks.
"""

import json
import random
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

REPLAY = Path(__file__).with_name("replay.py")
CASES = 400
CODES = (0, 0, 1, 3, 42, 137)
POLICIES = ("Always", "OnFailure", "Never")
ANEW = "RestartingAllContainers"


# --- the rule -------------------------------------------------------------------------------------------------------


def is_restartable(container: Mapping, pods: str, end: Mapping) -> bool:
    """Whether what ended so runs again (spec.md sections 1 and 3)."""
    code, own = end["exitCode"], container.get("restartPolicy")
    rules = container.get("restartPolicyRules", ()) if own else ()
    ruled = any((code in r["exitCodes"]["values"]) is (r["exitCodes"]["operator"] == "In") for r in rules)
    policy = own or pods
    return end.get("reason") == ANEW or ruled or policy == "Always" or (policy == "OnFailure" and code != 0)


def last_end(status: Mapping) -> Mapping | None:
    return (status.get("lastState") or {}).get("terminated")


def count_init(container: Mapping, pods: str, status: Mapping | None) -> list[str]:
    state = (status or {}).get("state") or {}
    end = state.get("terminated") or (last_end(status) if "waiting" in state else None)
    if end is None:
        return ["pending init"]
    return ["failed init"] if end["exitCode"] and not is_restartable(container, pods, end) else []


def count_sidecar(container: Mapping, pods: str, status: Mapping | None) -> list[str]:
    if status is None:
        return ["unknown"]
    state = status.get("state") or {}
    if "running" in state:
        return ["running"] if status.get("started") else ["running", "pending sidecar"]
    if "terminated" in state or ("waiting" in state and last_end(status)):
        return []
    return ["pending sidecar", "waiting" if "waiting" in state else "unknown"]


def count_main(container: Mapping, pods: str, status: Mapping | None) -> list[str]:
    state = (status or {}).get("state") or {}
    if "running" in state:
        return ["running"]
    end = state.get("terminated") or (last_end(status) if "waiting" in state else None)
    if end is None:
        return ["waiting" if "waiting" in state else "unknown"]
    found = ["stopped"] if is_restartable(container, pods, end) else ["stopped", "stopped for good"]
    return [*found, "succeeded"] if "terminated" in state and end["exitCode"] == 0 else found


def decide(case: Mapping, n: Counter) -> str:
    if n["failed init"]:
        return "Failed"
    if n["pending init"] or n["waiting"] or (n["pending sidecar"] and not case["podHasInitialized"]):
        return "Pending"
    if n["unknown"] or not (n["running"] or n["stopped"]):
        return "Pending"
    if n["running"] or (not case["podIsTerminal"] and n["stopped"] != n["stopped for good"]):
        return "Running"
    return "Succeeded" if n["stopped"] == n["succeeded"] else "Failed"


def phase(case: Mapping) -> str:
    first = {status["name"]: status for status in reversed(case["statuses"])}
    counts: Counter = Counter()
    for container in case["initContainers"]:
        count = count_sidecar if container.get("restartPolicy") == "Always" else count_init
        counts.update(count(container, case["podRestartPolicy"], first.get(container["name"])))
    for container in case["containers"]:
        counts.update(count_main(container, case["podRestartPolicy"], first.get(container["name"])))
    return decide(case, counts)


# --- cases ----------------------------------------------------------------------------------------------------------


def any_end(chance: random.Random) -> dict:
    anew = chance.random() < 0.1
    return {"terminated": {"exitCode": 137, "reason": ANEW} if anew else {"exitCode": chance.choice(CODES)}}


def any_statuses(chance: random.Random, name: str) -> list[dict]:
    """None, one, or two of a name."""
    started = chance.random() < 0.5
    states = [
        {"state": {"running": {}}, "started": started},
        {"state": {"running": {}}, "started": started, "lastState": any_end(chance)},
        {"state": any_end(chance)},
        {"state": any_end(chance), "lastState": any_end(chance)},
        {"state": {"waiting": {"reason": "PodInitializing"}}},
        {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": any_end(chance)},
        {"state": {}},
    ]
    return [{"name": name, **chance.choice(states)} for _ in range(chance.choice((0, 1, 1, 1, 1, 1, 1, 2)))]


def any_container(chance: random.Random, name: str) -> dict:
    container: dict = {"name": name}
    if chance.random() < 0.5:
        container["restartPolicy"] = chance.choice(POLICIES)
    if chance.random() < 0.4:
        container["restartPolicyRules"] = [any_rule(chance) for _ in range(chance.choice((1, 2)))]
    return container


def any_rule(chance: random.Random) -> dict:
    codes = {"operator": chance.choice(("In", "NotIn")), "values": chance.sample((0, 1, 3, 42), 2)}
    return {"action": chance.choice(("Restart", "RestartAllContainers")), "exitCodes": codes}


def any_case(chance: random.Random, number: int) -> dict:
    inits = [any_container(chance, f"init-{i}") for i in range(chance.choice((0, 0, 1, 2)))]
    mains = [any_container(chance, f"main-{i}") for i in range(chance.choice((1, 1, 2, 3)))]
    case = {
        "id": str(number),
        "podRestartPolicy": chance.choice(POLICIES),
        "initContainers": inits,
        "containers": mains,
        "statuses": [status for each in [*inits, *mains] for status in any_statuses(chance, each["name"])],
        "podIsTerminal": chance.random() < 0.15,
        "podHasInitialized": chance.random() < 0.5,
    }
    return {**case, "expectedPhase": phase(case)}


@pytest.mark.parametrize("seed", range(3))
def test_any_phase(python: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    cases = [any_case(chance, number) for number in range(CASES)]
    assert {case["expectedPhase"] for case in cases} == {"Pending", "Running", "Succeeded", "Failed"}
    Path(tmp_path, "phase.json").write_text(json.dumps({"cases": cases}), encoding="utf-8")
    done = subprocess.run([python, REPLAY, tmp_path], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == f"{CASES} passed, 0 failed, 0 different-by-rule", done.stdout[:2000]
