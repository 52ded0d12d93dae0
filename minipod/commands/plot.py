"""`minipod plot`: the states of all units over time as a picture. It reads the record and draws; it must never need a
library for that, nor a unit's answer.
"""

import sys

from minipod.commands import boot_source
from minipod.commands.asking import CODES, COMMON, HELP, POD
from minipod.commands.boot_source import Source
from minipod.commands.plot_svg import draw
from minipod.config.durations import BadDuration, parse_duration
from minipod.errors import UsageError
from minipod.options import sort_words
from minipod.status.boot import finished

USAGE = f"""minipod plot [--until TIME] > FILE.svg

Draw how the running pod began, as SVG: a row for each unit, its states as bars. It ends shortly after the last unit was
ready.
  --until TIME            draw until that long after the pod's begin; all: until now
{boot_source.OPTIONS}{COMMON}A pod that does not run yet: minipod simulate -o svg FILE
Exit code: {CODES};
78 for a file that cannot be used.
"""
ALL = "all"
_BEYOND = 20  # one part of so many is seen after the last unit was ready


def run(words: list[str]) -> int:
    """0; ConfigError, PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=HELP, valued=("--until", boot_source.FILE, boot_source.PLAN, POD))
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    if found.operands:
        raise UsageError("plot takes no operand; all units are drawn")
    until = _until(found.last("--until"))
    source = boot_source.read(found)
    name = source.plan.name if source.plan else found.last(boot_source.FILE)
    sys.stdout.write(draw(name or "pod", source.boot, edge(source, until)))
    return 0


def _until(text: str | None) -> int | None:
    """ns; 0 for all there is, None for what is usual."""
    if text in (None, ALL):
        return None if text is None else 0
    try:
        return parse_duration(f"{text}s" if text.isascii() and text.isdigit() else text)
    except BadDuration as bad:
        raise UsageError(f"--until {bad}; {bad.help}") from None


def edge(source: Source, until: int | None) -> int:
    """The right edge of the picture, in ns."""
    if until:
        return min(until, source.boot.end)
    ready = finished(source.boot, source.kinds) if until is None and source.plan else None
    return source.boot.end if ready is None else min(source.boot.end, ready + ready // _BEYOND)
