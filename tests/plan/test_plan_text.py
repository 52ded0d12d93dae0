"""`minipod plan` for people and for programs."""

import json
from pathlib import Path

import pytest

from minipod.commands.plan_json import to_json
from minipod.commands.plan_text import to_text
from minipod.commands.secrecy import HIDDEN, shown_value
from minipod.model import Ask, Pod, Probe, Unit
from minipod.reaper.lower import lower
from minipod.reaper.records import File, Plan
from minipod.reaper.solo import plan as solo_plan
from minipod.secret import Secret
from minipod.supervisor.words import Control, Handler, Kind

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


def test_json_of_logs_and_control(plan: Plan) -> None:
    said = json.loads(to_json(plan))
    log = {"mode": "json", "overflow": "drop", "file": "/var/log/vector.log", "max_size": 1 << 20, "keep": 3}
    assert (said["units"][1]["log"], said["units"][1]["tty"]) == (log, False)
    where = said["control"], said["control_path"], said["listen_host"], said["listen_port"]
    assert (where, said["own_log"]) == (("at", "/run/shop.sock", "::", 9090), "json")


def test_a_terminal_and_its_file(plan: Plan) -> None:
    unit = plan.units[1]._replace(tty=True, log=plan.units[1].log._replace(max_size=0, keep=0))
    text = to_text(plan._replace(units=(plan.units[0], unit, *plan.units[2:]), control=Control.OFF, listen_port=0))
    assert "  terminal     minipod's own is its own\n" in text
    assert "; to /var/log/vector.log, besides 0 older ones; " in text
    assert "  control      nowhere\n" in text and "  health" not in text


def test_a_terminal_of_its_own(plan: Plan) -> None:
    text = to_text(plan._replace(units=(plan.units[0]._replace(own_terminal=True), *plan.units[1:])))
    assert "  input        its terminal\n  terminal     one that nobody else has\n" in text


def test_no_secret_of_a_probe_is_printed() -> None:
    headers = (("Authorization", "Bearer hunter2"), ("X-Api-Key", "hunter2"), ("Cookie", "hunter2"), ("X-A", "seen"))
    web = Unit("web", Kind.SERVICE, ("web",), "always")
    for scheme in ("http", "https"):
        probe = Probe(Ask(Handler.HTTP_GET, scheme=scheme, port=80, headers=headers))
        secret = lower(Pod("shop", (web._replace(liveness_probe=probe),)))
        assert "hunter2" not in to_text(secret) + to_json(secret)
        assert "X-A: seen" in to_text(secret)


def test_json_of_probes(plan: Plan) -> None:
    web, worker = json.loads(to_json(plan))["units"][3:5]
    startup, _, readiness, pre_stop = web["errands"]
    assert (startup["kind"], startup["handler"], startup["grace_ns"]) == ("startup", "exec", 2 * 10**9)
    assert (readiness["authority"], readiness["headers"][-1]) == ("shop.example", "X-Probe: 1")
    assert (pre_stop["argv"], pre_stop["exact"]) == (["shop", "drain", "$(PORT)"], True)
    assert (worker["notify_socket"], worker["notify_fd"]) == (True, None)
    assert web["exits"]["42"] == {"code": 42, "exit_class": "rule-restart-all"}


def test_what_is_told_of_files(plan: Plan) -> None:
    """Of a secret not even how long it is: of two lengths the page is the same."""
    files = (
        File("app.conf", b"\xff12", 0o644), File("pw", Secret(b"hunter2"), 0o400, is_secret=True),
        File("", b"/run/secrets/a", 0o400, is_copy=True, is_secret=True),
    )  # fmt: skip
    conf = plan.volumes[-1]._replace(files=files)
    longer = conf._replace(files=(files[0], files[1]._replace(content=Secret(b"hunter22")), files[2]))
    short, long = (plan._replace(volumes=(*plan.volumes[:-1], each)) for each in (conf, longer))
    told = [file["content"] for file in json.loads(to_json(short))["volumes"][-1]["files"]]
    assert told == [3, HIDDEN, "/run/secrets/a"]
    assert (to_json(short), to_text(short)) == (to_json(long), to_text(long))
    assert "app.conf (3 bytes), pw (a secret), from /run/secrets/a\n" in to_text(short)
