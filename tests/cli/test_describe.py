"""`minipod describe`: everything about a unit, with the sentence that says why."""

from fake_pod import at, end, event, probe, unit


def test_a_unit_in_back_off(fake_pod, say) -> None:
    ends = [end(1, instance=3), end(139, signal=11, instance=4, left=3)]
    fake_pod.units = [
        unit("web", life="backoff", begun=True, instances=4, streak=3, ends=ends, dueAt="2026-01-31T12:00:04.000000Z",
             log={"mode": "prefix", "file": None, "bytes": 12, "lines": 1, "dropped": 2}),
        unit("db"),
    ]  # fmt: skip
    fake_pod.lines = [
        {"time": at(49), "unit": "web", "stream": "stderr", "line": "boom\x1b[31m"},
        {"time": at(49), "unit": "db", "stream": "stdout", "line": "not this"},
    ]
    ended = event(50, "web", reason="Error", exitCode=139, signal=11)
    fake_pod.events = [ended, event(51, "db"), event(52, None, "pod")]
    said = say("describe", "web")
    assert said.code == 0
    assert said.out == (
        "Name:           web\n"
        "Kind:           service\n"
        "Why:            ended 10s ago with exit code 139 (SIGSEGV); restart 4 comes in 4s, at 12:00:04, after a "
        "back-off of 14s; it left 3 processes behind: run it in the foreground\n"
        "State:          Waiting\n"
        "  Reason:       CrashLoopBackOff\n"
        "  Message:      back-off 14s restarting failed container=web\n"
        "Life:           backoff: no process: waits before the next start\n"
        "Last State:     Terminated\n"
        "  Reason:       Error\n"
        "  Exit Code:    139\n"
        "  Signal:       SIGSEGV\n"
        "  Started:      Sat, 31 Jan 2026 11:59:10 +0000\n"
        "  Finished:     Sat, 31 Jan 2026 11:59:50 +0000\n"
        "Ready:          False\n"
        "Restart Count:  3\n"
        "Left Behind:    3 of its last instance's processes\n"
        "Log:            prefix; 1 line, 12 bytes, 2 dropped\n"
        "Last Lines:\n"
        "  boom\\x1b[31m\n"
        "Events:\n"
        "  10s ago     draining: the leader was reaped (Error, exit code 139 (SIGSEGV))\n"
    )


def test_a_unit_s_last_words(fake_pod, say) -> None:
    """Where kubectl has them, a line each; nothing that a terminal would act on."""
    ends = [end(3, instance=1, message="no such\x1b[31m table\nof that name\n")]
    fake_pod.units = [unit("web", life="ended", outcome="failed", begun=True, instances=1, ends=ends)]
    out = say("describe", "web").out
    words = "  Message:      no such\\x1b[31m table\n                of that name\n  Exit Code:    3\n"
    assert "  Reason:       Error\n" + words in out
    assert '"message": "no such\\u001b[31m table\\nof that name\\n"' in say("get", "-o", "json").out


def test_a_unit_that_is_not_ready(fake_pod, say) -> None:
    probes = {"readiness": probe("failure", 2, "HTTP status 503", answers=9, failures=4), "liveness": probe()}
    fake_pod.units = [unit("web", ready=False, probes=probes, statusText="warming up", mainPid=9)]
    out = say("describe", "web").out
    why = "Why:            is not ready: its readiness probe failed twice in a row, last 5s ago: HTTP status 503"
    assert why in out
    assert '(it says "warming up")\n' in out
    said = "Readiness:      failure (#2 in a row): HTTP status 503, asked 5s ago, 2.5 ms; 4 of 9 answers failed\n"
    assert said in out
    assert "Liveness:       rest; no answer so far\n" in out
    assert "PID:            7\nMain PID:       9, as it says\n" in out


def test_what_is_said_of_a_unit(fake_pod, say) -> None:
    fake_pod.units = [unit("web", image="web:\x1b2", labels={"a": "1", "b": ""})]
    said = "Kind:           service\nLabels:         a=1\n                b=\nImage:          web:\\x1b2\nState:"
    assert said in say("describe", "web").out


def test_a_unit_that_is_well_needs_no_reason(fake_pod, say) -> None:
    assert "Why" not in say("describe", "web").out


def test_the_last_lines_are_those_of_the_instance_before(fake_pod, say) -> None:
    """When the present one has written nothing: how many, and which were asked for."""
    say("describe", "web", "--lines", "3")
    asked = [query for _, path, query in fake_pod.asked if path.endswith("/logs")]
    assert asked == [{"tail": "3"}, {"tail": "3", "previous": "1"}]


def test_who_writes_past_minipod_has_no_lines(fake_pod, say) -> None:
    fake_pod.units = [unit("web", log={**unit("x")["log"], "mode": "inherit"})]
    assert "Log:            inherit: it writes past minipod\n" in say("describe", "web").out
    assert not [path for _, path, _ in fake_pod.asked if path.endswith("/logs")]


def test_the_whole_pod(fake_pod, say) -> None:
    fake_pod.pod |= {"labels": {"app": "shop", "tier": "front"}, "main": "web", "orphansReaped": 5}
    fake_pod.units = [unit("web"), unit("db", ready=False, probes={"readiness": probe("failure", 3)})]
    fake_pod.events = [event(7, None, "pod", event="told", to="stopping")]
    out = say("describe").out
    assert out.startswith("Name:           shop\nLabels:         app=shop\n                tier=front\n")
    assert "Why:            db is not ready: its readiness probe failed 3 times in a row, last 5s ago\n" in out
    assert "  Ready                       False  ContainersNotReady" in out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("Name:")] == ["shop", "web", "db"]
    assert out.endswith("\nEvents:\n  53s ago     stopping: somebody told us to stop\n")


def test_a_pod_that_ends(fake_pod, say) -> None:
    fake_pod.pod |= {
        "state": "stopping", "cause": "told", "reason": "Stopped", "message": "it was told to stop",
        "toldBy": "SIGTERM", "exitCode": 143, "stopBy": "2026-01-31T12:00:09.500000Z",
    }  # fmt: skip
    out = say("describe").out
    assert "Why:            ends: it was told to stop by SIGTERM; all is gone by 12:00:09\nExit Code:      143\n" in out
    assert "Status:         Terminating\n" in out


def test_what_nobody_expects_is_told(fake_pod, say) -> None:
    fake_pod.pod |= {"impossibleEvents": 2, "droppedLines": 3}
    out = say("describe").out
    assert "Impossible:     2 events" in out and "Dropped Lines:  3:" in out


def test_no_number_of_lines(fake_pod, say) -> None:
    assert say("describe", "--lines", "-1").code == 64
