"""Why a unit, or a pod, is as it is: one sentence with the numbers for every state that is not plain running.

Pure: from what PID 1 says of it. It must never guess at what nobody said.
"""

import errno
from collections.abc import Callable
from datetime import datetime

from minipod.status.durations import between, human
from minipod.status.records import Terminated
from minipod.status.states import ANEW
from minipod.status.view import PodView, ProbeView, Sickness, UnitView, Wait
from minipod.supervisor.signals import name_of
from minipod.supervisor.verdict import CONFIG_REASON, OOM_REASON
from minipod.supervisor.vocabulary import Kind, Life, Outcome, PodEvent, Want

_MILESTONES = {
    "started": "to have started", "ready": "to be ready", "completed": "to have ended with 0", "gone": "to be over",
    "tried": "to have been started, if it can be",
}  # fmt: skip
STOPPING = frozenset({Life.PRE_STOP, Life.TURN, Life.TERM_SENT, Life.KILL_SENT})
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


def why(unit: UnitView, now: int) -> str:
    """The sentence, without a full stop; "" for a unit that runs and is well. ``now``: ns since 1970."""
    life = unit.record.life
    if life in STOPPING:
        return _stopping(unit, now)
    return _SENTENCES[life](unit, now)


def why_pod(pod: PodView) -> str:
    """The same for the pod: why it ends, else the first of its units that is not well; "" if all are."""
    if pod.is_frozen:
        return "stands still: a signal stopped it and all of its units; CONT lets them go on"
    if pod.message:
        told = f" by {pod.told_by}" if pod.told_by and pod.record.cause is PodEvent.TOLD else ""
        decider = pod.unit(pod.decided_by)
        told += f" ({decider.name} {_ending(decider, pod.now)})" if decider is not None else ""
        until = f"; all is gone by {_clock(pod.stop_by)}" if pod.stop_by else ""
        return f"ends: {pod.message}{told}{until}"
    for unit in pod.units:
        if not is_well(unit):
            return f"{unit.name} {why(unit, pod.now) or 'is not ready'}"
    return ""


def _ending(unit: UnitView, now: int) -> str:
    return f"ended with {end_of(unit)}" if unit.record.ends else why(unit, now) or "runs"


def is_well(unit: UnitView) -> bool:
    """Whether it is as one would have it: an init that is done, anybody else ready or finished with 0."""
    record = unit.record
    if record.life is Life.ENDED:
        return record.outcome in (Outcome.DONE, Outcome.STOPPED)
    if record.kind is Kind.INIT:
        return False
    return record.life is Life.UP and record.started and record.ready


# --- no process -------------------------------------------------------------------------------------------------------


def _held(unit: UnitView, now: int) -> str:
    record, last = unit.record, _last(unit)
    if record.want is Want.HOLD:
        ended = f", and ended {_ago(last.finished_at, now)} with {end_of(unit)}" if last else ""
        return f"was stopped by hand{ended}; `minipod start {unit.name}` starts it"
    if last is not None and last.reason == ANEW:
        return f"ended {_ago(last.finished_at, now)} with {end_of(unit)}; it waits until the whole pod begins anew"
    if unit.waits_for:
        return f"waits for {_waits(unit)}"
    return "has not had its turn yet"


def _waits(unit: UnitView) -> str:
    return " and ".join(f"{wait.unit} {_MILESTONES.get(wait.milestone, wait.milestone)}" for wait in unit.waits_for)


def _backing_off(unit: UnitView, now: int) -> str:
    due, last = unit.record.due_at, _last(unit)
    when = f"in {human(max(due - now, 0))}, at {_clock(due)}" if due is not None else "soon"
    if last is None or last.finished_at is None:
        return f"could not be started for want of resources; the next try comes {when}"
    delay = f", after a back-off of {between(last.finished_at, due)}" if due is not None else ""
    number = unit.record.instances
    return f"ended {_ago(last.finished_at, now)} with {end_of(unit)}; restart {number} comes {when}{delay}{_left(unit)}"


def _spawning(unit: UnitView, now: int) -> str:
    return f"is being started since {_since(unit.record.started_at, now)}: its program does not run yet"


def _ended(unit: UnitView, now: int) -> str:
    record, last = unit.record, _last(unit)
    if last is None:
        return _never_ran(unit)
    what = f"{_OUTCOMES.get(record.outcome, _over)(unit)} {_ago(last.finished_at, now)}"
    return f"{what}: {end_of(unit)}{_left(unit)}"


def _never_ran(unit: UnitView) -> str:
    because = _NEVER_RAN.get(unit.record.outcome, "it is over without a start")
    if unit.waits_for:
        because = "; ".join(_in_vain(wait) for wait in unit.waits_for)
    return f"was never started: {because}"


def _in_vain(wait: Wait) -> str:
    """Whoever is over without an end was never started either."""
    how = f"ended with {_end(wait.end, None, None)}" if wait.end else "was never started"
    return f"it waited for {wait.unit} {_MILESTONES.get(wait.milestone, wait.milestone)}, which {how}"


_NEVER_RAN = {
    Outcome.FAILED: "a unit that it waits for failed",
    Outcome.STOPPED: "the pod ended before",
    Outcome.EXPIRED: "its deadline ran out before",
}
_OUTCOMES: dict[Outcome | None, Callable[[UnitView], str]] = {  # those that are final
    Outcome.DONE: lambda unit: "was done" if unit.record.kind is Kind.INIT else "finished",
    Outcome.FAILED: lambda unit: "failed for good",
    Outcome.GAVE_UP: lambda unit: f"gave up after {_count(unit.streak, 'restart')},",
    Outcome.UNRUNNABLE: lambda unit: "could not be started",
    Outcome.EXPIRED: lambda unit: "was ended because its deadline ran out,",
    Outcome.STOPPED: lambda unit: "was stopped with the pod",
}


def _over(unit: UnitView) -> str:
    return "ended"


# --- a process --------------------------------------------------------------------------------------------------------


def _post_start(unit: UnitView, now: int) -> str:
    return f"has run for {_since(unit.record.started_at, now)}, and its post_start hook is not done"


def _up(unit: UnitView, now: int) -> str:
    record = unit.record
    if not record.started:
        return _not_there(unit, "startup", f"has run for {_since(record.started_at, now)} and has not started yet", now)
    if not record.ready and record.kind is not Kind.INIT:
        return _not_there(unit, "readiness", "is not ready", now)
    for kind in ("liveness", "watchdog"):
        probe = unit.probe(kind)
        if probe is not None and probe.last is False:
            return f"runs, but {_failing(kind, probe, now)}"
    return f"says that it is not well: {_error(unit.errno)}" if unit.errno else ""


def _not_there(unit: UnitView, kind: str, state: str, now: int) -> str:
    probe = unit.probe(kind)
    said = f' (it says "{unit.status_text}")' if unit.status_text else ""
    if probe is not None and probe.last is False:
        return f"{state}: {_failing(kind, probe, now)}{said}"
    if probe is not None and probe.last:
        return f"{state}: its {kind} probe succeeded only {_times(probe.run)} so far{said}"
    return f"{state}: nothing has said so yet{said}"


def _failing(kind: str, probe: ProbeView, now: int) -> str:
    name = "watchdog" if kind == "watchdog" else f"{kind} probe"
    last = f", last {_ago(probe.asked_at, now)}" if probe.asked_at is not None else ""
    because = f": {probe.why}" if probe.why else ""
    return f"its {name} failed {_times(probe.run)}{' in a row' if probe.run > 1 else ''}{last}{because}"


# --- a process that shall end -----------------------------------------------------------------------------------------


def _stopping(unit: UnitView, now: int) -> str:
    return f"is being stopped {_what_for(unit, now)}: {_STEPS[unit.record.life](unit, now)}"


def _what_for(unit: UnitView, now: int) -> str:
    if unit.record.want is not Want.UP:
        return _WANTS[unit.record.want]
    return f"because {_sick(unit.unhealthy)}" if unit.unhealthy else "because its deadline ran out"


_WANTS = {
    Want.AGAIN: "to be started again, as somebody said",
    Want.STOP: "with the pod",
    Want.HOLD: "by hand",
    Want.RESET: "because the whole pod begins anew",
}
_STEPS: dict[Life, Callable[[UnitView, int], str]] = {
    Life.PRE_STOP: lambda unit, now: f"its pre_stop hook is not done{_limit(unit, now, 'it is cut short')}",
    Life.TURN: lambda unit, now: f"it waits for {_waits(unit) or 'its turn'}{_limit(unit, now, 'it waits no longer')}",
    Life.TERM_SENT: lambda unit, now: f"it was asked to end{_limit(unit, now, 'KILL follows')}",
    Life.KILL_SENT: lambda unit, now: "it was killed, and the kernel has not let it go yet",
}


def _limit(unit: UnitView, now: int, what: str) -> str:
    due = unit.record.due_at
    return "" if due is None else f"; {what} in {human(max(due - now, 0))}, at {_clock(due)}"


def _draining(unit: UnitView, now: int) -> str:
    last = _last(unit)
    if last is None:
        return _never_ran(unit)
    ended = f"has ended with {end_of(unit)}"
    if not unit.left_behind:
        return f"{ended}; whatever is left of it is being ended"
    is_left = "are" if unit.left_behind > 1 else "is"
    count = _count(unit.left_behind, "process", "processes")
    return f"{ended}; {count} of it {is_left} being ended: run it in the foreground"


_SENTENCES: dict[Life, Callable[[UnitView, int], str]] = {
    Life.HELD: _held,
    Life.BACKOFF: _backing_off,
    Life.SPAWNING: _spawning,
    Life.POST_START: _post_start,
    Life.UP: _up,
    Life.DRAINING: _draining,
    Life.ENDED: _ended,
}


# --- parts of sentences -----------------------------------------------------------------------------------------------


def end_of(unit: UnitView) -> str:
    """How its last instance ended: the code, and what is behind it."""
    last = _last(unit)
    if last is None:
        return ""
    because = f", stopped because {_sick(unit.unhealthy)}" if unit.unhealthy else ""
    return f"{_end(last, unit.raw_code, unit.record.outcome)}{because}"


def _sick(found: Sickness) -> str:
    """Its program is well for no probe: not its end is the news, but why it was asked for."""
    times = f" {_times(found.failures)} in a row" if found.failures > 1 else ""
    said = f" ({found.why})" if found.why else ""
    return f"its {found.by} failed{times}{said}"


def _end(end: Terminated, raw_code: int | None, outcome: Outcome | None) -> str:
    code = f"exit code {end.exit_code}"
    if end.reason == OOM_REASON:
        return f"{code}: the kernel killed it for want of memory ({OOM_REASON})"
    if end.reason == CONFIG_REASON:
        return f"{code}: what it shall have or be is not to be had ({CONFIG_REASON})"
    if outcome is Outcome.UNRUNNABLE or end.reason == "StartError":
        known = {_NOT_FOUND: "there is no such program", _NOT_EXECUTABLE: "its program cannot be executed"}
        return f"{code}: {known.get(end.exit_code, 'its command could not be executed')}"
    if end.signal:
        code += f" ({name_of(end.signal)})"
    if raw_code is not None and raw_code != end.exit_code:
        code += f", which exit_codes made of {raw_code}"
    return code


def _error(number: int) -> str:
    name = errno.errorcode.get(number)
    return f"errno {number} ({name})" if name else f"errno {number}"


def _left(unit: UnitView) -> str:
    if not unit.left_behind:
        return ""
    return f"; it left {_count(unit.left_behind, 'process', 'processes')} behind: run it in the foreground"


def _last(unit: UnitView) -> Terminated | None:
    return unit.record.ends[-1] if unit.record.ends else None


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _since(start: int | None, now: int) -> str:
    return "a while" if start is None else human(now - start)


def _ago(moment: int | None, now: int) -> str:
    return "before" if moment is None else f"{human(now - moment)} ago"


def _clock(moment: int) -> str:
    """The time of day here."""
    return datetime.fromtimestamp(moment // 10**9).strftime("%H:%M:%S")
