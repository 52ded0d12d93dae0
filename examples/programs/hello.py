"""Four processes that need each other to say hello.

    python3 hello.py log              prints what the others report
    python3 hello.py compute          makes greetings, in two worker processes
    python3 hello.py api [--port N]   GET /hello/NAME: asks compute, reports to log
    python3 hello.py main [N]         asks api for N greetings (for ever, if nobody says), then ends with 0

It must never wait for a process that has gone: api answers 503 without compute, main asks again.
"""

import os
import signal
import socket
import sys

from serving import Handler, ask, serve

COMPUTE = 7001  # TCP: a kubelet's probe comes from outside
LOG = ("127.0.0.1", 7002)  # UDP
WORKERS = 2
SIGNALS = {signal.SIGTERM, signal.SIGCHLD}
SECONDS = 0.1  # between two greetings


def report(text: str) -> None:
    """One datagram: who reports waits for nobody."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), LOG)


def log() -> None:
    """Until TERM; what has been sent by then is printed first."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(LOG)
        receiver.settimeout(SECONDS)
        print("ready", flush=True)
        while True:
            try:
                print(receiver.recv(65536).decode(), flush=True)
            except OSError:
                if signal.sigtimedwait({signal.SIGTERM}, 0):
                    return


def compute() -> None:
    """The first process only sees to it that there are workers. It waits for signals and handles none: a worker that
    ends in the middle of a stop is never told to by a number that is nobody's any more."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    with socket.create_server(("", COMPUTE)) as listener:
        workers = {start_worker(listener) for _ in range(WORKERS)}
        print("ready", flush=True)
        while signal.sigwait(SIGNALS) == signal.SIGCHLD:
            while (ended := os.waitpid(-1, os.WNOHANG)[0]):
                workers.remove(ended)
                workers.add(start_worker(listener))
        for worker in workers:
            os.kill(worker, signal.SIGTERM)


def start_worker(listener: socket.socket) -> int:
    worker = os.fork()
    if worker == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rw", encoding="utf-8") as lines:
                lines.write(f"hello, {lines.readline().strip()}\n")
    return worker


class Api(Handler):
    def do_GET(self) -> None:
        name = self.path.removeprefix("/hello/")
        if name == self.path or not name:
            return self.answer(404, "there is only /hello/NAME\n")
        try:
            with socket.create_connection(("127.0.0.1", COMPUTE), timeout=10) as asked:
                asked.sendall(f"{name}\n".encode())
                greeting = asked.makefile(encoding="utf-8").readline()
        except OSError:
            greeting = ""
        report(f"{name}: {'greeted' if greeting else 'nobody computes'}")
        self.answer(200 if greeting else 503, greeting or "nobody computes\n")

    def log_message(self, format: str, *args: object) -> None:
        """The log has it."""


def main(times: str = "", port: str = "8080") -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    said = 0
    while not times or said < int(times):
        try:
            status, greeting = ask(int(port), "/hello/world")
        except OSError as problem:
            status, greeting = 0, f"{problem}\n"
        print(greeting, end="", flush=True, file=sys.stdout if status == 200 else sys.stderr)
        said += status == 200
        if signal.sigtimedwait({signal.SIGTERM}, SECONDS):
            break


def api(port: str = "8080") -> None:
    serve(Api, int(port))


if __name__ == "__main__":
    {"log": log, "compute": compute, "api": api, "main": main}[sys.argv[1]](*sys.argv[2:])
