"""Which process answers at the control socket. It must never trust a number that the other side says."""

from minipod.reaper.client import Client
from minipod.reaper.peer import peer_at, seen


def peer_of(client: Client) -> int:
    """PID 1's process id as it is seen from here. PodError 3 when it cannot be seen: it is in another PID namespace."""
    with client.request("HEAD", "/livez") as answer:
        return seen(peer_at(answer.socket)).pid
