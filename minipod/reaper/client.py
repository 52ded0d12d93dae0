"""The client of PID 1's control socket: where it is, one request at a time, answers as Python values. HTTP/1.1 over a
Unix socket or an abstract name (DESIGN.md section 9).

Every failure is a PodError that says what to do. It must never wait without an end, except where it follows.
"""

import json
import os
import socket
import stat
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic
from typing import Any
from urllib.parse import quote, urlencode

from minipod.errors import FAILED, NOT_RUNNING, TIMED_OUT, UNKNOWN, USAGE, PodError

SOCKET = "MINIPOD_SOCKET"
POD_HEADER = "Minipod-Pod"
ANSWER_WITHIN = 10.0  # seconds; PID 1 answers between two turns of its loop
_AT_ONCE = 0.001  # seconds; 0 would mean not to wait at all
_ABSTRACT = "@"
_ABOVE = "/run"
_UNIX_SOCKETS = "/proc/net/unix"

Place = str  # a path, or "@" and an abstract name


# --- where ------------------------------------------------------------------------------------------------------------


def find(pod: str | None = None, environ: Mapping[str, str] = os.environ) -> "Client":
    """The client of the pod that is here. ``pod`` chooses by name where there are several.

    PodError: 3 when nobody answers, 64 when several do and none was chosen."""
    given = environ.get(SOCKET)
    places = [given] if given else [*_paths(environ), *_abstract_names()]
    names: dict[Place, str] = {}
    refusals: list[str] = []
    for place in places:
        try:
            names[place] = _name_of(place)
        except PodError as bad:
            refusals.append(str(bad))
    chosen = [place for place, name in names.items() if pod in (None, name)]
    if len(chosen) == 1:
        return Client(chosen[0])
    raise _none_or_many(pod, names, chosen, refusals)


def _none_or_many(pod: str | None, names: Mapping[Place, str], chosen: list[Place], refusals: list[str]) -> PodError:
    if len(chosen) > 1:
        alike = len({names[place] for place in chosen}) < len(chosen)
        said = ", ".join(chosen if alike else (names[place] for place in chosen))
        return PodError(f"several pods answer here: {said}; choose one with {_choice(alike)}", USAGE)
    if names:
        return PodError(f"no pod called {pod} answers here; there is {', '.join(sorted(names.values()))}", NOT_RUNNING)
    return PodError("; ".join(["no minipod answers here", *refusals]), NOT_RUNNING)


def _choice(alike: bool) -> str:
    return f"{SOCKET}=PATH" if alike else "--pod NAME"


def _paths(environ: Mapping[str, str]) -> Iterator[Place]:
    above = (_ABOVE, environ.get("XDG_RUNTIME_DIR", ""))
    for folder in dict.fromkeys(os.path.join(place, "minipod") for place in above if place.startswith("/")):
        yield from _sockets_in(folder)


def _sockets_in(folder: str) -> Iterator[Place]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if name.endswith(".sock") and _is_socket(path):
            yield path


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _abstract_names() -> Iterator[Place]:
    """Those of our PID namespace: names are seen by a whole network namespace, which containers may share."""
    try:
        prefix = f"{_ABSTRACT}minipod/{os.stat('/proc/self/ns/pid').st_ino}/"
        with open(_UNIX_SOCKETS, encoding="utf-8", errors="surrogateescape") as lines:
            names = {line.split()[-1] for line in lines if prefix in line}
    except OSError:
        return
    yield from sorted(name for name in names if name.startswith(prefix))


def _name_of(place: Place) -> str:
    """The name of the pod that answers there."""
    response = Client(place).request("HEAD", "/livez")
    with response:
        return response.headers.get(POD_HEADER, "")


# --- one pod ----------------------------------------------------------------------------------------------------------


class Client:
    """Asks one pod. Each call is one connection."""

    def __init__(self, place: Place):
        self.place = place

    def get(self, path: str, **query: object) -> Any:
        """The JSON that answers."""
        with self.request("GET", path, **query) as response:
            return _parse(self._read(response))

    def post(self, path: str, **query: object) -> Any:
        """An order; the JSON that answers."""
        with self.request("POST", path, **query) as response:
            return _parse(self._read(response))

    def lines(self, path: str, *, until: float | None = None, **query: object) -> Iterator[Any]:
        """JSON lines as they come. With ``follow=1`` until the pod ends, or PodError 124 at the moment ``until`` of
        the monotonic clock."""
        return map(_parse, self.raw(path, accept="application/x-ndjson", until=until, **query))

    def raw(
        self, path: str, *, accept: str = "text/plain", until: float | None = None, **query: object
    ) -> Iterator[bytes]:
        """Lines as they come, each with its end; the last one may have none. They are asked for now, not when the first
        one is taken."""
        response = self.request("GET", path, accept=accept, **query)
        return self._lines_of(response, bool(query.get("follow")), until)

    def _lines_of(self, response: "_Response", follows: bool, until: float | None) -> Iterator[bytes]:
        with response:
            while line := self._next_line(response, follows, until):
                yield line

    def _next_line(self, response: "_Response", follows: bool, until: float | None) -> bytes:
        """b"" at the end. Whoever follows PID 1 to its end is cut off: that is the end, and no mistake."""
        if follows:
            response.socket.settimeout(None if until is None else max(until - monotonic(), _AT_ONCE))
        try:
            return response.readline()
        except TimeoutError:
            raise PodError("it took too long", TIMED_OUT) from None
        except (HTTPException, OSError) as bad:
            if follows:
                return b""
            raise self._explain(bad) from None

    def request(self, method: str, path: str, *, accept: str = "application/json", **query: object) -> "_Response":
        """The answer, if it is a good one. PodError: 3 nobody answers, 4 an unknown unit, 124 too late, 1 a no."""
        words = urlencode({name: value for name, value in query.items() if value is not None})
        connection = _Connection(self.place)
        try:
            connection.request(method, f"{path}?{words}" if words else path, headers={"Accept": accept})
            response = connection.getresponse()
        except (HTTPException, OSError) as bad:
            connection.close()
            raise self._explain(bad) from None
        response.socket = connection.held
        if method != "HEAD" and response.status >= 400:
            with response:
                raise _refusal(response.status, self._read(response), path)
        return response

    def _read(self, response: "_Response") -> bytes:
        try:
            return response.read()
        except (HTTPException, OSError) as bad:
            raise self._explain(bad) from None

    def _explain(self, bad: Exception) -> PodError:
        if isinstance(bad, TimeoutError):
            return PodError(f"{self.place}: no answer within {ANSWER_WITHIN:.0f} s", TIMED_OUT)
        if isinstance(bad, (ConnectionRefusedError, FileNotFoundError)):
            return PodError(f"{self.place}: nobody answers", NOT_RUNNING)
        if isinstance(bad, PermissionError):
            return PodError(f"{self.place}: permission denied; ask as root, or as the user that minipod runs as")
        if isinstance(bad, OSError) and not isinstance(bad, ConnectionError):
            return PodError(f"{self.place}: {os.strerror(bad.errno).lower() if bad.errno else bad}", NOT_RUNNING)
        return PodError(f"{self.place}: the answer was cut off")


class _Response(HTTPResponse):
    """Knows its socket: who follows waits without an end."""

    socket: socket.socket


class _Connection(HTTPConnection):
    response_class = _Response

    def __init__(self, place: Place):
        super().__init__("minipod", timeout=ANSWER_WITHIN)
        self._place = place

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.held = self.sock  # http.client forgets it as soon as the answer says that it is the last one
        self.sock.connect(address_of(self._place))


def address_of(place: Place) -> bytes:
    """What connect(2) takes."""
    raw = os.fsencode(place)
    return b"\0" + raw[1:] if place.startswith(_ABSTRACT) else raw


def unit_path(name: str, what: str = "") -> str:
    """The path of a unit, or of something of it."""
    path = f"/v1/units/{quote(name, safe='')}"
    return f"{path}/{what}" if what else path


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise PodError("PID 1 said something that is no JSON") from None


def _refusal(status: int, raw: bytes, path: str) -> PodError:
    """What PID 1 says against it, and what it says to do."""
    try:
        said = json.loads(raw)
        text = "; ".join(part for part in (said.get("error"), said.get("hint")) if part)
    except (ValueError, AttributeError):
        text = f"PID 1 answered with status {status}"
    is_unit = status == 404 and path.startswith("/v1/units/")
    return PodError(text, UNKNOWN if is_unit else FAILED)
