"""What the programs here that speak HTTP share: a server of one thread a request, until TERM, though requests that have
begun are answered first; and a question to a server of this machine.

It must never answer half: who has a status of 200 has the whole body.
"""

import http.client
import signal
import socketserver
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """One request a connection. ``answer`` is all that a server's own handler needs."""

    timeout = 60  # seconds: a client that says nothing keeps nobody from ending for ever

    def answer(self, status: int, body: bytes | str, kind: str = "text/plain; charset=utf-8") -> None:
        raw = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def pieces(self) -> Iterator[bytes]:
        """What comes with the request, as it comes."""
        rest = int(self.headers.get("Content-Length", 0))
        while rest and (piece := self.rfile.read1(rest)):
            rest -= len(piece)
            yield piece

    def body(self) -> bytes:
        return b"".join(self.pieces())

    def log_message(self, format: str, *args: object) -> None:
        """One write: lines of several threads stay whole."""
        sys.stdout.write(f"{format % args}\n")
        sys.stdout.flush()


class Server(ThreadingHTTPServer):
    """Waits for its threads when it is closed."""

    daemon_threads = False

    def server_bind(self) -> None:
        """As its parent does, but nobody is asked for the name of an address."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def stop_at_term(server: Server) -> None:
    signal.sigwait({signal.SIGTERM})
    server.shutdown()


def serve(handler: type[Handler], port: int, host: str = "") -> None:
    """Listens until TERM. Says so once it listens. A thread waits for the signal: a handler would stand in the middle
    of whatever the server is at, and starting a thread takes a lock that it may have."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with Server((host, port), handler) as server:
        threading.Thread(target=stop_at_term, args=(server,), daemon=True).start()
        print(f"listening on {host or '*'}:{server.server_port}", flush=True)
        server.serve_forever()
    print("stopped", flush=True)


def ask(port: int, path: str) -> tuple[int, str]:
    """The status and the body of GET, on this machine; OSError when nobody answers."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request("GET", path)
        reply = asked.getresponse()
        return reply.status, reply.read().decode()
    except http.client.HTTPException as problem:
        raise OSError(f"no answer: {problem!r}") from problem
    finally:
        asked.close()
