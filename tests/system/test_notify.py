"""What programs say of themselves, on the real command: sd_notify's messages, and a line on a descriptor.

A unit's words travel by speakers.py; `barrier` makes sure that minipod has heard what was said before it.
"""

import os
import re
import select
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from costs import descriptors, open_files
from speaking import FAST, FOLLOWER, HERE, gate, once, open_gate, speaker, stop
from system_harness import Launcher, sh, wait_until

# --- ready


@pytest.mark.parametrize("milestone", ["started", "ready"])
def test_who_comes_after_waits_for_ready(launch_both: Launcher, tmp_path: Path, milestone: str) -> None:
    """It runs, it is known to run, and it has not said so yet: nobody may go on."""
    steps = ["send=STATUS=warming up", "barrier", "say=running", gate(tmp_path), "send=READY=1", "stay"]
    pod = {"service.a": speaker(*steps), "service.b": {"command": HERE, "after": {"a": milestone}}}
    running = launch_both.start(pod)
    running.expect("a . running")
    assert b"a: has started up" not in running.err
    open_gate(tmp_path)
    running.expect("b . here")
    result = stop(running).wait()
    assert result.err.index("a: has started up") < result.err.index("b: started")
    assert result.unit("a")["statusText"] == "warming up" and result.unit("b")["statusText"] is None


def test_reloading_is_not_ready_until_it_says_so(launch: Launcher, tmp_path: Path) -> None:
    steps = [
        "send=READY=1", "barrier", "send=RELOADING=1", "barrier", "send=STATUS=no word of it", "barrier", "say=away",
        gate(tmp_path), "send=READY=1", "barrier", "send=STOPPING=1", "barrier", "say=over", "stay",
    ]
    running = launch.start({"service.a": speaker(*steps)})
    running.expect("away")
    assert re.findall("a: (ready|not ready any more)", running.err.decode()) == ["ready", "not ready any more"]
    open_gate(tmp_path)
    running.expect("over")
    told = re.findall("a: (ready|not ready any more)", stop(running).wait().err)
    assert told[:4] == ["ready", "not ready any more"] * 2 and len(told) == 4


def test_ready_and_reloading_in_one_message_is_ready(launch: Launcher) -> None:
    running = launch.start({"service.a": speaker("send=READY=1\\nRELOADING=1", "barrier", "say=said", "stay")})
    running.expect("said")
    assert b"a: ready" in running.err and b"a: not ready" not in running.err
    stop(running).wait()


def test_each_instance_says_it_anew(launch: Launcher, tmp_path: Path) -> None:
    """What the first said is no word of the second."""
    second = speaker("barrier", "say=second", gate(tmp_path), "send=READY=1", "barrier", "say=ready", "stay")["command"]
    first = speaker("send=READY=1", "barrier", "exit=1", backoff=FAST)
    running = launch.start({"service.a": once(tmp_path, first, second)})
    running.expect("second")
    assert running.err.count(b"a: has started up") == 1
    open_gate(tmp_path)
    running.expect("ready")
    assert stop(running).wait().err.count("a: has started up") == 2


def test_a_program_that_never_says_it_is_stopped_in_time(launch: Launcher) -> None:
    pod = {"service.a": speaker("stay", start_timeout="100ms", restart="never")}
    result = launch.run(pod)
    assert result.code == 143 and "a: unhealthy, is stopped: did not say that it is ready within 0.1s" in result.err


def test_more_time_to_start_is_given_to_who_asks(launch: Launcher, tmp_path: Path) -> None:
    """Both have five seconds; who asked for a minute is still waited for when the other's time is over."""
    steps = ["send=EXTEND_TIMEOUT_USEC=60000000", "barrier", "say=asked", gate(tmp_path), "send=READY=1", "stay"]
    pod = {
        "service.a": speaker(*steps, start_timeout="5s"),
        "service.b": speaker("stay", start_timeout="5s", restart="never", after={"c": "completed"}),
        "service.c": {"command": ["true"], "restart": "never"},
    }
    running = launch.start(pod)
    running.expect("asked")
    running.expect_error("b: unhealthy")
    open_gate(tmp_path)
    running.expect_error("a: has started up")
    assert "a: unhealthy" not in stop(running).wait().err


# --- who may speak, and what is heard


def test_a_stranger_is_not_heard(launch: Launcher, tmp_path: Path) -> None:
    """Said once, counted always. Its own user, root and ours are none."""
    steps = ["stranger=12345:READY=1", "stranger=12345:READY=1", "barrier", "say=refused", gate(tmp_path),
             "send=READY=1", "stay"]
    running = launch.start({"service.a": speaker(*steps), "service.b": FOLLOWER})
    running.expect("refused")
    assert b"a: has started up" not in running.err
    open_gate(tmp_path)
    running.expect("here")
    result = stop(running).wait()
    assert result.err.count("a: a notify message came from a stranger, uid 12345: ignored") == 1
    assert result.unit("a")["refusedMessages"] == 2


def test_a_unit_s_own_user_is_heard(launch: Launcher, open_folder: Path) -> None:
    """Told by the leader's uid, so that who drops root by himself is known, too."""
    drop = ["setpriv", "--reuid=12345", "--clear-groups"]
    unit = speaker("send=READY=1", "barrier", "say=said", "stay")
    unit["command"] = [*drop, *unit["command"]]
    running = launch.start({"service.a": unit, "service.b": FOLLOWER})
    running.expect_all("said", "here")
    assert "stranger" not in stop(running).wait().err


@pytest.mark.parametrize(("size", "is_heard"), [(4096, True), (4097, False), (65536, False)])
def test_a_long_message_is_not_heard(launch: Launcher, tmp_path: Path, size: int, is_heard: bool) -> None:
    steps = [f"size={size}", f"size={size}", "barrier", "say=said", gate(tmp_path), "send=READY=1", "stay"]
    running = launch.start({"service.a": speaker(*steps), "service.b": FOLLOWER})
    running.expect("said")
    assert (b"a: has started up" in running.err) == is_heard
    open_gate(tmp_path)
    running.expect_all("here")
    result = stop(running).wait()
    told = f"a: a notify message is longer than 4096 bytes: {size}: ignored"
    assert result.err.count(told) == (0 if is_heard else 1)
    assert result.unit("a")["refusedMessages"] == (0 if is_heard else 2)


def test_nonsense_is_nothing(launch: Launcher) -> None:
    steps = ["send=", "send=READY", "send=READY=2", "send=\\n\\n=\\n", "send=MAINPID=99999999999999999999", "barrier",
             "send=READY=1", "barrier", "say=said", "stay"]
    running = launch.start({"service.a": speaker(*steps)})
    running.expect("said")
    assert stop(running).wait().unit("a")["refusedMessages"] == 0


# --- descriptors that come along


def test_descriptors_are_not_taken_in(launch: Launcher, tmp_path: Path) -> None:
    """As many open after 25,300 of them as before; a sibling goes on being reaped and restarted."""
    pod = {
        "service.a": speaker("barrier", "say=before", gate(tmp_path), "flood=100", "barrier", "say=after", "stay"),
        "service.b": {"command": ["true"], "backoff": FAST},
    }
    running = launch.start(pod)
    running.expect("before")
    before = descriptors(running.pid)
    open_gate(tmp_path)
    running.expect("after")
    wait_until(lambda: descriptors(running.pid) <= before, "no descriptor more")
    running.expect_error(r"(?s)(b: restart.*){5}")
    assert stop(running).wait().report["orphansReaped"] == 0


def test_a_descriptor_that_closes_slowly_holds_up_nobody(launch: Launcher, tmp_path: Path) -> None:
    """Whoever closes it last waits 1,000 s for that: not minipod, which stands still until the sender has closed it;
    and the messages behind it are heard a second later."""
    steps = ["send=READY=1", "barrier", "say=up", gate(tmp_path), "linger=1000", f"tell={tmp_path / 'sent'}", "barrier",
             "say=after", "stay"]
    os.mkfifo(tmp_path / "sent")
    again = {"command": ["true"], "backoff": {"initial": "1ms", "max": "1ms"}}
    running = launch.start({"service.a": speaker(*steps), "service.c": again})
    running.expect("up")
    running.send(signal.SIGSTOP)
    open_gate(tmp_path)
    with open(tmp_path / "sent", encoding="ascii"):
        running.send(signal.SIGCONT)
    restarts = running.err.count(b"c: restart")
    running.expect("after")
    assert running.err.count(b"c: restart") > restarts  # in the second that the message takes
    assert stop(running).wait().report["orphansReaped"] == 0


def test_the_last_words_of_an_instance_are_not_the_next_one_s(launch: Launcher, tmp_path: Path) -> None:
    """They stand behind a message that takes a second to be taken out, and the next instance is there by then."""
    os.mkfifo(tmp_path / "sent")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        steps = ["say=up", gate(tmp_path), f"linger=1000:{port}", "send=READY=1", f"tell={tmp_path / 'sent'}", "exit=1"]
        second = speaker("say=second", "barrier", "say=heard", "stay")
        running = launch.start({"service.a": once(tmp_path, speaker(*steps), second["command"])})
        running.expect("up")
        running.send(signal.SIGSTOP)
        open_gate(tmp_path)
        with open(tmp_path / "sent", encoding="ascii"):
            running.send(signal.SIGCONT)
        running.expect("second")
        running.expect("heard")
        assert "a: has started up" not in stop(running).wait().err


def test_without_a_process_to_be_had_it_waits(launch: Launcher, open_folder: Path) -> None:
    """The child that takes out a message with descriptors cannot be had for a while: nothing is lost. As another user,
    because root is above the limit; the words are root's, who is heard by all."""
    other = ["setpriv", "--reuid=54322", "--clear-groups"]
    unit = {"command": sh('echo "$NOTIFY_SOCKET"; exec sleep 1000'), "notify": "sd"}
    running = launch.start({"service.a": unit}, wrap=other, report=False)
    address = "\0" + running.expect("@(minipod/[0-9]+/0)")[1].decode()
    subprocess.run([*other, "prlimit", f"--pid={running.pid}", "--nproc=1:"], check=True, timeout=30)
    ours, theirs = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as root:
        root.connect(address)
        socket.send_fds(root, [b"STATUS=here"], [theirs])
        root.send(b"READY=1")
    os.close(theirs)
    running.expect_error("a: cannot take out a notify message: no resources for another process right now; trying")
    assert b"started up" not in running.err and not select.select([ours], [], [], 0)[0]
    subprocess.run([*other, "prlimit", f"--pid={running.pid}", "--nproc=256:"], check=True, timeout=30)
    running.expect_error("a: has started up")
    assert os.read(ours, 1) == b""
    os.close(ours)
    assert stop(running).wait().err.count("cannot take out") == 1


# --- watchdog


def test_a_missed_watchdog_is_a_restart(launch: Launcher) -> None:
    """Three times in time, then never again."""
    beats = ["send=WATCHDOG=1", "barrier"] * 3
    pod = {"service.a": speaker("send=READY=1", *beats, "say=beaten", "stay", watchdog="300ms", backoff=FAST)}
    running = launch.start(pod)
    for _ in range(2):
        running.expect("beaten")
    running.expect_error("a: unhealthy, is stopped: said nothing for 0.3s")
    result = stop(running).wait()
    assert result.unit("a")["restartCount"] >= 1


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("WATCHDOG=trigger", "it says so itself"),
        ("WATCHDOG=1\\nWATCHDOG=trigger", "it says so itself"),
        ("WATCHDOG_USEC=100000", "said nothing for 0.1s"),
    ],
)
def test_a_watchdog_that_the_program_sets_off(launch: Launcher, message: str, why: str) -> None:
    pod = {"service.a": speaker(f"send=READY=1\\n{message}", "stay", watchdog="1h", restart="never")}
    result = launch.run(pod)
    assert result.code == 143 and f"a: unhealthy, is stopped: {why}" in result.err


def test_a_watchdog_s_new_time_is_this_instance_s(launch: Launcher, tmp_path: Path) -> None:
    """The first turns its watchdog off and ends; the second, silent, has the plan's time."""
    first = speaker("send=READY=1\\nWATCHDOG_USEC=0", "barrier", "say=first", gate(tmp_path), "exit=1",
                    watchdog="100ms", backoff=FAST)
    other = speaker("send=READY=1", "stay", watchdog="100ms", restart="never", after={"c": "completed"})
    pod = {
        "service.a": once(tmp_path, first, speaker("send=READY=1", "stay")["command"]),
        "service.b": other,
        "service.c": {"command": ["true"], "restart": "never"},
    }
    running = launch.start(pod)
    running.expect("first")
    running.expect_error("b: unhealthy")
    assert b"a: unhealthy" not in running.err
    open_gate(tmp_path)
    running.expect_error("a: unhealthy, is stopped: said nothing for 0.1s")
    stop(running).wait()


# --- main process, errors, more time to stop


def test_a_main_process_is_whom_the_stop_goes_to(launch: Launcher) -> None:
    """With stop_to = "main"; the leader, which ignores the signal, ends when its child has."""
    steps = ["hold=15", "child=child got it", "barrier", "say=named", "reap", "say=leader ends", "exit=0"]
    running = launch.start({"service.a": speaker("send=READY=1", *steps, stop_to="main")})
    running.expect("named")
    result = stop(running).wait()
    assert result.code == 0 and "child got it" in result.out and "killed" not in result.err
    assert result.unit("a")["mainPid"] > 1


@pytest.mark.parametrize("pid", ["1", "2", "2147483647"])
def test_a_main_process_of_others_is_refused(launch: Launcher, pid: str) -> None:
    """minipod itself, a process of another unit, none at all."""
    other = {"command": HERE}
    unit = speaker("send=READY=1", f"send=MAINPID={pid}", "barrier", "say=said", "stay", stop_to="main")
    running = launch.start({"service.other": other, "service.a": unit})
    running.expect_all("a +. said", "other +. here")
    result = stop(running).wait()
    assert result.unit("a")["mainPid"] == 0
    assert ("names a main process that is none of the unit's" in result.err) == (pid != "1")


def test_the_error_that_a_program_told_of_is_said_at_its_end(launch: Launcher) -> None:
    result = launch.run({"service.a": speaker("send=ERRNO=2\\nSTATUS=cannot open it", "exit=1", restart="never")})
    assert "a: the error it told of: 2, no such file or directory" in result.err
    assert result.unit("a")["errno"] == 2 and result.unit("a")["statusText"] == "cannot open it"


def test_an_error_told_of_before_a_good_end_is_not_said(launch: Launcher) -> None:
    result = launch.run({"service.a": speaker("send=ERRNO=2", "exit=0", restart="never")})
    assert result.code == 0 and "error it told" not in result.err


def test_what_an_instance_told_of_its_end_is_not_the_next_one_s(launch: Launcher, tmp_path: Path) -> None:
    first = speaker("send=ERRNO=2\\nSTATUS=cannot open it", "exit=1", backoff=FAST, max_restarts=1)
    result = launch.run({"service.a": once(tmp_path, first, speaker("exit=1")["command"])})
    assert result.err.count("a: the error it told of: 2, ") == 1
    assert result.unit("a")["errno"] == 0 and not result.unit("a")["statusText"]


def test_more_time_to_start_is_this_instance_s(launch: Launcher, tmp_path: Path) -> None:
    """The first asks for an hour, and ends; the second, silent, has the plan's time."""
    first = speaker("send=EXTEND_TIMEOUT_USEC=3600000000", "barrier", "exit=1", start_timeout="300ms", backoff=FAST)
    running = launch.start({"service.a": once(tmp_path, first, speaker("stay")["command"])})
    running.expect_error("a: unhealthy, is stopped: did not say that it is ready within 0.3s")
    stop(running).wait()


def test_a_status_is_cut_between_characters(launch: Launcher) -> None:
    """127 bytes are kept: 42 of these, three bytes each."""
    result = launch.run({"service.a": speaker("send=STATUS=" + "\u20ac" * 50, "exit=0", restart="never")})
    assert result.unit("a")["statusText"] == "\u20ac" * 42


def test_more_time_to_stop_while_the_pod_goes_on(launch: Launcher, tmp_path: Path) -> None:
    """Both fail their watchdog and have five seconds to end; who asks for a minute is waited for."""
    keys = {"watchdog": "1h", "termination_grace_period": "5s", "restart": "never"}
    begin = ["hold=15", "send=READY=1\\nWATCHDOG=trigger", "signal=15"]
    asks = speaker(*begin, "send=EXTEND_TIMEOUT_USEC=60000000", "say=asked", gate(tmp_path), "exit=0", **keys)
    pod = {
        "pod": {"termination_grace_period": "30s"},
        "service.a": asks,
        "service.b": speaker(*begin, "stay", **keys, after={"c": "completed"}),
        "service.c": {"command": sh(f"read line < {tmp_path / 'later'}"), "restart": "never"},
        "service.d": {"command": HERE},
    }
    os.mkfifo(tmp_path / "later")
    running = launch.start(pod)
    running.expect("asked")
    with open(tmp_path / "later", "w", encoding="ascii") as later:
        later.write("go\n")
    running.expect_error("b: did not end in time: killed")
    open_gate(tmp_path)
    running.expect_error("a: exited with 0")
    assert "a: did not end" not in stop(running).wait().err


def test_more_time_to_stop_is_never_more_than_the_pod_has(launch: Launcher) -> None:
    unit = speaker("hold=15", "send=READY=1", "say=up", "signal=15", "send=EXTEND_TIMEOUT_USEC=600000000", "barrier",
                   "say=asked", "stay")
    running = launch.start({"pod": {"termination_grace_period": "6s"}, "service.a": unit})
    running.expect("up")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 137 and "asked" in result.out and "a: did not end in time: killed" in result.err


# --- a line on a descriptor


NUMBERS = range(3, 24)  # minipod's own few are among them: without log pipes it has no more


def test_a_line_on_a_descriptor_of_any_number(launch_both: Launcher) -> None:
    """Whatever of minipod's own had that number; none of them is open in the program, or left in minipod."""
    steps = {fd: (f"write={fd}:not yet", "count", f"write={fd}:\\n", f"close={fd}", "stay") for fd in NUMBERS}
    keys = {"log": "inherit"}
    pod = {f"sidecar.u{fd}": speaker(*steps[fd], notify={"fd": fd}, **keys) for fd in NUMBERS}
    running = launch_both.start({**pod, "service.last": {"command": HERE}})
    running.expect("last +. here")
    assert running.out.count(b"4 open\n") == len(NUMBERS)

    def pipes() -> int:
        return len({link for link in open_files(running.pid).values() if link.startswith("pipe:")})

    wait_until(lambda: pipes() == 4, "no more than two of the last unit's, and the test's")
    stop(running).wait()


def test_no_line_before_the_end_of_the_pipe_is_no_word(launch: Launcher) -> None:
    unit = {"command": sh("printf ready >&5; exec 5>&-; exec sleep 1000"), "notify": {"fd": 5}, "restart": "never"}
    result = launch.run({"service.a": {**unit, "start_timeout": "200ms"}})
    assert result.code == 143 and "has started up" not in result.err
    assert "a: unhealthy, is stopped: did not say that it is ready within 0.2s" in result.err


def test_a_program_that_cannot_be_executed_still_says_why(launch: Launcher) -> None:
    """The descriptor may have the number of the pipe that tells it."""
    for fd in NUMBERS:
        unit = {"command": ["/nowhere"], "notify": {"fd": fd}, "log": "inherit"}
        result = launch.run({"service.a": unit})
        assert result.code == 127 and "cannot execute: /nowhere: no such file or directory" in result.err
