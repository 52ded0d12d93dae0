"""`minipod signal [-s] SIGNAL NAME...`: a signal for the process groups of units."""

import sys

from minipod.commands.asking import CODES, COMMON, HELP, POD, ask, unit_of, view_of
from minipod.commands.orders import post
from minipod.config.suggest import did_you_mean
from minipod.errors import NOT_RUNNING, PodError, UsageError
from minipod.options import Words, sort_words
from minipod.status.why import why
from minipod.supervisor import signals

USAGE = f"""minipod signal SIGNAL NAME...
minipod signal -s SIGNAL NAME...

Send a signal to units. SIGNAL is a name as in `kill -l`, with or without SIG, RTMIN+N, or a number.
{COMMON}Exit code: {CODES}; 3 as well for a unit that has no process.
"""


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=HELP, valued=("-s", "--signal", POD))
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    number, names = _signal_and_names(found)
    client = ask(found)
    pod = view_of(client)
    units = [unit_of(pod, name) for name in names]
    for unit in units:
        if unit.pid is None:
            raise PodError(f"{unit.name} has no process: it {why(unit, pod.now) or 'is not running'}", NOT_RUNNING)
    for unit in units:
        post(client, unit.name, "signal", signal=number)
    return 0


def _signal_and_names(found: Words) -> tuple[int, list[str]]:
    names = list(found.operands)
    given = found.values.get("--signal", found.values.get("-s"))
    if not given and not names:
        raise UsageError("SIGNAL is missing")
    word = given[-1] if given else names.pop(0)
    if not names:
        raise UsageError("NAME is missing: which unit shall get it?")
    try:
        return signals.number_of(word.upper()), names
    except ValueError:
        guess = did_you_mean(word.upper(), signals.NUMBERS, before="; ")
        raise UsageError(f"no signal is called {word}{guess}") from None
