"""Writes the C of the extension ``minipod.reaper._core`` from the core's own headers, which cffi reads verbatim.

    build_core.py HEADER... OUTPUT

Runs while minipod is built, by path, with nothing but cffi at hand. It must never repeat what a header says.
"""

import sys
from pathlib import Path

import cffi


def write(headers: list[Path], output: Path) -> None:
    """Writes ``output``; raises ``cffi.CDefError`` for a header outside the subset of C that cffi knows."""
    builder = cffi.FFI()
    for header in headers:
        builder.cdef(header.read_text(encoding="utf-8"))
    includes = ["<stdint.h>", *(f'"{header.name}"' for header in headers)]
    builder.set_source("minipod.reaper._core", "\n".join(f"#include {name}" for name in includes))
    builder.emit_c_code(str(output))


if __name__ == "__main__":
    *HEADERS, OUTPUT = map(Path, sys.argv[1:])
    write(HEADERS, OUTPUT)
