"""`minipod restart NAME...`: an instance ends as at a stop, and another one starts."""

from minipod.commands.orders import OPTIONS, carry_out, is_restarted

USAGE = f"""minipod restart [--no-wait] [--timeout TIME] NAME...

End units, each within its grace, start them again, and wait until they have started. It counts for no back-off.
{OPTIONS}"""


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    carry_out(words, USAGE, "restart", "restarted", is_restarted)
    return 0
