"""A simulated pod as the same picture that `minipod plot` draws of a real one. It must never decide anything."""

from collections.abc import Iterator

from minipod.commands.plot_svg import draw
from minipod.commands.timeline import Recorder
from minipod.status.boot import Step, fold
from minipod.supervisor.books import Report
from minipod.supervisor.scenario import Scenario
from minipod.supervisor.simulate import POD
from minipod.supervisor.vocabulary import Life


def to_svg(scenario: Scenario, report: Report, recorder: Recorder, until: int | None) -> str:
    """Until the pod was over, or nobody looked any further."""
    steps = list(_steps(report))
    end = recorder.over_at if recorder.over_at is not None else until
    last = max((step.at for step in steps), default=0)
    boot = fold(steps, scenario.cast.names, last if end is None else end)
    return draw(scenario.pod.name, boot, boot.end)


def _steps(report: Report) -> Iterator[Step]:
    """States and what probes say, in the order of their moments; at one moment the states come first."""
    changes = [(at, 0, name, word) for at, name, word in report.timeline if name != POD]
    changes += [(at, 1, name, flags) for at, name, flags in report.flags]
    states: dict[str, str] = {}
    said: dict[str, tuple[bool, bool]] = {}
    for at, is_said, name, what in sorted(changes, key=lambda change: change[:2]):
        (said if is_said else states)[name] = what
        started, ready = said.get(name, (False, False))
        yield Step(at, name, states.get(name, Life.HELD.word), started, ready)
