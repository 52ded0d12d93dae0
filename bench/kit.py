"""The kit: the C programs under ``programs/``, compiled into a folder. Needs gcc; the C library is musl if found."""

import shutil
import subprocess
from pathlib import Path

_SOURCES = Path(__file__).parent / "programs"
_BARE = ("service", "echo", "orphans", "stream", "writer", "crowd", "chatter", "brief", "floor", "floor_log",
         "floor_raw", "floor_probe", "floor_one", "floor_ask", "knock")
_FULL = ("enter", "target", "pause")
_TWICE = ("pause",)  # once more with the machine's own C library, as NAME_libc
_FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror", "-static", "-s"]
# No libc, no headers in pages of their own, no notes: what is measured is a program, not its start-up code.
_BARE_FLAGS = ["-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie",
               "-fno-asynchronous-unwind-tables", "-Wl,--build-id=none", "-Wl,-z,noseparate-code", "-Wl,-z,norelro"]


class Kit:
    """``kit.path("service")`` is the absolute path of a program."""

    def __init__(self, folder: Path):
        self._folder = folder
        for name in _BARE:
            self._compile("gcc", name, _BARE_FLAGS)
        for name in _FULL:
            self._compile("musl-gcc" if shutil.which("musl-gcc") else "gcc", name, [])
        for name in _TWICE:
            self._compile("gcc", name, [], f"{name}_libc")

    def path(self, name: str) -> Path:
        return self._folder / name

    def _compile(self, compiler: str, name: str, flags: list[str], output: str = "") -> None:
        words = [compiler, *_FLAGS, *flags, "-o", str(self.path(output or name)), str(_SOURCES / f"{name}.c")]
        subprocess.run(words, check=True)
