"""What the control server takes from outside, under sanitizers: requests of every kind in every split, paths, queries,
and times; and where its socket is.

RFC 9112 is what is expected, in its strictest reading; RFC 3339 for times.
"""

from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_asker import Asker, all_cuts, cut, decode

MORE, DONE, BROKEN = 0, 1, 2
GET, HEAD, POST, OTHER = range(4)
HOST = "Host: m"
SOURCES = ("moment", "place", "request", "say")
quick = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


class RequestAsker(Asker):
    """requests.c in place of protocols.c."""

    def __init__(self, build, root: Path) -> None:
        core = [str(root / "csrc" / f"{name}.c") for name in SOURCES]
        self._program = build("requests", [str(Path(__file__).with_name("requests.c")), *core])
        self._begin()


@pytest.fixture(scope="module")
def ask(build, root):
    asker = RequestAsker(build, root)
    yield asker
    asker.close()


def read(ask, *pieces) -> tuple[int, int]:
    """How far it came, and with which status it is refused."""
    progress, status, *_ = ask("request", *pieces)
    return int(progress), int(status)


def understood(ask, *pieces) -> tuple[int, int, int, bytes]:
    """Method, minor version, whether text is wanted, target."""
    progress, _, method, minor, text, target = ask("request", *pieces)
    assert int(progress) == DONE
    return int(method), int(minor), int(text), decode(target)


def head(*headers: str, line: str = "GET /v1/pod HTTP/1.1") -> bytes:
    return "\r\n".join([line, *headers, "", ""]).encode("latin-1")


# --- requests ---

LONG = "x" * 5000
# name: request, progress, status
REQUESTS = {
    "a request": (head(HOST), DONE, 0),
    "names in any case": (head("hOsT: m"), DONE, 0),
    "HTTP/1.0 needs no host": (head(line="GET / HTTP/1.0"), DONE, 0),
    "a later HTTP/1": (head(HOST, line="GET / HTTP/1.9"), DONE, 0),
    "no host": (head(), BROKEN, 400),
    "two hosts": (head(HOST, HOST), BROKEN, 400),
    "half of a line": (b"GET /v1", MORE, 0),
    "half of a head": (b"GET / HTTP/1.1\r\nHost: m\r\n", MORE, 0),
    "no blank before the version": (head(HOST, line="GET /HTTP/1.1"), BROKEN, 400),
    "HTTP/0.9": (b"GET /\r\n", BROKEN, 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BROKEN, 400),
    "another HTTP": (head(HOST, line="GET / HTTP/2.0"), BROKEN, 400),
    "a version of two digits": (head(HOST, line="GET / HTTP/1.10"), BROKEN, 400),
    "a blank too many": (head(HOST, line="GET  / HTTP/1.1"), BROKEN, 400),
    "a blank at the end": (head(HOST, line="GET / HTTP/1.1 "), BROKEN, 400),
    "an empty line first": (b"\r\n" + head(HOST), BROKEN, 400),
    "no method": (head(HOST, line=" / HTTP/1.1"), BROKEN, 400),
    "a body that waits to be asked for": (head(HOST, "Expect: 100-continue", "Content-Length: 9"), DONE, 0),
    "whoever expects of HTTP/1.0": (head("Expect: 100-continue", "Content-Length: 9", line="POST / HTTP/1.0"), MORE, 0),
    "an unknown method": (head(HOST, line="BREW / HTTP/1.1"), DONE, 0),
    "a long method": (head(HOST, line="G" * 33 + " / HTTP/1.1"), BROKEN, 400),
    "a whole address": (head(HOST, line="GET http://m/v1/pod HTTP/1.1"), BROKEN, 400),
    "a fragment": (head(HOST, line="GET /v1#pod HTTP/1.1"), BROKEN, 400),
    "a target beyond ASCII": (head(HOST, line="GET /\xe9 HTTP/1.1"), BROKEN, 400),
    "a NUL in the target": (head(HOST, line="GET /\0 HTTP/1.1"), BROKEN, 400),
    "the longest target": (head(HOST, line="GET /" + "x" * 1022 + " HTTP/1.1"), DONE, 0),
    "a target that is too long": (head(HOST, line="GET /" + "x" * 1023 + " HTTP/1.1"), BROKEN, 414),
    "bare LF after the line": (b"GET / HTTP/1.0\nHost: m\r\n\r\n", BROKEN, 400),
    "bare LF after a header": (b"GET / HTTP/1.1\r\nHost: m\n\r\n", BROKEN, 400),
    "bare LF at the end": (b"GET / HTTP/1.1\r\nHost: m\r\n\n", BROKEN, 400),
    "bare CR in a value": (b"GET / HTTP/1.1\r\nHost: m\rx\r\n\r\n", BROKEN, 400),
    "a NUL in a value": (head(HOST, "x: \0"), BROKEN, 400),
    "a value beyond ASCII": (head(HOST, "x: \xff"), DONE, 0),
    "a folded value": (head(HOST, "x: a", " b"), BROKEN, 400),
    "a blank before the colon": (head("Host : m"), BROKEN, 400),
    "a header without a colon": (head(HOST, "x"), BROKEN, 400),
    "a header without a name": (head(HOST, ": x"), BROKEN, 400),
    "a head that is too long": (head(HOST, f"x: {LONG}"), BROKEN, 431),
    "many headers": (head(HOST, *["a: b"] * 1000), BROKEN, 431),
    "an empty body": (head(HOST, "Content-Length: 0", line="POST / HTTP/1.1"), DONE, 0),
    "a body": (head(HOST, "Content-Length: 2") + b"ab", DONE, 0),
    "half of a body": (head(HOST, "Content-Length: 3") + b"ab", MORE, 0),
    "the longest body": (head(HOST, "Content-Length: 4096") + b"x" * 4096, DONE, 0),
    "a body that is too long": (head(HOST, "Content-Length: 4097"), BROKEN, 413),
    "a length beyond all numbers": (head(HOST, "Content-Length: " + "9" * 40), BROKEN, 413),
    "a negative length": (head(HOST, "Content-Length: -1"), BROKEN, 400),
    "a signed length": (head(HOST, "Content-Length: +1"), BROKEN, 400),
    "a length in words": (head(HOST, "Content-Length: two"), BROKEN, 400),
    "two lengths in one": (head(HOST, "Content-Length: 2 3"), BROKEN, 400),
    "a list of lengths": (head(HOST, "Content-Length: 2, 2"), BROKEN, 400),
    "no length": (head(HOST, "Content-Length:"), BROKEN, 400),
    "two lengths": (head(HOST, "Content-Length: 2", "Content-Length: 2") + b"ab", BROKEN, 400),
    "chunks": (head(HOST, "Transfer-Encoding: chunked"), BROKEN, 400),
    "chunks and a length": (head(HOST, "Content-Length: 2", "Transfer-Encoding: chunked"), BROKEN, 400),
    "what follows is nobody's": (head(HOST) + b"\0garbage", DONE, 0),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", BROKEN, 400),
    "garbage": (bytes(range(256)), BROKEN, 400),
    "nothing": (b"", MORE, 0),
}  # fmt: skip


@pytest.mark.parametrize("request_, progress, status", REQUESTS.values(), ids=REQUESTS)
def test_a_request_in_every_split(ask, request_, progress, status):
    some = [[request_], cut(request_, [1, 17, 64, 1030, 1040, 4095, 4096])]
    for pieces in all_cuts(request_) if len(request_) < 200 else some:
        assert read(ask, *pieces) == (progress, status), pieces


@pytest.mark.parametrize("request_, progress, status", REQUESTS.values(), ids=REQUESTS)
def test_a_request_whose_sender_closes(ask, request_, progress, status):
    assert read(ask, request_, "end") == ((BROKEN, 400) if progress == MORE else (progress, status))


def test_what_is_understood(ask):
    assert understood(ask, head(HOST)) == (GET, 1, 0, b"/v1/pod")
    assert understood(ask, head(line="HEAD /?a=b HTTP/1.0")) == (HEAD, 0, 0, b"/?a=b")
    assert understood(ask, head(HOST, line="POST /x HTTP/1.1"))[0] == POST
    assert understood(ask, head(HOST, line="get /x HTTP/1.1"))[0] == OTHER


@pytest.mark.parametrize("accept, is_text", [
    ("*/*", False), ("text/plain", True), ("TEXT/Plain", True), ("text/*", True), ("text/html", False),
    ("application/json", False), ("application/json, text/plain", False), ("text/plain, application/json", True),
    ("text/html, text/plain;q=0.5", True), ("text/plain ;q=1", True), ("application/x-ndjson,text/plain", False),
    ("text/plainx", False), ("", False), (f"{LONG[:100]}, text/plain", True),
])  # fmt: skip
def test_accept(ask, accept, is_text):
    for pieces in all_cuts(head(HOST, f"Accept: {accept}")):
        assert understood(ask, *pieces)[2] == is_text


def test_the_first_accept_decides(ask):
    assert understood(ask, head(HOST, "Accept: text/plain", "Accept: application/json"))[2] == 1
    assert understood(ask, head(HOST, "Accept: text/html", "Accept: text/plain"))[2] == 1


fragments = st.sampled_from([
    b"GET ", b"POST ", b"/v1/pod", b" HTTP/1.1", b"\r\n", b"\r", b"\n", b"Host: m", b"Content-Length: 3", b"Accept: ",
    b"text/plain", b":", b" ", b"abc", b"\0", b"\xff", b"Transfer-Encoding: x", b"%41", b"?",
])  # fmt: skip
requests = st.one_of(st.binary(max_size=300), st.lists(fragments, max_size=30).map(b"".join))


@quick
@given(text=requests, data=st.data())
def test_however_it_is_split_it_is_the_same(ask, text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    assert ask("request", *cut(text, cuts)) == ask("request", text)
    assert ask("request", *cut(text, cuts), "end") == ask("request", text, "end")


# --- targets ---


@pytest.mark.parametrize("target, parts", [
    ("/", ["", ""]), ("/v1/units/web", ["v1", "units", "web", ""]), ("/a?b/c", ["a", "b/c"]), ("/a?", ["a", ""]),
    ("/a/", ["a", "", ""]), ("//", ["", "", ""]), ("/%77eb", ["web", ""]), ("/a+b", ["a+b", ""]), ("/%2F", ["/", ""]),
    ("/%", ["!", ""]), ("/%4", ["!", ""]), ("/%zz", ["!", ""]), ("/%00", ["!", ""]), ("/" + "x" * 64, ["!", ""]),
    ("/" + "%41" * 63, ["A" * 63, ""]), ("/a?b?c", ["a", "b?c"]),
])  # fmt: skip
def test_segments(ask, target, parts):
    told = [word if word == "!" else decode(word).decode() for word in ask("segments", target.encode())]
    assert told == parts


@pytest.mark.parametrize("query, told", [
    ("", []), ("a=b", ["a", "b"]), ("a=b&c=d", ["a", "b", "c", "d"]), ("a", ["a", ""]), ("a=", ["a", ""]),
    ("a=b=c", ["a", "b=c"]), ("a&b", ["a", "", "b", ""]), ("a=%41%6a", ["a", "Aj"]), ("a=b+c", ["a", "b+c"]),
    ("a=%", ["!"]), ("a=b&c=%0", ["a", "b", "!"]), ("a=%00", ["!"]), ("&a=b", ["", "", "a", "b"]),
    ("a=b&", ["a", "b"]),
    ("x" * 15 + "=", ["x" * 15, ""]), ("x" * 16, ["!"]),
    ("a=" + "x" * 127, ["a", "x" * 127]), ("a=" + "x" * 128, ["!"]),
    ("since=2026-01-31T23%3A59%3A59%2B01:00", ["since", "2026-01-31T23:59:59+01:00"]),
])  # fmt: skip
def test_query(ask, query, told):
    assert [word if word == "!" else decode(word).decode() for word in ask("query", query.encode())] == told


@quick
@given(st.binary(max_size=200).filter(lambda text: b"\0" not in text))
def test_any_target_and_query_is_taken_apart(ask, text):
    ask("segments", b"/" + text)
    ask("query", text)


# --- times ---


def moment(ask, text: str) -> int | None:
    result, ns = ask("moment", text.encode())
    return int(ns) if result == "1" else None


@given(st.datetimes(datetime(1970, 1, 1), datetime(2499, 12, 31)), st.integers(-1439, 1439))
@quick
def test_a_moment_is_that_of_the_calendar(ask, when, offset):
    east = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    whole = int(when.replace(microsecond=0, tzinfo=timezone.utc).timestamp()) - offset * 60
    expected = max(whole, 0) * 10**9 + when.microsecond * 1000 if whole >= 0 else 0
    assert moment(ask, when.strftime("%Y-%m-%dT%H:%M:%S.%f") + east) == expected


@pytest.mark.parametrize("text, ns", [
    ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:01.5Z", 1_500_000_000),
    ("2024-02-29T12:00:00z", 1709208000 * 10**9),
    ("1970-01-01t00:00:00.0000000019Z", 1), ("1969-12-31T23:59:59Z", 0), ("2026-01-31 00:00:00Z", 1769817600 * 10**9),
])  # fmt: skip
def test_moments(ask, text, ns):
    assert moment(ask, text) == ns


@pytest.mark.parametrize("text", [
    "", "now", "10m", "2026-01-31", "2026-01-31T23:59:59", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
    "2026-01-32T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T23:60:00Z", "2026-01-31T23:59:59.Z",
    "2026-1-31T00:00:00Z", "2026-01-31T23:59:59Zx", "2026-01-31T23:59:59+1:00",
    "2026-01-31T23:59:59+24:00", "2026-01-31T23:59:59+01:60", "9999-01-01T00:00:00Z",
])  # fmt: skip
def test_no_moments(ask, text):
    assert moment(ask, text) is None


# --- places ---


def place(ask, *words) -> str | None:
    size, *text = ask(*words)
    return decode(text[0]).decode() if size != "0" else None


@pytest.mark.parametrize("text, is_one", [
    ("/run/a.sock", True), ("a", True), ("@a", True), ("", False), ("@", False), ("/" + "x" * 106, True),
    ("/" + "x" * 107, False), ("@" + "x" * 107, True), ("@" + "x" * 108, False),
])  # fmt: skip
def test_a_place_is_what_it_is_called(ask, text, is_one):
    assert place(ask, "place", text.encode()) == (text if is_one else None)


def test_an_abstract_name_has_no_end_and_a_path_has(ask):
    family = 2
    assert [int(ask("place", text)[0]) for text in (b"/abc", b"@abc")] == [family + 5, family + 4]


def test_ranks(ask):
    told = [place(ask, "ranked", rank, b"shop", 7, 4026531836) for rank in range(7)]
    assert told[:2] == ["/run/minipod/shop.sock", "/run/minipod/shop-7.sock"]
    assert told[4:] == ["@minipod/4026531836/shop", "@minipod/4026531836/shop-7", None]


@pytest.mark.parametrize("rank", [0, 1, 4, 5])
def test_a_long_name_gives_way(ask, rank):
    """Of 253 bytes as many as an address has room for; what tells two apart stays."""
    told = place(ask, "ranked", rank, b"x" * 253, 2147483647, 2**64 - 1)
    assert len(told) == 107 and told.count("x") > 50
    assert told.endswith(["x.sock", "x-2147483647.sock", "", "", "xx", "x-2147483647"][rank])
