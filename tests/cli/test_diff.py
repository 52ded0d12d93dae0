"""`minipod diff`: what is said of a file and a pod that runs, and with which exit code."""

import json
from pathlib import Path

import pytest
from fake_pod import FakePod
from plans import NEXT, SAID, SHOP, raw

from minipod import model
from minipod.commands import diff_text
from minipod.commands.diff_text import to_json, to_text
from minipod.model import Pod, Unit
from minipod.reaper.changes import changes
from minipod.reaper.decode import decode
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan
from minipod.reaper.records import Unit as Record
from minipod.supervisor.words import Handler, Kind, LogMode, Milestone, SignalVerb, Standing


@pytest.fixture
def file(fake_pod: FakePod, tmp_path: Path) -> Path:
    """The pod file of what runs."""
    fake_pod.plan = raw(SHOP, tmp_path / "pod.toml")
    return tmp_path / "pod.toml"


def test_nothing_differs(file: Path, say) -> None:
    assert say("diff", str(file)) == (0, "", "")


def test_what_differs(file: Path, say) -> None:
    file.write_text(NEXT)
    assert say("diff", str(file)) == (1, SAID, "")


def test_the_page_shows_what_is_said() -> None:
    page = (Path(__file__).parents[2] / "docs/diff.md").read_text(encoding="utf-8")
    shown = [line[4:] for line in page.splitlines() if line.startswith("    ") and not line.startswith("    minipod ")]
    assert len(shown) == 10
    assert set(shown) <= set(SAID.splitlines())


def test_what_apply_would_refuse(file: Path, say) -> None:
    """Each by itself, below what differs; the exit code is the same."""
    settled = "[pod]\ndeadline = '1h'\ncontrol = '/s'\n"
    text = SHOP.replace("[pod]\n", settled).replace("[service.web]\n", "[service.web]\ntty = true\n")
    assert text.count("1h") == text.count("tty") == 1
    file.write_text(text)
    code, said, err = say("diff", str(file))
    begin, end = "minipod apply would refuse this: ", "; restart the container for that"
    told = [line[len(begin) : -len(end)] for line in said.splitlines() if line.startswith(begin) and line.endswith(end)]
    control, deadline = (f"the pod's {key} cannot change while it runs" for key in ("control", "deadline"))
    assert (code, err, told) == (1, "", [control, deadline, "web: its tty cannot change while the pod runs"])
    assert said.splitlines()[-3:] == [f"{begin}{each}{end}" for each in told]
    refused = json.loads(say("diff", "-o", "json", str(file)).out)["refused"]
    assert refused[0] == {"unit": None, "key": "control", "why": control, "help": end[2:]}
    assert [(each["unit"], each["key"]) for each in refused] == [(None, "control"), (None, "deadline"), ("web", "tty")]


def test_a_plan_will_do(file: Path, tmp_path: Path, say) -> None:
    plan = tmp_path / "next.plan"
    plan.write_bytes(raw(NEXT, tmp_path / "next.toml"))
    assert say("diff", str(plan)) == (1, SAID, "")


def test_as_json(file: Path, say) -> None:
    file.write_text(NEXT)
    said = say("diff", "-o", "json", str(file))
    assert (said.code, said.err) == (1, "")
    found = json.loads(said.out)
    assert (found["pod"], found["differs"]) == ("shop", True)
    assert found["keys"] == [{"key": "label tier", "old": "web", "new": "api"}]
    words = {unit["name"]: unit["change"] for unit in found["units"]}
    assert words == {"proxy": "new", "web": "changed", "db": "unchanged", "seed": "removed"}
    web = next(unit for unit in found["units"] if unit["name"] == "web")
    assert {"key": "env DEBUG", "old": None, "new": "''"} in web["keys"]


def test_as_json_when_nothing_differs(file: Path, say) -> None:
    said = say("diff", "--output=json", str(file))
    assert said.code == 0
    assert (json.loads(said.out)["differs"], json.loads(said.out)["refused"]) == (False, [])


@pytest.mark.parametrize("output", ["text", "json"])
def test_no_secret_is_told(output: str, file: Path, say) -> None:
    file.write_text(NEXT)
    assert "hunter" not in say("diff", "-o", output, str(file)).out


def test_set_counts(file: Path, say) -> None:
    said = say("diff", "--set", "service.web.env.PORT=82", str(file))
    assert said.code == 1
    assert "    env PORT                   80 -> 82\n" in said.out


def test_nothing_is_ordered(file: Path, fake_pod: FakePod, say) -> None:
    file.write_text(NEXT)
    say("diff", str(file))
    assert fake_pod.orders() == []


# --- what cannot be told ----------------------------------------------------------------------------------------------


def test_a_bad_file(file: Path, fake_pod: FakePod, say) -> None:
    """The running pod is not even asked."""
    file.write_text(SHOP + "restrt = 1\n")
    said = say("diff", str(file))
    assert (said.code, said.out) == (78, "")
    assert "restrt" in said.err
    assert fake_pod.asked == []


def test_no_pod_answers(file: Path, say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIPOD_SOCKET", str(file.parent / "nobody.sock"))
    assert say("diff", str(file)).code == 3


@pytest.mark.parametrize("plan", [b"", b"minipod\n", b"{}"])
def test_a_running_plan_that_cannot_be_read(plan: bytes, file: Path, fake_pod: FakePod, say) -> None:
    """1 would be a difference."""
    fake_pod.plan = plan
    said = say("diff", str(file))
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("minipod: this minipod cannot read the plan that PID 1 runs: ")


def test_a_pod_that_says_no(file: Path, fake_pod: FakePod, say) -> None:
    fake_pod.refusals["/v1/plan"] = (503, b'{"error": "not now", "hint": "later"}')
    assert say("diff", str(file)) == (2, "", "minipod: not now; later\n")


@pytest.mark.parametrize("words", [(), ("a", "b"), ("-o", "yaml", "x"), ("--stop", "x")])
def test_words_that_make_no_sense(words: tuple[str, ...], fake_pod: FakePod, say) -> None:
    assert say("diff", *words).code == 64
    assert fake_pod.asked == []


def test_help(say) -> None:
    said = say("diff", "--help")
    assert said.code == 0
    assert said.out.startswith("minipod diff ")


# --- each key ---------------------------------------------------------------------------------------------------------

WEB = Unit("web", Kind.SERVICE, ("serve",), "always")
DB = Unit("db", Kind.SERVICE, ("db",), "always")
PROBE = model.Probe(model.Ask(Handler.TCP_SOCKET, port=80))
HEADERS = model.Ask(Handler.HTTP_GET, port=80, headers=(("Authorization", "one"),))


def plan(*units: Unit, **keys) -> Plan:
    return lower(Pod("shop", units or (WEB,), **keys))


def lines(old: Plan, new: Plan) -> list[str]:
    """What is said below the names, blanks made one."""
    said = to_text(changes(old, new), old, new).splitlines()
    return [" ".join(line.split()) for line in said if line.startswith("    ")]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"working_dir": "/srv"}, ["working_dir none -> /srv"]),
        ({"user": "www", "group": "www"}, ["user none -> www", "group none -> www"]),
        ({"umask": 0o27}, ["umask none -> 0027"]),
        ({"exit_codes": {3: 0}}, ["exit codes none -> 3 is 0"]),
        ({"pre_stop": model.Ask(Handler.SLEEP, sleep=10**9)}, ["pre_stop none -> waits 1s"]),
        ({"tty": True}, ["tty none -> minipod's"]),
        ({"env": {"A": "x y"}}, ["env A none -> 'x y'"]),
        ({"log": model.Log(LogMode.RAW)}, [f"log {LogMode.PREFIX.value} -> {LogMode.RAW.value}"]),
        ({"deadline": 10**9}, ["deadline none -> 1s"]),
        (
            {"notify": model.Notify()},
            ["notify none -> sd_notify's socket", "startup_probe none -> started when it says so itself"],
        ),
        (
            {"termination_grace_period": 10**9},
            [
                "its stop SIGTERM to the whole process group; KILL after 10s",
                "-> SIGTERM to the whole process group; KILL after 1s",
            ],
        ),
    ],
)  # fmt: skip
def test_a_key(keys: dict, said: list[str]) -> None:
    found = lines(plan(WEB, DB), plan(WEB._replace(**keys), DB))
    assert found[: len(said)] == said


def test_a_kind() -> None:
    found = lines(plan(WEB, DB), plan(WEB._replace(kind=Kind.SIDECAR), DB))
    assert "kind service -> sidecar" in found
    assert f"its end {Standing.SERVICE.value} -> {Standing.SIDECAR.value}" in found


def test_what_is_too_long_for_a_line() -> None:
    found = lines(plan(), plan(WEB._replace(restart="on_failure")))
    assert [line.split()[0] for line in found] == ["restart", "->"]
    assert "after a failure" in found[1]


def test_a_header_that_nobody_may_see() -> None:
    one, other = (WEB._replace(liveness_probe=PROBE._replace(ask=HEADERS._replace(headers=(("Authorization", value),))))
                  for value in ("one", "two"))  # fmt: skip
    said = lines(plan(one), plan(other))
    assert said[-1] == "-> the same, but for what is not shown"
    assert "Authorization: …" in said[0]


def test_the_order_of_variables() -> None:
    one, other = {"A": "1", "B": "$(A)"}, {"B": "$(A)", "A": "1"}
    said = lines(plan(WEB._replace(env=one)), plan(WEB._replace(env=other)))
    assert said == ["env the same variables -> in another order, or built otherwise"]


def test_the_pods_own() -> None:
    signals = {10: model.SignalRule(SignalVerb.FORWARD, 12, ("web",))}
    old = plan(WEB, DB)
    new = plan(DB, WEB, main="web", deadline=10**9, signals=signals, termination_message_path="/dev/log")
    said = lines(old, new)
    assert {
        "termination_message none -> /dev/log", "deadline none -> 1s", "main none -> web", "args none -> web",
        "order web, db -> db, web", "signal SIGUSR1 sent on to all units -> sent on as SIGUSR2 to web",
    } <= set(said)  # fmt: skip


def test_what_makes_no_other_text() -> None:
    """What counts for nobody now may count later."""
    job = WEB._replace(restart="never")
    slow = job._replace(backoff=model.Backoff(initial=30 * 10**9, max=60 * 10**9))
    assert lines(plan(job), plan(slow)) == ["delays 0s 1s 2s 4s 8s 16s 32s 1m -> 0s 30s 1m"]
    keep = job._replace(log=model.Log(keep=1))
    assert lines(plan(job), plan(keep)) == [
        "log at most 10Mi a file, besides 5 older ones -> at most 10Mi a file, besides 1 older ones"
    ]


def test_a_field_without_a_text_of_its_own() -> None:
    old = plan()
    new = old._replace(units=(old.units[0]._replace(leave_rest=True, rest_grace_ns=10**9),))
    assert lines(old, new) == ["rest_grace all that is left -> 1s", "leave_rest no -> yes"]


def test_what_a_program_that_cannot_be_executed_is_to_the_pod() -> None:
    own, manifest = plan(), plan(WEB._replace(unstartable_code=128))
    assert lines(own, manifest) == ["no start the pod's end -> a failure with 128"]
    anew = WEB._replace(unstartable_code=128, restart_rules=(model.RestartRule((128,), restart_all=True),))
    assert "no start a failure with 128 -> a failure with 128: the whole pod begins anew" in lines(manifest, plan(anew))


def test_lines_of_etc_hosts() -> None:
    new = plan(hosts=(("10.0.0.7", ("db", "db.local")), ("::1", ("me",))))
    assert lines(plan(), new) == ["hosts none -> 10.0.0.7 db db.local; ::1 me"]


def test_keys_are_fields_each_once() -> None:
    fields = [field for _, fields, _ in diff_text._KEYS for field in fields]
    assert set(fields) <= set(Record._fields)
    assert len(set(fields)) == len(fields)


def test_nothing_that_a_terminal_would_act_on() -> None:
    odd = plan(WEB._replace(command=("\x1b[31m",), working_dir="/\x07", env={"A\x1b": "\x1b"}), labels={"x": "\x1b"})
    for text in (to_text(changes(plan(), odd), plan(), odd), to_json(changes(plan(), odd), plan(), odd, ())):
        assert "\x1b" not in text and "\x07" not in text


def test_whom_it_waits_for() -> None:
    old, new = (WEB._replace(after={"db": milestone}) for milestone in (Milestone.STARTED, Milestone.READY))
    assert lines(plan(old, DB), plan(new, DB)) == ["after db has started -> db is ready"]


def test_what_is_read_back_is_the_same(tmp_path: Path) -> None:
    found = decode(raw(SHOP, tmp_path / "pod.toml"))
    assert to_text(changes(found, found), found, found) == ""
