"""The core's structs, constants and pure functions, as cffi reads them from the core's own headers.

``ffi`` makes and reads bytes, ``lib`` holds constants and functions (csrc/plan_layout.h, csrc/core_api.h). Nothing here
may state a size, an offset or a number: those are the headers'.
"""

from minipod.reaper._core import ffi, lib

__all__ = ["ffi", "lib"]
