"""From the simulator's books to the records that a status is made of. Pure; it must never compute a status."""

from minipod.status.pod import PodRecord
from minipod.status.records import Terminated
from minipod.status.states import UnitRecord
from minipod.supervisor.books import End, UnitBook
from minipod.supervisor.deeds_time import own_timer
from minipod.supervisor.simulate import Simulation
from minipod.supervisor.vocabulary import Outcome


def pod_record(sim: Simulation) -> PodRecord:
    """What is known of the pod at this moment; times are ns since its start."""
    return PodRecord(
        units=tuple(_unit_record(sim, unit) for unit in sim.units),
        state=sim.state,
        cause=sim.cause,
        exit_code=None if sim.cause is None else sim.exit_code(),
        start_time=0,
        can_begin_anew=Outcome.RESTART_ALL in {unit.outcome for unit in sim.units} or sim.round_began > 0,
    )


def _unit_record(sim: Simulation, unit: UnitBook) -> UnitRecord:
    return UnitRecord(
        name=unit.name,
        kind=unit.kind,
        life=unit.life,
        want=unit.want,
        outcome=unit.outcome,
        begun=unit.begun,
        begun_in_round=unit.begun_in_round,
        started=unit.started,
        ready=unit.ready,
        instances=unit.instances,
        started_at=unit.started_at,
        ends=tuple(_terminated(end) for end in (unit.end_before, unit.last_end) if end is not None),
        due_at=sim.armed_at(own_timer(unit)),
    )


def _terminated(end: End) -> Terminated:
    return Terminated(end.code, end.reason, started_at=end.began_at, finished_at=end.ended_at)
