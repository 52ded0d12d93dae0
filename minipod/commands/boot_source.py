"""Where the record of a pod's beginning comes from: PID 1's memory, or a file that ``--events`` wrote. It must never
make up what is not there: a record without its begin is none.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from minipod.commands.asking import ask
from minipod.commands.lengths import length
from minipod.commands.running_plan import plan_that_runs
from minipod.config.findings import visible
from minipod.errors import ERROR, FAILED, ConfigError, Place, PodError, Problem, UsageError
from minipod.options import Words
from minipod.reaper.client import Client
from minipod.reaper.events import moment
from minipod.reaper.records import Plan
from minipod.status.boot import Boot, Step, fold
from minipod.supervisor.vocabulary import Kind, Life

FILE, PLAN = "--events-file", "--plan"
OPTIONS = """\
  --events-file FILE      not of a running pod: of the last run in a file that minipod run --events FILE wrote
  --plan FILE|PLAN        the pod of that run
"""
_ZERO = "the events of the pod's begin are not there any more: PID 1 keeps the last 1,024. Start it with \
minipod run --events FILE, and give me that file by --events-file"

Event = Mapping[str, Any]


class Source(NamedTuple):
    """A boot, and the plan of its pod if that is known."""

    boot: Boot
    plan: Plan | None

    @property
    def kinds(self) -> dict[str, Kind]:
        """By unit, in the plan's order."""
        return {unit.name: unit.kind for unit in self.plan.units} if self.plan else {}


def read(found: Words) -> Source:
    """What the options mean. ConfigError, PodError and UsageError say why there is nothing."""
    path = found.last(FILE)
    if path is None:
        if found.last(PLAN) is not None:
            raise UsageError(f"{PLAN} goes with {FILE}; a running pod has its own")
        return _running(ask(found))
    plan = _plan_of(found)
    steps = list(steps_of(without_gap(last_run(events_of(path)))))
    names = [unit.name for unit in plan.units] if plan else []
    stranger = next((step.unit for step in steps if plan and step.unit not in names), None)
    if stranger is not None:
        raise ConfigError((Problem(ERROR, Place(path), f"{stranger} is no unit of {found.last(PLAN)}: another pod?"),))
    if not steps:
        raise ConfigError((Problem(ERROR, Place(path), "there is no event of a unit in it"),))
    return Source(fold(steps, names), plan)


def _plan_of(found: Words) -> Plan | None:
    from minipod.commands.plan import load

    path = found.last(PLAN)
    return None if path is None else load(path, Words())


def _running(client: Client) -> Source:
    plan = plan_that_runs(client)
    events = list(client.lines("/v1/events"))
    now = moment(client.get("/v1/pod")["pod"]["now"]) or 0
    first = events[0] if events else {}
    if first.get("seq") != 0:
        raise PodError(_ZERO, FAILED)
    names = [unit.name for unit in plan.units]
    return Source(fold(steps_of(events), names, now - (moment(first["time"]) or 0)), plan)


# --- events -----------------------------------------------------------------------------------------------------------


def events_of(path: str) -> list[Event]:
    """All in a file. A last line without an end is still being written. ConfigError for what is none."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
            lines = file.readlines()
    except OSError as bad:
        raise ConfigError((Problem(ERROR, Place(path), f"cannot read it: {bad.strerror.lower()}"),)) from None
    whole = lines[:-1] if lines and not lines[-1].endswith("\n") else lines
    return [_event(path, number, line) for number, line in enumerate(whole, 1)]


def _event(path: str, number: int, line: str) -> Event:
    try:
        event = json.loads(line)
        if "lost" not in event:
            moment(event["time"])
            event.update({key: event[key] for key in ("seq", "machine", "unit", "to")})
        return event
    except (KeyError, TypeError, ValueError):
        place = Place(path, number, 1, visible(line.rstrip("\n"))[:200], 1)
        message = "this is no event"
        raise ConfigError((Problem(ERROR, place, message, "", "minipod run --events FILE writes them"),)) from None


def last_run(events: Iterable[Event]) -> list[Event]:
    """A file is added to; each run counts from 0, and upwards. PodError when its begin is lost."""
    run: list[Event] = []
    last = -1
    for event in events:
        number = event.get("seq", last + 1)
        if number == 0 or number <= last:
            run = []
        last = number if "seq" in event else last
        run.append(event)
    if run and run[0].get("seq") != 0:
        raise PodError("the events of the pod's begin are lost: whoever read them was too slow", FAILED)
    return run


def without_gap(events: list[Event]) -> list[Event]:
    """Those before the first that are lost; what the others would come to is not known, which is said."""
    for at, event in enumerate(events):
        if "lost" in event:
            begin, last = moment(events[0]["time"]) or 0, moment(events[at - 1]["time"]) or 0
            sys.stderr.write(
                f"minipod: {event['lost']} events are lost {length(last - begin)} after the pod's begin, as whoever"
                " read them was too slow: what came later is left out\n"
            )
            return events[:at]
    return events


def steps_of(events: Iterable[Event]) -> Iterator[Step]:
    """Those of units; a probe's transition may change what its unit is."""
    begin: int | None = None
    states: dict[str, str] = {}
    for event in events:
        at = moment(event["time"]) or 0
        begin = at if begin is None else begin
        name = event["unit"]
        if name is None:
            continue
        if event["machine"] == "lifecycle":
            states[name] = event["to"]
        state = states.get(name, Life.HELD.word)
        is_over = state == Life.ENDED.word and event.get("exitCode") == 0
        yield Step(max(0, at - begin), name, state, bool(event.get("started")), bool(event.get("ready")), is_over)
