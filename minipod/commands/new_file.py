"""Writing a file that is not there yet: one that is may hold somebody's work."""

import os

from minipod import errors
from minipod.errors import ERROR, ConfigError, Place, Problem

MODE, PRIVATE = 0o644, 0o600


def write_new(output: str, text: str, mode: int = MODE) -> None:
    """``mode``: who may read it, the umask aside. ConfigError with the exit code of a file that cannot be written."""
    try:
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        _write(handle, output, text)
    except FileExistsError:
        raise _unwritable(output, "it is there already", "remove it first, or name another one") from None
    except OSError as bad:
        raise _unwritable(output, os.strerror(bad.errno or 0).lower()) from None


def _write(handle: int, output: str, text: str) -> None:
    """All of it, or there is no such file."""
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        os.unlink(output)
        raise


def _unwritable(output: str, reason: str, help: str = "") -> ConfigError:
    problem = Problem(ERROR, Place(output), f"cannot write it: {reason}", "", help)
    return ConfigError((problem,), exit_code=errors.WRITE)
