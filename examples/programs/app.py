"""A small application: GET / greets, POST / gives the text back in capitals, GET /status counts in a format of its own.

    python3 app.py [--host HOST] [--port PORT]

API_TOKEN in its environment: whoever posts must have it. SPOOL: a directory where it keeps what was posted.
It must never say the token, nor keep what it refused.
"""

import argparse
import hmac
import os
import threading
import time
from pathlib import Path

from serving import Handler, serve


class Counts:
    """What /status tells, of all requests but those for /status."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[int, int] = {}
        self._received = 0
        self._busy_ms = 0.0

    def add(self, status: int, received: int) -> None:
        with self._lock:
            self._statuses[status] = self._statuses.get(status, 0) + 1
            self._received += received

    def took(self, seconds: float) -> None:
        with self._lock:
            self._busy_ms += seconds * 1000

    def text(self) -> str:
        with self._lock:
            lines = [f"answered {status} = {count}" for status, count in sorted(self._statuses.items())]
            return "\n".join([*lines, f"received-kb = {self._received / 1000}", f"busy-ms = {self._busy_ms:.3f}", ""])


COUNTS = Counts()


class App(Handler):
    def do_GET(self) -> None:
        if self.path == "/status":
            return self.answer(200, COUNTS.text())
        if self.path == "/":
            return self._counted(200, f"hello from {os.environ.get('NAME', 'app')}\n")
        self._counted(404, "there is only /\n")

    def do_POST(self) -> None:
        text = self.body()
        token = os.environ.get("API_TOKEN", "")
        if token and not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {token}"):
            return self._counted(401, "who are you?\n", len(text))
        if spool := os.environ.get("SPOOL"):
            Path(spool, f"{time.time_ns()}.txt").write_bytes(text)
        self._counted(200, text.upper(), len(text))

    def _counted(self, status: int, body: bytes | str, received: int = 0) -> None:
        """Whoever has an answer finds it counted: it is counted before, and how long it took behind it."""
        began = time.monotonic()
        COUNTS.add(status, received)
        self.answer(status, body)
        COUNTS.took(time.monotonic() - began)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    serve(App, options.port, options.host)
