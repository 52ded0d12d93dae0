"""Probes and hooks that ask over the network, on the real command: what counts as success. The rules are Kubernetes'
(spec.md, sections 6.2 and 7)."""

import hashlib
import re
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress

import peers
import pytest
from peers import Peer, Serve, replies, status
from probing import BADLY, OFTEN, WELL, alone, grpc, http, is_on_its_way, one, stop, tcp
from system_harness import SLEEP, Launcher, sh, wait_until
from system_harness import status as process

NONE_OF_IT = "the answer is none of its protocol"


# --- HTTP -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [200, 204, 206, 299, 300, 304, 399])
def test_from_200_to_399_is_success(launch: Launcher, number: int) -> None:
    """Also what could have been followed, but says nothing of where to."""
    with Peer(replies(status(number))) as peer:
        running = launch.start(one(http(peer.port)))
        running.expect_error(WELL)
        wait_until(lambda: peer.asked > 3, "it is asked again and again")
        told = stop(running)
    doubts = f"a: HTTP status {number} is not followed, and counts as success"
    assert told.count(doubts) == (number >= 300) and BADLY not in told  # once, however often it was asked


@pytest.mark.parametrize("number", [101, 400, 404, 500, 599, 999])
def test_any_other_status_is_a_failure(launch: Launcher, number: int) -> None:
    with Peer(replies(status(number))) as peer:
        running = launch.start(one(http(peer.port)))
        running.expect_error(f"{BADLY}HTTP status {number}$")
        assert not re.search(WELL, stop(running), re.MULTILINE)


@pytest.mark.parametrize(
    ("serve", "told"),
    [
        (replies(status(200, body="x" * 200_000)), WELL),
        (peers.repeats(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), WELL),
        (peers.repeats(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 9999), WELL),
        (replies(status(200, "Server: slow", body="some words"), piece=1), WELL),
        (replies("HTTP/1.0 200 OK\r\n\r\nuntil it closes"), WELL),
        (replies("HTTP/1.1 100 Continue\r\n\r\n" + status(503)), f"{BADLY}HTTP status 503$"),
        (peers.repeats(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 9999), f"{BADLY}{NONE_OF_IT}$"),
        (peers.repeats(b"", b"\0\xff garbage \r\n" * 9999), f"{BADLY}{NONE_OF_IT}$"),
        (replies("SSH-2.0-OpenSSH_9.9\r\n"), f"{BADLY}{NONE_OF_IT}$"),
        (replies("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut"), f"{BADLY}the connection was closed$"),
        (replies("HTTP/1.1 200 OK\r\nConte"), f"{BADLY}the connection was closed$"),
        (replies(""), f"{BADLY}the connection was closed$"),
        (peers.closes, f"{BADLY}(the connection was closed|connection reset by the peer|nobody reads it)$"),
        (peers.resets, f"{BADLY}(connection reset by the peer|nobody reads it)$"),
        (peers.hears_and_says_nothing, f"{BADLY}no answer within 0.1s$"),
    ],
    ids=[
        "long body", "endless body", "endless chunks", "a byte a packet", "HTTP/1.0", "after a 100", "endless head",
        "endless garbage", "another protocol", "half a body", "half a head", "no word", "closed", "reset", "silence",
    ],
)  # fmt: skip
def test_whatever_a_server_does_is_an_answer(launch: Launcher, serve: Serve, told: str) -> None:
    silent = serve is peers.hears_and_says_nothing
    with Peer(serve) as peer:
        running = launch.start(one(http(peer.port, timeout="100ms" if silent else "20s")))
        running.expect_error(told)
        stop(running)


def test_nobody_listens(launch: Launcher) -> None:
    running = launch.start(one(http(peers.idle_port())))
    running.expect_error(f"{BADLY}connection refused$")
    stop(running)


def request(port: int, path: str, *headers: str) -> bytes:
    """What is sent, the config's own headers last."""
    ours = [f"Host: 127.0.0.1:{port}", "User-Agent: kube-probe/1.36", "Accept: */*", "Connection: close"]
    return "\r\n".join([f"GET {path} HTTP/1.1", *ours, *headers, "", ""]).encode()


def test_a_request_says_what_the_config_says(launch: Launcher) -> None:
    """And one request is one connection, with nothing behind it."""
    with Peer(replies(status(200))) as peer:
        running = launch.start(one(http(peer.port, "/healthz?deep=1")))
        running.expect_error(WELL)
        stop(running)
        assert set(peer.requests) == {request(peer.port, "/healthz?deep=1")}


READER = """
import hashlib, signal, socket
server, head = socket.create_server(("127.0.0.1", 8080)), b""
connection, _ = server.accept()
while b"\\r\\n\\r\\n" not in head:
    head += connection.recv(1)
print("heard", hashlib.sha256(head).hexdigest(), flush=True)
connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
signal.pause()
"""


def test_a_long_request_to_a_slow_reader_arrives_whole(launch: Launcher) -> None:
    """In pieces, as the kernel keeps less than half of it at a time."""
    headers = {f"X-{number}": "long" * 100 for number in range(19)}
    pod = one({"http_get": {"port": 8080, "http_headers": headers}, **OFTEN})
    pod["service.a"]["command"] = [sys.executable, "-IS", "-c", READER]
    small = alone("ipv4/tcp_wmem=4096 4096 4096", "ipv4/tcp_rmem=2048 2048 2048")
    running = launch.start(pod, namespaces=["-n"], wrap=small)
    heard = running.expect("heard (.*)$")[1].decode()
    sent = request(8080, "/", *map(": ".join, headers.items()))
    assert heard == hashlib.sha256(sent).hexdigest()
    running.expect_error(WELL)
    stop(running)


def test_a_network_without_ipv6_fails_the_probe(launch: Launcher) -> None:
    """As for the kubelet: a liveness probe there would not be one if it could never fail."""
    pod = one({"tcp_socket": {"port": 80, "host": "::1"}, **OFTEN})
    running = launch.start(pod, namespaces=["-n"], wrap=alone("ipv6/conf/all/disable_ipv6=1"))
    running.expect_error(BADLY + "no such address")
    stop(running)


def test_ipv6_where_there_is_any(launch: Launcher) -> None:
    """A host without IPv6 fails the probe, and nothing else."""
    with ExitStack() as stack:
        port, expected = 1, BADLY
        with suppress(OSError):
            peer = stack.enter_context(Peer(replies(status(200)), socket.AF_INET6))
            port, expected = peer.port, WELL
        running = launch.start(one({"http_get": {"port": port, "host": "::1"}, **OFTEN}))
        running.expect_error(expected)
        stop(running)
        assert port == 1 or f"Host: [::1]:{port}\r\n".encode() in peer.requests[0]


# --- redirects --------------------------------------------------------------------------------------------------------


def paths(peer: Peer) -> list[str]:
    return [request.split()[1].decode() for request in peer.requests]


def test_redirects_on_the_same_host_are_followed(launch: Launcher) -> None:
    """Absolute, relative, only a query; to another port of the host, whose answer it is then. Each attempt begins where
    the first did."""
    with Peer(replies(status(404))) as other:
        where = {"/": "/a/b", "/a/b": "c?d=e", "/a/c?d=e": f"http://127.0.0.1:{other.port}/last"}
        with Peer(peers.redirects(where, status(200))) as peer:
            running = launch.start(one(http(peer.port)))
            running.expect_error(f"{BADLY}HTTP status 404$")
            wait_until(lambda: other.asked > 1, "there are two attempts")
            stop(running)
        assert paths(peer)[:6] == [*where, *where] and set(paths(other)) == {"/last"}
        assert f"Host: 127.0.0.1:{other.port}\r\n".encode() in other.requests[0]


@pytest.mark.parametrize(
    "where",
    ["http://example.com/", "http://127.0.0.2:{port}/", "https://127.0.0.1:{port}/", "//example.com", "/" + "x" * 5000],
    ids=["another host", "another address", "https", "no scheme", "too long"],
)
def test_a_redirect_that_is_not_followed_is_success(launch: Launcher, where: str) -> None:
    with Peer(lambda peer, connection: replies(reply)(peer, connection)) as peer:
        reply = status(302, "Location: " + where.format(port=peer.port))
        running = launch.start(one(http(peer.port)))
        running.expect_error(WELL)
        told = stop(running)
    assert told.count("a: HTTP status 302 is not followed, and counts as success") == 1
    assert set(paths(peer)) == {"/"}


@pytest.mark.parametrize(
    ("links", "told"),
    [(10, "too many redirects$"), (9, "HTTP status 418$")],
)
def test_ten_requests_are_the_most(launch: Launcher, links: int, told: str) -> None:
    where = {"/": "/1"} | {f"/{i}": f"/{i + 1}" for i in range(1, links)}
    with Peer(peers.redirects(where, status(418))) as peer:
        running = launch.start(one(http(peer.port, period="1h")))
        running.expect_error(BADLY + told)
        stop(running)
    assert paths(peer) == ["/", *(f"/{i}" for i in range(1, 10))]


def test_a_location_that_makes_no_sense_is_a_failure(launch: Launcher) -> None:
    with Peer(replies(status(302, "Location: http://127.0.0.1:port/"))) as peer:
        running = launch.start(one(http(peer.port)))
        running.expect_error(BADLY + NONE_OF_IT)
        stop(running)


# --- TCP --------------------------------------------------------------------------------------------------------------


def test_an_open_port_is_success(launch: Launcher) -> None:
    """Whatever the server does with the connection; the first sign of it is its orderly end, as Kubernetes' is."""
    ends: list[bytes] = []

    def serve(peer: Peer, connection: socket.socket) -> None:
        ends.append(connection.recv(1))

    with Peer(serve) as peer:
        running = launch.start(one(tcp(peer.port)))
        running.expect_error(WELL)
        wait_until(lambda: len(ends) > 3, "connections that end in an orderly way")
        assert BADLY not in stop(running)
    assert set(ends) == {b""}


def test_a_server_that_is_too_busy_to_accept_is_open(launch: Launcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        running = launch.start(one(tcp(server.getsockname()[1])))
        running.expect_error(WELL)
        stop(running)


def test_a_idle_port_is_a_failure(launch: Launcher) -> None:
    running = launch.start(one(tcp(peers.idle_port())))
    running.expect_error(f"{BADLY}connection refused$")
    stop(running)


def fill(stack: ExitStack, port: int) -> None:
    """One connection that nobody accepts: with a backlog of 0, the kernel answers nobody else who wants to come in."""
    client = stack.enter_context(socket.socket())
    client.connect(("127.0.0.1", port))


def test_a_port_that_answers_nobody_is_a_failure_in_time(launch: Launcher) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0)).getsockname()[1]
        fill(stack, port)
        running = launch.start(one(tcp(port, timeout="100ms")))
        running.expect_error(f"{BADLY}no answer within 0.1s$")
        assert not re.search(WELL, stop(running), re.MULTILINE)


@pytest.mark.parametrize("ask", [tcp, http])
def test_a_connection_that_takes_its_time_is_waited_for(launch: Launcher, ask: Callable[[int], dict]) -> None:
    """Its first packet is lost, as there is no room for it: only the kernel's second attempt comes through."""
    peer = Peer(replies(status(200)), backlog=0)
    with ExitStack() as stack:
        fill(stack, peer.port)
        running = launch.start(one(ask(peer.port)))
        wait_until(lambda: is_on_its_way(running.pid, peer.port), "it is on its way")
        stack.enter_context(peer)
        running.expect_error(WELL)
        assert BADLY not in stop(running)


def test_who_waits_for_an_answer_rests(launch: Launcher) -> None:
    """Also after a slow connection, where it had to wait for its turn to ask."""
    peer = Peer(peers.hears_and_says_nothing, backlog=0)
    with ExitStack() as stack:
        fill(stack, peer.port)
        running = launch.start(one(http(peer.port)))
        wait_until(lambda: is_on_its_way(running.pid, peer.port), "it is on its way")
        stack.enter_context(peer)
        wait_until(lambda: peer.requests, "it has asked")
        wait_until(lambda: process(running.pid)["State"].startswith("S"), "it sleeps")
        stop(running)


def test_who_resets_a_connection_had_one(launch: Launcher) -> None:
    """However soon: the answer must not depend on who is faster. Here minipod stands still until all is over."""
    peer = Peer(peers.resets, backlog=0)
    with ExitStack() as stack:
        fill(stack, peer.port)
        running = launch.start(one(tcp(peer.port, period="1h")))
        wait_until(lambda: is_on_its_way(running.pid, peer.port), "it is on its way")
        running.send(signal.SIGSTOP)
        stack.enter_context(peer)
        wait_until(lambda: peer.asked == 2 and not peer.open, "both were in, and are out")
        running.send(signal.SIGCONT)
        running.expect_error(WELL)
        assert BADLY not in stop(running)


def test_nobody_is_found_who_is_only_ourselves(launch: Launcher) -> None:
    """Where the port that is asked is the one that the kernel gives to whoever asks, a socket gets itself."""
    wrap = alone("ipv4/ip_local_port_range=40000 40001")
    running = launch.start(one(tcp(40000)), namespaces=["-n"], wrap=wrap)
    running.expect_error(f"{BADLY}connection refused$")
    told = stop(running)
    assert not re.search(WELL, told, re.MULTILINE) and "could not be asked" not in told


# --- gRPC -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("serve", "told"),
    [
        (peers.speaks_grpc(peers.health(1)), WELL),
        (peers.speaks_grpc(peers.health(1), ping=b"are you?"), WELL),
        (peers.speaks_grpc(peers.health(0)), f"{BADLY}it is not serving$"),
        (peers.speaks_grpc(peers.health(2)), f"{BADLY}it is not serving$"),
        (peers.speaks_grpc(peers.grpc_error(12)), f"{BADLY}it is not serving$"),
        (peers.speaks_grpc(peers.grpc_error(5)), f"{BADLY}it is not serving$"),
        (peers.speaks_grpc(b""), f"{BADLY}the connection was closed$"),
        (replies(status(200)), f"{BADLY}{NONE_OF_IT}$"),
        (peers.repeats(b"", peers.frame(peers.SETTINGS, 0, 0)), f"{BADLY}{NONE_OF_IT}$"),
        (peers.repeats(peers.frame(peers.SETTINGS, 0, 0), peers.frame(99, 0, 0, b"x" * 999)), f"{BADLY}{NONE_OF_IT}$"),
        (peers.says_nothing, f"{BADLY}no answer within 0.1s$"),
    ],
    ids=[
        "serving", "after a ping", "unknown", "not serving", "unimplemented", "no such service", "no answer", "HTTP/1",
        "endless settings", "endless frames", "silence",
    ],
)  # fmt: skip
def test_only_serving_is_success(launch: Launcher, serve: Serve, told: str) -> None:
    with Peer(serve) as peer:
        running = launch.start(one(grpc(peer.port, timeout="100ms" if serve is peers.says_nothing else "20s")))
        running.expect_error(told)
        assert bool(re.search(WELL, stop(running), re.MULTILINE)) == (told == WELL)


def test_a_health_check_names_its_service(launch: Launcher) -> None:
    with Peer(peers.speaks_grpc(peers.health(1))) as peer:
        running = launch.start(one(grpc(peer.port, "orders.v1")))
        running.expect_error(WELL)
        stop(running)
        for words in (b"/grpc.health.v1.Health/Check", b"\n\x09orders.v1", f"127.0.0.1:{peer.port}".encode(), b"kube-"):
            assert words in peer.requests[0]


# --- hooks ------------------------------------------------------------------------------------------------------------


def test_any_answer_is_enough_for_a_hook(launch: Launcher) -> None:
    with Peer(replies(status(500))) as peer:
        hooks = {name: {"http_get": {"port": peer.port, "path": f"/{name}"}} for name in ("post_start", "pre_stop")}
        running = launch.start({"service.a": {"command": SLEEP, **hooks}, "service.b": {"command": sh("echo here"),
                                "restart": "never", "after": {"a": "started"}}})  # fmt: skip
        running.expect("here")
        assert paths(peer) == ["/post_start"]
        told = stop(running)
    assert paths(peer) == ["/post_start", "/pre_stop"] and "failed" not in told
    assert all(b"User-Agent: kube-lifecycle/1.36\r\n" in request for request in peer.requests)


def test_a_hook_that_nobody_answers_has_failed(launch: Launcher) -> None:
    hook = {"http_get": {"port": peers.idle_port()}}
    result = launch.run({"service.a": {"command": SLEEP, "restart": "never", "post_start": hook}})
    assert "a: post_start failed: connection refused" in result.err and result.code == 143
