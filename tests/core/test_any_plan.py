"""Whatever plan the core accepts, it can run: values that no compiler of ours writes, in pods that are played at
random.

What it did is nobody's to say here. That it did not die, turn round without the clock moving, wait, use what it has
closed, or lose an event is what the fake kernel and the sanitizers see to.
"""

from random import Random
from typing import Any

import pytest
from player import request
from pods import UNTIL, play

from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan, PlanRefused
from minipod.supervisor.vocabulary import Word

PLANS, TRIES = 40, 50
NUMBERS = [0, 1, 2, 3, 6, 9, 63, 64, 255, 1023, 10**9, (1 << 31) - 1, (1 << 32) - 1, 1 << 61, (1 << 62) - 1]
TEXTS = ["", "u", "127.0.0.1", "/", "a:b\r\n", "\x7f", "x" * 63, "x" * 64, "x" * 500, "é" * 40]


def _other(dice: Random, value: Any) -> Any:
    """Another value of the same kind: one that has no place in bytes is refused as any other."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Word):
        return dice.choice(list(type(value)))
    if isinstance(value, str):
        return dice.choice(TEXTS)
    if isinstance(value, bytes):
        return bytes(dice.choices(value, k=len(value)))
    if isinstance(value, tuple):
        return _spoiled(dice, value)
    return dice.choice([*NUMBERS, (value or 0) + 1])


def _spoiled(dice: Random, record: tuple) -> tuple:
    """A record, or a list of them, with one value changed somewhere in it."""
    if not record:
        return record
    at = dice.randrange(len(record))
    values = [*record[:at], _other(dice, record[at]), *record[at + 1:]]
    return record._make(values) if hasattr(record, "_make") else tuple(values)


def _accepted(dice: Random, plan: Plan) -> bytes:
    """The bytes of a plan with a value or more changed, as they are accepted. The fake kernel has no environment that
    could be handed on as it is: that is the one program's alone."""
    for _ in range(TRIES):
        spoiled = plan
        for _ in range(dice.choice([1, 2, 4, 8])):
            spoiled = spoiled._replace(units=_spoiled(dice, spoiled.units)) if dice.random() < 0.8 else spoiled
            spoiled = _spoiled(dice, spoiled) if dice.random() < 0.3 else spoiled
        spoiled = spoiled._replace(exact_env=plan.exact_env)
        if spoiled != plan:
            try:
                return encode(spoiled)
            except (PlanRefused, IndexError, ValueError, AttributeError, KeyError):  # but for the first: no plan at all
                continue
    pytest.fail("nothing that was spoiled is accepted")


@pytest.mark.parametrize("numbers", [range(first, first + PLANS) for first in range(0, 5 * PLANS, PLANS)], ids=str)
def test_runs(player, numbers):
    found = {}
    for number in numbers:
        dice, drawn = Random(number), play(number)
        _, *lines = request(drawn.pod, drawn.behaviours, drawn.facts, drawn.strays, UNTIL)
        plan = f"plan {_accepted(dice, lower(drawn.pod)).hex()}"
        written = f"at {UNTIL // 9} write 0 0 {b'a line'.hex()}"
        answer = player.play([plan, *lines, written, *["ties"] * dice.randrange(2)])
        if answer.status or answer.lost_events:
            found[number] = answer.broken or answer.text[-600:]
    assert found == {}
