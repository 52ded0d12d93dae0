"""Readers of what a probe or a hook does: exec, http_get, tcp_socket, grpc. As in ``values``. Nothing that could end a
line of a request, or make a second one of it, gets past them.
"""

from collections.abc import Mapping
from typing import Any

from minipod.config.findings import Findings, Limits, Path, key_of, word
from minipod.config.keys import GRPC, HTTP_GET, TCP_SOCKET
from minipod.config.parts import read_parts
from minipod.config.tables import unknown_key
from minipod.config.values import Reader, matches, read_choice, read_command, read_integer, read_string
from minipod.hosts import address
from minipod.model import Ask
from minipod.supervisor.words import Handler

PORTS = Limits(1, 65535)
SCHEMES = ("http", "https")
HEADER_NAME = r"[-A-Za-z0-9]+"
_PART = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
HOST_NAME = rf"(?=.{{1,253}}$){_PART}(?:\.{_PART})*\.?"
_A_HOST = 'write for example "127.0.0.1"'
# Bytes. A path may get three times as long when it is written; together they stay below the plan's 15,000.
MOST_PATH, MOST_HEADERS = 2_000, 8_000


def read_exec(value: object, at: Path, found: Findings) -> Ask | None:
    """A command, or Kubernetes' table with one."""
    if isinstance(value, dict):
        strange = [unknown_key((*at, key), ("command",), found) for key in value if key != "command"]
        if "command" not in value:
            message = "`exec` names no program"
            return None if strange else found.error(at, message, on_key=True, help='write exec = ["…"]')
        words = read_command(value["command"], (*at, "command"), found)
        return None if words is None or strange else Ask(Handler.EXEC, words)
    words = read_command(value, at, found)
    return None if words is None else Ask(Handler.EXEC, words)


def _read_http_get(value: object, at: Path, found: Findings) -> Ask | None:
    read = _read_table(value, HTTP_GET, at, found)
    if read is None:
        return None
    headers = read.pop("http_headers", ())
    return Ask(Handler.HTTP_GET, headers=headers, **read)


def _read_tcp_socket(value: object, at: Path, found: Findings) -> Ask | None:
    read = _read_table(value, TCP_SOCKET, at, found)
    return None if read is None else Ask(Handler.TCP_SOCKET, **read)


def _read_grpc(value: object, at: Path, found: Findings) -> Ask | None:
    read = _read_table(value, GRPC, at, found)
    if read is None:
        return None
    if not address(read.get("host", "localhost")):
        return found.error(
            (*at, "host"),
            f"{word(read['host'])} is no address",
            why="minipod's PID 1 looks up no names, and nobody else speaks gRPC",
            help="write its address, or leave it out for 127.0.0.1",
        )
    return Ask(Handler.GRPC, **read)


def _read_table(value: object, scope: str, at: Path, found: Findings) -> dict[str, Any] | None:
    """All keys of a small table; None when one is wrong or the port is missing."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help=f"write {at[-1]} = {{ port = 8080 }}")
    read = read_parts(value, scope, at, found, PARTS)
    if "port" not in value:
        return found.error(at, f"`{at[-1]}` has no port", on_key=True, help="add port = 8080")
    return None if None in read.values() else read


# --- parts ------------------------------------------------------------------------------------------------------------


def _read_port(value: object, at: Path, found: Findings) -> int | None:
    if isinstance(value, str):
        is_number = value.isascii() and value.isdigit()
        return found.mismatch(
            at,
            value,
            "a whole number",
            why="" if is_number else "ports have no names here",
            help=f"write {value}" if is_number else "write its number",
        )
    return read_integer(value, at, found, PORTS)


def _read_line(value: object, at: Path, found: Findings) -> str | None:
    """Text for one line of a request."""
    text = read_string(value, at, found)
    if text is None or _is_line(text, at, found):
        return text
    return None


def _is_line(text: str, at: Path, found: Findings) -> bool:
    if all(c >= " " and c != "\x7f" for c in text):
        return True
    found.error(
        at,
        f"`{key_of(at)}` holds a control character",
        why="it would not be one line of the request any more",
        help="leave it out",
    )
    return False


def _read_path(value: object, at: Path, found: Findings) -> str | None:
    path = _read_line(value, at, found)
    if path is None or len(path.encode()) <= MOST_PATH:
        return path
    return found.error(at, f"`{at[-1]}` is longer than {MOST_PATH} bytes", help="ask for a shorter one")


def _read_host(value: object, at: Path, found: Findings) -> str | None:
    host = read_string(value, at, found)
    if host is None or address(host):
        return host
    if matches(HOST_NAME, host) and not host.replace(".", "").isdigit():
        return host
    why = "it is a name or an address, without a port"
    return found.error(at, f"{word(host)} is no host", why=why, help=_bare(host))


def _bare(host: str) -> str:
    """What may have been meant by a URL, or by a host with its port."""
    inner = host.partition("://")[2] or host
    inner = inner.partition("/")[0]
    name, colon, port = inner.rpartition(":")
    if colon and port.isdigit() and ":" not in name:
        return f'write host = "{name}" and port = {port}' if matches(HOST_NAME, name) else _A_HOST
    return f'write host = "{inner}"' if inner != host and matches(HOST_NAME, inner) else _A_HOST


def _read_scheme(value: object, at: Path, found: Findings) -> str | None:
    """Kubernetes writes it in capitals."""
    text = value.lower() if isinstance(value, str) and value.isupper() else value
    return read_choice(text, at, found, {scheme: scheme for scheme in SCHEMES})


def _read_headers(value: object, at: Path, found: Findings) -> tuple[tuple[str, str], ...] | None:
    """A table, or Kubernetes' list: there a name may come twice."""
    if isinstance(value, Mapping):
        given = [((*at, name), name, text, True) for name, text in value.items()]
    elif isinstance(value, list):
        given = [_pair(inner, (*at, i), found) for i, inner in enumerate(value)]
    else:
        return found.mismatch(at, value, "a table of strings", help='write { X-Probe = "1" }')
    read = [pair and _read_header(*pair, found) for pair in given]
    if None in read:
        return None
    if sum(len(f"{name}: {text}\r\n".encode()) for name, text in read) > MOST_HEADERS:
        return found.error(at, f"`{at[-1]}` are longer than {MOST_HEADERS} bytes", help="leave some out")
    return tuple(read)


def _pair(value: object, at: Path, found: Findings) -> tuple[Path, object, object, bool] | None:
    if not isinstance(value, dict) or set(value) != {"name", "value"}:
        return found.error(at, "a header has a name and a value", help='write { name = "X-Probe", value = "1" }')
    return at, value["name"], value["value"], False


def _read_header(at: Path, name: object, text: object, on_key: bool, found: Findings) -> tuple[str, str] | None:
    if not isinstance(name, str) or not matches(HEADER_NAME, name):
        return found.error(
            at,
            f"{word(name)} cannot name a header",
            on_key=on_key,
            why="a name is letters, digits and -",
            help="write for example X-Probe",
        )
    if not isinstance(text, str):
        help = f'quote it: "{text}"' if isinstance(text, (int, float)) else "write it in quotes"
        return found.mismatch(at, text, "a string", help=help)
    if name.lower() == "host" and " " in text:
        return found.error(at, f"{word(text)} is no host", help="write a name or an address, and :PORT if it needs one")
    return (name, text) if _is_line(text, at, found) else None


PARTS: dict[str, Reader] = {
    "host": _read_host,
    "http_headers": _read_headers,
    "path": _read_path,
    "port": _read_port,
    "scheme": _read_scheme,
    "service": _read_path,
}

ASK_READERS: dict[str, Reader] = {
    "exec": read_exec,
    "grpc": _read_grpc,
    "http_get": _read_http_get,
    "tcp_socket": _read_tcp_socket,
}
