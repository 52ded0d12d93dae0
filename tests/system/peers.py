"""Whom probes ask: servers in threads of the test, well-behaved or not, on ports of their own.

A peer hands each connection to its ``serve``, a function (peer, connection); what that raises as OSError ends the
connection and nothing else. Whatever is open is closed with the peer.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # struct linger

Serve = Callable[["Peer", socket.socket], None]


class Peer:
    """``requests``: what has been asked so far, as bytes. ``asked``: connections so far; ``open``: those that
    are not over. It listens at once and accepts while it is entered."""

    def __init__(self, serve: Serve, family: int = socket.AF_INET, backlog: int = 128):
        self.serve = serve
        self.asked = 0
        self.requests: list[bytes] = []
        self.open: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK[family], 0), family=family, backlog=backlog)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "Peer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.open.add(connection)  # before it counts: who waits until all are over waits for it, too
                self.asked += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.serve(self, connection)
        self.open.discard(connection)


_HELD: list[socket.socket] = []


def idle_port() -> int:
    """A port that nobody listens at. It is held until the tests are over, so that the kernel gives it to nobody else;
    a server of ours can have it all the same, by SO_REUSEADDR."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _HELD.append(holder)
    return holder.getsockname()[1]


# --- any protocol -----------------------------------------------------------------------------------------------------


def says_nothing(peer: Peer, connection: socket.socket) -> None:
    """Until the other side has had enough."""
    while connection.recv(65536):
        pass


def closes(peer: Peer, connection: socket.socket) -> None:
    """At once."""


def resets(peer: Peer, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)


def repeats(begin: bytes, piece: bytes) -> Serve:
    """For ever."""

    def serve(peer: Peer, connection: socket.socket) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(piece)

    return serve


# --- HTTP -------------------------------------------------------------------------------------------------------------


def hear(peer: Peer, connection: socket.socket) -> bytes:
    """A request's head, which ``peer`` then remembers; OSError when it is never whole."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("half a request")
        head += piece
    peer.requests.append(head)
    return head


def replies(reply: bytes | str, piece: int = 1 << 20) -> Serve:
    """The same to every request, so many bytes a packet."""
    raw = reply if isinstance(reply, bytes) else reply.encode()

    def serve(peer: Peer, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hear(peer, connection)
        for at in range(0, len(raw), piece):
            connection.sendall(raw[at : at + piece])

    return serve


def status(number: int, *headers: str, body: str = "") -> str:
    """A whole reply."""
    lines = [f"HTTP/1.1 {number} Word", *headers, f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines)


def redirects(where: dict[str, str], last: str) -> Serve:
    """A server with these redirects, by path; all other paths get the last word."""

    def serve(peer: Peer, connection: socket.socket) -> None:
        path = hear(peer, connection).split()[1].decode()
        reply = status(302, f"Location: {where[path]}") if path in where else last
        connection.sendall(reply.encode())

    return serve


def hears_and_says_nothing(peer: Peer, connection: socket.socket) -> None:
    hear(peer, connection)
    says_nothing(peer, connection)


# --- gRPC: frames of HTTP/2 (RFC 9113) --------------------------------------------------------------------------------

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
ACK, END_STREAM, END_HEADERS = 1, 1, 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def block(*fields: tuple[str, str]) -> bytes:
    """Headers that no table keeps, without Huffman's code."""
    raw = [text.encode() for field in fields for text in field]
    return b"".join((b"\0" if i % 2 == 0 else b"") + bytes([len(text)]) + text for i, text in enumerate(raw))


CONTENT = ((":status", "200"), ("content-type", "application/grpc"))


def health(number: int) -> bytes:
    """The reply with this serving status."""
    message = b"\0" + (2).to_bytes(4, "big") + bytes([8, number])
    trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, block(("grpc-status", "0")))
    return frame(HEADERS, END_HEADERS, 1, block(*CONTENT)) + frame(DATA, 0, 1, message) + trailers


def grpc_error(number: int) -> bytes:
    """The reply of a server that has no such service: trailers alone."""
    return frame(HEADERS, END_HEADERS | END_STREAM, 1, block(*CONTENT, ("grpc-status", str(number))))


def read_exactly(connection: socket.socket, size: int) -> bytes:
    raw = b""
    while len(raw) < size:
        piece = connection.recv(size - len(raw))
        if not piece:
            raise ConnectionError("half a frame")
        raw += piece
    return raw


def read_frame(connection: socket.socket) -> tuple[int, int, bytes]:
    """Its kind, its flags, its payload."""
    head = read_exactly(connection, 9)
    return head[3], head[4], read_exactly(connection, int.from_bytes(head[:3], "big"))


def speaks_grpc(reply: bytes, ping: bytes = b"") -> Serve:
    """The same to every check; with ``ping`` only after that has been answered."""

    def serve(peer: Peer, connection: socket.socket) -> None:
        read_exactly(connection, len(PREFACE))
        connection.sendall(frame(SETTINGS, 0, 0) + (frame(PING, 0, 0, ping) if ping else b""))
        heard, is_asked, is_acknowledged, is_answered = b"", False, False, not ping
        while not (is_asked and is_acknowledged and is_answered):
            kind, flags, payload = read_frame(connection)
            heard += payload
            is_asked |= kind == DATA and bool(flags & END_STREAM)
            is_acknowledged |= kind == SETTINGS and bool(flags & ACK)
            is_answered |= kind == PING and bool(flags & ACK) and payload == ping
        peer.requests.append(heard)
        connection.sendall(reply)

    return serve
