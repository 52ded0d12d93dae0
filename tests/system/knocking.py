"""A client of the control server that says exactly the bytes it is told to: what no library would send, and what it
answers to that. Everything is bounded; nothing here judges an answer.
"""

import json
import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from system_harness import PATIENCE, wait_until

CHUNK = 65536
WAIT = struct.pack("ll", int(PATIENCE), 0)


class Answer(NamedTuple):
    """What came back. ``headers`` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def text(self) -> str:
        return self.body.decode()


class _Connection(HTTPConnection):
    def __init__(self, place: "Place"):
        super().__init__("minipod", timeout=PATIENCE)
        self._place = place

    def connect(self) -> None:
        self.sock = self._place.knock()


class Place:
    """Where a pod is asked: a path, "@" and an abstract name, or a port of this machine."""

    def __init__(self, where: str | int):
        self.where = where

    def knock(self) -> socket.socket:
        """A connection; nothing has been said on it. Waits for room where many stand at the door."""
        if isinstance(self.where, int):
            return socket.create_connection(("127.0.0.1", self.where), timeout=PATIENCE)
        held = socket.socket(socket.AF_UNIX)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, WAIT)  # with Python's own it would not wait
        try:
            held.connect("\0" + self.where[1:] if self.where.startswith("@") else self.where)
            held.settimeout(PATIENCE)
        except OSError:
            held.close()
            raise
        return held

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request by the book."""
        connection = _Connection(self)
        try:
            connection.request(method, target, body, headers=headers)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read())
        finally:
            connection.close()

    def get(self, target: str, **headers: str) -> Answer:
        return self.ask("GET", target, **headers)

    def post(self, target: str) -> Answer:
        return self.ask("POST", target)

    def say(self, *pieces: bytes, closes: bool = False) -> bytes:
        """All that comes back for these bytes until the server closes. ``closes``: no more will be said."""
        with self.knock() as held:
            with suppress(ConnectionError):  # it need not hear us out to answer
                for piece in pieces:
                    held.sendall(piece)
                if closes:
                    held.shutdown(socket.SHUT_WR)
            return read_all(held)

    def wait(self) -> "Place":
        """Until somebody answers."""
        wait_until(self.answers, f"somebody answers at {self.where}")
        return self

    def answers(self) -> bool:
        try:
            return self.get("/livez").status > 0
        except OSError:
            return False

    def unit(self, name: str) -> dict[str, Any]:
        """Its facts."""
        return self.get(f"/v1/units/{name}").json

    def wait_for(self, name: str, **facts: object) -> dict[str, Any]:
        """Facts of a unit as soon as these are among them."""
        return wait_until(
            lambda: (unit := self.unit(name)) and facts.items() <= unit.items() and unit, f"{name} is {facts}"
        )


def read_all(held: socket.socket) -> bytes:
    """Until the other side closes, cut off or not."""
    told = bytearray()
    with suppress(ConnectionError):
        while data := held.recv(CHUNK):
            told += data
    return bytes(told)


def read_until(held: socket.socket, end: bytes) -> bytes:
    """Until this has come."""
    told = bytearray()
    while end not in told:
        data = held.recv(CHUNK)
        assert data, f"it closed after {bytes(told)!r}"
        told += data
    return bytes(told)


@contextmanager
def near() -> Iterator[Path]:
    """A folder whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="pod-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
