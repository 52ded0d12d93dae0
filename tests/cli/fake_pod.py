"""A server that speaks the contract of PID 1's control socket, with facts that a test makes up: HTTP/1.0 over a Unix
socket, one answer a connection."""

import json
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn, UnixStreamServer
from urllib.parse import parse_qs, urlsplit

SECOND = 10**9
NOW = "2026-01-31T12:00:00.000000Z"


def at(second: float) -> str:
    """In the minute before now."""
    return f"2026-01-31T11:59:{second:09.6f}Z"


def end(code: int = 0, reason: str = "", *, signal: int = 0, instance: int = 1, left: int = 0, **more) -> dict:
    said = reason or ("Error" if code else "Completed")
    return {
        "instance": instance, "exitCode": code, "rawExitCode": code, "signal": signal, "reason": said,
        "startedAt": at(10), "finishedAt": at(50), "leftBehind": left, **more,
    }  # fmt: skip


def probe(last: str | None = None, run: int = 0, why: str | None = None, **more) -> dict:
    return {
        "state": "rest", "last": last, "run": run, "why": why, "askedAt": at(55) if last else None,
        "answers": run, "failures": run if last == "failure" else 0, "errors": 0, "latencyNs": 2_500_000, **more,
    }  # fmt: skip


def unit(name: str, kind: str = "service", life: str = "up", **more) -> dict:
    """Facts of a unit; one that is up is well."""
    runs = life in ("up", "pre-stop", "turn", "term-sent", "kill-sent")
    return {
        "name": name, "kind": kind, "life": life, "want": "up", "outcome": None, "begun": runs, "begunInRound": runs,
        "started": runs, "ready": runs, "instances": int(runs), "restartCount": 0, "streak": 0,
        "pid": 7 if runs else None, "startedAt": at(0) if runs else None, "dueAt": None, "deadlineAt": None, "ends": [],
        "waitsFor": [], "probes": {}, "unhealthy": None, "statusText": None, "errno": None, "mainPid": None,
        "log": {"mode": "prefix", "file": None, "bytes": 0, "lines": 0, "dropped": 0}, "image": None, "labels": {},
        **more,
    }  # fmt: skip


def event(seq: int, unit: str | None, machine: str = "lifecycle", **more) -> dict:
    """Of the pod, where ``unit`` is None: with its keys, and without those that only units have."""
    own = {"by": None} if unit is None else {"instance": 1, "started": True, "ready": True}
    return {
        "seq": seq, "time": at(seq), "unit": unit, "machine": machine, "from": "up", "event": "exited",
        "to": "draining", "reason": None, "exitCode": None, "signal": None, "message": None, **own, **more,
    }  # fmt: skip


@contextmanager
def being(uid: int, gid: int, groups: tuple[int, ...] = ()) -> Iterator[None]:
    """Root is somebody else for a while."""
    before = os.getgroups(), os.getegid()
    os.setgroups(groups)
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(before[1])
        os.setgroups(before[0])


class FakePod:
    """``units`` are in the order of the pod; ``then`` says what the pod becomes with each further event;
    ``news`` are lines that only followers hear. ``asked`` has each request as ("GET", path, query)."""

    def __init__(self, path: str):
        self.path = path
        self.units = [unit("web")]
        self.pod = {
            "name": "shop", "state": "running", "phase": "Running", "cause": None, "reason": None, "message": None,
            "toldBy": None, "decidedBy": None, "exitCode": None, "stopBy": None, "main": None, "pid": 1,
            "startedAt": at(0), "now": NOW, "frozen": False, "canBeginAnew": False,
            "orphansReaped": 0, "droppedLines": 0, "impossibleEvents": 0,
            "nextEvent": 0, "version": "0.1.0", "planDigest": "00ff", "labels": {}, "prepared": True, "mounted": False,
            "volumes": [],
        }  # fmt: skip
        self.version = 1
        self.events: list[dict] = []
        self.steps: deque[tuple[list[dict], dict]] = deque()
        self.lines: list[dict] = []
        self.news: list[dict] = []
        self.text = b""
        self.plan = b""
        self.contexts: dict[str, dict] = {}
        self.after_context = lambda: None  # once its connection is there
        self.refusals: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, str, dict]] = []
        self.stays, self.looked = threading.Event(), threading.Event()
        self._server = _Server(path, _Handler)
        self._server.pod = self

    def __enter__(self) -> "FakePod":
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stays.set()
        self.looked.set()
        self._server.shutdown()
        self._server.server_close()

    def belong_to(self, uid: int, gid: int, groups: tuple[int, ...] = ()) -> "FakePod":
        """For those who ask, from here on: the kernel tells them what we were when we listened. Needs root."""
        with being(uid, gid, groups):
            self._server.socket.listen()
        return self

    def then(self, *units: dict, **pod: object) -> None:
        """With its next event the pod is like this."""
        self.steps.append((list(units), pod))

    def document(self) -> dict:
        return {"version": self.version, "pod": self.pod, "units": self.units}

    def orders(self) -> list[tuple[str, dict]]:
        """What was posted."""
        return [(path, query) for method, path, query in self.asked if method == "POST"]


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    pod: FakePod

    def handle_error(self, *_: object) -> None:
        """Who asks may leave at any time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    server: _Server

    def address_string(self) -> str:
        return "local"

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_HEAD(self) -> None:
        self._head(200)

    def do_POST(self) -> None:
        path, query, name = self._asked()
        refusals = self.server.pod.refusals
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path in refusals or f"POST {path}" in refusals:
            self._answer(*(refusals.get(path) or refusals[f"POST {path}"]))
        else:
            self._answer(202, json.dumps({"unit": name, "order": path.rpartition("/")[2], "event": 0}).encode())

    def do_GET(self) -> None:
        pod = self.server.pod
        path, query, name = self._asked()
        if path in pod.refusals:
            self._answer(*pod.refusals[path])
        elif path == "/v1/pod":
            text = json.dumps(pod.document()).encode()
            pod.looked.set()  # before who asks has it: later, he might have heard of the next step
            self._answer(200, text)
        elif path == "/v1/units":
            self._answer(200, json.dumps({"version": pod.version, "units": pod.units}).encode())
        elif path == "/v1/events":
            self._stream(self._events(query), "follow" in query)
        elif path == "/v1/plan":
            self._answer(200, pod.plan)
        elif path.endswith("/context"):
            pod.after_context()
            self._answer(200, json.dumps(pod.contexts[name]).encode())
        elif path.endswith("/logs"):
            self._stream(self._logs(name, query), "follow" in query)
        else:
            self._answer(404, b'{"error": "there is no such path", "hint": "look it up"}')

    def _asked(self) -> tuple[str, dict, str]:
        target = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        self.server.pod.asked.append((self.command, target.path, query))
        parts = target.path.split("/")
        return target.path, query, parts[3] if len(parts) > 4 else ""

    def _events(self, query: dict) -> Iterator[bytes]:
        pod = self.server.pod
        for each in pod.events:
            if each.get("seq", 0) > int(query.get("after", -1)):
                yield json.dumps(each).encode() + b"\n"
        while "follow" in query and pod.steps:
            pod.units, changed = pod.steps.popleft()
            seq = pod.pod["nextEvent"]
            pod.pod = {**pod.pod, "nextEvent": seq + 1, **changed}
            pod.looked.clear()
            yield json.dumps(event(seq, "web")).encode() + b"\n"
            pod.looked.wait(30)  # the next step comes when this one has been seen

    def _logs(self, name: str, query: dict) -> Iterator[bytes]:
        pod = self.server.pod
        if "text/plain" in self.headers["Accept"]:
            yield pod.text
            return
        lines = [line for line in pod.lines if name in ("", line["unit"])]
        tail = int(query.get("tail", len(lines)))
        news = pod.news if "follow" in query else []
        for line in [*lines[len(lines) - tail :], *news]:
            yield json.dumps(line).encode() + b"\n"

    def _head(self, status: int, **headers: object) -> None:
        self.send_response(status)
        self.send_header("Minipod-Pod", self.server.pod.pod["name"])
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def _answer(self, status: int, body: bytes) -> None:
        self._head(status, Content_Length=len(body))
        self.wfile.write(body)

    def _stream(self, pieces: Iterator[bytes], follows: bool) -> None:
        """Who follows hears no end: the pod is gone, or it stays until the test is over."""
        self._head(200)
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
        if follows and not self.server.pod.pod.get("isGone", True):
            self.server.pod.stays.wait(30)


def stay_put(path: str) -> None:
    """A socket's file that nobody listens on."""
    server = UnixStreamServer(path, BaseHTTPRequestHandler)
    server.server_close()
    assert os.path.exists(path)
