"""protocols.c from Python: words in, its answer out. It must never judge an answer."""

import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

SOURCES = ("http", "redirect", "grpc", "hpack", "notice")


def encode(word: object) -> str:
    """A word as protocols.c reads it: bytes in hexadecimal, anything else as it is written."""
    return (word.hex() or "-") if isinstance(word, bytes) else str(word)


def decode(word: str) -> bytes:
    """The bytes of a hexadecimal word."""
    return bytes.fromhex(word.strip("-"))


def cut(text: bytes, at: list[int]) -> list[bytes]:
    """The pieces of text, cut at these places, in any order."""
    return [text[begin:end] for begin, end in pairwise([0, *sorted(at), len(text)])]


def all_cuts(text: bytes) -> Iterator[list[bytes]]:
    """Text in one piece, in two in every way, and byte by byte."""
    for at in range(len(text) + 1):
        yield cut(text, [at])
    yield [bytes([byte]) for byte in text]


class Asker:
    """One process that answers any number of requests. One that dies of a request is begun anew for the next."""

    def __init__(self, build: Callable[[str, list[str]], Path], root: Path) -> None:
        core = [str(root / "csrc" / f"{name}.c") for name in SOURCES]
        own = [str(Path(__file__).with_name(name)) for name in ("protocols.c", "noise.c")]
        self._program = build("protocols", [*own, *core])
        self._begin()

    def _begin(self) -> None:
        self._running = subprocess.Popen([self._program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, *words: object) -> list[str]:
        """The words of the answer; AssertionError when there is none."""
        self._running.stdin.write(" ".join(map(encode, words)) + "\n")
        self._running.stdin.flush()
        answer = self._running.stdout.readline()
        if not answer.endswith("\n"):
            self.close()
            self._begin()
            raise AssertionError(f"it died of {words}")
        return answer.split()

    def close(self) -> None:
        self._running.communicate()
