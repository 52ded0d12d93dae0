"""The text of a file that somebody wrote, and its tables if it is TOML; or where and why it cannot be read. What they
mean is no business of this file.
"""

import errno
import os
import stat
from typing import Any

from minipod.config import toml
from minipod.errors import ERROR, ConfigError, Place, Problem

MOST_BYTES = 1 << 20  # what fits in a Kubernetes ConfigMap
_REASONS = {
    errno.ENOENT: ("there is no such file", "check the path, and where it starts from"),
    errno.EACCES: ("permission denied", "let the user that reads it do so"),
    errno.EISDIR: ("it is a directory", "name a file in it"),
}
_EMPTY = 'write a service: [service.web] with command = ["…"]'


def load_text(path: str, name: str, if_empty: str = _EMPTY) -> str:
    """The file's text without a byte order mark; ``if_empty`` helps who has written nothing.

    ConfigError if it cannot be had, is no UTF-8 or larger than 1 MiB."""
    try:
        data = _load_bytes(path)
    except OSError as bad:
        reason, help = _REASONS.get(bad.errno or 0) or (os.strerror(bad.errno or 0).lower(), "is it the right file?")
        raise _refusal(name, reason, help=help) from None
    except ValueError:  # a NUL in the path
        raise _refusal(name, "no file can have that name", help="write its path without a NUL") from None
    if len(data) > MOST_BYTES:
        raise _refusal(name, "it is larger than 1 MiB", "a pod is a page or two", "is it the right file?")
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as bad:
        raise ConfigError((_explain_bytes(data, bad, name),)) from None
    if not text:
        raise _refusal(name, "it is empty", "", if_empty)
    return text


def _load_bytes(path: str) -> bytes:
    """At most one byte more than is allowed: the path may be a device that never ends."""
    handle = os.dup(0) if path == "-" else os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with open(handle, "rb", buffering=0) as file:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise IsADirectoryError(errno.EISDIR, "")
        data = b""
        while len(data) <= MOST_BYTES and (chunk := file.read(MOST_BYTES + 1 - len(data))):
            data += chunk
    return data


def _refusal(name: str, reason: str, why: str = "", help: str = "") -> ConfigError:
    return ConfigError((Problem(ERROR, Place(name), f"cannot read it: {reason}", why, help),))


def _explain_bytes(data: bytes, bad: UnicodeDecodeError, name: str) -> Problem:
    begin = data.rfind(b"\n", 0, bad.start) + 1
    source = data[begin : data.find(b"\n", bad.start) % (len(data) + 1)].decode("utf-8", "replace")
    column = len(data[begin : bad.start].decode("utf-8", "replace")) + 1
    place = Place(name, data.count(b"\n", 0, bad.start) + 1, column, source)
    shown = f"0x{data[bad.start]:02x}"
    return Problem(
        ERROR,
        place,
        f"cannot read it: byte {bad.start} is {shown}, which is no UTF-8",
        "a pod is written in UTF-8",
        "save the file as UTF-8",
    )


def parse_text(text: str, name: str) -> dict[str, Any]:
    """What a TOML text says. ConfigError, with its place, if it is none."""
    try:
        return toml.loads(text)
    except toml.TOMLDecodeError as bad:
        from minipod.config.syntax import explain_syntax

        problem = explain_syntax(str(bad), name, text)
    except RecursionError:
        from minipod.config.syntax import explain_depth

        problem = explain_depth(name, text)
    except ValueError:  # the interpreter's own limit on digits
        from minipod.config.syntax import explain_number

        problem = explain_number(name, text)
    raise ConfigError((problem,))
