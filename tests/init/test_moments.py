"""Moments that nobody can wait for from outside: minipod is held by ptrace."""

import os
import signal
import socket
import time
from pathlib import Path

from init_trace import Held, hold, step_until_it_handles_signals
from init_trial import Init, Stage, Trial, mask, program, state
from system_harness import to_toml

from minipod.commands.compile import compile_pod
from minipod.config.read import read_pod

PATIENCE = 30.0  # s

WAITS = {"232", "281", "441", "22"}  # epoll_wait, epoll_pwait, epoll_pwait2: on x86-64, on aarch64


def trial_of(command: Path, folder: Path, stage: Stage, *words: str) -> Trial:
    line = (str(command), *words)
    return Trial(Init(command.name, line, line, line), stage, folder, PATIENCE)


def test_signals_are_held_before_anything_is_opened(minipod: Path, tmp_path: Path) -> None:
    """A descriptor that was closed is filled soon after."""
    with trial_of(minipod, tmp_path, Stage.INIT, "--") as trial:
        run, init = hold(trial, "true", wrap=program("closing", "0"))
        step_until_it_handles_signals(init)
        assert "0" not in os.listdir(f"/proc/{init.pid}/fd")
        while "0" not in os.listdir(f"/proc/{init.pid}/fd"):
            init.step()
        init.release()
        assert run.end().code == 0


def test_who_is_told_to_go_on_while_it_stops_does_not_stop(minipod: Path, tmp_path: Path) -> None:
    """CONT has come when TSTP has been heard and nobody has stopped yet: nobody would say it again."""
    link = tmp_path / "dumb-init"
    link.symlink_to(minipod)
    with trial_of(link, tmp_path, Stage.CHILD) as trial:
        run = trial.start("sleep", "1000")
        sleeper = run.program("sleep")
        init = Held.seize(run.pid, run)
        run.send(signal.SIGTSTP)
        while signal.SIGTSTP in mask(run.pid, "ShdPnd"):
            init.step()
        run.send(signal.SIGCONT)
        init.release()
        run.until(lambda: signal.SIGCONT not in mask(run.pid, "ShdPnd"), "it has heard that, too")
        run.until(lambda: state(run.pid) == state(sleeper) == "S", "both go on")
        run.send(signal.SIGTERM)
        assert run.end().code == 143


def test_what_came_while_it_stood_on_its_way_back_is_heard_first(minipod: Path, tmp_path: Path) -> None:
    """From a wait that something else had ended: nobody tells it that it was stopped."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        probe = {"http_get": {"port": server.getsockname()[1]}, "period": "1h", "timeout": "5s"}
        pod, plan = tmp_path / "pod.toml", tmp_path / "pod.plan"
        unit = {"command": ["sleep", "1000"], "readiness_probe": {**probe, "failure_threshold": 1}}
        pod.write_text(to_toml({"pod": {"control": False}, "service.a": unit}))
        plan.write_bytes(compile_pod(read_pod(str(pod)).pod, str(pod)))
        with trial_of(minipod, tmp_path, Stage.INIT, "run", str(plan)) as trial:
            run = trial.start()
            asker, _ = server.accept()
            with asker:
                init = Held.seize(run.pid, run)
                while Path(f"/proc/{init.pid}/syscall").read_text().split()[0] not in WAITS:
                    init.step()
                run.send(signal.SIGURG)
                init.step()
                asker.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                time.sleep(5)  # its time is over
                init.release()
                run.expect_error("a: ready|a: readiness probe failed")
                assert b"a: ready\n" in run.err
            run.send(signal.SIGTERM)
            assert run.end().code == 143
