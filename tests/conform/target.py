"""A server that probes are sent to: it answers each connection as it was told and keeps what it was asked.

With a context it speaks TLS.

Answers are bytes sent as they are; None aborts the connection, HOLD never answers. It must never judge a request.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Sequence

HOLD = "hold"
Answer = bytes | str | None
WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)  # closing sends RST


class Target:
    """Use as a context manager. ``answers`` are for the first connections in their order; the last holds for all that
    follow. ``asked``: the heads of all requests."""

    def __init__(self, answers: Sequence[Answer] = (WELL,), context: ssl.SSLContext | None = None):
        self.answers, self.asked, self._context = list(answers), [], context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Target":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for each in (*self._held, self._listener):
            each.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self.asked.append(_head(connection))
            answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
            if isinstance(answer, bytes):
                connection.sendall(answer)
        except OSError:
            answer = None
        if answer is None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if answer is None or (isinstance(answer, bytes) and not answer.endswith(b"more to come")):
            connection.close()
        else:
            self._held.append(connection)


def _head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            break
        head += piece
    return head.decode("latin-1")


def reply(code: int, *, location: str = "", body: bytes = b"", length: int | None = None) -> bytes:
    """An HTTP reply. ``length``: what Content-Length says when that is not the body's."""
    lines = [f"HTTP/1.1 {code} Word", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"Location: {location}"] if location else []
    return "\r\n".join([*lines, "", ""]).encode() + body
