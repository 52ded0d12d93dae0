"""A memory cgroup of its own for one run: v1's memory controller or v2, whichever is writable beside our own group."""

import os
import time
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_ENTER = 'echo $$ > "$0" && exec "$@"'


class NoGroup(Exception):
    """No memory cgroup can be made here."""


class MemoryGroup:
    """``wrap`` are the words before a command that put it into the group; the group is removed at the end."""

    def __enter__(self) -> "MemoryGroup":
        self._path = _find_parent() / f"minipod-bench-{os.getpid()}"
        try:
            self._path.mkdir()
        except OSError as error:
            raise NoGroup(str(error)) from None
        self.wrap = ("/bin/sh", "-c", _ENTER, str(self._path / "cgroup.procs"))
        return self

    def __exit__(self, *_: object) -> None:
        for _ in range(100):  # the kernel lets go of a group a moment after its last process is gone
            try:
                return self._path.rmdir()
            except OSError:
                time.sleep(0.01)

    def usage(self) -> int:
        """Bytes now, page cache included."""
        for name in ("memory.current", "memory.usage_in_bytes"):
            if (self._path / name).exists():
                return int((self._path / name).read_text())
        raise NoGroup("the group counts no memory")


def _find_parent() -> Path:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return _ROOT / "memory" / path.lstrip("/")
        if controllers == "" and (_ROOT / "cgroup.controllers").exists():
            return _ROOT / path.lstrip("/")
    raise NoGroup("no memory controller")
