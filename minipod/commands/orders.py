"""What `minipod start`, `stop` and `restart` have in common: the order to PID 1, and the wait until it is carried out.
It must never decide what an order comes to: the policy does.
"""

import sys
from collections.abc import Callable

from minipod.commands.asking import CODES, COMMON, HELP, POD, ask, chosen, moment_after, view_of, views
from minipod.errors import FAILED, TIMED_OUT, PodError, UsageError
from minipod.options import sort_words
from minipod.reaper.client import Client, unit_path
from minipod.status.view import PodView, UnitView
from minipod.status.why import why
from minipod.supervisor.vocabulary import Life, Want

OPTIONS = f"""  --no-wait               return as soon as PID 1 has taken the order
  --timeout TIME          wait no longer than this; without it, as long as it takes
{COMMON}Exit code: {CODES}; 124 when the time is over.
"""

# Of a unit, its number of instances before the order, and now: True it is done, None not yet, a text why it never is.
Check = Callable[[UnitView, int, int], bool | str | None]


def carry_out(words: list[str], usage: str, order: str, done: str, check: Check, *, of_all: str = "") -> None:
    """Give the order for each NAME and wait. ``done``: what is said then; ``of_all``: to who names nobody."""
    found = sort_words(words, flags=(*HELP, "--no-wait"), valued=("--timeout", POD))
    if found.flags & set(HELP):
        sys.stdout.write(usage)
        return
    until = moment_after(found.last("--timeout"), "--timeout", None)
    if not found.operands:
        raise UsageError(f"NAME is missing: which unit shall {order}?{of_all}")
    client = ask(found)
    pod = view_of(client)
    before = {unit.name: unit.record.instances for unit in chosen(pod, found.operands)}
    for name in before:
        post(client, name, order)
    if "--no-wait" not in found.flags:
        _await(client, before, until, done, check)


def post(client: Client, name: str, order: str, **query: object) -> None:
    """PodError says of which unit PID 1 does not take the order: there may be several."""
    try:
        client.post(unit_path(name, order), **query)
    except PodError as bad:
        raise PodError(f"cannot {order} {name}: {bad}", bad.exit_code) from None


def _await(client: Client, before: dict[str, int], until: float | None, done: str, check: Check) -> None:
    pending = dict(before)
    told: set[str] = set()
    pod: PodView | None = None
    unit: UnitView | None = None
    try:
        for pod in views(client, until):
            for unit in chosen(pod, list(pending)):
                if _is_done(unit, pod, check(unit, pending[unit.name], pod.now)):
                    del pending[unit.name]
                    sys.stdout.write(f"{unit.name} {done}\n")
                    sys.stdout.flush()
                elif unit.waits_for and unit.name not in told:
                    told.add(unit.name)
                    sys.stderr.write(f"minipod: {unit.name} {why(unit, pod.now)}\n")
            if not pending:
                return
    except PodError as bad:
        if bad.exit_code != TIMED_OUT or pod is None or unit is None:
            raise
        raise PodError(f"timed out: {unit.name} {why(unit, pod.now) or 'runs'}", TIMED_OUT) from None
    raise PodError(f"the pod ended before {', '.join(pending)} was {done}", FAILED)


def _is_done(unit: UnitView, pod: PodView, result: bool | str | None) -> bool:
    if isinstance(result, str):
        raise PodError(f"{unit.name} {result}", FAILED)
    return bool(result)


def is_started(unit: UnitView, before: int, now: int) -> bool | str | None:
    """It has started, as its probes say. One that ended at once has failed to."""
    record = unit.record
    if record.life is Life.UP and record.want is Want.UP and record.started:
        return True
    if record.life is Life.ENDED or (record.life is Life.BACKOFF and record.instances > before):
        return why(unit, now)
    return None


def is_restarted(unit: UnitView, before: int, now: int) -> bool | str | None:
    """Another instance runs."""
    if unit.record.instances <= before and unit.record.life is not Life.ENDED:
        return None
    return is_started(unit, before, now)


def is_stopped(unit: UnitView, before: int, now: int) -> bool | str | None:
    """It has no process, and none will come by itself."""
    return unit.record.life is Life.ENDED or (unit.record.life is Life.HELD and unit.record.want is Want.HOLD) or None
