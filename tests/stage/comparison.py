"""Three statements of one behaviour: what a scenario expects, what the simulator does, what the core did on stage."""

from collections.abc import Iterator, Mapping

from director import Run
from recorder import MACHINES
from reference import Reference

from minipod.supervisor import scenario as scenarios
from minipod.supervisor.books import TABLES, Report
from minipod.supervisor.scenario import Scenario
from minipod.supervisor.table import CellKind
from minipod.supervisor.vocabulary import Errand, Handler, PodEvent, Word


def reference_of(scenario: Scenario) -> Reference:
    """The simulator, when it has played."""
    reference = Reference(scenario.pod, scenario.behaviours, scenario.strays, TABLES)
    reference.run(scenario.facts, scenario.until)
    return reference


def differences(scenario: Scenario, run: Run) -> list[str]:
    """What the core did otherwise than the scenario expects or the simulator does, a line each; [] if nothing. Where
    what happens in one moment cannot come in the order that the scenario means, the simulator alone counts."""
    reference = reference_of(scenario)
    found = [] if reference.has_changed_order else scenarios.differences(scenario, run.report)
    return found + differences_from(reference, scenario, run)


def differences_from(reference: Reference, scenario: Scenario, run: Run) -> list[str]:
    """The same, of the simulator alone."""
    wanted = _facts(scenario, reference.report) | {"attempts": _attempts(reference)}
    got = _facts(scenario, run.report) | {"attempts": dict(run.attempts)}
    got["cells"] = {key: count for key, count in named(run.cells).items() if _counts(*key)}
    found = [f"{fact}: simulator {a}, core {b}" for fact in wanted for a, b in _unlike(wanted[fact], got[fact])]
    return found + ([f"{run.lost_events} events were lost"] if run.lost_events else [])


def _unlike(wanted: object, got: object) -> Iterator[tuple[object, object]]:
    """The pair, if it is no pair of equals; of two mappings what differs."""
    if isinstance(wanted, Mapping) and wanted != got:
        keys = {key for key in {**wanted, **got} if wanted.get(key) != got.get(key)}
        yield ({key: of.get(key) for key in sorted(keys, key=str)} for of in (wanted, got))
    elif wanted != got:
        yield wanted, got


def _facts(scenario: Scenario, report: Report) -> dict[str, object]:
    return {
        "timeline": scenarios.timeline(scenario.pod, report),
        "flags": scenarios.flags(scenario.pod, report),
        "phases": report.phases,
        "exit code": report.exit_code,
        "reason": report.reason,
        "codes": report.codes,
        "reasons": report.reasons,
        "outcomes": report.outcomes,
        "restarts": report.restarts,
        "impossible": report.impossible,
        "lost": report.lost,
        "sent": sorted(report.sent),
        "cells": {key: count for key, count in report.cells.items() if key[0] in TABLES.machines and _counts(*key)},
    }


def _attempts(reference: Reference) -> dict[tuple[int, Errand], int]:
    return {
        (unit.at, kind): errand.attempt
        for unit in reference.units
        for kind, errand in unit.errands.items()
        if errand.attempt and errand.plan.ask.handler is not Handler.SLEEP
    }


def _counts(machine: str, state: Word, event: Word) -> bool:
    """Not what is ignored; nor how often somebody's death was heard of: of several at once that is once."""
    kind = TABLES.machines[machine].rows[state][event].kind
    return kind is not CellKind.IGNORED and event is not PodEvent.STIRRED


def named(cells: Mapping[tuple[int, int, int], int]) -> dict[tuple[str, Word, Word], int]:
    """The core's counters by the names of machine, state and event."""
    names = list(TABLES.machines)
    return {
        (names[machine], list(MACHINES[machine].states)[state], list(MACHINES[machine].events)[event]): count
        for (machine, state, event), count in cells.items()
    }
