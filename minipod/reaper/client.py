"""The client of PID 1's control socket: where it is, one request at a time, answers as Python values. HTTP/1.1 over a
Unix socket or an abstract name (DESIGN.md section 9).

Every failure is a PodError that says what to do. It must never wait without an end, except where it follows, nor tell
anything to, or believe, a server of another user than ours and root.

The library's own client is not used: it takes 45 ms to import, half of what `minipod get` would take in all. Asked with
HTTP/1.0 PID 1 sends its answer as it is and then closes, so that there is nothing to be taken apart.
"""

import json
import os
import socket
import stat
import struct
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any, BinaryIO, NamedTuple

from minipod.errors import CONFIG, FAILED, NOT_RUNNING, TIMED_OUT, UNKNOWN, USAGE, PodError
from minipod.reaper.peer import Peer, peer_at

SOCKET = "MINIPOD_SOCKET"
POD_HEADER = b"minipod-pod"
# Seconds. PID 1 answers between two turns of its loop; one that was stopped by a signal never does.
ANSWER_WITHIN, WHO_WITHIN = 10.0, 2.0
_AT_ONCE = 0.001  # seconds; 0 would mean not to wait at all
_UNPROCESSABLE = 422
_LONGEST_LINE = 8192  # of a head
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ABSTRACT = "@"
_ABOVE = "/run"
_UNIX_SOCKETS = "/proc/net/unix"
_TIMEVAL = struct.Struct("ll")  # seconds, microseconds

Place = str  # a path, or "@" and an abstract name


# --- where ------------------------------------------------------------------------------------------------------------


def find(pod: str | None = None, environ: Mapping[str, str] = os.environ) -> "Client":
    """The client of the pod that is here. ``pod`` chooses by name where there are several; of those still several the
    one in our own container is meant.

    PodError: 3 when nobody answers, 64 when several do and none was chosen."""
    given = environ.get(SOCKET)
    places = [given] if given else [*_paths(environ), *_abstract_names()]
    if pod is None and len(places) == 1:
        return Client(places[0])
    names: dict[Place, str] = {}
    near: list[Place] = []
    refusals: list[str] = []
    for place in places:
        try:
            names[place], is_near = _who_is_at(place)
            near += [place] if is_near else []
        except PodError as bad:
            refusals.append(str(bad))
    chosen = [place for place, name in names.items() if pod in (None, name)]
    for only in (chosen, [place for place in chosen if place in near]):
        if len(only) == 1:
            return Client(only[0])
    raise _none_or_many(pod, names, chosen, refusals)


def _none_or_many(pod: str | None, names: Mapping[Place, str], chosen: list[Place], refusals: list[str]) -> PodError:
    if len(chosen) > 1:
        said = ", ".join(f"{names[place]} at {place}" for place in chosen)
        return PodError(f"several pods answer here: {said}; choose one with --pod NAME or {SOCKET}=PATH", USAGE)
    if names:
        return PodError(f"no pod called {pod} answers here; there is {', '.join(names.values())}", NOT_RUNNING)
    return PodError("; ".join(["no minipod answers here", *refusals]), NOT_RUNNING)


def _paths(environ: Mapping[str, str]) -> Iterator[Place]:
    above = (_ABOVE, environ.get("XDG_RUNTIME_DIR", ""))
    for folder in dict.fromkeys(os.path.join(place, "minipod") for place in above if place.startswith("/")):
        yield from _sockets_in(folder)


def _sockets_in(folder: str) -> Iterator[Place]:
    try:
        names = sorted(os.listdir(folder)) if _is_trusted(folder) else []
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if name.endswith(".sock") and _is_socket(path):
            yield path


def _is_trusted(folder: str) -> bool:
    """As the core has it before it opens a socket there (csrc/door.c): a folder of somebody else's, or a link, is his.
    Root looks everywhere: pods run as any user, in folders of their own."""
    found = os.lstat(folder)
    return os.geteuid() == 0 or (stat.S_ISDIR(found.st_mode) and found.st_uid in (0, os.geteuid()))


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def _abstract_names() -> Iterator[Place]:
    """Those of our PID namespace: names are seen by a whole network namespace, which containers may share."""
    prefix = _abstract_prefix()
    try:
        with open(_UNIX_SOCKETS, encoding="utf-8", errors="surrogateescape") as lines:
            names = {line.split()[-1] for line in lines if prefix in line}
    except OSError:
        return
    yield from sorted(name for name in names if name.startswith(prefix))


def _abstract_prefix() -> str:
    """What the names of our PID namespace begin with. Where that has no number for us: csrc/door.c has 0 for it."""
    try:
        number = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        number = 0
    return f"{_ABSTRACT}minipod/{number}/"


def _who_is_at(place: Place) -> tuple[str, bool]:
    """The name of the pod that answers there, and whether that is in our own container."""
    with Client(place, WHO_WITHIN).request("HEAD", "/livez") as answer:
        name, is_near = answer.headers.get(POD_HEADER, ""), peer_at(answer.socket).is_near()
    if not name:
        raise PodError(f"{place}: what answers there is no minipod", NOT_RUNNING)
    return name, is_near


# --- one pod ----------------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """A head, and the body as a file. ``headers``: names in lower case."""

    status: int
    headers: dict[bytes, str]
    socket: socket.socket
    body: BinaryIO

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *_: object) -> None:
        self.body.close()
        self.socket.close()

    def read(self) -> bytes:
        """The whole body; EOFError if it is cut off."""
        raw = self.body.read()
        if len(raw) < int(self.headers.get(b"content-length", 0)):
            raise EOFError
        return raw


class Client:
    """Asks one pod. Each call is one connection."""

    def __init__(self, place: Place, within: float = ANSWER_WITHIN):
        self.place = place
        self.within = within

    def get(self, path: str, **query: object) -> Any:
        """The JSON that answers."""
        return self._tell("GET", path, query)

    def get_from(self, path: str) -> tuple[Any, Peer]:
        """The JSON that answers, and who says it: of one connection, as the next one may be somebody else's."""
        with self.request("GET", path) as answer:
            return _parse(self._read(answer)), peer_at(answer.socket)

    def post(self, path: str, **query: object) -> Any:
        """An order; the JSON that answers."""
        return self._tell("POST", path, query)

    def send(self, path: str, body: bytes, **query: object) -> Any:
        """An order with a body of bytes; the JSON that answers."""
        return self._tell("POST", path, query, body)

    def _tell(self, method: str, path: str, query: Mapping[str, object], body: bytes = b"") -> Any:
        with self.request(method, path, body=body, **query) as answer:
            return _parse(self._read(answer))

    def lines(self, path: str, *, until: float | None = None, **query: object) -> Iterator[Any]:
        """JSON lines as they come. With ``follow=1`` until the pod ends, or PodError 124 at the moment ``until`` of
        the monotonic clock."""
        return map(_parse, self.raw(path, accept="application/x-ndjson", until=until, **query))

    def raw(
        self, path: str, *, accept: str = "text/plain", until: float | None = None, **query: object
    ) -> Iterator[bytes]:
        """Lines as they come, each with its end; the last one may have none. They are asked for now, not when the first
        one is taken."""
        answer = self.request("GET", path, accept=accept, **query)
        return self._lines_of(answer, bool(query.get("follow")), until)

    def _lines_of(self, answer: Answer, follows: bool, until: float | None) -> Iterator[bytes]:
        with answer:
            while line := self._next_line(answer, follows, until):
                yield line

    def _next_line(self, answer: Answer, follows: bool, until: float | None) -> bytes:
        """b"" at the end. Whoever follows PID 1 to its end is cut off: that is the end, and no mistake."""
        if follows:
            answer.socket.settimeout(None if until is None else max(until - monotonic(), _AT_ONCE))
        try:
            return answer.body.readline()
        except TimeoutError:
            raise PodError("it took too long", TIMED_OUT) from None
        except OSError as bad:
            if follows:
                return b""
            raise self._explain(bad) from None

    def request(
        self, method: str, path: str, *, accept: str = "application/json", body: bytes = b"", **query: object
    ) -> Answer:
        """The answer, if it is a good one. PodError: 3 nobody answers, 4 an unknown unit, 124 too late, 78 a plan that
        cannot be had, 1 any other no."""
        words = "&".join(f"{name}={quote(str(value))}" for name, value in query.items() if value is not None)
        target = f"{path}?{words}" if words else path
        head = f"{method} {target} HTTP/1.0\r\nAccept: {accept}\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n" if body else "\r\n"
        try:
            answer = _exchange(self.place, self.within, head.encode() + body)
        except (OSError, EOFError, ValueError) as bad:
            raise self._explain(bad) from None
        if method != "HEAD" and answer.status >= 400:
            with answer:
                raise _refusal(answer.status, self._read(answer), path)
        return answer

    def _read(self, answer: Answer) -> bytes:
        try:
            return answer.read()
        except (OSError, EOFError, ValueError) as bad:
            raise self._explain(bad) from None

    def _explain(self, bad: Exception) -> PodError:
        if isinstance(bad, TimeoutError):
            return PodError(f"{self.place}: no answer within {self.within:g}s", TIMED_OUT)
        if isinstance(bad, (ConnectionRefusedError, FileNotFoundError)):
            return PodError(f"no minipod answers at {self.place}: {_words(bad)}", NOT_RUNNING)
        if isinstance(bad, PermissionError):
            rest = "permission denied; ask as root, or as the user that minipod runs as"
            return PodError(f"{self.place}: {rest}", NOT_RUNNING)
        if isinstance(bad, OSError) and bad.errno is None:
            return PodError(f"no minipod answers at {self.place}: a socket's path is shorter", NOT_RUNNING)
        if isinstance(bad, OSError) and not isinstance(bad, ConnectionError):
            return PodError(f"{self.place}: {_words(bad)}", NOT_RUNNING)
        return PodError(f"{self.place}: the answer was cut off")


def _words(bad: OSError) -> str:
    return os.strerror(bad.errno).lower()


def _exchange(place: Place, within: float, request: bytes) -> Answer:
    """One connection, one question, the head of its answer. EOFError and ValueError when it is none."""
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _dial(peer, place, within)
        _refuse_stranger(place, peer_at(peer))
        _say(peer, request)
        body = peer.makefile("rb")
        status = _status_of(body.readline(_LONGEST_LINE))
        return Answer(status, dict(_headers_of(body)), peer, body)
    except BaseException:
        peer.close()
        raise


def _say(peer: socket.socket, request: bytes) -> None:
    """Who refuses before he has heard all says why, and hears no more."""
    try:
        peer.sendall(request)
    except (BrokenPipeError, ConnectionResetError):
        pass


def _dial(peer: socket.socket, place: Place, within: float) -> None:
    """Waits for room at the door: with a time of its own the library would not, and be sent away from a crowded one."""
    time = _TIMEVAL.pack(int(within), int(within % 1 * 1e6))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, time)
    try:
        peer.connect(address_of(place))
    except BlockingIOError:
        raise TimeoutError from None
    peer.settimeout(within)


def _refuse_stranger(place: Place, peer: Peer) -> None:
    """A name that bears the number of our PID namespace must be of it: csrc/ask.c has the same rules and words."""
    if peer.pid <= 0 and place.startswith(_abstract_prefix()):
        raise PodError(
            f"{place}: permission denied, as a process of another PID namespace answers there", NOT_RUNNING
        )
    if peer.is_stranger():
        raise PodError(
            f"{place}: permission denied, as user {peer.uid} answers there; ask as root, or as that user", NOT_RUNNING
        )


def _status_of(line: bytes) -> int:
    version, status, *_ = line.split(b" ") if line.count(b" ") else (b"", b"")
    if not line:
        raise EOFError
    if not version.startswith(b"HTTP/1.") or len(status) != 3 or not b"100" <= status < b"600" or not status.isdigit():
        raise ValueError("no HTTP")
    return int(status)


def _headers_of(body: BinaryIO) -> Iterator[tuple[bytes, str]]:
    while (line := body.readline(_LONGEST_LINE)) != b"\r\n":
        if not line.endswith(b"\n"):
            raise EOFError
        name, _, value = line.partition(b":")
        yield name.lower(), value.strip().decode("utf-8", "replace")


def address_of(place: Place) -> bytes:
    """What connect(2) takes."""
    raw = os.fsencode(place)
    return b"\0" + raw[1:] if place.startswith(_ABSTRACT) else raw


def quote(text: str) -> str:
    """As a part of a path, or a value of a query (RFC 3986)."""
    return "".join(chr(b) if chr(b) in _UNRESERVED else f"%{b:02X}" for b in text.encode("utf-8", "surrogateescape"))


def unit_path(name: str, what: str = "") -> str:
    """The path of a unit, or of something of it."""
    return f"/v1/units/{quote(name)}/{what}" if what else f"/v1/units/{quote(name)}"


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise PodError("PID 1 said something that is no JSON") from None


def _refusal(status: int, raw: bytes, path: str) -> PodError:
    """What PID 1 says against it, and what it says to do."""
    try:
        said = json.loads(raw)
        parts = [part for part in (said.get("error"), said.get("hint")) if part]
        text = ("\n" if "\n" in parts[0] else "; ").join(parts)
    except (ValueError, AttributeError, IndexError, TypeError):
        text = f"PID 1 answered with status {status}"
    is_unit = status == 404 and path.startswith("/v1/units/")
    return PodError(text, UNKNOWN if is_unit else CONFIG if status == _UNPROCESSABLE else FAILED)
