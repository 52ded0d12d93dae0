"""Programs of C that tests ask, built under sanitizers from objects that all of them share: each file is compiled once,
by whichever worker comes to it first.

It must never run what it builds.
"""

import fcntl
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
CORE = HERE.parents[1] / "csrc"
STRICT = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wswitch-enum", "-Wconversion", "-Werror"]
SANITIZED = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
             "-DSPAWN_MAY_SHARE=1"]  # children never run here, so the sanitizer has nothing against it
NAMED = ['-DMINIPOD_VERSION="test"', '-DMINIPOD_LIBC="test"']


class Workshop:
    """``folder`` is one that all workers see."""

    def __init__(self, folder: Path):
        self._folder = folder
        (folder / "objects").mkdir(exist_ok=True)

    def build(self, name: str, words: Sequence[str | Path]) -> Path:
        """The program of this name from sources, and words for the linker."""
        program, sources = self._folder / name, [Path(word) for word in words if str(word).endswith(".c")]
        objects = self.compile(sources)
        with open(self._folder / f"{name}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                self._call(program, *[word for word in words if Path(word) not in sources], *objects)
        return program

    def compile(self, sources: Sequence[Path]) -> list[Path]:
        """The object of each. Those that another worker has in hand are waited for last."""
        left = list(sources)
        while left:
            busy = [source for source in left if not self._make(source, fcntl.LOCK_NB)]
            if len(busy) == len(left):
                self._make(busy.pop(), 0)
            left = busy
        return [self._object(source) for source in sources]

    def _object(self, source: Path) -> Path:
        return self._folder / "objects" / f"{source.parent.name}-{source.stem}.o"

    def _make(self, source: Path, how: int) -> bool:
        made = self._object(source)
        if made.exists():
            return True
        with open(made.with_suffix(".lock"), "w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | how)
            except BlockingIOError:
                return False
            if not made.exists():
                self._call(made, "-c", source, *NAMED)
        return True

    @staticmethod
    def _call(made: Path, *words: str | Path) -> None:
        unfinished = made.with_name(f"{made.name}.new")
        compiler = ["gcc", *STRICT, *SANITIZED, f"-I{CORE}", f"-I{HERE}"]
        subprocess.run([*compiler, "-o", unfinished, *words], check=True)
        os.rename(unfinished, made)
