"""Roles: which row of the verdict's and of the fate's table a unit is. All that the compiler must know of the tables,
which it does not load: a container waits for it.
"""

from minipod.supervisor.words import Kind, Rule, Standing


def rule_of(kind: Kind, restart: str) -> Rule:
    """The verdict's row for a unit. ``restart`` is always, on_failure or never; KeyError for anything else."""
    rule = {"always": Rule.ALWAYS, "on_failure": Rule.ON_FAILURE, "never": Rule.NEVER}[restart]
    if kind is Kind.INIT and rule is Rule.ALWAYS:
        return Rule.ON_FAILURE
    return rule


def standing_of(kind: Kind, *, is_main: bool, essential: bool) -> Standing:
    """The fate's row for a unit. An init is essential by nature; ``main`` beats ``essential``."""
    if is_main:
        return Standing.MAIN
    if kind is Kind.INIT:
        return Standing.INIT
    return {
        (Kind.SIDECAR, False): Standing.SIDECAR,
        (Kind.SIDECAR, True): Standing.ESSENTIAL_SIDECAR,
        (Kind.SERVICE, False): Standing.SERVICE,
        (Kind.SERVICE, True): Standing.ESSENTIAL_SERVICE,
    }[kind, essential]
