"""The harness's side of ``programs/board.h``: a shared file of moments and a fifo that is rung when the last has come.

All values are unsigned 64-bit, moments are CLOCK_MONOTONIC ns. Nothing here starts or ends a process.
"""

import mmap
import os
import select
import struct
import time
from pathlib import Path

SLOTS = 1024
_FIELDS = ("begun", "ended", "pid1", "target", "claimed", "posted")
_SIZE = 8 * (len(_FIELDS) + SLOTS)


class Silence(Exception):
    """The bell was not rung in time."""


class Board:
    """One board in ``folder``, which must not hold another."""

    def __init__(self, folder: Path):
        self.path, self.bell_path = folder / "board", folder / "bell"
        self.path.write_bytes(bytes(_SIZE))
        os.mkfifo(self.bell_path, 0o622)
        # Opened for both ends: it never reads as ended, and whoever rings never blocks.
        self._bell = os.open(self.bell_path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(self.path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)

    def close(self) -> None:
        self._memory.close()
        os.close(self._bell)
        os.unlink(self.path)
        os.unlink(self.bell_path)

    @property
    def environment(self) -> dict[str, str]:
        return {"BENCH_BOARD": str(self.path), "BENCH_BELL": str(self.bell_path)}

    def get(self, field: str) -> int:
        return struct.unpack_from("Q", self._memory, 8 * _FIELDS.index(field))[0]

    def put(self, field: str, value: int) -> None:
        struct.pack_into("Q", self._memory, 8 * _FIELDS.index(field), value)

    def await_posts(self, count: int) -> None:
        """From now on ring at ``count`` posts; those made so far are forgotten."""
        self.put("claimed", 0)
        self.put("posted", 0)
        self.put("target", count)

    def slots(self) -> list[int]:
        """The values posted since ``await_posts``, in the order in which they were claimed."""
        count = min(self.get("posted"), SLOTS)
        return list(struct.unpack_from(f"{count}Q", self._memory, 8 * len(_FIELDS)))

    def wait_bell(self, seconds: float) -> list[int]:
        """Wait for the bell and return the slots. Silence if it is not rung within ``seconds``."""
        end = time.monotonic() + seconds
        if not select.select([self._bell], [], [], max(0.0, end - time.monotonic()))[0]:
            raise Silence(f"{self.get('posted')} of {self.get('target')} posts came within {seconds:g} s")
        os.read(self._bell, 4096)
        return self.slots()
