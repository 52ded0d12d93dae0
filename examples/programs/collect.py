"""Collects the log of another program: prints the lines of a file as they come, through its rotation.

    python3 collect.py FILE [--state FILE]

At TERM it reads what there is to its end, then ends with 0. With --state it goes on where it was when it was killed: a
line may then come twice. It must never leave a line out silently: what was rotated away unread is told on stderr.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
from contextlib import suppress
from typing import BinaryIO, NamedTuple

PIECE = 65536
MOST_OLD = 50  # FILE.1, FILE.2 …; the higher the older
SECONDS = 0.1  # between two looks at a file that has no more


class Place(NamedTuple):
    """How far it has come: the file by its inode and its first bytes, as inodes are used again."""

    inode: int
    head: str
    size: int
    offset: int


class Follower:
    def __init__(self, path: str, state: str) -> None:
        self._path = path
        self._state = state
        self._file: BinaryIO | None = None
        self._rest = b""

    def step(self) -> bool:
        """Prints what is next; False when there is nothing for now."""
        if self._file is None:
            self._file = self._first()
            return self._file is not None
        if piece := self._file.read(PIECE):
            return self._print(piece)
        newer = self._newer(self._file)
        if newer is None:
            return False
        if piece := self._file.read(PIECE):  # written since, before it was rotated
            newer.close()
            return self._print(piece)
        if self._rest:
            self._print(b"\n")
        self._file.close()
        self._file = newer
        return True

    def _print(self, piece: bytes) -> bool:
        lines, end, self._rest = (self._rest + piece).rpartition(b"\n")
        if end:
            sys.stdout.buffer.write(lines + end)
            sys.stdout.buffer.flush()
            self._remember()
        return True

    # --- which file comes next

    def _all(self) -> list[BinaryIO]:
        """The newest first. Files move to higher numbers meanwhile: in this order none is missed, and one seen twice
        is the same inode."""
        found: dict[int, BinaryIO] = {}
        for name in (self._path, *(f"{self._path}.{number}" for number in range(1, MOST_OLD))):
            with suppress(FileNotFoundError):
                file = open(name, "rb")
                if found.setdefault(inode(file), file) is not file:
                    file.close()
        return list(found.values())

    def _newer(self, current: BinaryIO) -> BinaryIO | None:
        files = self._all()
        inodes = [inode(file) for file in files]
        if inode(current) in inodes:
            at = inodes.index(inode(current)) - 1
        else:
            at = len(files) - 1
            if files:
                print(f"{self._path} was rotated away: lines may have been lost", file=sys.stderr, flush=True)
        return keep_one(files, at)

    def _first(self) -> BinaryIO | None:
        """Where it was, else the oldest."""
        files = self._all()
        place = self._recall()
        for at, file in enumerate(files):
            if place and inode(file) == place.inode and head(file, place.size) == place.head:
                file.seek(place.offset)
                return keep_one(files, at)
        return keep_one(files, len(files) - 1)

    # --- its memory

    def _remember(self) -> None:
        if not self._state or self._file is None:
            return
        offset = self._file.tell() - len(self._rest)
        size = min(offset, 256)
        place = Place(inode(self._file), head(self._file, size), size, offset)
        with open(f"{self._state}.new", "w", encoding="ascii") as file:
            json.dump(place, file)
        os.replace(f"{self._state}.new", self._state)

    def _recall(self) -> Place | None:
        with suppress(OSError, ValueError, TypeError):
            with open(self._state, encoding="ascii") as file:
                return Place(*json.load(file))
        return None


def inode(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_ino


def head(file: BinaryIO, size: int) -> str:
    return hashlib.sha256(os.pread(file.fileno(), size, 0)).hexdigest()


def keep_one(files: list[BinaryIO], at: int) -> BinaryIO | None:
    """One of them; all others are closed. None for an index below 0."""
    for i, file in enumerate(files):
        if i != at:
            file.close()
    return files[at] if at >= 0 else None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--state", default="")
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    follower = Follower(options.file, options.state)
    print(f"collects {options.file}", file=sys.stderr, flush=True)
    while follower.step() or not signal.sigtimedwait({signal.SIGTERM}, SECONDS):
        pass
    while follower.step():
        pass


if __name__ == "__main__":
    main()
