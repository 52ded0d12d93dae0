"""`minipod plan` for people and for programs."""

import json
from pathlib import Path

import pytest

from minipod.commands.plan_json import to_json
from minipod.commands.plan_text import to_text
from minipod.commands.secrecy import HIDDEN, shown_value
from minipod.reaper.records import Plan
from minipod.reaper.solo import plan as solo_plan

HERE = Path(__file__).parent


def test_the_realistic_plan(plan: Plan) -> None:
    assert to_text(plan) == (HERE / "golden/shop.txt").read_text(encoding="utf-8")


def test_the_solo_plan() -> None:
    text = to_text(solo_plan())
    assert "  command      the words after --\n" in text
    assert "  env          exactly what minipod is given\n" in text
    assert "SIGRTMIN..SIGRTMIN+30\n" in text


@pytest.mark.parametrize("name", ["SECRET", "MY_TOKEN", "db_password", "PGPASSWORD", "MYSQL_PASSWD", "API_KEY", "KEYS"])
def test_secret_names(name: str) -> None:
    assert shown_value(name, "hunter2") == HIDDEN


@pytest.mark.parametrize("name", ["REGION", "TOKE", "PASS", "HOME"])
def test_other_names(name: str) -> None:
    assert shown_value(name, "x") == "x"


def test_no_secret_is_printed(plan: Plan) -> None:
    assert dict(plan.env)["API_TOKEN"] == "hunter2"
    assert "hunter2" not in to_text(plan) + to_json(plan)


def test_nothing_that_a_terminal_would_act_on(plan: Plan) -> None:
    odd = plan._replace(env=(("A\x1b[31m", "\x07\udcff"),))
    assert r"A\x1b[31m='\x07" in to_text(odd)
    assert to_text(odd).isascii()


def test_json(plan: Plan) -> None:
    said = json.loads(to_json(plan))
    assert (said["name"], said["main_unit"], said["args_unit"]) == ("shop", "web", "web")
    assert said["env"][1] == {"name": "API_TOKEN", "value": HIDDEN}
    assert {"first": "db", "second": "web", "milestone": "ready", "direction": "start"} in said["edges"]
    assert said["rules"]["SIGUSR1"] == {"verb": "forward", "send": "SIGUSR2", "targets": ["web"]}
    warm_up, web = said["units"][2], said["units"][3]
    assert warm_up["exits"] == {"3": {"code": 0, "exit_class": "ok"}, "255": {"code": 1, "exit_class": "fail"}}
    assert (web["kind"], web["stop_scope"], web["umask"], web["stop_signal"]) == ("service", "main", 0o27, "SIGTERM")
