"""`minipod stop NAME...`: units end and stay so until somebody starts them; with --all the pod ends."""

import sys

from minipod.commands.asking import HELP, POD, ask
from minipod.commands.orders import OPTIONS, carry_out, is_stopped
from minipod.errors import UsageError
from minipod.options import sort_words

USAGE = f"""minipod stop [--no-wait] [--timeout TIME] NAME...
minipod stop --all

End units, each within its grace, and keep them stopped until `minipod start`. A unit that was stopped counts as
running: the pod goes on.
  --all                   stop the pod, as TERM would: minipod ends, and the container with it
{OPTIONS}"""


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    if "--all" in words:
        _stop_all(words)
    else:
        carry_out(words, USAGE, "stop", "stopped", is_stopped, of_all=" --all stops the pod")
    return 0


def _stop_all(words: list[str]) -> None:
    found = sort_words(words, flags=("--all", *HELP), valued=(POD,))
    if found.flags & set(HELP):
        sys.stdout.write(USAGE)
        return
    if found.operands:
        raise UsageError("--all and NAME do not go together")
    ask(found).post("/v1/stop")
    sys.stdout.write("the pod stops\n")
