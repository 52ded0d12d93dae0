"""What probes and hooks over the network ask on stage: a listener for each, which answers when told, and as told.

It must never answer by itself, but for what a kernel does: whoever listens at all is connected.
"""

import itertools
import os
import socket
import struct
from collections.abc import Callable

from minipod.model import Ask
from minipod.supervisor.vocabulary import Handler

_PREFACE = 24  # bytes of HTTP/2's
_HEAD = 9  # of a frame
_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_STREAM, _END_HEADERS = 1, 4
_SERVING, _NOT_SERVING = 1, 2
_ports = itertools.count(10_000)
Watch = Callable[[socket.socket, Callable[[socket.socket], None] | None], None]


def _own_host() -> str:
    """An address of this process alone: its ports are free, and stay its own while nobody listens."""
    pid = os.getpid()
    return f"127.{64 + (pid >> 16)}.{pid >> 8 & 255}.{pid & 255}"


class Target:
    """One listener, asked once at a time. ``watch`` hears of a socket when there is something to read. To a hook any
    answer is a good one (spec.md section 7): whoever means no hangs up."""

    def __init__(self, handler: Handler, watch: Watch, *, is_hook: bool):
        self.handler, self._watch, self._is_hook = handler, watch, is_hook
        self.host, self.port = _own_host(), next(_ports)
        self._door = socket.socket()
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._door.bind((self.host, self.port))
        self._peer: socket.socket | None = None
        self._text = b""
        self._listens = False
        if handler is not Handler.TCP_SOCKET:
            self.listen()

    @property
    def ask(self) -> Ask:
        """How it is asked."""
        return Ask(self.handler, host=self.host, port=self.port)

    def listen(self, *, well: bool = True) -> None:
        """From now on whoever connects is let in, or refused."""
        if well and not self._listens:
            self._door.listen(8)
            self._watch(self._door, self._let_in)
        elif self._listens and not well:
            self._door.shutdown(socket.SHUT_RDWR)
            self._watch(self._door, None)
        self._listens = well

    def expect(self) -> None:
        """A new attempt comes; what remains of the one before is forgotten."""
        self._drop()

    @property
    def is_asked(self) -> bool:
        """Whether the whole request is there."""
        if self.handler is Handler.GRPC:
            return _ends_stream(self._text)
        return self._text.endswith(b"\r\n\r\n")

    def answer(self, *, well: bool) -> None:
        """To whoever asked."""
        if self._is_hook and not well:
            self._drop()
        else:
            self._peer.sendall(_grpc(well) if self.handler is Handler.GRPC else _http(well))

    def close(self) -> None:
        self._drop()
        self._door.close()

    def _let_in(self, door: socket.socket) -> None:
        peer, _ = door.accept()
        if self.handler is Handler.TCP_SOCKET:
            peer.close()
            return
        self._peer = peer
        self._watch(peer, self._read)

    def _read(self, peer: socket.socket) -> None:
        try:
            text = peer.recv(65536)
        except ConnectionResetError:
            text = b""
        self._text += text
        if not text:
            self._watch(peer, None)

    def _drop(self) -> None:
        if self._peer is not None:
            self._watch(self._peer, None)
            self._peer.close()
        self._peer, self._text = None, b""


def _http(well: bool) -> bytes:
    status = "200 OK" if well else "503 Service Unavailable"
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


# --- as much of gRPC as a health check is ---


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _field(name: bytes, value: bytes) -> bytes:
    """A header, literally, without an index."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def _grpc(well: bool) -> bytes:
    message = bytes([8, _SERVING if well else _NOT_SERVING])
    head = _field(b":status", b"200") + _field(b"content-type", b"application/grpc")
    return (
        _frame(_SETTINGS, 0, 0)
        + _frame(_HEADERS, _END_HEADERS, 1, head)
        + _frame(_DATA, 0, 1, b"\0" + struct.pack(">I", len(message)) + message)
        + _frame(_HEADERS, _END_HEADERS | _END_STREAM, 1, _field(b"grpc-status", b"0"))
    )


def _ends_stream(text: bytes) -> bool:
    at = _PREFACE
    while at + _HEAD <= len(text):
        size = int.from_bytes(text[at:at + 3], "big")
        kind, flags = text[at + 3], text[at + 4]
        if at + _HEAD + size <= len(text) and kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            return True
        at += _HEAD + size
    return False
