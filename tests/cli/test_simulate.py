"""`minipod simulate`: a table, JSON lines, scenario files; and what it refuses."""

import json
from pathlib import Path

import pytest

from minipod import cli
from minipod.errors import CONFIG, USAGE

ROOT = Path(__file__).parents[2]
SHOP = """
[pod]
name = "shop"
[init.migrate]
command = ["migrate"]
[sidecar.cache]
command = ["cache"]
[service.web]
command = ["web"]
"""
EVENTS = "migrate:exit=0@2s, web:exit=1@5s,web: exit=2 @6s,pod:TERM@30s"


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.toml"
    path.write_text(SHOP)
    return path


def test_the_table(shop, capsys):
    assert cli.main(["simulate", str(shop), "--events", EVENTS]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["TIME", "UNIT", "STATES", "PHASE", "READY", "STATUS", "RESTARTS"]
    assert ["0s", "migrate", "spawning", "post-start", "up", "(started", "ready)"] in lines
    assert ["pod", "Pending", "0/2", "Init:0/2", "0"] in lines
    assert ["pod", "Running", "1/2", "CrashLoopBackOff", "1", "(0s", "ago)"] in lines
    assert ["pod", "stopping", "sweeping", "over", "Failed", "0/2", "Error", "2", "(24s", "ago)"] in lines
    assert lines[-1] == ["exit", "code", "143:", "Failed,", "Stopped"]


def test_a_pod_that_goes_on(shop, capsys):
    assert cli.main(["simulate", str(shop), "--events", "migrate:exit=0@2s", "--until", "10s"]) == 0
    assert capsys.readouterr().out.endswith("\n\nalive after 10s: Running\n")


def test_a_minute_after_the_last_event(shop, capsys):
    cli.main(["simulate", str(shop), "--events", "migrate:exit=0@2s"])
    assert capsys.readouterr().out.endswith("alive after 1m2s: Running\n")


def test_json_has_the_apis_field_names(shop, capsys):
    cli.main(["simulate", "-o", "json", str(shop), "--events", EVENTS])
    *moments, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert end == {"end": {"exitCode": 143, "phase": "Failed", "reason": "Stopped"}}
    crashed = next(each for each in moments if each["seconds"] == 6)
    assert crashed["columns"]["status"] == "CrashLoopBackOff"
    web = crashed["pod"]["status"]["containerStatuses"][0]
    assert web["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert web["lastState"]["terminated"]["exitCode"] == 2
    assert web["restartCount"] == 1


def test_terminating_is_shown_while_it_stops(shop, capsys):
    shop.write_text(SHOP + 'pre_stop = { sleep = "3s" }\n')
    cli.main(["simulate", str(shop), "--events", "migrate:exit=0@2s,pod:TERM@5s"])
    assert "Terminating" in capsys.readouterr().out


def test_an_overridden_key(shop, capsys):
    cli.main(
        ["simulate", str(shop), "--set", "service.web.restart=never", "--events", "migrate:exit=0@2s,web:exit=7@5s"]
    )
    assert capsys.readouterr().out.endswith("exit code 7: Failed, Error\n")


@pytest.mark.parametrize("words, complaint", [
    (["--events", "wbe:exit=1@5s"], "there is no unit wbe, only migrate, cache, web and pod"),
    (["--events", "web:exit=1"], "no event: 'web:exit=1': write for example"),
    (["--events", "web:exit=256@5s"], "an exit code is a number from 0 to 255, not '256'"),
    (["--events", "web:exit=1@5"], "no event: 'web:exit=1@5': has no unit"),
    (["--events", "web:ready@5s"], "web has no probe that could say: ready"),
    (["--events", "web:notify=reddy@5s"], "'reddy' is none of ready, reloading, stopping, watchdog, trigger"),
    (["--events", "web:liveness=maybe@5s"], "no way to answer: 'maybe'"),
    (["--events", "pod:USR1@5s"], "USR1 does not stop a pod"),
    (["--until", "soon"], "is no duration"),
    (["-o", "yaml"], "-o takes text or json, not 'yaml'"),
])
def test_what_it_refuses(shop, words, complaint, capsys):
    assert cli.main(["simulate", str(shop), *words]) == USAGE
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.out == ""


def test_a_bad_pod_file(shop, capsys):
    shop.write_text(SHOP + "restrat = 1\n")
    assert cli.main(["simulate", str(shop)]) == CONFIG
    assert "restrat" in capsys.readouterr().err


SCENARIO = """
source = "our runbook"
given = "shop.toml"
events = ["migrate: exit=0 @2s", "web: exit=1 @5s"]
until = "1m"
[expected]
phase = "Running"
restarts = {web = 1}
"""


def check(tmp_path, text, capsys, name="a.toml"):
    (tmp_path / "scenarios").mkdir(exist_ok=True)
    (tmp_path / "scenarios" / name).write_text(text.replace('"shop.toml"', '"../shop.toml"'))
    code = cli.main(["simulate", "--check", str(tmp_path / "scenarios")])
    return code, capsys.readouterr().out


def test_a_scenario_over_a_pod_file(shop, tmp_path, capsys):
    assert check(tmp_path, SCENARIO, capsys) == (0, "1 passed, 0 failed\n")


def test_a_scenario_that_comes_out_otherwise(shop, tmp_path, capsys):
    code, said = check(tmp_path, SCENARIO.replace("{web = 1}", "{web = 2}"), capsys)
    assert code == 1
    assert "  restarts:\n  - web = 2\n  + web = 1\n" in said
    assert said.endswith("0 passed, 1 failed\n")


@pytest.mark.parametrize("text, complaint", [
    ("source = ", "is no scenario"),
    ("events = []", "is no scenario: a scenario must name its source"),
    ('source = "x"\ngiven = "none.toml"', "none.toml: cannot read it"),
    ('source = "x"\ngiven = {service = {web = {restart = 3}}}', "is no scenario"),
    ('source = "x"\ngiven = {service = {web = {}}}\nuntil = "1m"\nexpected = {phases = 3}\n', "phases:"),
])
def test_what_is_no_scenario_fails(tmp_path, text, complaint, capsys):
    code, said = check(tmp_path, text, capsys)
    assert code == 1
    assert complaint in said.replace(str(tmp_path / "scenarios") + "/", "")


def test_nothing_to_check(tmp_path, capsys):
    assert cli.main(["simulate", "--check", str(tmp_path)]) == USAGE
    assert cli.main(["simulate", "--check"]) == USAGE


def test_our_own_scenarios_are_of_the_same_format(capsys):
    assert cli.main(["simulate", "--check", str(ROOT / "tests" / "policy" / "scenarios")]) == 0
    passed = int(capsys.readouterr().out.splitlines()[-1].split()[0])
    assert passed >= 230
