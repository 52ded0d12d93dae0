"""docs/openapi.json is what the control server does: every answer of a live one is as it says, refusals included, every
path is there, and it says nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from knocking import Answer, Place, near
from system_harness import SLEEP, Launcher, Stage, at_term, sh, wait_until

from minipod.supervisor import vocabulary

POD = {
    "pod": {"name": "shop", "labels": {"app": "shop"}, "main": "web"},
    "init.first": {"command": ["true"], "deadline": "1h"},
    "sidecar.proxy": {"command": SLEEP},
    "service.web": {
        "command": sh("echo one; printf 'a\\001\\377b'; exec sleep 1000"), "env": {"A": "1"}, "user": "root",
        "readiness_probe": {"exec": ["true"], "period": "1s"},
        "liveness_probe": {"exec": ["false"], "failure_threshold": 99},
    },
    "service.broken": {"command": sh("exit 3"), "restart": "on_failure", "backoff": {"initial": "1h", "max": "1h"}},
    "service.late": {"command": SLEEP, "after": {"broken": "completed"}},
    "service.killed": {"command": sh("kill -9 $$"), "restart": "never"},
    "service.quiet": {"command": at_term(0), "log": "none"},
}  # fmt: skip
WORDS = {
    "Life": vocabulary.Life, "Want": vocabulary.Want, "Outcome": vocabulary.Outcome, "Kind": vocabulary.Kind,
    "Milestone": vocabulary.Milestone, "PodState": vocabulary.Pod, "Phase": vocabulary.Phase,
    "LogMode": vocabulary.LogMode,
}  # fmt: skip


@pytest.fixture(scope="module")
def api(root: Path) -> dict:
    return json.loads((root / "docs/openapi.json").read_text(encoding="utf-8"))


@pytest.fixture
def shop(minipod_asan: Path, tmp_path: Path) -> Iterator[Place]:
    """Under sanitizers: here is every path, and every mistake."""
    with near() as folder, Launcher(minipod_asan, tmp_path, Stage.INIT) as launch:
        path = str(folder / "pod.sock")
        launch.start({**POD, "pod": {**POD["pod"], "control": path}})
        place = Place(path).wait()
        place.wait_for("broken", life="backoff", instances=2)
        place.wait_for("killed", outcome="failed")
        wait_until(lambda: all(p["answers"] for p in place.unit("web")["probes"].values()), "all was asked")
        yield place


def operations(api: dict) -> Iterator[tuple[str, str, dict]]:
    """Method, path, operation."""
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def response_of(api: dict, operation: dict, status: int) -> dict:
    found = operation["responses"].get(str(status))
    assert found, f"{operation['summary']}: it does not say that there is {status}"
    return api["components"]["responses"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found


def check(api: dict, operation: dict, answer: Answer) -> None:
    """The answer is one that the operation may have."""
    kind = answer.headers["content-type"].partition(";")[0]
    content = response_of(api, operation, answer.status)["content"]
    assert kind in content, f"{operation['summary']}: it does not say that there is {kind}"
    schema = {**content[kind]["schema"], "components": api["components"]}
    if "json" in kind:
        for value in answer.lines if kind.endswith("ndjson") else [answer.json]:
            Draft202012Validator(schema).validate(value)


def test_the_schemas_are_schemas(api: dict) -> None:
    for schema in api["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    names = re.findall(r'"#/components/(\w+)/(\w+)"', json.dumps(api))
    assert all(name in api["components"][kind] for kind, name in names)
    assert {name for kind, name in names if kind == "schemas"} == set(api["components"]["schemas"])


def test_every_operation_has_a_summary_and_explains_its_parameters(api: dict) -> None:
    for _, path, operation in operations(api):
        named = [p["name"] for p in operation.get("parameters", []) if p["in"] == "path"]
        assert operation["summary"].endswith(".") and named == re.findall(r"{(\w+)}", path)
        assert all(parameter["description"] for parameter in operation.get("parameters", []))


@pytest.mark.parametrize("name", WORDS)
def test_words_are_the_vocabularys(api: dict, name: str) -> None:
    assert api["components"]["schemas"][name]["enum"] == [each.word for each in WORDS[name]]


def test_it_has_every_path_that_the_core_has(api: dict, root: Path) -> None:
    source = (root / "csrc/route.c").read_text(encoding="utf-8")
    routes = re.findall(r'{"(/[^"]*)", \w+, METHOD_(\w+), (\d)', source)
    assert {(method, path.replace("*", "{name}")) for path, method, _ in routes} == {
        (method, path) for method, path, _ in operations(api)
    }
    on_the_port = {path for path, _, local in routes if local == "0"}
    assert on_the_port == {path for _, path, what in operations(api) if "Also on the port." in what["summary"]}


def test_good_answers(api: dict, shop: Place) -> None:
    for method, path, operation in operations(api):
        if method == "GET":
            names = [unit["name"] for unit in shop.get("/v1/units").json["units"]] if "{name}" in path else [""]
            for name in names:
                for accept in ("application/json", "text/plain"):
                    check(api, operation, shop.get(path.format(name=name), Accept=accept))


def test_every_parameter(api: dict, shop: Place) -> None:
    values = {"tail": "1", "follow": "0", "previous": "0", "since": "1h", "after": "3"}
    for method, path, operation in operations(api):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query" and method == "GET":
                answer = shop.get(f"{path.format(name='web')}?{parameter['name']}={values[parameter['name']]}")
                assert answer.status == 200
                check(api, operation, answer)


@pytest.mark.parametrize("signal", ["", "0", "32", "65", "999", "FOO", "32x", "SIG", "SIGSIGHUP", "nal%200"])
def test_no_such_signal(api: dict, shop: Place, signal: str) -> None:
    answer = shop.post(f"/v1/units/web/signal?signal={signal}")
    assert answer.status == 400
    check(api, api["paths"]["/v1/units/{name}/signal"]["post"], answer)


def test_refusals(api: dict, shop: Place) -> None:
    for method, path, operation in operations(api):
        for accept in ("application/json", "text/plain"):
            answer = shop.ask(method, path.format(name="web") + "?frob=1", Accept=accept)
            assert answer.status == 400
            check(api, operation, answer)
            if "{name}" in path:
                answer = shop.ask(method, path.format(name="nobody"), Accept=accept)
                assert answer.status == 404
                check(api, operation, answer)


def test_orders(api: dict, shop: Place) -> None:
    """The end of the pod last, and that once: it may be gone before it can be told again."""
    told = {}
    for method, path, operation in operations(api):
        if method == "POST" and path != "/v1/plan":
            query = "?signal=WINCH" if path.endswith("signal") else ""
            for name in ("first", "late", "proxy") if "{name}" in path else ("",):
                for accept in ("text/plain",) if path == "/v1/stop" else ("application/json", "text/plain"):
                    answer = shop.ask(method, path.format(name=name) + query, Accept=accept)
                    told[path, name, accept] = answer.status
                    check(api, operation, answer)
    assert set(told.values()) == {202, 409} and told["/v1/stop", "", "text/plain"] == 202


def test_another_plan(api: dict, shop: Place) -> None:
    operation, plan = api["paths"]["/v1/plan"]["post"], shop.get("/v1/plan").body
    for body, query, status in ((plan, "", 200), (plan, "?dry_run=1", 200), (b"noise", "", 422), (b"", "", 411)):
        for accept in ("application/json", "text/plain"):
            answer = shop.ask("POST", f"/v1/plan{query}", body, Accept=accept)
            assert answer.status == status
            check(api, operation, answer)


def test_events_to_the_end(api: dict, shop: Place) -> None:
    operation = api["paths"]["/v1/events"]["get"]
    with shop.knock() as held:
        held.sendall(b"GET /v1/events?follow=1 HTTP/1.0\r\n\r\n")
        check(api, api["paths"]["/v1/stop"]["post"], shop.post("/v1/stop"))
        told = b""
        while data := held.recv(65536):
            told += data
    body = told.partition(b"\r\n\r\n")[2]
    check(api, operation, Answer(200, {"content-type": "application/x-ndjson"}, body))
    assert b'"to":"over"' in body and b'"routine":true' in body


def test_the_schema_of_a_unit_takes_nothing_else(api: dict, shop: Place) -> None:
    schema = {**api["components"]["schemas"]["Unit"], "components": api["components"]}
    unit = shop.unit("web")
    validator = Draft202012Validator(schema)
    assert validator.is_valid(unit)
    for key in unit:
        assert not validator.is_valid({name: value for name, value in unit.items() if name != key})
    assert not validator.is_valid({**unit, "more": 1}) and not validator.is_valid({**unit, "life": "dead"})
