"""`minipod events`: what happened, for people and for programs."""

import json

import pytest
from fake_pod import event, unit

ENDED = event(3, "web", reason="Error", exitCode=137, signal=9)
FAILED = event(4, "web", "readiness", event="failed", to="rest", message="exit code 1", ready=False)
DUE = event(5, "web", "readiness", event="due", to="trying", routine=True)
ABSENT = event(6, "db", "startup", event="absent", to="off")
WANTED = event(7, "db", "want", event="order-stop", to="hold")
TOLD = event(8, None, "pod", event="told", to="stopping", reason="Stopped", message="it was told to stop")
FATAL = event(9, None, "pod", event="fatal", to="ending", by="web")
OVER = event(10, None, "pod", event="nothing-left", to="over", exitCode=143)


@pytest.fixture
def pod(fake_pod):
    fake_pod.units = [unit("web"), unit("db")]
    fake_pod.events = [ENDED, FAILED, DUE, ABSENT, WANTED, TOLD, FATAL, OVER]
    return fake_pod


def test_for_people(pod, say) -> None:
    said = say("events")
    assert said == (
        0,
        "TIME           UNIT   EVENT\n"
        "11:59:03.000   web    draining: the leader was reaped (Error, exit code 137 (SIGKILL))\n"
        "11:59:04.000   web    readiness: failed, is not ready (exit code 1)\n"
        "11:59:07.000   db     wanted: hold: somebody said: stop\n"
        "11:59:08.000   -      stopping: somebody told us to stop (it was told to stop)\n"
        "11:59:09.000   -      ending: a unit the pod cannot do without failed for good (by web)\n"
        "11:59:10.000   -      over: no descendant is left (exit code 143)\n",
        "",
    )


def test_all_of_them(pod, say) -> None:
    out = say("events", "-a").out
    assert "readiness: due, is ready\n" in out and "startup: absent, has started\n" in out


def test_of_one_unit(pod, say) -> None:
    rows = say("events", "db", "--all").out.splitlines()
    assert [row.split()[1] for row in rows] == ["UNIT", "db", "db"]


def test_as_json(pod, say) -> None:
    """Nothing is left out, and nothing changed."""
    assert [json.loads(line) for line in say("events", "-o", "json").out.splitlines()] == pod.events
    assert [json.loads(line) for line in say("events", "-o", "json", "web").out.splitlines()] == [ENDED, FAILED, DUE]


def test_what_is_asked_for(pod, say) -> None:
    say("events", "-f", "--after", "5")
    assert ("GET", "/v1/events", {"follow": "1", "after": "5"}) in pod.asked


def test_lost_ones(pod, say) -> None:
    pod.events = [{"lost": 12}, ENDED]
    assert "events are lost" in say("events", "web").out


def test_nothing_of_a_terminals_own(pod, say) -> None:
    pod.events = [{**FAILED, "message": "\x1b[2J"}]
    assert "\\x1b[2J" in say("events").out


@pytest.mark.parametrize(
    ("words", "code"), [(["nobody"], 4), (["-o", "xml"], 64), (["--after", "x"], 64), (["--after", "-1"], 64)]
)
def test_mistakes(pod, say, words, code) -> None:
    said = say("events", *words)
    assert (said.code, said.out) == (code, "") and said.err.startswith("minipod: ")
