"""Why a unit is as it is: for every state that is not plain running one sentence with the numbers."""

import pytest

from minipod.status.pod import PodRecord
from minipod.status.records import PodInfo, Terminated
from minipod.status.states import DEPENDENCY_FAILED, UnitRecord
from minipod.status.view import PodView, ProbeView, Sickness, UnitView, Wait
from minipod.status.why import is_well, why, why_pod
from minipod.supervisor.verdict import REASON
from minipod.supervisor.vocabulary import Kind, Life, Outcome, PodEvent, Want

SECOND = 10**9
NOW = 1769860800 * SECOND  # 12:00:00 UTC
AGO = NOW - 5 * SECOND
CRASH = Terminated(3, "Error", finished_at=AGO)
SIGNALLED = Terminated(139, "Error", signal=11, finished_at=AGO)
OOM = Terminated(137, "OOMKilled", signal=9, finished_at=AGO)
DONE = Terminated(0, "Completed", finished_at=AGO)
ANEW = Terminated(137, "RestartingAllContainers", finished_at=AGO)
BAD = ProbeView("rest", last=False, run=3, why="HTTP status 503", asked_at=NOW - 2 * SECOND, answers=9, failures=3)
SICK = Sickness("liveness probe", 3, "HTTP status 503")
LATE = Terminated(143, "DeadlineExceeded", signal=15, finished_at=AGO)
MISSING = Terminated(127, "StartError", finished_at=AGO)
GOOD = ProbeView("rest", last=True, run=1, asked_at=NOW, answers=1)


@pytest.fixture(autouse=True)
def universal_time(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def unit(life: Life, *, kind: Kind = Kind.SERVICE, view: dict | None = None, **record) -> UnitView:
    return UnitView(UnitRecord("web", kind, life, **record), **(view or {}))


def up(**more) -> UnitView:
    flags = {"started": True, "ready": True, "begun": True, "instances": 1, "started_at": NOW - 12 * SECOND}
    view = more.pop("view", None)
    return unit(Life.UP, view=view, **{**flags, **more})


def told(life: Life, want: Want = Want.HOLD, **more) -> str:
    return why(unit(life, want=want, due_at=NOW + 4 * SECOND, view=more.pop("view", None), **more), NOW)


def ended(outcome: Outcome, *ends: Terminated, **view) -> str:
    return why(unit(Life.ENDED, outcome=outcome, ends=ends, view=view), NOW)


def test_one_that_is_well_needs_no_reason() -> None:
    assert why(up(), NOW) == ""
    assert why(up(view={"probes": (("liveness", GOOD), ("readiness", GOOD))}), NOW) == ""


# --- no process -------------------------------------------------------------------------------------------------------


def test_waits_for_others() -> None:
    waits = (Wait("db", "ready"), Wait("cache", "started"), Wait("seed", "completed"))
    said = "waits for db to be ready and cache to have started and seed to have ended with 0"
    assert why(unit(Life.HELD, view={"waits_for": waits}), NOW) == said
    assert why(unit(Life.HELD), NOW) == "has not had its turn yet"


def test_stopped_by_hand() -> None:
    assert why(unit(Life.HELD, want=Want.HOLD), NOW) == "was stopped by hand; `minipod start web` starts it"
    said = "was stopped by hand, and ended 5s ago with exit code 139 (SIGSEGV); `minipod start web` starts it"
    assert why(unit(Life.HELD, want=Want.HOLD, ends=(SIGNALLED,)), NOW) == said


def test_the_pod_begins_anew() -> None:
    said = "ended 5s ago with exit code 137; it waits until the whole pod begins anew"
    assert why(unit(Life.HELD, ends=(ANEW,)), NOW) == said


def test_back_off() -> None:
    waiting = unit(Life.BACKOFF, ends=(CRASH,), instances=4, due_at=NOW + 11 * SECOND)
    said = "ended 5s ago with exit code 3; restart 4 comes in 11s, at 12:00:11, after a back-off of 16s"
    assert why(waiting, NOW) == said
    assert why(waiting._replace(left_behind=3), NOW) == f"{said}; it left 3 processes behind: run it in the foreground"
    assert why(waiting._replace(left_behind=1), NOW) == f"{said}; it left 1 process behind: run it in the foreground"


def test_no_resources() -> None:
    said = "could not be started for want of resources; the next try comes in 1s, at 12:00:01"
    assert why(unit(Life.BACKOFF, due_at=NOW + SECOND), NOW) == said


@pytest.mark.parametrize(
    ("end", "raw", "said"),
    [
        (CRASH, 3, "exit code 3"),
        (CRASH, 75, "exit code 3, which exit_codes made of 75"),
        (SIGNALLED, 139, "exit code 139 (SIGSEGV)"),
        (OOM, 137, "exit code 137: the kernel killed it for want of memory (OOMKilled)"),
        (Terminated(127, "StartError", finished_at=AGO), None, "exit code 127: there is no such program"),
        (Terminated(126, "StartError", finished_at=AGO), None, "exit code 126: its program cannot be executed"),
        (Terminated(128, "StartError", finished_at=AGO), None, "exit code 128: its command could not be executed"),
        (Terminated(128, "CreateContainerConfigError", finished_at=AGO), None,
         "exit code 128: what it shall have or be is not to be had (CreateContainerConfigError)"),
    ],
)
def test_how_it_ended(end, raw, said) -> None:
    waiting = unit(Life.BACKOFF, ends=(end,), instances=1, view={"raw_code": raw})
    assert why(waiting, NOW) == f"ended 5s ago with {said}; restart 1 comes soon"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.FAILED, "failed for good 5s ago: exit code 3"),
        (Outcome.GAVE_UP, "gave up after 5 restarts, 5s ago: exit code 3"),
        (Outcome.EXPIRED, "was ended because its deadline ran out, 5s ago: exit code 3"),
        (Outcome.STOPPED, "was stopped with the pod 5s ago: exit code 3"),
        (None, "ended 5s ago: exit code 3"),
    ],
)
def test_over(outcome, said) -> None:
    assert ended(outcome, CRASH, streak=5) == said


def test_over_and_well() -> None:
    assert ended(Outcome.DONE, DONE) == "finished 5s ago: exit code 0"
    done = unit(Life.ENDED, kind=Kind.INIT, outcome=Outcome.DONE, ends=(DONE,))
    assert why(done, NOW) == "was done 5s ago: exit code 0"


def test_over_without_a_start() -> None:
    assert ended(Outcome.FAILED) == "was never started: a unit that it waits for failed"
    seed, api = Wait("seed", "completed", CRASH), Wait("api", "ready")
    waited = "was never started: it waited for seed to have ended with 0, which ended with exit code 3"
    assert ended(Outcome.FAILED, waits_for=(seed,)) == waited
    also = "it waited for api to be ready, which was never started"
    assert ended(Outcome.FAILED, waits_for=(seed, api)) == f"{waited}; {also}"
    assert why(unit(Life.DRAINING, outcome=Outcome.FAILED, view={"waits_for": (seed,)}), NOW) == waited
    assert ended(Outcome.STOPPED) == "was never started: the pod ended before"
    assert ended(Outcome.UNRUNNABLE, MISSING) == "could not be started 5s ago: exit code 127: there is no such program"


# --- a process --------------------------------------------------------------------------------------------------------


def test_starts() -> None:
    begun = unit(Life.SPAWNING, started_at=NOW - 3 * SECOND)
    assert why(begun, NOW) == "is being started since 3s: its program does not run yet"
    hooked = unit(Life.POST_START, started_at=NOW - 3 * SECOND)
    assert why(hooked, NOW) == "has run for 3s, and its post_start hook is not done"


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ({}, "nothing has said so yet"),
        ({"status_text": "loading"}, 'nothing has said so yet (it says "loading")'),
        ({"probes": (("startup", BAD),)},
         "its startup probe failed 3 times in a row, last 2s ago: HTTP status 503"),
        ({"probes": (("startup", BAD._replace(run=1, why="")),)}, "its startup probe failed once, last 2s ago"),
        ({"probes": (("startup", BAD._replace(run=2)),)},
         "its startup probe failed twice in a row, last 2s ago: HTTP status 503"),
    ],
)  # fmt: skip
def test_has_not_started(view, said) -> None:
    assert why(up(started=False, ready=False, view=view), NOW) == f"has run for 12s and has not started yet: {said}"


def test_is_not_ready() -> None:
    view = {"probes": (("readiness", BAD),)}
    said = "is not ready: its readiness probe failed 3 times in a row, last 2s ago: HTTP status 503"
    assert why(up(ready=False, view=view), NOW) == said
    view = {"probes": (("readiness", GOOD),)}
    assert why(up(ready=False, view=view), NOW) == "is not ready: its readiness probe succeeded only once so far"


@pytest.mark.parametrize(("kind", "name"), [("liveness", "liveness probe"), ("watchdog", "watchdog")])
def test_it_fails_and_has_not_failed_yet(kind, name) -> None:
    said = f"runs, but its {name} failed 3 times in a row, last 2s ago: HTTP status 503"
    assert why(up(view={"probes": ((kind, BAD),)}), NOW) == said


def test_it_says_that_it_is_not_well() -> None:
    assert why(up(view={"errno": 5}), NOW) == "says that it is not well: errno 5 (EIO)"
    assert why(up(view={"errno": 9999}), NOW) == "says that it is not well: errno 9999"


# --- a process that shall end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("want", "said"),
    [
        (Want.HOLD, "by hand"),
        (Want.STOP, "with the pod"),
        (Want.AGAIN, "to be started again, as somebody said"),
        (Want.RESET, "because the whole pod begins anew"),
        (Want.UP, "because its deadline ran out"),
    ],
)
def test_is_being_stopped(want, said) -> None:
    step = "it was asked to end; KILL follows in 4s, at 12:00:04"
    assert told(Life.TERM_SENT, want) == f"is being stopped {said}: {step}"


def test_is_being_stopped_for_a_probe() -> None:
    """The probe itself has forgotten its answers by then."""
    said = told(Life.TERM_SENT, Want.UP, view={"unhealthy": SICK, "probes": (("liveness", ProbeView("off")),)})
    failed = "because its liveness probe failed 3 times in a row (HTTP status 503)"
    assert said == f"is being stopped {failed}: it was asked to end; KILL follows in 4s, at 12:00:04"


def test_was_stopped_for_a_probe() -> None:
    """TERM alone does not say who sent it."""
    term = Terminated(143, "Error", signal=15, finished_at=AGO)
    waiting = unit(Life.BACKOFF, ends=(term,), instances=4, due_at=NOW + SECOND, view={"unhealthy": SICK})
    because = "stopped because its liveness probe failed 3 times in a row (HTTP status 503)"
    assert why(waiting, NOW).startswith(f"ended 5s ago with exit code 143 (SIGTERM), {because}; restart 4 comes in 1s")
    hook = Sickness("post_start", 1, "exit code 9")
    because = "stopped because its post_start failed (exit code 9)"
    assert ended(Outcome.FAILED, term, unhealthy=hook) == f"failed for good 5s ago: exit code 143 (SIGTERM), {because}"


@pytest.mark.parametrize(
    ("life", "view", "said"),
    [
        (Life.PRE_STOP, {}, "its pre_stop hook is not done; it is cut short in 4s, at 12:00:04"),
        (Life.TURN, {"waits_for": (Wait("api", "gone"),)},
         "it waits for api to be over; it waits no longer in 4s, at 12:00:04"),
        (Life.TURN, {}, "it waits for its turn; it waits no longer in 4s, at 12:00:04"),
        (Life.KILL_SENT, {}, "it was killed, and the kernel has not let it go yet"),
    ],
)  # fmt: skip
def test_steps_of_a_stop(life, view, said) -> None:
    assert told(life, view=view) == f"is being stopped by hand: {said}"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (0, "whatever is left of it is being ended"),
        (1, "1 process of it is being ended: run it in the foreground"),
        (3, "3 processes of it are being ended: run it in the foreground"),
    ],
)
def test_what_it_left_behind_is_ended(left, said) -> None:
    draining = unit(Life.DRAINING, ends=(CRASH,), view={"left_behind": left})
    assert why(draining, NOW) == f"has ended with exit code 3; {said}"


# Every state that is not plain running, by what there is of it: the words and numbers that its sentence must have.
STATES: list[tuple[Life, dict, dict, list[str]]] = [
    (Life.HELD, {}, {"waits_for": (Wait("db", "ready"),)}, ["db to be ready"]),
    (Life.HELD, {"want": Want.HOLD, "ends": (CRASH,)}, {}, ["by hand", "5s ago", "exit code 3", "minipod start web"]),
    (Life.HELD, {"ends": (ANEW,)}, {}, ["5s ago", "exit code 137", "begins anew"]),
    (Life.BACKOFF, {"ends": (CRASH,), "due_at": NOW + 11 * SECOND, "instances": 4}, {},
     ["5s ago", "exit code 3", "restart 4", "11s", "12:00:11", "back-off of 16s"]),
    (Life.BACKOFF, {"ends": (SIGNALLED,), "due_at": NOW}, {}, ["139", "SIGSEGV", "0s"]),
    (Life.BACKOFF, {"ends": (OOM,), "due_at": NOW}, {}, ["137", "OOMKilled", "memory"]),
    (Life.BACKOFF, {"ends": (DONE,), "due_at": NOW}, {"left_behind": 3}, ["exit code 0", "3 processes", "foreground"]),
    (Life.BACKOFF, {"ends": (CRASH,), "due_at": NOW}, {"unhealthy": SICK}, ["liveness probe", "3 times", "503"]),
    (Life.BACKOFF, {"due_at": NOW + SECOND}, {}, ["resources", "1s", "12:00:01"]),
    (Life.SPAWNING, {"started_at": NOW - SECOND}, {}, ["1s"]),
    (Life.POST_START, {"started_at": NOW - SECOND}, {}, ["1s", "post_start"]),
    (Life.UP, {"started_at": NOW - SECOND}, {"probes": (("startup", BAD),)}, ["1s", "3 times", "2s ago", "503"]),
    (Life.UP, {"started": True}, {"probes": (("readiness", BAD),)}, ["not ready", "3 times", "2s ago", "503"]),
    (Life.UP, {"started": True, "ready": True}, {"probes": (("liveness", BAD),)}, ["liveness", "3 times", "503"]),
    (Life.UP, {"started": True, "ready": True}, {"errno": 5}, ["errno 5", "EIO"]),
    (Life.PRE_STOP, {"want": Want.STOP, "due_at": NOW + SECOND}, {}, ["with the pod", "pre_stop", "1s", "12:00:01"]),
    (Life.TURN, {"want": Want.RESET, "due_at": NOW + SECOND}, {"waits_for": (Wait("api", "gone"),)},
     ["pod begins anew", "api to be over", "1s"]),
    (Life.TERM_SENT, {"due_at": NOW + SECOND}, {"unhealthy": SICK}, ["liveness probe", "3 times", "503", "KILL", "1s"]),
    (Life.TERM_SENT, {"want": Want.AGAIN, "due_at": NOW + SECOND}, {}, ["started again", "KILL", "1s"]),
    (Life.KILL_SENT, {"want": Want.HOLD}, {}, ["by hand", "killed"]),
    (Life.DRAINING, {"ends": (CRASH,)}, {"left_behind": 2}, ["exit code 3", "2 processes", "foreground"]),
    (Life.ENDED, {"outcome": Outcome.DONE, "ends": (DONE,)}, {}, ["finished", "5s ago", "exit code 0"]),
    (Life.ENDED, {"outcome": Outcome.FAILED, "ends": (CRASH,)}, {"raw_code": 75}, ["for good", "5s", "code 3", "75"]),
    (Life.ENDED, {"outcome": Outcome.FAILED}, {"waits_for": (Wait("db", "completed", CRASH),)}, ["db", "exit code 3"]),
    (Life.ENDED, {"outcome": Outcome.GAVE_UP, "ends": (CRASH,)}, {"streak": 5}, ["5 restarts", "5s", "exit code 3"]),
    (Life.ENDED, {"outcome": Outcome.UNRUNNABLE, "ends": (MISSING,)}, {}, ["started", "5s", "127", "no such program"]),
    (Life.ENDED, {"outcome": Outcome.EXPIRED, "ends": (LATE,)}, {}, ["deadline", "5s ago", "SIGTERM"]),
    (Life.ENDED, {"outcome": Outcome.STOPPED, "ends": (SIGNALLED,)}, {}, ["with the pod", "5s ago", "SIGSEGV"]),
]  # fmt: skip
NOT_FINAL = {Outcome.RESTART, Outcome.RESTART_NOW, Outcome.HELD, Outcome.RESTART_ALL}


@pytest.mark.parametrize(("life", "record", "view", "words"), STATES)
def test_the_sentence_has_the_numbers(life, record, view, words) -> None:
    said = why(unit(life, view=view, **record), NOW)
    assert [word for word in words if word not in said] == [], said


def test_no_state_is_forgotten() -> None:
    """A new word of the supervisor's needs a row."""
    assert {life for life, *_ in STATES} == set(Life)
    assert {record.get("want", Want.UP) for _, record, *_ in STATES} == set(Want)
    assert {record["outcome"] for _, record, *_ in STATES if "outcome" in record} == set(Outcome) - NOT_FINAL
    reasons = {end.reason for _, record, *_ in STATES for end in record.get("ends", ())}
    assert reasons >= {word for row in REASON.values() for word in row} - {DEPENDENCY_FAILED}


@pytest.mark.parametrize("want", Want)
@pytest.mark.parametrize("life", Life)
def test_every_state_has_its_sentence(life, want) -> None:
    for outcome in (None, *Outcome):
        for ends in ((), (CRASH,)):
            assert why(unit(life, want=want, outcome=outcome, ends=ends), NOW)


# --- the pod ----------------------------------------------------------------------------------------------------------


def pod(*units: UnitView, cause: PodEvent | None = None, **more) -> PodView:
    records = tuple(each.record for each in units)
    return PodView(PodRecord(records, cause=cause), PodInfo("shop", ()), units, NOW, **more)


def test_the_pod() -> None:
    done = unit(Life.ENDED, kind=Kind.INIT, outcome=Outcome.DONE, ends=(DONE,))
    assert why_pod(pod(done, up())) == ""
    assert why_pod(pod(done, up(), unit(Life.HELD, want=Want.HOLD))).startswith("web was stopped by hand")
    ending = {"message": "main ended", "stop_by": NOW + 9 * SECOND}
    assert why_pod(pod(up(), **ending)) == "ends: main ended; all is gone by 12:00:09"
    told = {"message": "it was told to stop", "told_by": "SIGINT"}
    assert why_pod(pod(up(), cause=PodEvent.TOLD, **told)) == "ends: it was told to stop by SIGINT"
    late = {"message": "every service finished with 0", "told_by": "SIGTERM"}
    assert why_pod(pod(up(), cause=PodEvent.ALL_DONE, **late)) == "ends: every service finished with 0"
    crashed = unit(Life.ENDED, outcome=Outcome.FAILED, ends=(CRASH,))
    fatal = {"message": "a unit that the pod needs failed for good", "decided_by": "web"}
    assert why_pod(pod(crashed, **fatal)) == f"ends: {fatal['message']} (web ended with exit code 3)"
    assert why_pod(pod(up(), is_frozen=True)).startswith("stands still")


def test_who_is_well() -> None:
    assert is_well(up())
    assert not is_well(up(ready=False))
    assert not is_well(unit(Life.UP, kind=Kind.INIT, started=True, ready=True))
    assert is_well(unit(Life.ENDED, outcome=Outcome.DONE))
    assert not is_well(unit(Life.ENDED, outcome=Outcome.GAVE_UP))
