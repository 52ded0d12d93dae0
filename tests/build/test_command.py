"""The command: one file that needs nothing of the machine it is copied to."""

import re
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

PT_DYNAMIC, PT_INTERP, PT_GNU_STACK = 2, 3, 0x6474E551
EXECUTE, WRITE = 1, 2
MOST_BYTES = {"musl": 300_000, "glibc": 1_200_000}


class Segment(NamedTuple):
    """One program header of a 64-bit ELF file, in the file's order (elf(5), Elf64_Phdr)."""

    kind: int
    flags: int
    at: int
    virtual: int
    physical: int
    file_size: int
    memory_size: int
    align: int


def read_segments(path: Path) -> list[Segment]:
    """The program headers of a little-endian 64-bit ELF file (elf(5))."""
    data = path.read_bytes()
    assert data[:6] == b"\x7fELF\x02\x01"
    (at,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return [Segment._make(struct.unpack_from("<IIQQQQQQ", data, at + n * size)) for n in range(count)]


def libc_of(command: Path) -> str:
    """What the command says it is linked with: the text in brackets of its version."""
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    [found] = re.findall(r"\b(musl|glibc)\b", version)
    return found


def assert_static(command: Path) -> None:
    """Neither a loader nor libraries are named in it."""
    assert not {PT_INTERP, PT_DYNAMIC} & {segment.kind for segment in read_segments(command)}


def test_is_static(minipod: Path) -> None:
    assert_static(minipod)


def test_no_memory_is_both_writable_and_executable(minipod: Path) -> None:
    segments = read_segments(minipod)
    assert not [segment for segment in segments if segment.flags & WRITE and segment.flags & EXECUTE]
    assert PT_GNU_STACK in {segment.kind for segment in segments}


def test_is_small(minipod: Path) -> None:
    assert minipod.stat().st_size <= MOST_BYTES[libc_of(minipod)]


def test_carries_no_symbols_and_no_path_of_the_build(minipod: Path, root: Path) -> None:
    data = minipod.read_bytes()
    assert b".symtab" not in data
    assert bytes(root) not in data


@pytest.mark.timeout(240)
def test_without_musl_it_is_static_too(configure) -> None:
    build = configure("-Dlibc=glibc")
    build.run("ninja", "csrc/minipod")
    command = build.path / "csrc/minipod"
    assert_static(command)
    assert libc_of(command) == "glibc"


def test_sanitized_twin_checks_addresses(minipod_asan: Path) -> None:
    data = minipod_asan.read_bytes()
    assert b"__asan_init" in data
    assert b"__ubsan_handle" in data
