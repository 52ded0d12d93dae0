"""The reference: the simulator, hearing facts in the way in which a kernel tells them."""

from itertools import groupby

from minipod.supervisor import happening
from minipod.supervisor.simulate import Simulation
from minipod.supervisor.world import FactKind


class Reference(Simulation):
    """One after the other, as a real core hears of them; only what is said in one breath is heard so. And a signal that
    is sent to nobody was not sent."""

    def _turn(self) -> None:
        if self.world.next_moment() != self.now:
            self._fire(min(self.timers, key=self.timers.__getitem__))
        else:
            self._take_all()
        self._settle_down()

    def _take_all(self) -> None:
        for is_said, together in groupby(self.world.facts(), key=lambda fact: fact.kind is FactKind.SAID):
            for fact in together:
                happening.take(self, fact)
                if not is_said:
                    self.step_all()
            self.step_all()

    def note_sent(self, unit, what: str) -> None:
        if unit is None or what != "stop" or self.world.is_alive(unit.at):
            super().note_sent(unit, what)
