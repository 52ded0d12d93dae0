"""A terminal with an init in front of it, or below a shell. What is typed comes back as an echo, so commands spell what
they will print in another way.
"""

from typing import Any

from init_trial import Run, Trial, program
from terminals import BASH, PROMPT, Terminal, process_named

_ENVIRONMENT = {"PS1": PROMPT, "TERM": "dumb", "MINIPOD_GRACE": "5s"}


class Screen(Terminal):
    def __init__(self, trial: Trial) -> None:
        super().__init__(trial.patience)
        self.trial = trial

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, *words: object, above: tuple = (), under: tuple = (), **how: Any) -> Run:
        """The init as leader of the terminal's session, as `docker run -it` has it; ``above`` becomes or starts it;
        ``under`` becomes or starts the session's leader."""
        wrap = [*under, *program("on_terminal", self.name), *above]
        return self.trial.start(*words, wrap=wrap, env=_ENVIRONMENT, **{**self.streams(), **how})

    def start_shell(self, *words: object, **how: Any) -> Run:
        """An interactive shell in front, whose words ("$@") are the init's command line."""
        run = self.start(*words, above=(*BASH, "-s"), **how)
        self.expect(PROMPT)
        return run


def named(run: Run, name: str) -> int:
    """The process of this name below whatever was started."""
    return process_named(run, name, run.patience)
