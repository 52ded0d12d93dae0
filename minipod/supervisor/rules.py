"""Rules that every set of policy tables must satisfy, whatever its cells say in detail.

A rule is a named function over the tables that yields one sentence for each place that breaks it; its docstring is the
reason and the source. Rules state what must hold in general; what happens in one situation is what scenarios are for.
"""

from collections.abc import Iterator

from minipod.supervisor import (  # noqa: F401  (each enters its own)
    rules_machine,
    rules_plan,
    rules_pod,
    rules_probe,
    rules_round,
    rules_stop,
    rules_unit,
    rules_verdict,
)
from minipod.supervisor.books import TABLES, Tables
from minipod.supervisor.rulebook import RULES, Rule

__all__ = ["RULES", "Rule", "broken"]


def broken(tables: Tables = TABLES) -> Iterator[str]:
    """Every rule that these tables break and where, as it is found."""
    for each in RULES:
        for where in each(tables):
            yield f"{each.__name__}: {where}"
