"""`minipod start NAME...`: a unit that was stopped, or that waits for its next start, starts now."""

from minipod.commands.orders import OPTIONS, carry_out, is_started

USAGE = f"""minipod start [--no-wait] [--timeout TIME] NAME...

Start units that were stopped by hand, or that wait for their next start, and wait until they have started.
{OPTIONS}"""


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    carry_out(words, USAGE, "start", "started", is_started)
    return 0
