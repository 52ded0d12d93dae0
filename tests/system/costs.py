"""What PID 1 holds, and whether something makes it hold more and more. No size is judged by itself here: bench/ does.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from system_harness import wait_until

ROUNDS = 6
SLACK = 8  # kB


def memory(pid: int) -> int:
    """Of its own, in kB: what it shares with the file that it is made of depends on who else runs it."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Anonymous: *(\d+) kB", text, re.MULTILINE)[1])


def memory_of(pid: int) -> Iterator[tuple[str, bytes]]:
    """All that a process can read of its own: each line of its map, and what is there. What it gives back meanwhile
    holds nothing any more."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if " r" in line and "[v" not in line:
                with suppress(OSError):
                    memory.seek(begin)
                    yield line, memory.read(end - begin) or b""


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def open_files(pid: int) -> dict[int, str]:
    """What a process holds open, by number; without those that it closes while one looks."""
    found = {}
    for number in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
    return found


def sockets(files: dict[int, str]) -> list[int]:
    """The numbers of those that are sockets."""
    return [number for number, link in files.items() if link.startswith("socket:")]


def grows_no_more(pid: int, deed: Callable[[], None]) -> None:
    """Done again and again it takes no more at last: what is touched for the first time is, at some time, all touched,
    the memory too that was given back when all had started."""
    sizes = [memory(pid)]
    for _ in range(ROUNDS):
        deed()
        sizes.append(memory(pid))
        if sizes[-1] <= sizes[-2] + SLACK and len(sizes) > 2:
            return
    raise AssertionError(f"it grows and grows: {sizes} kB")


def await_settled(pid: int) -> None:
    """All have started, and what only that needed was given back: code lies in pieces since."""
    wait_until(lambda: Path(f"/proc/{pid}/maps").read_text().count("r-xp") > 4, "its memory was given back")
