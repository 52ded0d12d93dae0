"""The pod of a scenario with puppets for programs, and listeners for what is asked over the network."""

from collections.abc import Mapping
from pathlib import Path

from minipod.model import Ask, Pod, Unit
from minipod.supervisor.errands import assignments
from minipod.supervisor.scenario import Scenario
from minipod.supervisor.vocabulary import Errand, Handler
from minipod.supervisor.world import FactKind, Reply

Asks = Mapping[tuple[str, Errand], Ask]
_KEYS = {
    Errand.STARTUP: "startup_probe", Errand.LIVENESS: "liveness_probe", Errand.READINESS: "readiness_probe",
    Errand.POST_START: "post_start", Errand.PRE_STOP: "pre_stop",
}
HOOKS = (Errand.POST_START, Errand.PRE_STOP)


def errand_name(unit: Unit, kind: Errand) -> str:
    """The name of its command."""
    return f"{unit.name}.{kind.word}"


def command_names(pod: Pod) -> list[str]:
    """All commands that the pod cast so may execute."""
    return [name for u in pod.units for name in (u.name, *(errand_name(u, kind) for kind in Errand))]


def asked_by(pod: Pod, handler: Handler) -> list[tuple[str, Errand]]:
    """The errands that a handler can do: those that ask at all; a hook knows HTTP alone."""
    return [
        (unit.name, task.kind)
        for unit in pod.units
        for task in assignments(unit)
        if task.ask.handler not in (Handler.SLEEP, Handler.NOTIFY)
        and (handler is Handler.HTTP_GET or task.kind not in HOOKS)
    ]


def can_ask(scenario: Scenario, handler: Handler) -> bool:
    """Whether a handler can be asked as the scenario's world answers: a kernel has a socket for everybody, so "errors"
    is a command's alone; it lets a connection in, or refuses it, at once."""
    answers = [answer for how in scenario.behaviours for answer in how.answers.values()]
    answers += [fact.value[1] for _, fact in scenario.facts if fact.kind is FactKind.TURNED]
    is_quick = all(answer.reply is not Reply.NEVER and answer.after == 0 for answer in answers)
    has_errors = any(answer.reply is Reply.ERROR for answer in answers)
    return bool(asked_by(scenario.pod, handler)) and not has_errors and (handler is not Handler.TCP_SOCKET or is_quick)


def cast(pod: Pod, folder: Path, asks: Asks) -> Pod:
    """The same pod: its commands are puppets in the folder, its errands commands too, but for those in ``asks``."""
    return pod._replace(units=tuple(_cast_unit(unit, folder, asks) for unit in pod.units))


def _cast_unit(unit: Unit, folder: Path, asks: Asks) -> Unit:
    own: dict[str, object] = {"command": (str(folder / unit.name), "unit")}
    for kind, key in _KEYS.items():
        task = getattr(unit, key)
        if isinstance(task, Ask):
            own[key] = _cast_ask(task, unit, kind, folder, asks)
        elif task is not None:
            own[key] = task._replace(ask=_cast_ask(task.ask, unit, kind, folder, asks))
    return unit._replace(**own)


def _cast_ask(ask: Ask, unit: Unit, kind: Errand, folder: Path, asks: Asks) -> Ask:
    if ask.handler is Handler.SLEEP:
        return ask
    if (unit.name, kind) in asks:
        return asks[unit.name, kind]
    return Ask(Handler.EXEC, command=(str(folder / errand_name(unit, kind)), "errand"))
