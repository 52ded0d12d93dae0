"""Moments that nobody can wait for from outside: minipod is held by ptrace."""

import os
import signal
from pathlib import Path

from init_trace import Held, hold, step_until_it_handles_signals
from init_trial import Init, Stage, Trial, mask, program, state

PATIENCE = 30.0  # s


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
