"""Probes and hooks on stage: every attempt of the core's, and the answer that the world has for it.

It must never know what an answer means.
"""

from collections import Counter
from dataclasses import dataclass

from casting import HOOKS
from targets import Target, Watch
from troupe import Body, Troupe

from minipod.supervisor.vocabulary import Errand, Handler
from minipod.supervisor.world import Answer, Attempt, Reply, World

_KINDS = list(Errand)


class RealWorld(World):
    """The world's agenda; the director makes true what it plans."""

    def reply_of(self, unit: int, kind: Errand) -> Reply:
        """How an attempt that begins now will be answered."""
        return self._processes[unit].answers.get(kind, Answer()).reply


@dataclass
class Asked:
    """The latest attempt of an errand: by its process, or at a target, or by the unit's own program."""

    number: int
    reply: Reply
    body: Body | None = None
    target: Target | None = None
    is_admitted: bool = False
    is_over: bool = False


class Asking:
    """All errands of one run. ``targets`` are by unit and kind."""

    def __init__(self, world: RealWorld, troupe: Troupe, targets: dict[tuple[int, Errand], Target]):
        self._world, self._troupe, self._targets = world, troupe, targets
        self._latest: dict[tuple[int, Errand], Asked] = {}
        self.counts: Counter[tuple[int, Errand]] = Counter()
        self.is_barred = False

    def begin(self, unit: int, errand: int) -> None:
        """An attempt begins that the world answers."""
        kind = _KINDS[errand]
        self.counts[unit, kind] += 1
        number = self.counts[unit, kind]
        self._latest[unit, kind] = Asked(number, self._world.reply_of(unit, kind))
        self._world.ask_errand(unit, kind, number)

    def watch(self, unit: int, errand: int) -> None:
        """One that the program answers: of the watchdog's the world knows, of the others only what is said counts."""
        if _KINDS[errand] is Errand.WATCHDOG:
            self.begin(unit, errand)
        else:
            self.counts[unit, _KINDS[errand]] += 1

    def dial(self, unit: int, errand: int) -> None:
        """One over the network: it comes to its target before anything else happens, unless it is refused."""
        self.begin(unit, errand)
        asked, target = self._latest[unit, _KINDS[errand]], self._targets[unit, _KINDS[errand]]
        asked.target = target
        target.expect()
        if target.handler is Handler.TCP_SOCKET:
            target.listen(well=asked.reply is Reply.WELL)
            self._troupe.needs[f"{unit} {errand} is over"] = lambda: asked.is_over
        else:
            self._troupe.needs[f"{unit} {errand} is asked"] = lambda: target.is_asked or asked.is_over

    def finish(self, unit: int, errand: int) -> None:
        """Answered, or not waited for any more."""
        asked = self._latest.get((unit, _KINDS[errand]))
        if asked is not None:
            asked.is_over = True

    # --- by a process

    def set_body(self, unit: int, errand: int, body: Body) -> None:
        self._latest[unit, _KINDS[errand]].body = body

    def has(self, pid: int) -> bool:
        """Whether this is the process of an attempt."""
        return any(asked.body and asked.body.pid == pid for asked in self._latest.values())

    def unbar(self) -> None:
        """Whoever waits may come to its program."""
        self.is_barred = False
        for asked in self._latest.values():
            self._admit(asked)

    def admit(self, pid: int) -> None:
        """It comes to its program at once, unless nobody may now."""
        for asked in self._latest.values():
            if asked.body and asked.body.pid == pid:
                self._admit(asked)

    def _admit(self, asked: Asked) -> None:
        """But for one that cannot be asked: it waits for its moment."""
        is_here = asked.body and asked.body.gate and not asked.body.is_reaped
        if is_here and not self.is_barred and not asked.is_admitted and asked.reply is not Reply.ERROR:
            asked.is_admitted = True
            self._troupe.pass_gate(asked.body)

    def silence(self, unit: int) -> None:
        """Its program is gone, and speaks no more."""
        if (unit, Errand.WATCHDOG) in self._latest:
            self._latest[unit, Errand.WATCHDOG].is_over = True

    def lose(self, pid: int) -> None:
        """A process is gone: if it was an attempt's, nobody waits for that any more."""
        for asked in self._latest.values():
            asked.is_over |= asked.body is not None and asked.body.pid == pid

    # --- answers

    def due(self, unit: int, answer: Attempt) -> Asked | None:
        """The attempt that this is the answer to, if anybody still waits for it."""
        asked = self._latest[unit, answer.kind]
        return asked if asked.number == answer.number and not asked.is_over else None

    def answer_at(self, asked: Asked, *, well: bool) -> None:
        """By its target; the core must have heard it before anything else happens."""
        asked.target.answer(well=well)
        self._troupe.needs["an answer is heard"] = lambda: asked.is_over


def make_targets(
    units: list[str], asked: list[tuple[str, Errand]], handler: Handler, watch: Watch
) -> dict[tuple[int, Errand], Target]:
    """A target for each."""
    return {(units.index(name), kind): Target(handler, watch, is_hook=kind in HOOKS) for name, kind in asked}
