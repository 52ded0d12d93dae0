"""`minipod probe`: what PID 1 has Python ask, against servers that answer as they are told (spec.md, sections 6.2, 7).

nobody.pem is a key and a certificate for a day that its owner signed himself: no probe cares.
"""

import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from peers import idle_port

from minipod import cli

CERTIFICATE = Path(__file__).with_name("nobody.pem")
Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers each path as ``answers`` says; ``asked`` are the requests, path and headers."""

    def __init__(self, answers: dict[str, Answer], tls: bool) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, dict(self.headers.items())))
                answers[self.path](self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(answers: dict[str, Answer], *, tls: bool = False) -> Server:
        servers.append(Server(answers, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def status(code: int, location: str = "", body: bytes = b"") -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        if location:
            handler.send_header("Location", location)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def probe(*words: object) -> int:
    return cli.main(["probe", *map(str, words)])


@pytest.mark.parametrize(("code", "outcome"), [(200, 0), (204, 0), (302, 0), (399, 0), (400, 1), (404, 1), (500, 1)])
def test_status(serve: Serve, code: int, outcome: int) -> None:
    assert probe("http", f"http://127.0.0.1:{serve({'/': status(code)}).port}/") == outcome


def test_any_answer_will_do_for_a_hook(serve: Serve) -> None:
    assert probe("http", "--any-status", f"http://127.0.0.1:{serve({'/': status(500)}).port}/") == 0


def test_what_is_sent_is_what_was_said_and_no_more(serve: Serve) -> None:
    server = serve({"/x?y=1": status(200)})
    assert probe("http", "--header", "Host: shop.example", "--header", "X-A: b: c", "--header", "X-E:",
                 f"http://127.0.0.1:{server.port}/x?y=1") == 0
    assert server.asked == [("/x?y=1", {"Host": "shop.example", "X-A": "b: c", "X-E": ""})]


def test_a_name_is_looked_up(serve: Serve) -> None:
    server = serve({"/": status(200)})
    assert probe("http", f"http://localhost:{server.port}") == 0
    assert server.asked == [("/", {"Host": f"localhost:{server.port}"})]


def test_nobody_verifies_a_certificate(serve: Serve) -> None:
    assert probe("http", f"https://127.0.0.1:{serve({'/': status(200)}, tls=True).port}/") == 0
    assert probe("http", f"https://127.0.0.1:{serve({'/': status(503)}, tls=True).port}/") == 1


def test_a_hook_falls_back_from_tls_and_a_probe_does_not(serve: Serve) -> None:
    server = serve({"/": status(200)})
    assert probe("http", "--any-status", f"https://localhost:{server.port}/") == 0
    assert probe("http", f"https://localhost:{server.port}/") == 1
    assert len(server.asked) == 1


def test_redirects_to_the_same_host_are_followed_whatever_the_port(serve: Serve) -> None:
    end = serve({"/end": status(404)})
    server = serve({"/": status(302, "/next"), "/next": status(307, f"http://127.0.0.1:{end.port}/end")})
    assert probe("http", "--header", "Host: shop", f"http://127.0.0.1:{server.port}/") == 1
    assert [asked[1]["Host"] for asked in (*server.asked, *end.asked)] == ["shop", "shop", f"127.0.0.1:{end.port}"]


def test_a_redirect_elsewhere_is_a_success(serve: Serve) -> None:
    server = serve({"/": status(301, "http://elsewhere.invalid/")})
    assert probe("http", f"http://127.0.0.1:{server.port}/") == 0


@pytest.mark.parametrize(("hops", "outcome"), [(9, 0), (10, 1)])
def test_ten_requests_at_most(serve: Serve, hops: int, outcome: int) -> None:
    answers = {f"/{i}": status(302, f"/{i + 1}") for i in range(hops)}
    server = serve({**answers, f"/{hops}": status(200)})
    assert probe("http", f"http://127.0.0.1:{server.port}/0") == outcome
    assert len(server.asked) == 10


def test_an_answer_without_end_is_read_to_its_bound(serve: Serve) -> None:
    let_go = threading.Event()

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        handler.wfile.write(bytes(10 * 1024))
        let_go.wait(30)

    server = serve({"/": endless})
    assert probe("http", f"http://127.0.0.1:{server.port}/") == 0
    let_go.set()


def test_garbage(serve: Serve) -> None:
    server = serve({"/": lambda handler: handler.wfile.write(b"SSH-2.0-x\r\n\r\n")})
    assert probe("http", f"http://127.0.0.1:{server.port}/") == 1


def test_no_proxy_is_asked(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = serve({}), serve({"/": status(200)})
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert probe("http", f"http://127.0.0.1:{server.port}/") == 0
    assert proxy.asked == []


def test_tcp(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    server = serve({})
    assert probe("tcp", "127.0.0.1", server.port) == 0
    assert probe("tcp", "127.0.0.1", idle_port()) == 1
    assert capfd.readouterr().err == "connection refused\n"


@pytest.mark.parametrize(
    "words",
    [[], ["http"], ["tcp", "h"], ["tcp", "h", "x"], ["grpc", "h", "1"], ["http", "ftp://x/"], ["http", "http:///x"]],
    ids=" ".join,
)
def test_wrong_words(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert probe(*words) == 64
    assert capfd.readouterr().err


def test_it_is_no_word_for_people() -> None:
    assert "probe" not in cli.usage()
