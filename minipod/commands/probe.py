"""`minipod probe http URL` and `minipod probe tcp HOST PORT`: one attempt of a probe that PID 1 cannot make itself,
because it needs TLS or a name looked up. Exit code 0 is a success, 1 a failure; the reason goes to stderr.

PID 1 runs it as an exec probe and bounds its time. The rules are those of csrc/dial.c, which are Kubernetes' (spec.md,
sections 6.2 and 7). It must never verify a certificate, use a proxy, or read an answer without a bound.
"""

import sys
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from minipod.errors import UsageError
from minipod.options import Words, sort_words

USAGE = """minipod probe http [--header 'NAME: VALUE']... [--any-status] URL
minipod probe tcp HOST PORT

Ask once as a probe does. http: a status from 200 to 399 is a success; redirects to the same host are followed.
  --header 'NAME: VALUE'  a header of the request
  --any-status            any answer is a success, as for hooks
Exit code: 0 for a success, 1 for a failure, 64 for a mistake on the command line.
"""
WELL, BADLY = 0, 1
MOST_BODY, MOST_REQUESTS = 10 * 1024, 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SUCCESS = range(200, 400)
PORTS = {"http": 80, "https": 443}


class Request(NamedTuple):
    """A GET: where, and all of its headers but Host, which ``host`` has ("" for what the URL says)."""

    url: SplitResult
    host: str
    headers: tuple[tuple[str, str], ...]


class Failed(Exception):
    """The attempt failed; the text says why."""


def run(words: list[str]) -> int:
    """0 or 1; UsageError is the caller's to report."""
    found = sort_words(words, flags=("-h", "--help", "--any-status"), valued=("--header",))
    if found.flags & {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return WELL
    try:
        _ask(found)
    except (Failed, ValueError) as bad:
        return _fail(str(bad))
    except OSError as bad:
        why = bad.strerror or str(bad) or type(bad).__name__
        return _fail(why[0].lower() + why[1:])
    return WELL


def _fail(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return BADLY


def _ask(found: Words) -> None:
    how, *operands = found.operands or [""]
    if how == "http" and len(operands) == 1:
        request = _request(operands[0], found.values.get("--header", []))
        return _ask_http(request, any_status="--any-status" in found.flags)
    if how == "tcp" and len(operands) == 2 and operands[1].isdigit():
        return _connect(operands[0], int(operands[1]))
    raise UsageError("say what to ask: minipod probe http URL, or minipod probe tcp HOST PORT")


def _connect(host: str, port: int) -> None:
    import socket

    socket.create_connection((host, port)).close()


# --- HTTP -------------------------------------------------------------------------------------------------------------


def _request(text: str, lines: list[str]) -> Request:
    url = urlsplit(text)
    if url.scheme not in PORTS or not url.hostname:
        raise UsageError(f"{text} is no URL of http or https")
    pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    host = next((value for name, value in pairs if name.lower() == "host"), "")
    return Request(url, host, tuple(pair for pair in pairs if pair[0].lower() != "host"))


def _ask_http(request: Request, *, any_status: bool) -> None:
    """Failed, or an error of the system, unless the answer is a success."""
    asked = request.url.hostname
    for _ in range(MOST_REQUESTS):
        status, location = _get(request, may_fall_back=any_status)
        target = urlsplit(urljoin(request.url.geturl(), location)) if location else None
        if status not in REDIRECTS or target is None or target.hostname != asked or target.scheme not in PORTS:
            break
        request = request._replace(url=target, host="" if urlsplit(location).netloc else request.host)
    else:
        raise Failed(f"stopped after {MOST_REQUESTS} redirects")
    if not any_status and status not in SUCCESS:
        raise Failed(f"HTTP status {status}")


def _get(request: Request, *, may_fall_back: bool) -> tuple[int, str]:
    """The status, and where it leads to. A hook that asks by TLS a server which speaks none asks again without."""
    if request.url.scheme == "http":
        return _get_once(request)
    from ssl import SSLError

    try:
        return _get_once(request)
    except SSLError:
        if not may_fall_back:
            raise
    port = request.url.port or PORTS["https"]
    host = f"[{request.url.hostname}]" if ":" in request.url.hostname else request.url.hostname
    return _get_once(request._replace(url=request.url._replace(scheme="http", netloc=f"{host}:{port}")))


def _get_once(request: Request) -> tuple[int, str]:
    from http.client import HTTPException

    url = request.url
    connection = _connection(url)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in (("Host", request.host or url.netloc), *request.headers):
            connection.putheader(name, value.encode())
        connection.endheaders()
        reply = connection.getresponse()
        reply.read(MOST_BODY)
        return reply.status, reply.headers.get("Location", "")
    except HTTPException as bad:
        raise Failed(f"no answer of HTTP: {type(bad).__name__}") from None
    finally:
        connection.close()


def _connection(url: SplitResult):
    from http.client import HTTPConnection, HTTPSConnection

    port = url.port or PORTS[url.scheme]
    if url.scheme == "http":
        return HTTPConnection(url.hostname, port)
    return HTTPSConnection(url.hostname, port, context=_trusting())


def _trusting():
    """Whoever answers, with whatever certificate: a probe asks whether it works, not who it is."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # a short key is no reason either
    except ssl.SSLError:
        pass  # a library that knows no levels
    return context
