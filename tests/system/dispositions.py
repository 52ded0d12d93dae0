"""Signal dispositions of the test process, whoever started it. It must never touch what the interpreter ignores."""

import ctypes
import os
import signal
from pathlib import Path

_SIGACTION = {"x86_64": 13, "aarch64": 134}[os.uname().machine]
_PYTHONS_OWN = {signal.SIGPIPE, signal.SIGXFSZ}  # subprocess gives them back to children
_DEFAULT = bytes(32)  # the kernel's struct sigaction, SIG_DFL and no flags


def ignored() -> set[int]:
    """The signals that this process ignores."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("SigIgn:"))
    bits = int(line.split()[1], 16)
    return {number for number in range(1, 65) if bits >> (number - 1) & 1}


def restore() -> None:
    """Everything that was ignored when we came is at default again. A job in the background comes with INT and QUIT
    ignored; what make starts comes with 32 and 33, which the C library keeps for itself: hence the bare call."""
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    for number in ignored() - _PYTHONS_OWN:
        if number == signal.SIGINT:
            signal.signal(number, signal.default_int_handler)
        elif syscall(_SIGACTION, number, _DEFAULT, None, 8) != 0:
            raise OSError(ctypes.get_errno(), f"cannot give signal {number} its default action")
