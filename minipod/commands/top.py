"""`minipod top`: what each unit uses, over all of its processes. It asks PID 1 who the units are and the kernel what
they use; it must never count a process that is not minipod's.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator

from minipod.commands.asking import CODES, COMMON, HELP, POD, ask, chosen, seconds_of, view_of
from minipod.commands.get import state_word
from minipod.commands.peer import peer_of
from minipod.commands.top_text import Frame, Row, to_json, to_text
from minipod.errors import NOT_RUNNING, PodError, UsageError
from minipod.options import Words, sort_words
from minipod.reaper.client import Client
from minipod.status.pod import statuses_of
from minipod.status.usage import MINIPOD, OTHERS, Usage, shares, usages
from minipod.status.view import PodView

USAGE = f"""minipod top [-d TIME] [-n N] [-o json] [NAME...]

Show what the units use, or those called NAME: processor (100% is one of them), memory (shared pages are divided among
those who share them), processes and restarts. On a terminal it is refreshed in place until Ctrl-C or the pod's end,
which needs the extra: pip install 'minipod[top]'. Else it is printed once.
  -d, --interval TIME     between two looks; 1s if it is not said
  -n, --count N           so many times; each time it is printed below the last
  --sort unit|cpu|memory  who comes first; unit: as in the pod file
  -o, --output json       a JSON object for each look
{COMMON}Exit code: {CODES}.
"""
SORTS: dict[str, Callable[[Usage], float]] = {
    "unit": lambda usage: 0,
    "cpu": lambda usage: -(usage.share or 0),
    "memory": lambda usage: -usage.memory,
}


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    valued = ("-d", "--interval", "-n", "--count", "--sort", "-o", "--output", POD)
    found = sort_words(words, flags=HELP, valued=valued)
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    write, interval, count = _writer(found), _interval(found), _count(found)
    sort = found.last("--sort") or "unit"
    if sort not in SORTS:
        raise UsageError(f"--sort takes {', '.join(SORTS)}, not {sort!r}")
    looks = frames(ask(found), found.operands, sort, interval)
    if write is None and count is None and os.isatty(1):
        live = _live()
        if live is not None:
            live(looks)
            return 0
    _print(looks, write or to_text, count or 1)
    return 0


def _writer(found: Words) -> Callable[[Frame], str] | None:
    output = found.values.get("--output", found.values.get("-o", [None]))[-1]
    if output not in (None, "text", "json"):
        raise UsageError(f"-o takes text or json, not {output!r}")
    return {"text": to_text, "json": to_json}.get(output or "")


def _interval(found: Words) -> float:
    given = found.values.get("--interval", found.values.get("-d", ["1s"]))[-1]
    seconds = seconds_of(given, "--interval")
    if seconds < 0.01:
        raise UsageError("--interval is at least 10ms: the kernel counts no finer")
    return seconds


def _count(found: Words) -> int | None:
    given = found.values.get("--count", found.values.get("-n", [None]))[-1]
    if given is not None and not (given.isascii() and given.isdigit() and 0 < int(given[:10]) and len(given) < 10):
        raise UsageError("--count needs a number above 0")
    return None if given is None else int(given)


def _live() -> Callable[[Iterator[Frame]], None] | None:
    """Refreshes in place; None without the library, which is said."""
    try:
        from minipod.commands.top_live import show
    except ImportError:
        sys.stderr.write("minipod: printed once; to have it refreshed: pip install 'minipod[top]'\n")
        return None
    return show


def _print(looks: Iterator[Frame], write: Callable[[Frame], str], count: int) -> None:
    for number in range(count):
        frame = next(looks, None)
        if frame is None:
            return
        sys.stdout.write(("\n" if number and write is to_text else "") + write(frame))
        sys.stdout.flush()


# --- looking ----------------------------------------------------------------------------------------------------------


def frames(client: Client, names: list[str], sort: str, interval: float) -> Iterator[Frame]:
    """A look each ``interval`` seconds, until the pod is gone. The first one takes as long: it needs a look before."""
    root = peer_of(client)
    pod, before, at = view_of(client), None, time.monotonic()
    chosen(pod, names)
    while True:
        now = _look(pod, root)
        if before is not None:
            yield _frame(pod, names, sort, shares(before, now, time.monotonic() - at))
        before, at = now, time.monotonic()
        time.sleep(interval)
        try:
            pod = view_of(client)
        except PodError as bad:
            if bad.exit_code != NOT_RUNNING:
                raise
            return


def _look(pod: PodView, root: int) -> dict[str, Usage]:
    try:
        from minipod.commands import processes
    except ImportError:
        raise PodError("minipod top needs psutil: pip install psutil") from None
    known = {unit.pid: unit.name for unit in pod.units if unit.pid}
    if pod.pid != root:  # it has a PID namespace of its own, and its own numbers
        here = processes.inner_ids(root)
        known = {here[pid]: name for pid, name in known.items() if pid in here}
    every, owner = processes.read(known, root)
    return usages(every, owner, known, [unit.name for unit in pod.units])


def _frame(pod: PodView, names: list[str], sort: str, found: dict[str, Usage]) -> Frame:
    statuses = {status.name: status for status in statuses_of(pod.record.units)}
    units = [
        Row(found[unit.name], state_word(unit, statuses[unit.name]), statuses[unit.name].restart_count)
        for unit in chosen(pod, names)
    ]
    rest = [Row(found[name]) for name in (MINIPOD, OTHERS) if name in found and not names]
    return Frame(pod.info.name, sorted(units, key=lambda row: SORTS[sort](row.usage)), rest)
