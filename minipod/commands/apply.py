"""`minipod apply FILE|PLAN`: a pod that runs takes over a pod file. Who is the same runs on. It must never decide who
that is: PID 1 compares by itself, and is asked what came of it.
"""

import sys

from minipod.commands.asking import AS_IT_WAS_READ, COMMON, HELP, POD, ask, moment_after, view_of, views
from minipod.commands.orders import is_restarted
from minipod.errors import FAILED, TIMED_OUT, PodError
from minipod.options import Words, only_operand, sort_words
from minipod.reading import FLAGS, VALUED
from minipod.reaper.changes import Change, Changes, changes
from minipod.reaper.client import Client
from minipod.status.view import PodView, UnitView
from minipod.status.why import why
from minipod.supervisor.vocabulary import Life, Outcome, Pod, Want

USAGE = f"""minipod apply [--dry-run] [--no-wait] [--timeout TIME] [--set KEY=VALUE]... [--exit-code-from NAME]
              [--entrypoint IMAGE=CMD]... FILE|PLAN

Let the pod that runs take over a pod file or a plan: units that are the same run on, those that changed or are gone
stop in order, then those that changed or are new start in order. What differs is printed as minipod diff does; then it
waits until all of that is done.
  --dry-run               ask PID 1 whether it would take it; nothing changes
  --no-wait               return as soon as PID 1 has taken the plan
  --timeout TIME          wait no longer than this; without it, as long as it takes
{AS_IT_WAS_READ}{COMMON}\
Exit code: 0 done, or there was nothing to be done; 1 if a unit failed to start, or PID 1 takes no plan now;
78 for a pod or plan that cannot be run, or not without a new container; 3 if no pod answers, 124 when the time is over,
64 for a mistake on the command line.
"""
TAKEN_WITHIN = 20.0  # seconds: PID 1 reads files for 10 s at most
_PLAN = "/v1/plan"
_OPTIONS = ("--dry-run", "--no-wait")


def run(words: list[str]) -> int:
    """0; ConfigError, PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=(*HELP, *_OPTIONS, *FLAGS), valued=("--timeout", *VALUED, POD))
    if found.flags & set(HELP):
        sys.stdout.write(USAGE)
        return 0
    until = moment_after(found.last("--timeout"), "--timeout", None)
    is_trial = "--dry-run" in found.flags
    client, differing, raw = _compare(found)
    before = {unit.name: unit.record.instances for unit in view_of(client).units}
    said = Client(client.place, TAKEN_WITHIN).send(_PLAN, raw, dry_run=int(is_trial) or None)
    _tell_stale(said.get("stale", 0))
    if is_trial or "--no-wait" in found.flags:
        return 0
    _await(client, _pending(differing, before), raw, until)
    return 0


def _compare(found: Words) -> tuple[Client, Changes, bytes]:
    """The pod, what differs (told), and the plan's bytes. The file's own mistakes come first."""
    from minipod.commands.diff_text import to_text
    from minipod.commands.plan import load
    from minipod.commands.running_plan import plan_that_runs
    from minipod.reaper.encode import encode

    new = load(only_operand(found, "FILE"), found)
    client = ask(found)
    old = plan_that_runs(client)
    differing = changes(old, new)
    sys.stdout.write(to_text(differing, old, new))
    sys.stdout.flush()
    return client, differing, encode(new)


def _pending(differing: Changes, before: dict[str, int]) -> dict[str, int]:
    """Who starts anew, and how many instances it had."""
    anew = (Change.CHANGED, Change.NEW)
    names = [each.unit.name for each in differing.units if each.change in anew]
    return {name: before.get(name, 0) for name in names}


def _await(client: Client, pending: dict[str, int], raw: bytes, until: float | None) -> None:
    told: set[str] = set()
    pod: PodView | None = None
    try:
        for pod in views(client, until):
            if not _holds(pod, raw):
                continue
            for unit in [unit for unit in pod.units if unit.name in pending]:
                if _is_done(unit, pending[unit.name], pod.now):
                    del pending[unit.name]
                    _tell(unit)
                elif unit.waits_for and unit.name not in told:
                    told.add(unit.name)
                    sys.stderr.write(f"minipod: {unit.name} {why(unit, pod.now)}\n")
            if not pending:
                return
    except PodError as bad:
        if bad.exit_code != TIMED_OUT or pod is None:
            raise
        raise PodError(f"timed out: {_unfinished(pod, pending)}", TIMED_OUT) from None
    raise PodError("the pod ended before the new plan was in force", FAILED)


def _holds(pod: PodView, raw: bytes) -> bool:
    """Whether the plan is in force; PodError if it never will be."""
    if pod.record.state is Pod.CHANGING:
        return False
    from minipod.reaper.encode import digest_of

    if pod.plan_digest != digest_of(raw):
        raise PodError(f"the new plan was not taken over: the pod is {pod.record.state.word}; apply it again", FAILED)
    return True


def _is_done(unit: UnitView, before: int, now: int) -> bool:
    record = unit.record
    if record.want is Want.HOLD:
        return True  # somebody had stopped it
    if record.life is Life.ENDED and record.outcome is Outcome.DONE:
        return True
    result = is_restarted(unit, before, now)
    if isinstance(result, str):
        raise PodError(f"{unit.name} {result}", FAILED)
    return bool(result)


def _tell(unit: UnitView) -> None:
    held = unit.record.want is Want.HOLD
    said = "stays stopped" if held else "completed" if unit.record.life is Life.ENDED else "started"
    sys.stdout.write(f"{unit.name} {said}\n")
    sys.stdout.flush()


def _tell_stale(count: int) -> None:
    if count:
        which = "1 unchanged unit has" if count == 1 else f"{count} unchanged units have"
        sys.stdout.write(f"{which} other variables from the next start on\n")
        sys.stdout.flush()


def _unfinished(pod: PodView, pending: dict[str, int]) -> str:
    if pod.record.state is Pod.CHANGING:
        return "units of the plan before have not stopped yet"
    return "; ".join(f"{unit.name} {why(unit, pod.now) or 'runs'}" for unit in pod.units if unit.name in pending)
