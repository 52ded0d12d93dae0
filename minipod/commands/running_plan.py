"""The plan that a command is about: that of a file, or the one that PID 1 runs. It must never ask a pod when a file was
named."""

from minipod.commands.asking import ask
from minipod.errors import FAILED, PodError
from minipod.options import Words, only_operand
from minipod.reaper.client import Client
from minipod.reaper.peer import Peer, peer_at
from minipod.reaper.records import Plan, PlanRefused


def plan_of(found: Words) -> Plan:
    """Of FILE or PLAN, the only operand; without one, of the pod that the options mean."""
    if found.operands:
        from minipod.commands.plan import load

        return load(only_operand(found, "FILE"), found)
    return plan_that_runs(ask(found))


def plan_that_runs(client: Client) -> Plan:
    """PID 1's own. PodError when it cannot be had, or is of another version's making."""
    return plan_from(client)[0]


def plan_from(client: Client) -> tuple[Plan, Peer]:
    """Likewise, and who says it."""
    from minipod.reaper.decode import decode

    try:
        with client.request("GET", "/v1/plan", accept="application/octet-stream") as answer:
            return decode(answer.read()), peer_at(answer.socket)
    except (OSError, EOFError):
        raise PodError(f"{client.place}: the answer was cut off", FAILED) from None
    except PlanRefused as bad:
        raise PodError(f"this minipod cannot read the plan that PID 1 runs: {bad}", FAILED) from None
