"""The reference: the simulator, hearing facts in the way in which a kernel tells them."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from minipod.supervisor import happening
from minipod.supervisor.simulate import Simulation
from minipod.supervisor.world import Fact, FactKind


def breath(fact: Fact) -> FactKind | None:
    """Facts of one moment that follow each other are heard as one if they share this: orders come in one message, and
    of what several units left behind the core hears once, and looks in the file's order. None: each by itself."""
    return fact.kind if fact.kind in (FactKind.SAID, FactKind.REST_GONE) else None


def breaths(facts: Iterable[Fact]) -> Iterator[tuple[FactKind | None, Iterator[Fact]]]:
    """The facts of one moment by breath, in the order in which a core hears of them."""
    for kind, together in groupby(facts, key=breath):
        if kind is FactKind.REST_GONE:
            yield kind, iter(sorted(together, key=lambda fact: fact.unit))
        else:
            yield kind, together


class Reference(Simulation):
    """One after the other, as a real core hears of them. A signal that is sent to nobody was not sent; what is left
    behind is told to go once, however often it is looked at."""

    has_changed_order = False

    def __init__(self, *how) -> None:
        super().__init__(*how)
        self._rests_told: set[tuple[int, int]] = set()

    def _turn(self) -> None:
        if self.world.next_moment() != self.now:
            self._fire(min(self.timers, key=self.timers.__getitem__))
        else:
            self._take_all()
        self._settle_down()

    def _take_all(self) -> None:
        rests: list[int] = []
        for kind, together in breaths(self._noted(rests)):
            for fact in together:
                happening.take(self, fact)
                if kind is None:
                    self.step_all()
            self.step_all()
        self.has_changed_order |= rests != sorted(rests)

    def _noted(self, rests: list[int]) -> Iterator[Fact]:
        for fact in self.world.facts():
            if fact.kind is FactKind.REST_GONE:
                rests.append(fact.unit)
            yield fact

    def note_sent(self, unit, what: str) -> None:
        if what == "kill rest":
            instance = unit.at, unit.instances
            is_news = instance not in self._rests_told
            self._rests_told.add(instance)
        else:
            is_news = unit is None or what != "stop" or self.world.is_alive(unit.at)
        if is_news:
            super().note_sent(unit, what)
