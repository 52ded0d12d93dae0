"""The replay over vectors of our own: all of them as expected, and a wrong expectation is found in every family."""

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent
VECTORS = HERE / "vectors"
LAST_LINE = re.compile(r"(\d+) passed, (\d+) failed, (\d+) different-by-rule")
# Families of policy, whose cases both the Python model and the tables in C answer.
BY_TABLES = ("active_deadline", "backoff", "phase", "probe_worker", "restart", "termination_order")


def replay(python: Path, directory: Path) -> tuple[int, list[str]]:
    """The exit status and the lines of a replay."""
    command = [str(python), str(HERE / "replay.py"), str(directory)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def counts(lines: list[str]) -> tuple[int, ...]:
    """Passed, failed, different by rule."""
    return tuple(map(int, LAST_LINE.fullmatch(lines[-1]).groups()))


@pytest.fixture(scope="module")
def ours(python: Path) -> list[str]:
    """What a replay of our own vectors says."""
    status, lines = replay(python, VECTORS)
    assert status == 0, "\n".join(lines)
    return lines


def test_all_is_as_expected(ours: list[str]) -> None:
    passed, failed, by_rule = counts(ours)
    assert passed > 100 and failed == 0
    assert by_rule == sum(int(line.rpartition(" ")[2]) for line in ours if line.startswith("different by rule "))


@pytest.mark.parametrize("family", BY_TABLES)
def test_both_ways_are_counted(ours: list[str], family: str) -> None:
    said = [line.partition(": ")[2] for line in ours if line.startswith(f"{family}, by ")]
    assert len(said) == 2 and said[0] == said[1]


def test_what_cannot_be_answered_is_named_and_not_passed(python: Path, tmp_path: Path) -> None:
    document = {"dns1035Label": {"valid": ["a", "b"], "invalid": ["1"]}}
    Path(tmp_path, "names.json").write_text(json.dumps(document), encoding="utf-8")
    status, lines = replay(python, tmp_path)
    assert (status, counts(lines)) == (0, (0, 0, 0))
    assert [line for line in lines if line.startswith("skipped: names: 3 of dns1035Label: ")]


# The extension with one verdict turned into another: a service that always restarts is done after a failure.
BROKEN = """
import sys
sys.path.insert(0, sys.argv[1])
import engines, replay
from minipod.supervisor.vocabulary import Budget, ExitClass, Outcome, Rule, Want
real, wrong = engines.lib, tuple(w.number for w in (Rule.ALWAYS, Want.UP, ExitClass.FAIL, Budget.LEFT))
class Broken:
    def __getattr__(self, name):
        return getattr(real, name)
    def policy_verdict(self, *key):
        return Outcome.DONE.number if key == wrong else real.policy_verdict(*key)
engines.lib = Broken()
sys.exit(replay.main([sys.argv[2]]))
"""


def test_a_wrong_cell_in_c_is_found_there_alone(python: Path) -> None:
    done = subprocess.run([python, "-c", BROKEN, HERE, VECTORS], capture_output=True, text=True)
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert failed and all(line.endswith(" by the C tables") for line in failed)


# --- a wrong expectation is found ---------------------------------------------------------------------------------


def expectations(node: object) -> Iterator[tuple[dict, str]]:
    """Every place of a document that holds something expected."""
    if isinstance(node, list):
        for each in node:
            yield from expectations(each)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key in EXPECTED:
                yield node, key
            else:
                yield from expectations(value)


EXPECTED = {
    "expected", "expect", "expectedPhase", "expectedExceeded", "expectedInBackOff", "expectedFound", "expectedCommand",
    "expectConflict", "expectedEnv",
    "expectedGracePeriodSeconds", "expectedHookRun", "expectedInitialSeconds", "expectedResult", "outcome",
    "expectedDelayBeforeRestartSeconds", "expectedWholeSecondsWaitedBeforeStop", "valid",
}


def spoil(value: object) -> object:
    """Another value of the same kind, at one place."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, Mapping):
        key = next(iter(value))
        return {**value, key: spoil(value[key])}
    if isinstance(value, list):
        return [spoil(value[0]), *value[1:]] if value else ["more"]
    return "0" if value is None else f"no {value}"


def spoilt_files() -> Iterator[tuple[str, dict]]:
    """Our vectors, each with its first expectation spoilt."""
    for file in sorted(VECTORS.glob("*.json")):
        document = copy.deepcopy(json.loads(file.read_text(encoding="utf-8")))
        found = next(expectations(document), None)
        if found:
            found[0][found[1]] = spoil(found[0][found[1]])
            yield file.stem, document


@pytest.mark.parametrize(("family", "document"), list(spoilt_files()), ids=lambda it: it if isinstance(it, str) else "")
def test_a_wrong_expectation_fails(python: Path, tmp_path: Path, family: str, document: dict) -> None:
    Path(tmp_path, f"{family}.json").write_text(json.dumps(document), encoding="utf-8")
    status, lines = replay(python, tmp_path)
    assert status == 1
    assert counts(lines)[1] == 1
    assert any(line.startswith(f"FAILED: {family}: ") for line in lines)


def test_a_file_that_is_no_vector_fails(python: Path, tmp_path: Path) -> None:
    Path(tmp_path, "phase.json").write_text('{"cases": [{"id": "empty"}]}', encoding="utf-8")
    status, lines = replay(python, tmp_path)
    assert status == 1 and counts(lines) == (0, 1, 0)


def test_a_folder_without_vectors_is_refused(python: Path, tmp_path: Path) -> None:
    command = [str(python), str(HERE / "replay.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "no vectors" in done.stderr


@pytest.mark.parametrize("family", ["restart", "probe_handlers"])
def test_a_group_that_nobody_knows_is_named_and_not_passed(python: Path, tmp_path: Path, family: str) -> None:
    cases = [{"id": "one"}, {"id": "two"}]
    document = {"newGroup": cases} if family == "restart" else {"http": {"newGroup": cases}}
    Path(tmp_path, f"{family}.json").write_text(json.dumps(document), encoding="utf-8")
    status, lines = replay(python, tmp_path)
    assert (status, counts(lines)) == (0, (0, 0, 0))
    assert f"skipped: {family}: 2 of newGroup: no group of this family is known by this name" in lines


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe{}", b'{"cases": 3}', b"[" * 100_000])
def test_a_file_that_cannot_be_read_fails_and_the_others_are_replayed(
    python: Path, tmp_path: Path, content: bytes
) -> None:
    Path(tmp_path, "phase.json").write_bytes(content)
    shutil.copy(VECTORS / "restart.json", tmp_path)
    status, lines = replay(python, tmp_path)
    assert status == 1 and counts(lines)[1] == 1 and counts(lines)[0] > 10


# What a case leaves out, or says nothing in, is what Go would have there: no list, no code, no name.
BARE = {
    "containerShouldRestart": [
        {"container": {"restartPolicy": "Never", "restartPolicyRules": None}, "exitCode": 42, "expected": False},
        {"container": {"restartPolicy": "OnFailure"}, "expected": False},
        {"container": {"restartPolicy": "Never", "restartPolicyRules": [
            {"action": "Restart", "exitCodes": {"operator": "In", "values": [256]}}]}, "expected": False},
        {"container": {"restartPolicy": "Never", "restartPolicyRules": [
            {"action": "Restart", "exitCodes": {"operator": "NotIn"}}]}, "expected": True, "unheardOf": {}},
    ],
    "isContainerRestartable": [
        {"container": {"restartPolicy": "Never", "restartPolicyRules": [
            {"action": "RestartAllContainers"}, {"action": "Restart"}]}, "expected": True},
        {"container": {"restartPolicy": "Never", "restartPolicyRules": [
            {"action": "RestartAllContainers"}]}, "expected": False},
    ],
    "findMatchingRule": [{"container": {}, "expectedFound": False, "expectedRule": None}],
    "allContainersCouldRestart": [{"podSpec": {"initContainers": None}, "expected": False}],
    "shouldAllContainersRestart": [
        {"containers": [{}], "runtimeStatuses": [{"state": "exited"}], "podConditions": None, "expected": False},
    ],
    "shouldContainerBeRestarted": {"runtimeStatuses": None, "cases": [{"container": "it", "expected": True}]},
}


def test_what_is_not_there_is_nothing(python: Path, tmp_path: Path) -> None:
    Path(tmp_path, "restart.json").write_text(json.dumps(BARE), encoding="utf-8")
    status, lines = replay(python, tmp_path)
    assert (status, counts(lines)) == (0, (10, 0, 0)), "\n".join(lines)


def test_a_pod_that_is_deleted_has_the_grace_of_its_deletion(python: Path, tmp_path: Path) -> None:
    """Whatever its probes say: its end is there before theirs. How much of it there is, is the budget's."""
    case = {"deletionGracePeriodSeconds": 10, "podTerminationGracePeriodSeconds": 60, "reason": "LivenessProbe"}
    case |= {"livenessProbeTerminationGracePeriodSeconds": 30, "expectedGracePeriodSeconds": 10}
    Path(tmp_path, "termination_order.json").write_text(json.dumps({"gracePeriod": [case]}), encoding="utf-8")
    command = [str(python), str(HERE / "replay.py"), "--verbose", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True).stdout
    assert "expected 10, got 9.5 by the C tables" in said and said.endswith("0 passed, 0 failed, 1 different-by-rule\n")
