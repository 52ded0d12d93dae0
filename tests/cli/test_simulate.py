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


def said_of(shop, capsys, *words):
    """Exit code, stdout and stderr of a simulation."""
    code = cli.main(["simulate", str(shop), *words])
    return code, *capsys.readouterr()


def test_the_words_of_the_readme(tmp_path, capsys):
    path = tmp_path / "pod.toml"
    path.write_text(
        '[sidecar.cache]\ncommand = ["c"]\nreadiness_probe = { tcp_socket = { port = 1 }, period = "1s" }\n'
        '[service.web]\ncommand = ["w"]\n'
    )
    code, out, err = said_of(path, capsys, "--events", "web:exit=1@5s,cache:ready@2s", "--until", "60s")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines() if line[:1].isdigit()] == ["0s", "2s", "5s"]
    assert out.endswith("\n\nalive after 1m: Running\n")


def test_an_init_that_no_event_ends_is_done_at_once(shop, capsys):
    _, out, _ = said_of(shop, capsys, "--events", "web:exit=1@5s", "--until", "1m")
    assert "migrate  spawning post-start up draining ended" in out
    assert out.endswith("alive after 1m: Running\n")


@pytest.mark.parametrize("events", ["web:exit=1@5s", " web : exit = 1 @ 5s ", "web: exit=1 @5s,,", "web:\texit=1 @5s"])
def test_blanks_at_will(shop, events, capsys):
    _, out, _ = said_of(shop, capsys, "--events", events, "--until", "6s")
    assert "5s    web      draining backoff spawning post-start up" in out


@pytest.mark.parametrize("event, mark, complaint", [
    ("wbe:exit=1@5s", "wbe", "no unit is called `wbe` | there are migrate, cache, web, pod | did you mean `web`?"),
    ("web:exti=1@5s", "exti", "`exti` is nothing that happens to a unit | what does is exit, | did you mean `exit`?"),
    ("web:TERM@5s", "TERM", '`TERM` is nothing that happens to a unit | "pod: TERM" if the pod is told to stop'),
    ("web:exit=1", "web:exit=1", "`web:exit=1` is no event | there is no `@` in it | write for example"),
    ("web@5s", "web@5s", "`web@5s` is no event | there is no `:` in it"),
    ("web:exit=1@", "", "it does not say when"),
    ("web:exit=1@5", "5", 'the time `5` has no unit | write "5s" for seconds'),
    ("web:exit=1@5x", "5x", "the time `5x` is no duration | units are h m s ms us ns"),
    ("web:exit=1@-5s", "-5s", "the time `-5s` is negative"),
    ("web:exit=1@5s;web:exit=2@6s", "5s;web:exit=2@6s", "is no time | between two events there is a comma"),
    ("web:exit=256@5s", "256", "`256` is no exit code | exit codes are 0 to 255 | write for example exit=1"),
    ("web:exit@5s", "exit", '`""` is no exit code'),
    ("web:signal=SEG@5s", "SEG", "no signal is called `SEG` | did you mean `SEGV`?"),
    ("web:oom=1@5s", "1", '`oom` takes no value | write "web: oom @5s"'),
    ("web:order=sotp@5s", "sotp", "`order` cannot be `sotp` | one of start, stop, restart | did you mean `stop`?"),
    ("web:unready@5s", "unready", "`web` has no probe that could say: unready | give it a readiness_probe"),
    ("web:liveness=fails@5s", "liveness", "`web` has no liveness_probe"),
    ("web:pre_stop=fails@5s", "pre_stop", "`web` has no pre_stop"),
    ("web:notify=ready@5s", "notify", '`web` has no notify | add notify = "sd"'),
    ("web:notify=reddy@5s", "reddy", "`notify` cannot be `reddy` | did you mean `ready`?"),
    ("web:liveness=maybe@5s", "maybe", "`liveness` cannot be `maybe` | one of passes, fails, errors, hangs, done"),
    ("web:liveness=fails after 5@5s", "fails after 5", "the time in `fails after 5` has no unit"),
    ("pod:USR1@5s", "USR1", "`USR1` is nothing that happens to a pod | INT, QUIT, TERM stop it"),
    ("pod:exit=1@5s", "exit", "put a unit's name before the colon"),
])
def test_an_event_that_is_none(shop, event, mark, complaint, capsys):
    """What, where, why and a next step."""
    code, out, err = said_of(shop, capsys, "--events", f"web:exit=0@1s, {event}")
    assert (code, out) == (USAGE, "")
    assert all(part in err for part in complaint.split(" | "))
    _, source, carets, *rest = err.splitlines()
    assert source[carets.index("^") : carets.rindex("^") + 1] == mark or not mark
    assert rest[-1].startswith("  help: ")


def test_every_event_that_is_none_at_once(shop, capsys):
    events = "web:exti=1@5s, web:exit=1@5s, wbe:exit=1@7"
    code, _, err = said_of(shop, capsys, "--events", events, "--until", "soon")
    assert code == USAGE
    assert [line.split(":")[0] for line in err.splitlines() if " error: " in line] == ["--events"] * 3 + ["--until"]
    assert "--until: error: the time `soon` is no duration\n   | soon\n   | ^^^^\n  help: " in err


@pytest.mark.parametrize("events, note, why", [
    ("web:exit=0@5s,web:exit=0@5s", 2, "no program running"),
    ("web:order=stop@1s,web:exit=1@2s", 2, "no program running"),
    ("web:ready@1s", 1, "well as soon as it runs"),
    ("pod:TERM@1s,web:exit=1@2s", 2, "the pod was over"),
    ("web:exit=1@5s,web:exit=1@2h", 2, "--until ends before it"),
])
def test_an_event_that_changes_nothing_is_told(shop, events, note, why, capsys):
    code, out, err = said_of(shop, capsys, "--events", events, "--until", "1h")
    assert (code, err.count("changed nothing")) == (0, 1)
    assert f"--events: note: `{events.split(',')[note - 1]}` changed nothing" in err
    assert why in err
    assert out.startswith("TIME")


def test_an_unknown_format(shop, capsys):
    said = "minipod: `yaml` is no format; write -o text, -o json or -o svg\n"
    assert said_of(shop, capsys, "-o", "yaml") == (USAGE, "", said)


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
    ("source = ", "a.toml:1:8: error: no valid TOML"),
    ("events = []", "a.toml: error: a scenario must name its source"),
    ('given = "../shop.toml"', "a.toml: error: a scenario must name its source"),
    ('source = "x"\ngiven = "none.toml"', "none.toml: error: cannot read it"),
    ('source = "x"\ngiven = {service = {web = {restart = 3}}}', "a.toml:2:38: error: `restart` must be one of"),
    ('source = "x"\ngiven = {service = {web = {}}}\nuntil = "1m"\nexpected = {phases = 3}\n', "phases:"),
])
def test_what_is_no_scenario_fails(shop, tmp_path, text, complaint, capsys):
    code, said = check(tmp_path, text, capsys)
    assert code == 1
    assert said.count("  help: ") == said.count(" error: ")
    assert complaint in said.replace(str(tmp_path / "scenarios") + "/", "")


def test_events_of_a_scenario_that_are_none_have_their_places(shop, tmp_path, capsys):
    text = SCENARIO.replace("web: exit=1 @5s", "wbe: exit=1 @5").replace("exit=0", "exit=300")
    code, said = check(tmp_path, text, capsys)
    path = tmp_path / "scenarios" / "a.toml"
    assert code == 1
    assert f"{path}:4:26: error: `300` is no exit code" in said
    assert f"{path}:4:37: error: no unit is called `wbe`" in said
    assert f"{path}:4:50: error: the time `5` has no unit" in said


def test_nothing_to_check(tmp_path, capsys):
    assert cli.main(["simulate", "--check", str(tmp_path / "nowhere")]) == USAGE
    assert "there is no such file or directory" in capsys.readouterr().err
    assert cli.main(["simulate", "--check", str(tmp_path)]) == USAGE
    assert cli.main(["simulate", "--check"]) == USAGE


def test_our_own_scenarios_are_of_the_same_format(capsys):
    assert cli.main(["simulate", "--check", str(ROOT / "tests" / "policy" / "scenarios")]) == 0
    passed = int(capsys.readouterr().out.splitlines()[-1].split()[0])
    assert passed >= 230


NEXT = """
[pod]
name = "shop"
[sidecar.cache]
command = ["cache"]
[service.app]
command = ["app"]
"""


def test_another_plan(shop, capsys):
    following = shop.with_name("next.toml")
    following.write_text(NEXT)
    events = f"migrate:exit=0@2s, pod:apply={following}@5s, app:exit=3@9s, pod:TERM@30s"
    code, out, err = said_of(shop, capsys, "--events", events)
    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["5s", "web", "pre-stop", "turn", "term-sent", "draining", "held", "(not", "started)"] in lines
    assert ["app", "spawning", "post-start", "up", "(started", "ready)"] in lines
    assert ["9s", "app", "draining", "backoff", "spawning", "post-start", "up"] in lines
    assert said_of(shop, capsys, "-o", "svg", "--events", events)[0] == 0


def test_a_plan_that_is_refused(shop, capsys):
    following = shop.with_name("next.toml")
    following.write_text(NEXT.replace("[pod]", "[pod]\ndeadline = '1h'"))
    code, _, err = said_of(shop, capsys, "--events", f"pod:apply={following}@5s")
    assert (code, "changed nothing" in err, "is settled when a pod starts" in err) == (0, True, True)


def test_a_plan_with_a_mistake(shop, capsys):
    following = shop.with_name("next.toml")
    following.write_text("[service.web]\ncomand = ['web']\n")
    assert cli.main(["simulate", str(shop), "--events", f"pod:apply={following}@5s"]) == CONFIG
    assert "did you mean `command`?" in capsys.readouterr().err


def test_a_scenario_with_plans(shop, capsys):
    (shop.parent / "next.toml").write_text(NEXT)
    scenario = shop.with_name("scenario.toml")
    text = """
source = "a runbook"
given = "shop.toml"
plan = {next = "next.toml"}
events = ["pod: apply=next @5s"]
until = "9s"
[expected]
phase = "Running"
"""
    scenario.write_text(text)
    assert cli.main(["simulate", "--check", str(scenario)]) == 0
    scenario.write_text(text.replace("apply=next", "apply=nxt"))
    assert cli.main(["simulate", "--check", str(scenario)]) == 1
    said = capsys.readouterr().out
    assert "no plan is called `nxt`" in said and "did you mean `next`?" in said
    assert "nobody applies `next`" in said
