"""`minipod get`: kubectl's columns for the pod, a row for each unit, documents, and what changes."""

import json
import subprocess
import sys

import pytest
import yaml
from fake_pod import at, end, event, probe, unit

SICK = {"readiness": probe("failure", 3, "HTTP status 503")}


def block(text: str, number: int = 0) -> list[list[str]]:
    """A table's rows as words; blanks inside of a cell are single ones."""
    return [[cell for cell in row.split("   ") if cell] for row in text.split("\n\n")[number].splitlines()]


def stripped(rows: list[list[str]]) -> list[list[str]]:
    return [[cell.strip() for cell in row if cell.strip()] for row in rows]


def test_the_pod_and_its_units(fake_pod, say) -> None:
    ends = [end(instance=1), end(3, instance=2)]
    fake_pod.units = [
        unit("migrate", "init", "ended", outcome="done", begun=True, instances=1, ends=[end()]),
        unit("proxy", "sidecar"),
        unit("web", ready=False, probes=SICK),
        unit("crash", life="backoff", begun=True, instances=2, ends=ends, dueAt="2026-01-31T12:00:06.000000Z"),
        unit("waits", life="held", waitsFor=[{"unit": "web", "milestone": "ready"}]),
    ]
    said = say("get")
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "NAME   READY   STATUS             RESTARTS      AGE\n"
        "shop   1/4     CrashLoopBackOff   1 (10s ago)   60s\n"
        "\n"
        "UNIT      KIND      READY   STATUS             RESTARTS      AGE\n"
        "migrate   init      -       Completed          0             10s\n"
        "proxy     sidecar   1/1     Running            0             60s\n"
        "web       service   0/1     Running            0             60s\n"
        "crash     service   0/1     CrashLoopBackOff   1 (10s ago)   10s\n"
        "waits     service   0/1     PodInitializing    0             -\n"
    )


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (unit("web", life="term-sent", want="hold"), "Terminating"),
        (unit("web", life="held", want="hold", begun=True, instances=1, ends=[end(143)]), "Stopped"),
        (unit("web", started=False), "Starting"),
        (unit("web", life="ended", outcome="failed", instances=1, ends=[end(137, "OOMKilled")]), "OOMKilled"),
        (unit("web", life="ended", outcome="failed"), "DependencyFailed"),
        (unit("web", life="held"), "ContainerCreating"),
    ],
)
def test_words_of_a_unit(fake_pod, say, facts, status) -> None:
    fake_pod.units = [facts]
    assert stripped(block(say("get", "web", "--no-headers").out))[0][3] == status


def test_a_pod_that_ends(fake_pod, say) -> None:
    fake_pod.pod |= {"state": "stopping", "cause": "told", "stopBy": "2026-01-31T12:00:09.500000Z", "exitCode": 143}
    assert stripped(block(say("get").out))[1][2] == "Terminating"


def test_wide(fake_pod, say) -> None:
    said = {"image": "web:2", "labels": {"a": "1", "b": "2"}}
    log = {**unit("x")["log"], "file": "/l"}
    fake_pod.units = [unit("web", ready=False, probes=SICK, **said), unit("db", log=log)]
    rows = stripped(block(say("get", "-o", "wide").out, 1))
    assert rows[0][-5:] == ["PID", "LOG", "IMAGE", "LABELS", "WHY"]
    because = "is not ready: its readiness probe failed 3 times in a row, last 5s ago: HTTP status 503"
    assert rows[1][-5:] == ["7", "prefix", "web:2", "a=1,b=2", because]
    assert rows[2][-5:] == ["7", "/l", "<none>", "<none>", "<none>"]


def test_named_units_alone(fake_pod, say) -> None:
    fake_pod.units = [unit("web"), unit("db"), unit("api")]
    assert [row[0] for row in stripped(block(say("ps", "db", "web").out))] == ["UNIT", "db", "web"]
    assert say("get", "-o", "name").out.split() == ["pod/shop", "service/web", "service/db", "service/api"]
    assert say("status", "-o", "name", "db").out.split() == ["service/db"]


def test_a_unit_that_nobody_knows(fake_pod, say) -> None:
    said = say("get", "wbe")
    assert (said.code, said.out, said.err) == (4, "", "minipod: no unit is called wbe; did you mean web?\n")


def test_json_is_a_v1_pod(fake_pod, say) -> None:
    fake_pod.units = [unit("proxy", "sidecar"), unit("web", ends=[end(139, signal=11)], instances=2), unit("db")]
    fake_pod.pod["labels"] = {"app": "shop"}
    said = json.loads(say("get", "-o", "json").out)
    assert (said["apiVersion"], said["kind"], said["status"]["phase"]) == ("v1", "Pod", "Running")
    assert said["metadata"] == {"name": "shop", "labels": {"app": "shop"}, "creationTimestamp": "2026-01-31T11:59:00Z"}
    assert said["spec"]["initContainers"] == [{"name": "proxy", "restartPolicy": "Always"}]
    db, web = said["status"]["containerStatuses"]
    assert (db["name"], web["restartCount"], web["ready"]) == ("db", 1, True)
    assert web["state"] == {"running": {"startedAt": "2026-01-31T11:59:00Z"}}
    ended = {"exitCode": 139, "signal": 11, "reason": "Error", "startedAt": "2026-01-31T11:59:10Z"}
    assert web["lastState"]["terminated"] == {**ended, "finishedAt": "2026-01-31T11:59:50Z"}
    only = json.loads(say("get", "-o", "json", "db").out)
    assert [each["name"] for each in only["status"]["containerStatuses"]] == ["db"]
    assert [each["name"] for each in only["spec"]["containers"]] == ["db"]


def test_yaml_without_its_library(fake_pod, say, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    said = say("get", "-o", "yaml")
    assert (said.code, said.out) == (1, "") and "minipod[kube]" in said.err
    assert fake_pod.asked == []


def test_yaml_with_its_library(fake_pod, say) -> None:
    """The same document as JSON, each one apart; words that YAML would take for something else stay words."""
    fake_pod.pod["labels"] = {"on": "yes", "version": "1.10", "name": "ümlaut: #1"}
    said, as_json = say("get", "-o=yaml").out, say("get", "-o", "json").out
    assert said.startswith("---\napiVersion: v1\nkind: Pod\n")
    assert yaml.safe_load(said) == json.loads(as_json)
    assert yaml.safe_load(say("get", "-o", "yaml", "web").out)["status"]["containerStatuses"][0]["name"] == "web"
    fake_pod.then(unit("web", ready=False))
    watched = list(yaml.safe_load_all(say("get", "-w", "-o", "yaml").out))
    assert [each["status"]["containerStatuses"][0]["ready"] for each in watched] == [True, False]


def test_only_what_is_needed_is_imported() -> None:
    """Some of these cost a quarter of the time that the whole command takes, and others are for documents alone."""
    code = "import sys, minipod.commands.get; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    idle = {"http.client", "dataclasses", "urllib.parse", "minipod.status.api", "minipod.config"}
    assert idle & {*done.stdout.split()} == set()


def test_an_unknown_format(fake_pod, say) -> None:
    said = say("get", "-o", "xml")
    assert said.code == 64 and "wide, json, yaml, name" in said.err


def test_what_changes(fake_pod, say) -> None:
    """The first table in whole, then rows that changed; ages are no news. It ends with the pod."""
    fake_pod.units = [unit("web"), unit("db")]
    fake_pod.then(unit("web", startedAt=at(1)), unit("db"))
    fake_pod.then(unit("web"), unit("db", life="ended", outcome="failed", instances=1, ends=[end(1)]))
    said = say("get", "-w")
    assert said.code == 0
    rows = stripped([row.split("   ") for row in said.out.splitlines()])
    assert [row[:4] for row in rows if row] == [
        ["NAME", "READY", "STATUS", "RESTARTS"],
        ["shop", "2/2", "Running", "0"],
        ["UNIT", "KIND", "READY", "STATUS"],
        ["web", "service", "1/1", "Running"],
        ["db", "service", "1/1", "Running"],
        ["shop", "1/2", "Error", "0"],
        ["db", "service", "0/1", "Error"],
    ]


def test_documents_that_change(fake_pod, say) -> None:
    fake_pod.then(unit("web"))
    fake_pod.then(unit("web", ready=False))
    documents = say("get", "-w", "-o", "json").out.replace("}\n{", "}\n\0{").split("\0")
    ready = [json.loads(each)["status"]["containerStatuses"][0]["ready"] for each in documents]
    assert ready == [True, False]


def test_conditions_say_since_when(fake_pod, say) -> None:
    """From PID 1's record, as far as the pod that is shown knows of it."""
    ready = event(3, "web", to="up", started=True, ready=True)
    changing = event(4, None, "pod", event="plan", to="changing")
    fake_pod.events = [
        {**ready, "seq": 0}, {**changing, "seq": 1}, {**event(9, "web", to="draining", ready=False), "seq": 2}
    ]  # fmt: skip
    fake_pod.pod["nextEvent"] = 2
    conditions = json.loads(say("get", "-o", "json").out)["status"]["conditions"]
    moments = {each["type"]: each.get("lastTransitionTime") for each in conditions}
    assert (moments["Ready"], moments["PodScheduled"]) == ("2026-01-31T11:59:03Z", "2026-01-31T11:59:00Z")
    fake_pod.events = [{"lost": 1}, {**ready, "seq": 7}]
    fake_pod.pod["nextEvent"] = 8
    conditions = json.loads(say("get", "-o", "json").out)["status"]["conditions"]
    assert "lastTransitionTime" not in next(each for each in conditions if each["type"] == "Ready")
