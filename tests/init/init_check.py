"""The list of checks: each a function of one trial, that fails by an AssertionError. The modules beside this one fill
it; pytest runs it for minipod, table.py for every init that is installed. A check must never know which init it has.
"""

from collections.abc import Callable
from dataclasses import dataclass

from init_trial import Trial
from system_harness import Stage


@dataclass(frozen=True)
class Check:
    """``topic`` and ``words`` are its row in docs/init_checks.md; ``stages``: where it makes sense."""

    topic: str
    words: str
    run: Callable[[Trial], None]
    stages: tuple[Stage, ...]

    @property
    def name(self) -> str:
        return self.run.__name__


CHECKS: list[Check] = []


def check(topic: str, words: str, *stages: Stage) -> Callable[[Callable[[Trial], None]], Callable[[Trial], None]]:
    """Adds a function to the list; without stages it runs in both."""

    def add(run: Callable[[Trial], None]) -> Callable[[Trial], None]:
        CHECKS.append(Check(topic, words, run, stages or tuple(Stage)))
        return run

    return add
