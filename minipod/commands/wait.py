"""`minipod wait`: until a unit is ready, has started or has ended, or until all of the pod is ready. It follows PID 1's
events, and looks at nothing twice without need.
"""

import sys
from collections.abc import Callable
from typing import NamedTuple

from minipod.commands.asking import CODES, COMMON, HELP, POD, ask, chosen, moment_after, views
from minipod.errors import FAILED, TIMED_OUT, PodError, UsageError
from minipod.options import Words, sort_words
from minipod.status.view import PodView, UnitView
from minipod.status.why import STOPPING, end_of, is_well, why
from minipod.supervisor.vocabulary import Kind, Life, Want

USAGE = f"""minipod wait [--for ready|started|exit] [--timeout TIME] [NAME...]

Wait for the units called NAME, or for all of the pod.
  --for ready             until each is ready for work; an init until it is done. This is what holds if nothing is said
  --for started           until each has started
  --for exit              until the program of each has ended; who is not running has
  --timeout TIME          no longer than this; 30s if it is not said, 0 to look once, "none" for ever
{COMMON}Exit code: {CODES}; 124 when the time is over, 1 as well when it can never come to that.
"""
DEFAULT = 30.0  # seconds, as kubectl's
_HAS_PROGRAM = STOPPING | {Life.SPAWNING, Life.POST_START, Life.UP}


class Goal(NamedTuple):
    """``is_met``: whether a unit is there, that had so many instances at first; ``text``: how it is said."""

    is_met: Callable[[UnitView, int], bool]
    text: str


def _is_ready(unit: UnitView, before: int) -> bool:
    if unit.record.kind is Kind.INIT or unit.record.life is Life.ENDED:
        return unit.record.life is Life.ENDED and is_well(unit)
    return unit.record.want is Want.UP and is_well(unit)


def _has_started(unit: UnitView, before: int) -> bool:
    record = unit.record
    if record.kind is Kind.INIT:
        return record.begun_in_round or record.life is Life.ENDED
    return record.life is Life.UP and record.want is Want.UP and record.started


def _has_ended(unit: UnitView, before: int) -> bool:
    """The next one may run already."""
    record = unit.record
    if record.life is Life.ENDED or not before:
        return record.life is Life.ENDED
    return record.instances > before or record.life not in _HAS_PROGRAM


EXIT = Goal(_has_ended, "ended")
GOALS = {"ready": Goal(_is_ready, "ready"), "started": Goal(_has_started, "started"), "exit": EXIT}


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=HELP, valued=("--for", "--timeout", POD))
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    goal = _goal(found.last("--for"))
    until = moment_after(found.last("--timeout"), "--timeout", DEFAULT)
    wait_for(found, goal, until)
    return 0


def _goal(text: str | None) -> Goal:
    """kubectl's spelling is taken, too: ``condition=Ready``, ``delete``."""
    word = (text or "ready").lower().removeprefix("condition=")
    word = {"delete": "exit"}.get(word, word)
    if word not in GOALS:
        raise UsageError(f"--for takes {', '.join(GOALS)}, not {text!r}")
    return GOALS[word]


def wait_for(found: Words, goal: Goal, until: float | None) -> None:
    """Until all are there; a line for each as it gets there. PodError 1 when one never can, 124 when time is over."""
    before: dict[str, int] = {}
    done: set[str] = set()
    pending: list[UnitView] = []
    pod = None
    try:
        for pod in views(ask(found), until):
            for unit in pod.units:
                before.setdefault(unit.name, unit.record.instances)
            pending = _advance(pod, found.operands, goal, before, done)
            if not pending:
                return
    except PodError as bad:
        if bad.exit_code != TIMED_OUT or not pending or pod is None:
            raise
        raise PodError(f"timed out: {_state(pending[0], pod)}", TIMED_OUT) from None
    if goal is not EXIT:
        raise PodError(f"the pod ended, and {pending[0].name} was not {goal.text}", FAILED)


def _advance(
    pod: PodView, names: list[str], goal: Goal, before: dict[str, int], done: set[str]
) -> list[UnitView]:
    """Who is not there yet; PodError for one that never will be."""
    pending = []
    for unit in chosen(pod, names):
        if goal.is_met(unit, before[unit.name]):
            _announce(unit, goal, done)
        elif unit.record.life is Life.ENDED:
            raise PodError(f"{_state(unit, pod)}; it will never be {goal.text}", FAILED)
        else:
            pending.append(unit)
    return pending


def _announce(unit: UnitView, goal: Goal, done: set[str]) -> None:
    if unit.name not in done:
        with_code = f": {end_of(unit)}" if goal is EXIT and unit.record.ends else ""
        sys.stdout.write(f"{unit.name} {goal.text}{with_code}\n")
        sys.stdout.flush()
    done.add(unit.name)


def _state(unit: UnitView, pod: PodView) -> str:
    return f"{unit.name} {why(unit, pod.now) or 'runs'}"
