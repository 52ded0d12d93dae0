"""The timeline of a simulated pod, for people and as JSON lines: states, what probes say, the phase, kubectl's columns.

A recorder watches the simulation; what it saw is printed when all is over. It must never decide anything.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from minipod.config.durations import format_duration
from minipod.status import columns
from minipod.status.api import pod_object
from minipod.status.columns import Columns
from minipod.status.pod import follow, parts_of, pod_status
from minipod.status.records import PodInfo, PodStatus
from minipod.status.simulated import pod_record
from minipod.supervisor.books import Report
from minipod.supervisor.scenario import Scenario
from minipod.supervisor.simulate import POD, Simulation
from minipod.supervisor.vocabulary import PodEvent
from minipod.supervisor.world import Fact

_HEAD = ("TIME", "UNIT", "STATES", "PHASE", "READY", "STATUS", "RESTARTS")


@dataclass(frozen=True)
class Moment:
    """What holds of the pod from ``at`` (ns) on."""

    at: int
    info: PodInfo
    status: PodStatus
    columns: Columns


class Recorder:
    """Keeps the pod's status after each moment that changed it. ``lost``: given facts that had nobody to happen to;
    ``over_at`` (ns): None while the pod lives."""

    def __init__(self, name: str):
        self._name = name
        self._latest: PodStatus | None = None
        self.moments: list[Moment] = []
        self.lost: list[tuple[int, Fact]] = []
        self.over_at: int | None = None

    def watch(self, sim: Simulation) -> None:
        """To be called after each turn."""
        self.lost, self.over_at = sim.world.lost, sim.now if sim.left else None
        record = pod_record(sim)
        self._latest = follow(self._latest, pod_status(record), sim.now)
        deleted_at = sim.stop_began if sim.cause is PodEvent.TOLD else None
        info = PodInfo(self._name, parts_of(record.units), created_at=0, deleted_at=deleted_at)
        moment = Moment(sim.now, info, self._latest, columns.of(info, self._latest, sim.now))
        if self.moments and self.moments[-1].at == sim.now:
            self.moments.pop()
        if not self.moments or _shown(moment) != _shown(self.moments[-1]):
            self.moments.append(moment)


def _shown(moment: Moment) -> tuple:
    row = moment.columns
    return moment.status.phase, row.ready, row.status, row.restarts.partition(" ")[0]


# --- for people ---


def to_text(scenario: Scenario, report: Report, recorder: Recorder, until: int | None) -> str:
    """A table: a line for what each unit went through in a moment, one for the pod when its row changed."""
    rows = [_HEAD, *_rows(scenario, report, recorder)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines) + f"\n\n{_verdict(report, until)}\n"


def _rows(scenario: Scenario, report: Report, recorder: Recorder) -> Iterator[tuple[str, ...]]:
    pods = {moment.at: moment for moment in recorder.moments}
    units = _units_by_moment(scenario, report)
    for at in sorted({*units, *pods}):
        time, here = format_duration(at), units.get(at, {})
        if at in pods:
            here.setdefault(POD, "")
        for name, words in here.items():
            yield time, name, words, *(_columns(pods[at]) if name == POD and at in pods else ("",) * 4)
            time = ""


def _columns(moment: Moment) -> tuple[str, ...]:
    row = moment.columns
    return moment.status.phase, row.ready, row.status, row.restarts


def _units_by_moment(scenario: Scenario, report: Report) -> dict[int, dict[str, str]]:
    """Moment → unit → its states in their order, then what its probes say if that changed."""
    order = [*scenario.cast.names, POD]
    found: dict[int, dict[str, list[str]]] = {}
    for at, name, word in report.timeline:
        found.setdefault(at, {}).setdefault(name, []).append(word)
    for (at, name), words in _flags(report).items():
        found.setdefault(at, {}).setdefault(name, []).append(f"({words})")
    return {at: {name: " ".join(units[name]) for name in order if name in units} for at, units in found.items()}


def _flags(report: Report) -> dict[tuple[int, str], str]:
    """(moment, unit) → what its probes say after it, where that is another thing than before."""
    last = {(at, name): flags for at, name, flags in report.flags}
    before: dict[str, tuple[bool, bool]] = {}
    changed = {}
    for (at, name), flags in last.items():
        if flags != before.get(name, (False, False)):
            words = [word for word, holds in zip(("started", "ready"), flags, strict=True) if holds]
            changed[at, name] = " ".join(words) or "not started"
        before[name] = flags
    return changed


def _verdict(report: Report, until: int | None) -> str:
    phase = report.phases[-1][1].word
    if report.exit_code is not None:
        return f"exit code {report.exit_code}: {phase}, {report.reason}"
    return f"alive after {format_duration(until)}: {phase}" if until is not None else f"waits for ever: {phase}"


# --- for programs ---


def to_json(scenario: Scenario, report: Report, recorder: Recorder, until: int | None) -> str:
    """JSON lines: one for each moment, with the pod as the v1 API would show it; then the end."""
    units = _units_by_moment(scenario, report)
    pods = {moment.at: moment for moment in recorder.moments}
    lines = [json.dumps(_moment(at, units.get(at, {}), pods.get(at))) for at in sorted({*units, *pods})]
    end = {"exitCode": report.exit_code, "phase": report.phases[-1][1].word, "reason": report.reason}
    return "\n".join([*lines, json.dumps({"end": end})]) + "\n"


def _moment(at: int, units: dict[str, str], moment: Moment | None) -> dict[str, object]:
    line: dict[str, object] = {"seconds": at / 1e9, "states": units}
    if moment is not None:
        line["columns"] = moment.columns._asdict()
        line["pod"] = pod_object(moment.info, moment.status)
    return line
