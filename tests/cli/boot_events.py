"""The events of a pod's begin, as PID 1 says them: `[init.migrate]`, `[sidecar.proxy]`, and web, which waits for db."""

from fake_pod import event

POD = """
[pod]
name = "shop"
[init.migrate]
command = ["m"]
[sidecar.proxy]
command = ["p"]
[service.web]
command = ["w"]
after = {db = "ready"}
[service.db]
command = ["d"]
"""
UP, READY = {"started": True, "ready": False}, {"started": True, "ready": True}
NEW = {"started": False, "ready": False}
# Second, unit, machine, state, and what holds then.
_ROWS = (
    (1, "migrate", "lifecycle", "spawning", NEW),
    (1, "migrate", "lifecycle", "up", NEW),
    (1, "migrate", "readiness", "off", READY),
    (4, "migrate", "lifecycle", "ended", {**NEW, "exitCode": 0, "reason": "Completed"}),
    (4, "proxy", "lifecycle", "spawning", NEW),
    (4, "proxy", "lifecycle", "up", NEW),
    (5, "proxy", "readiness", "off", READY),
    (5, "db", "lifecycle", "spawning", NEW),
    (6, "db", "lifecycle", "up", UP),
    (9, "db", "readiness", "rest", READY),
    (9, "web", "lifecycle", "spawning", NEW),
    (9, "web", "lifecycle", "post-start", NEW),
    (11, "web", "lifecycle", "up", READY),
)


def shop_events(count: int = len(_ROWS)) -> list[dict]:
    """The first ``count`` of them, numbered from 0."""
    return [
        {**event(second, unit, machine, **holds), "seq": seq, "to": to}
        for seq, (second, unit, machine, to, holds) in enumerate(_ROWS[:count])
    ]
