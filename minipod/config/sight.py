"""Readers of log tables and of control, and what a unit's log is made of. As in ``values``: what is wrong is recorded,
nothing is raised, no key of another table is looked at. Imported only for pods that have one.
"""

import re
from typing import Any

from minipod.config.findings import Findings, Limits, Path, word
from minipod.config.key import CONTROL, LOG
from minipod.config.parts import read_parts
from minipod.config.sizes import BadSize, parse_size
from minipod.config.values import LOG_MODES, Reader, is_integer, read_choice, read_integer, read_string
from minipod.hosts import address
from minipod.model import Control
from minipod.supervisor.words import LogMode, Overflow

KEEPS = Limits(0, 999)  # each is renamed whenever a file is full
PORTS = Limits(1, 65535)
MOST_SOCKET = 107  # sun_path, less its NUL
PASSED_BY = (LogMode.INHERIT, LogMode.NONE)
_AS_PLACE = 'write for example "127.0.0.1:9090", or ":9090" for all addresses'
_ANY = "::"  # of both families, where the kernel has both
_PLACE = r"(?:\[([^\]]*)\]|([^:\[\]]*)):([0-9]{1,9})"


# --- logs -------------------------------------------------------------------------------------------------------------


def read_log_table(value: dict, at: Path, found: Findings) -> dict[str, Any] | None:
    """The fields of model.Log that are given; None when anything is wrong."""
    read = read_parts(value, LOG, at, found, _PARTS)
    if None in read.values():
        return None
    for name in ("max_size", "keep"):
        if name in read and "file" not in read:
            return found.error((*at, name), f"`{name}` needs file", on_key=True, help='add file = "/var/log/web.log"')
    if read.get("mode") in PASSED_BY:
        return _read_passed_by(read, at, found)
    return {"mode": LogMode.RAW, **read} if "file" in read else read


def _read_passed_by(read: dict[str, Any], at: Path, found: Findings) -> dict[str, Any] | None:
    """With inherit and none no line comes to minipod."""
    for name in ("file", "overflow"):
        if name in read:
            return found.error(
                (*at, name),
                f"`{name}` does not go with {read['mode'].word}",
                on_key=True,
                also=(((*at, "mode"), "here"),),
                why=_NOT_SEEN[read["mode"]],
                help="take prefix, json or raw, or leave one of them out",
            )
    return read


_NOT_SEEN = {
    LogMode.INHERIT: "with inherit the output passes minipod by",
    LogMode.NONE: "with none there are no lines",
}


def read_size(value: object, at: Path, found: Findings) -> int | None:
    """Bytes."""
    if not isinstance(value, str) and not is_integer(value):
        return found.mismatch(at, value, "a size", help='write for example "10M" or "512Ki"')
    try:
        return parse_size(value)
    except BadSize as bad:
        return found.error(at, f"`{at[-1]}` {bad}", help=bad.help)


def _read_keep(value: object, at: Path, found: Findings) -> int | None:
    return read_integer(value, at, found, KEEPS)


def _read_file(value: object, at: Path, found: Findings) -> str | None:
    path = read_string(value, at, found)
    if path is None or _is_file(path, at, found):
        return path
    return None


def _is_file(path: str, at: Path, found: Findings) -> bool:
    """Whether it is an absolute path, and not that of a directory."""
    if not path.startswith("/"):
        why = "nobody could say relative to which directory it is"
        found.error(at, f"`{at[-1]}` must begin with /", why=why, help='write for example "/var/log/web.log"')
    elif path.endswith("/"):
        found.error(at, f"`{at[-1]}` names a directory", help=f'write for example "{path}web.log"')
    else:
        return True
    return False


def _read_mode(value: object, at: Path, found: Findings) -> LogMode | None:
    return read_choice(value, at, found, LOG_MODES)


def _read_overflow(value: object, at: Path, found: Findings) -> Overflow | None:
    return read_choice(value, at, found, {member.word: member for member in Overflow})


# --- control ----------------------------------------------------------------------------------------------------------


def read_control(value: object, at: Path, found: Findings) -> Control | None:
    """true, false, a path, or a table."""
    if isinstance(value, bool):
        return Control(value)
    if isinstance(value, str):
        path = _read_socket(value, at, found)
        return None if path is None else Control(socket=path)
    if not isinstance(value, dict):
        return found.mismatch(at, value, "true, false, a path or a table", help='write { listen = ":9090" }')
    read = read_parts(value, CONTROL, at, found, _PARTS)
    return None if None in read.values() else Control(**read)


def _read_socket(value: object, at: Path, found: Findings) -> str | None:
    if not isinstance(value, str):
        return found.mismatch(at, value, "a path", help='write "/run/minipod.sock"')
    path = read_string(value, at, found)
    if path is None:
        return None
    if path.startswith("@"):
        why = "minipod takes one by itself, where no directory can be written"
        return found.error(at, "an abstract name cannot be chosen", why=why, help="write true, or a path")
    if not path.startswith("/"):
        why = "nobody could say relative to which directory it is"
        return found.error(at, f"{word(path)} is no absolute path", why=why, help='write "/run/minipod.sock"')
    size = len(path.encode())
    if size > MOST_SOCKET:
        message = f"the path of a socket has at most {MOST_SOCKET} bytes, and this one {size}"
        return found.error(at, message, why="the kernel has no room for more", help="choose a shorter directory")
    if path.endswith("/"):
        return found.error(at, f"{word(path)} is a directory", help=f'write for example "{path}minipod.sock"')
    return path


def _read_listen(value: object, at: Path, found: Findings) -> tuple[str, int] | None:
    """A numeric address and a port."""
    if is_integer(value):
        return found.mismatch(at, value, "an address and a port", help=f'write ":{value}" for all addresses')
    if not isinstance(value, str):
        return found.mismatch(at, value, "an address and a port", help=_AS_PLACE)
    text = read_string(value, at, found)
    if text is None:
        return None
    match = re.fullmatch(_PLACE, text, re.ASCII)
    if match is None:
        return found.error(at, f"{word(text)} is no address and port", help=_better_place(text))
    inside, plain, port = match[1], match[2], int(match[3])
    host = inside if inside is not None else plain or _ANY
    if not _is_numeric(host, in_brackets=inside is not None or not plain):
        return found.error(
            at, f"{word(host)} is no address", why="minipod's PID 1 looks up no names", help=_numeric(host, port)
        )
    if not PORTS.low <= port <= PORTS.high:
        why = f"ports are {PORTS.low} to {PORTS.high}"
        return found.error(at, f"{port} is no port", why=why, help="write another one, for example 9090")
    return host, port


def _is_numeric(host: str, *, in_brackets: bool) -> bool:
    return host != "localhost" and address(host) == host and (":" in host) == in_brackets


def _numeric(host: str, port: int) -> str:
    known = {"localhost": f"127.0.0.1:{port}", "*": f":{port}"}
    if address(host) == host:  # in brackets
        known[host] = f"{host}:{port}"
    return f'write "{known[host]}"' if host in known else 'write it in figures, or ":9090" for all addresses'


def _better_place(text: str) -> str:
    host, _, port = text.rpartition(":")
    if port.isdigit() and ":" in host and address(host):
        return f'write "[{host}]:{port}"'
    if address(text) and text != "localhost":
        return f'add a port: "[{text}]:9090"' if ":" in text else f'add a port: "{text}:9090"'
    return _AS_PLACE


# --- both -------------------------------------------------------------------------------------------------------------


_PARTS: dict[str, Reader] = {
    "keep": _read_keep,
    "listen": _read_listen,
    "log_file": _read_file,
    "log_mode": _read_mode,
    "overflow": _read_overflow,
    "size": read_size,
    "socket": _read_socket,
}
