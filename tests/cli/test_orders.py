"""`minipod start`, `stop`, `restart`, `signal` and `wait`: what PID 1 is told, and when they return."""

import pytest
from fake_pod import end, probe, unit

UP = unit("web", instances=1)
HELD = unit("web", life="held", want="hold", begun=True, instances=1, ends=[end(143)])
STOPPING = unit("web", life="term-sent", want="hold", instances=1)
AGAIN = unit("web", life="term-sent", want="again", instances=1)
SOON = "2026-01-31T12:00:04.000000Z"
BACKOFF = unit("web", life="backoff", begun=True, instances=2, ends=[end(), end(3)], dueAt=SOON)
NEXT = unit("web", instances=2, ends=[end(143)])
DONE = unit("web", life="ended", outcome="done", instances=1, ends=[end(0)])
FAILED = unit("web", life="ended", outcome="failed", instances=1, ends=[end(3)])
UNREADY = unit("web", ready=False, probes={"readiness": probe("failure", 3, "HTTP status 503")})
UNSTARTED = unit("web", started=False, ready=False)


def test_stop_returns_when_it_is_stopped(fake_pod, say) -> None:
    fake_pod.then(STOPPING)
    fake_pod.then(HELD)
    assert say("stop", "web") == (0, "web stopped\n", "")
    assert fake_pod.orders() == [("/v1/units/web/stop", {})]
    assert not fake_pod.steps


def test_who_stops_nobody_is_told_how_all_stop(fake_pod, say) -> None:
    said = say("stop")
    assert (said.code, fake_pod.orders()) == (64, [])
    assert "NAME is missing: which unit shall stop? --all stops the pod\n" in said.err
    assert "--all" not in say("restart").err


def test_stop_of_one_that_is_stopped(fake_pod, say) -> None:
    fake_pod.units = [HELD]
    assert say("stop", "web") == (0, "web stopped\n", "")


def test_start(fake_pod, say) -> None:
    fake_pod.units = [HELD]
    fake_pod.then(unit("web", life="spawning", instances=2))
    fake_pod.then(NEXT)
    assert say("start", "web") == (0, "web started\n", "")
    assert fake_pod.orders() == [("/v1/units/web/start", {})]


def test_start_waits_for_the_startup_probe(fake_pod, say) -> None:
    fake_pod.units = [HELD]
    fake_pod.then(UNSTARTED)
    fake_pod.then(UNREADY)
    assert say("start", "web") == (0, "web started\n", "")
    assert not fake_pod.steps


def test_a_start_that_fails(fake_pod, say) -> None:
    fake_pod.units = [HELD]
    fake_pod.then(BACKOFF)
    said = say("start", "web")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("minipod: web ended 10s ago with exit code 3; restart 2 comes in 4s")


def test_a_start_that_waits_for_others_says_so(fake_pod, say) -> None:
    fake_pod.units = [unit("web", life="held", waitsFor=[{"unit": "db", "milestone": "ready"}]), unit("db")]
    fake_pod.then(UP)
    said = say("start", "web")
    assert said == (0, "web started\n", "minipod: web waits for db to be ready\n")


def test_restart_waits_for_the_next_instance(fake_pod, say) -> None:
    fake_pod.units = [UP]
    fake_pod.then(UP)
    fake_pod.then(AGAIN)
    fake_pod.then(NEXT)
    assert say("restart", "web") == (0, "web restarted\n", "")
    assert not fake_pod.steps


def test_several_units(fake_pod, say) -> None:
    fake_pod.units = [unit("web"), unit("db")]
    fake_pod.then(unit("web"), unit("db", life="held", want="hold", begun=True))
    fake_pod.then(HELD, unit("db", life="held", want="hold", begun=True))
    assert say("stop", "web", "db").out == "db stopped\nweb stopped\n"


def test_no_wait(fake_pod, say) -> None:
    assert say("stop", "--no-wait", "web") == (0, "", "")
    assert fake_pod.orders() == [("/v1/units/web/stop", {})]


def test_stop_that_takes_too_long(fake_pod, say) -> None:
    fake_pod.pod["isGone"] = False
    fake_pod.units = [STOPPING]
    said = say("stop", "--timeout", "200ms", "web")
    assert (said.code, said.out) == (124, "")
    assert said.err == "minipod: timed out: web is being stopped by hand: it was asked to end\n"


def test_a_pod_that_ends_before(fake_pod, say) -> None:
    said = say("stop", "web")
    assert said.code == 1 and said.err == "minipod: the pod ended before web was stopped\n"


def test_a_no_is_told(fake_pod, say) -> None:
    fake_pod.refusals["/v1/units/web/start"] = 409, b'{"error": "the unit is over for good", "hint": "never"}'
    assert say("start", "web") == (1, "", "minipod: cannot start web: the unit is over for good; never\n")


def test_nothing_is_ordered_when_one_name_is_wrong(fake_pod, say) -> None:
    assert say("restart", "web", "nobody").code == 4
    assert fake_pod.orders() == []


@pytest.mark.parametrize("word", ["start", "stop", "restart", "signal"])
def test_no_name(fake_pod, say, word) -> None:
    said = say(word)
    assert said.code == 64 and "is missing" in said.err


def test_stop_all(fake_pod, say) -> None:
    assert say("stop", "--all") == (0, "the pod stops\n", "")
    assert fake_pod.orders() == [("/v1/stop", {})]
    assert say("stop", "--all", "web").code == 64


# --- signals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["HUP", "web"], ["SIGHUP", "web"], ["-s", "hup", "web"], ["--signal=1", "web"]])
def test_signal(fake_pod, say, words) -> None:
    assert say("signal", *words) == (0, "", "")
    assert fake_pod.orders() == [("/v1/units/web/signal", {"signal": "1"})]


def test_a_unit_without_a_process(fake_pod, say) -> None:
    fake_pod.units = [unit("web"), HELD | {"name": "db"}]
    said = say("signal", "HUP", "web", "db")
    assert said.code == 3 and said.err.startswith("minipod: db has no process: it was stopped by hand")
    assert fake_pod.orders() == []


def test_no_such_signal(fake_pod, say) -> None:
    said = say("signal", "HPU", "web")
    assert (said.code, said.err) == (64, "minipod: no signal is called HPU; did you mean HUP?\n")


# --- wait -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["--for", "ready"], ["--for=condition=Ready"]])
def test_ready(fake_pod, say, words) -> None:
    fake_pod.units = [UNREADY]
    fake_pod.then(UNREADY)
    fake_pod.then(unit("web"))
    assert say("wait", *words, "web") == (0, "web ready\n", "")
    assert not fake_pod.steps


def test_an_instance_that_shall_end_is_not_ready(fake_pod, say) -> None:
    """Right behind a restart's order the old one still runs."""
    fake_pod.units = [unit("web", want="again")]
    fake_pod.then(NEXT)
    assert say("wait", "web").code == 0
    assert not fake_pod.steps


def test_started(fake_pod, say) -> None:
    fake_pod.units = [UNSTARTED]
    fake_pod.then(UNREADY)
    assert say("wait", "--for=started", "web") == (0, "web started\n", "")


def test_all_of_the_pod(fake_pod, say) -> None:
    init = unit("setup", "init", "ended", outcome="done", begun=True, instances=1, ends=[end()])
    fake_pod.units = [unit("setup", "init"), UNREADY, DONE | {"name": "job"}]
    fake_pod.then(init, unit("web"), DONE | {"name": "job"})
    assert say("wait").out == "job ready\nsetup ready\nweb ready\n"


@pytest.mark.parametrize("after", [HELD, BACKOFF, FAILED, NEXT], ids=lambda facts: facts["life"])
def test_exit(fake_pod, say, after) -> None:
    """Whatever becomes of it then, the next instance that is there already too."""
    fake_pod.units = [UP]
    fake_pod.then(UP)
    fake_pod.then(after)
    said = say("wait", "--for=exit", "web")
    code = after["ends"][-1]["exitCode"]
    assert (said.code, said.out) == (0, f"web ended: exit code {code}\n")
    assert not fake_pod.steps


def test_exit_of_who_has_not_begun(fake_pod, say) -> None:
    fake_pod.units = [unit("web", life="held")]
    fake_pod.then(UP)
    fake_pod.then(DONE)
    assert say("wait", "--for=delete", "web").out == "web ended: exit code 0\n"


def test_exit_of_the_pod(fake_pod, say) -> None:
    assert say("wait", "--for=exit").code == 0


def test_what_will_never_be(fake_pod, say) -> None:
    fake_pod.units = [UNREADY]
    fake_pod.then(FAILED)
    said = say("wait", "web")
    assert said == (1, "", "minipod: web failed for good 10s ago: exit code 3; it will never be ready\n")


def test_the_pod_ends_before(fake_pod, say) -> None:
    fake_pod.units = [UNREADY]
    assert say("wait", "web") == (1, "", "minipod: the pod ended, and web was not ready\n")


@pytest.mark.parametrize("timeout", ["0", "100ms"])
def test_too_long(fake_pod, say, timeout) -> None:
    fake_pod.pod["isGone"] = False
    fake_pod.units = [UNREADY]
    said = say("wait", "web", "--timeout", timeout)
    assert (said.code, said.out) == (124, "")
    because = "web is not ready: its readiness probe failed 3 times in a row, last 5s ago: HTTP status 503"
    assert said.err == f"minipod: timed out: {because}\n"


@pytest.mark.parametrize("words", [["--for=lunch"], ["--timeout", "soon"], ["--timeout=-1"]])
def test_mistakes(fake_pod, say, words) -> None:
    assert say("wait", *words).code == 64
    assert fake_pod.asked == []
