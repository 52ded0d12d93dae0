"""Phases: container statuses become what would be known of units, and that becomes the key of the phase table."""

from collections.abc import Iterator, Mapping, Sequence

from cases import Case, Difference, compare, name_of
from engines import Engine
from units import record_of, units_of

from minipod import model
from minipod.status.states import UnitRecord
from minipod.supervisor.facts import bits_of
from minipod.supervisor.phase import PhaseBit, key_of
from minipod.supervisor.pod import UNDECIDED_CODE
from minipod.supervisor.vocabulary import Kind, Life, Want


def read(document: Mapping) -> Iterator[Case]:
    for at, case in enumerate(document["cases"]):
        yield Case(name_of(case, f"case {at}"), lambda engine, case=case: _check(engine, case))


def _check(engine: Engine, case: Mapping) -> Iterator[Difference]:
    yield from compare("phase", case["expectedPhase"], phase_of(engine, case))


def phase_of(engine: Engine, case: Mapping) -> str:
    """The phase of a case by the engine's tables, in Kubernetes' word."""
    units, first = tuple(units_of(case)), _first_by_name(case.get("statuses") or ())
    records = _records(engine, units, first, case, Want.UP)
    is_unknown = any(_is_unknown(unit, first) for unit in units)
    is_over = bool(case.get("podIsTerminal")) and not is_unknown and not any(map(_may_go_on, records))
    if is_over:
        records = _records(engine, units, first, case, Want.STOP)
    bits = bits_of(records, exit_code=_truth(records) if is_over else None, is_over=is_over)
    if is_unknown:
        bits |= {PhaseBit.UNKNOWN}
    return engine.tables.phase[key_of(bits)].word


def _records(
    engine: Engine, units: Sequence[model.Unit], first: Mapping, case: Mapping, want: Want
) -> list[UnitRecord]:
    """``want`` is that of the services: an init that has failed has failed before the pod was told to end."""
    in_round = bool(case.get("podHasInitialized"))
    return [
        record_of(
            engine, unit, first.get(unit.name, {}),
            want=want if unit.kind is Kind.SERVICE else Want.UP, in_round=in_round,
        )
        for unit in units
        if unit.kind is Kind.INIT or unit.name in first
    ]


def _first_by_name(statuses: Sequence[Mapping]) -> dict[str, Mapping]:
    return {status["name"]: status for status in reversed(statuses)}


def _is_unknown(unit: model.Unit, first: Mapping[str, Mapping]) -> bool:
    """Of an init nothing known means that it has not run; of all others it is a state of its own."""
    return unit.kind is not Kind.INIT and not first.get(unit.name, {}).get("state")


def _services(records: Sequence[UnitRecord]) -> list[UnitRecord]:
    return [record for record in records if record.kind is Kind.SERVICE]


def _may_go_on(record: UnitRecord) -> bool:
    """A pod is over only when nothing of it runs or waits for its first run, whatever somebody says."""
    return record.life is Life.UP or (record.life is not Life.ENDED and record.code is None)


def _truth(records: Sequence[UnitRecord]) -> int:
    """The exit code of a pod that was told to stop (DESIGN.md section 6)."""
    codes = [UNDECIDED_CODE if record.code is None else record.code for record in _services(records)]
    return next(filter(None, codes), 0)
