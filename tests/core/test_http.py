"""HTTP as probes speak it, under sanitizers: what is asked, replies of every kind in every split, where redirects lead.

What Go's client tolerates, and Kubernetes' bounds and redirects, is what is expected.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_asker import all_cuts, cut, decode

MORE, DONE, BROKEN = 0, 1, 2
BODY, HEAD, ROOM = 10240, 65536, 64
FOLLOWED = [301, 302, 303, 307, 308]
quick = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def read(ask, *pieces, room: int = ROOM) -> tuple[int, int, bytes | None]:
    """How far it came, the status, and the Location: None when there is none, empty when it was too long."""
    progress, status, has_location, too_long, location = ask("http", room, *pieces)
    assert not (has_location == "1" and too_long == "1")
    return int(progress), int(status), decode(location) if has_location == "1" else b"" if too_long == "1" else None


def head(*headers: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *headers, "", ""]).encode("latin-1")


# --- what is asked ---


@pytest.mark.parametrize("path, host, headers, expected", [
    ("/healthz?full=1", "127.0.0.1:8080", "Accept: */*\r\nConnection: close\r\n",
     "GET /healthz?full=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: */*\r\nConnection: close\r\n\r\n"),
    ("/", "", "", "GET / HTTP/1.1\r\n\r\n"),
    ("", "a", "", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("?foo", "a", "", "GET /?foo HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("/", "www.success.com", "Accept-Encoding: \r\n",
     "GET / HTTP/1.1\r\nHost: www.success.com\r\nAccept-Encoding: \r\n\r\n"),
])
def test_request(ask, path, host, headers, expected):
    for room in range(len(expected) + 2):
        size, written = ask("ask", room, path.encode(), host.encode(), headers.encode())
        assert (int(size), decode(written).decode()) == (len(expected), expected[:room])


# --- replies ---

CHUNKED = "Transfer-Encoding: chunked"
# name: reply, whether the peer then closed, progress, status
REPLIES = {
    "no body": (head("Content-Length: 0"), False, DONE, 200),
    "a body": (head("Content-Length: 5") + b"hello", False, DONE, 200),
    "more than its length": (head("Content-Length: 2") + b"hello", False, DONE, 200),
    "half of a body": (head("Content-Length: 5") + b"he", False, MORE, 200),
    "closed within the body": (head("Content-Length: 5") + b"he", True, BROKEN, 200),
    "until it closes": (head() + b"hello", True, DONE, 200),
    "it does not close": (head() + b"hello", False, MORE, 200),
    "nothing until it closes": (head(), True, DONE, 200),
    "HTTP/1.0": (head(status="HTTP/1.0 200 OK"), True, DONE, 200),
    "HTTP/1.0 knows no chunks": (head(CHUNKED, status="HTTP/1.0 200 OK") + b"zz", True, DONE, 200),
    "no reason": (head("Content-Length: 0", status="HTTP/1.1 404"), False, DONE, 404),
    "an empty reason": (head("Content-Length: 0", status="HTTP/1.1 404 "), False, DONE, 404),
    "two blanks": (head("Content-Length: 0", status="HTTP/1.1  503 x"), False, DONE, 503),
    "bare LF": (b"HTTP/1.1 201 Created\nContent-Length: 1\n\nx", False, DONE, 201),
    "bare LF, no reason": (b"HTTP/1.1 201\nContent-Length: 1\r\n\nx", False, DONE, 201),
    "names in any case": (head("cOnTeNt-LeNgTh:1") + b"x", False, DONE, 200),
    "blanks around a value": (head("Content-Length: \t 1 \t ") + b"x", False, DONE, 200),
    "a name that begins alike": (head("Content-Length-Of: x", "Content-Lengt: y") + b"", True, DONE, 200),
    "a folded value": (head("Content-Length:", "  3", " ") + b"abc", False, DONE, 200),
    "a fold within a number": (head("Content-Length: 1", " 3") + b"abc", False, BROKEN, 200),
    "a fold of nothing": (head(" x: y"), True, BROKEN, 200),
    "a body that begins like a fold": (head("Content-Length: 2") + b" x", False, DONE, 200),
    "a blank in a name": (head("Content-Length : 3", "Content-Length: 1") + b"x", False, DONE, 200),
    "equal lengths": (head("Content-Length: 1", "Content-Length: 1") + b"x", False, DONE, 200),
    "lengths that differ": (head("Content-Length: 1", "Content-Length: 2") + b"xx", True, BROKEN, 200),
    "no length": (head("Content-Length:") + b"x", True, BROKEN, 200),
    "a negative length": (head("Content-Length: -1"), True, BROKEN, 200),
    "a list of lengths": (head("Content-Length: 1, 1") + b"x", True, BROKEN, 200),
    "a length beyond numbers": (head("Content-Length: 99999999999999999999") + b"x", True, BROKEN, 200),
    "a length that turns over": (head("Content-Length: 18446744073709551617") + b"x", True, BROKEN, 200),
    "the longest body": (head(f"Content-Length: {BODY}") + b"x" * BODY, False, DONE, 200),
    "enough of a long one": (head(f"Content-Length: {BODY + 1}") + b"x" * BODY, False, DONE, 200),
    "not enough of it": (head(f"Content-Length: {BODY + 1}") + b"x" * (BODY - 1), False, MORE, 200),
    "enough of an endless one": (head() + b"x" * BODY, False, DONE, 200),
    "a value with a control byte": (head("A: \x01"), True, BROKEN, 200),
    "a value with a NUL": (head("A: \0"), True, BROKEN, 200),
    "a value beyond ASCII": (head("A: \xfc", "Content-Length: 0"), False, DONE, 200),
    "a CR within a value": (head("A: x\ry"), True, BROKEN, 200),
    "a name of 256 bytes": (head("x" * 256 + ": y", "Content-Length: 0"), False, DONE, 200),
    "no colon": (head("Content"), True, BROKEN, 200),
    "no name": (head(": x"), True, BROKEN, 200),
    "chunks": (head(CHUNKED) + b"5\r\nhello\r\n00\r\n\r\n", False, DONE, 200),
    "chunks with extensions": (head(CHUNKED) + b"A;x=\"y\"\r\n0123456789\r\n0 ;z\r\n\r\n", False, DONE, 200),
    "chunks and trailers": (head(CHUNKED) + b"1\r\nx\r\n0\r\nLocation: /\r\n fold\r\n\r\n", False, DONE, 200),
    "trailers that mean nothing": (head(CHUNKED) + b"0\r\nContent-Length: x\r\n\r\n", False, DONE, 200),
    "chunks in capitals": (head("TRANSFER-ENCODING:  CHUNKED ") + b"0\r\n\r\n", False, DONE, 200),
    "chunks win over a length": (head(CHUNKED, "Content-Length: 9") + b"0\r\n\r\n", False, DONE, 200),
    "closed before the last chunk": (head(CHUNKED) + b"1\r\nx\r\n", True, BROKEN, 200),
    "closed within trailers": (head(CHUNKED) + b"0\r\nA: b\r\n", True, BROKEN, 200),
    "a chunk that is longer than it says": (head(CHUNKED) + b"1\r\nxy\r\n0\r\n\r\n", False, BROKEN, 200),
    "a chunk line with bare LF": (head(CHUNKED) + b"1\nx\r\n0\r\n\r\n", False, BROKEN, 200),
    "an extension with bare LF": (head(CHUNKED) + b"1;a\nx\r\n0\r\n\r\n", False, BROKEN, 200),
    "a chunk without a size": (head(CHUNKED) + b"\r\n", False, BROKEN, 200),
    "a chunk of no number": (head(CHUNKED) + b"1g\r\n", False, BROKEN, 200),
    "a blank within a size": (head(CHUNKED) + b"1 0\r\n", False, BROKEN, 200),
    "a chunk beyond numbers": (head(CHUNKED) + b"1" + b"0" * 16 + b"\r\n", False, BROKEN, 200),
    "enough of an endless chunk": (head(CHUNKED) + b"f" * 16 + b"\r\n" + b"x" * BODY, False, DONE, 200),
    "more than enough of it": (head(CHUNKED) + b"f" * 16 + b"\r\n" + b"x" * (BODY + 1), False, DONE, 200),
    "more than enough in two chunks": (
        head(CHUNKED) + b"2710\r\n" + b"x" * 10000 + b"\r\n2710\r\n" + b"x" * 10000, False, DONE, 200),
    "another encoding": (head("Transfer-Encoding: gzip"), True, BROKEN, 200),
    "two encodings": (head(CHUNKED, CHUNKED) + b"0\r\n\r\n", False, BROKEN, 200),
    "an encoding too many": (head("Transfer-Encoding: chunked x") + b"0\r\n\r\n", False, BROKEN, 200),
    "204 has no body": (head("Content-Length: 5", status="HTTP/1.1 204 No Content"), False, DONE, 204),
    "304 has no body": (head("Content-Length: 5", status="HTTP/1.1 304 Not Modified"), False, DONE, 304),
    "101 is the last word": (head(status="HTTP/1.1 101 Switching Protocols"), False, DONE, 101),
    "100 is not": (head(status="HTTP/1.1 100 Continue"), False, MORE, 0),
    "100 and gone": (head(status="HTTP/1.1 100 Continue"), True, BROKEN, 0),
    "100, 103, 200": (
        head("Content-Length: 7", status="HTTP/1.1 100 Continue") + head("Location: /no", status="HTTP/1.0 103 x")
        + head(CHUNKED) + b"0\r\n\r\n", False, DONE, 200),
    "a redirect to nowhere": (head("Content-Length: 1", status="HTTP/1.1 302 x") + b"y", False, DONE, 302),
    "a redirect to nowhere, half": (head("Content-Length: 2", status="HTTP/1.1 302 x") + b"y", False, MORE, 302),
    "an empty Location": (head("Location: ", "Location: /x", status="HTTP/1.1 302 x"), False, MORE, 302),
    "nothing": (b"", True, BROKEN, 0),
    "an empty line first": (b"\r\n" + head("Content-Length: 0"), True, BROKEN, 0),
    "HTTP/2": (b"HTTP/2.0 200 OK\r\n\r\n", True, BROKEN, 0),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", False, BROKEN, 0),
    "TLS": (b"\x15\x03\x01\x00\x02\x02\x16", False, BROKEN, 0),
    "no minor version": (b"HTTP/1.x 200 OK\r\n\r\n", True, BROKEN, 0),
    "no blank": (b"HTTP/1.1200 OK\r\n\r\n", True, BROKEN, 0),
}
BROKEN_STATUS = [b"", b"2", b"20", b"2000", b"2O0", b"-20", b"200\rX", b"200X", b"\xff00"]


@pytest.mark.parametrize("reply, closes, progress, status", REPLIES.values(), ids=REPLIES)
def test_reply(ask, reply, closes, progress, status):
    last = ["end"] * closes
    assert read(ask, reply, *last) == (progress, status, None)
    for pieces in all_cuts(reply[:600]):    # beyond that there are only bodies
        assert read(ask, *pieces, reply[600:], *last) == (progress, status, None)


@pytest.mark.parametrize("code", BROKEN_STATUS)
def test_broken_status(ask, code):
    for pieces in all_cuts(b"HTTP/1.1 " + code + b"\r\n\r\n"):
        assert read(ask, *pieces)[0] == BROKEN


@pytest.mark.parametrize("status", [0, 99, 200, 299, 399, 400, 500, 999])
def test_every_status_is_told(ask, status):
    assert read(ask, head("Content-Length: 0", status=f"HTTP/1.1 {status:03} x")) == (DONE, status, None)


@pytest.mark.parametrize("status", [*FOLLOWED, 200, 300, 304, 305, 306, 309])
def test_location(ask, status):
    """A reply that is followed is done without its body; of several Locations the first counts."""
    reply = head("A: b", "LOCATION: \t/x y ", "Location: /other", status=f"HTTP/1.1 {status} Moved")
    followed = status in FOLLOWED
    for pieces in all_cuts(reply):
        progress, told, location = read(ask, *pieces)
        assert told == status and location == (b"/x y" if followed else None)
        assert progress == (DONE if followed or status == 304 else MORE)


@pytest.mark.parametrize("size", [1, ROOM - 1, ROOM, ROOM + 1, 5000])
def test_location_of_every_size(ask, size):
    reply = head("Location: " + "/" * size, status="HTTP/1.1 301 Moved")
    for pieces in ([reply], [bytes([byte]) for byte in reply]):
        assert read(ask, *pieces) == (DONE, 301, b"/" * size if size < ROOM else b"")
    assert read(ask, reply, room=0) == (DONE, 301, b"")


@pytest.mark.parametrize("begin, line, end", [
    (head()[:-2], b"A: " + b"x" * 97, b"\r\n"),
    (b"", head(status="HTTP/1.1 100 Continue"), b""),
    (head()[:-2] + b"A: ", b"x", b""),
    (b"HTTP/1.1 200 ", b"x", b""),
    (head(CHUNKED) + b"0\r\n", b"A: b\r\n", b""),
    (head(CHUNKED) + b"1;", b"x", b""),
    (head(CHUNKED), b"1;" + b"x" * 1000 + b"\r\nx\r\n", b""),
])
def test_heads_are_bounded(ask, begin, line, end):
    line += end
    base = len(begin) if b"\r\n\r\n" not in begin else 0
    lines = (HEAD - base) // len(line)
    assert read(ask, begin + line * (lines - 4))[0] == MORE
    assert read(ask, begin + line * (lines + 4))[0] == BROKEN


def test_a_chunk_for_each_byte(ask):
    """The bound for chunk lines leaves room for the worst that is honest."""
    reply = head("A: " + "x" * 60000, CHUNKED) + b"1\r\nx\r\n" * BODY
    assert read(ask, reply) == (DONE, 200, None)


def test_what_is_over_stays_so(ask):
    good, bad = head("Content-Length: 0"), b"HTTQ"
    assert read(ask, good, bad, "end")[0] == DONE
    assert read(ask, bad, good, "end")[0] == BROKEN
    assert read(ask, b"HT", "end", b"TP/1.1 200 OK\r\n\r\n", "end")[0] == BROKEN


_headers = st.lists(st.from_regex(r"[!-9;-~]{1,20}: [ -~]{0,40}", fullmatch=True).filter(
    lambda line: line.split(":")[0].lower() not in ("location", "content-length", "transfer-encoding")), max_size=5)


@st.composite
def replies(draw) -> tuple[bytes, int, bool]:
    """A reply that is well formed, its status, and whether its end is the connection's."""
    status = draw(st.sampled_from([200, 204, 301, 404, 500]))
    body = draw(st.binary(max_size=60))
    headers = [line for line in draw(_headers) if not set(line.split(":")[0]) & set('"(),/;<=>?@[\\]{}')]
    way = draw(st.sampled_from(["length", "chunks", "close"]))
    if way == "length":
        headers.insert(draw(st.integers(0, len(headers))), f"content-length: {len(body)}")
    if way == "chunks":
        headers.insert(draw(st.integers(0, len(headers))), CHUNKED)
        at = draw(st.lists(st.integers(0, len(body)), max_size=4))
        chunks = [piece for piece in cut(body, at) if piece]
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in chunks) + b"0\r\n\r\n"
    return head(*headers, status=f"HTTP/1.1 {status} x") + (b"" if status == 204 else body), status, way == "close"


_places = st.lists(st.integers(0, 10**6), max_size=8)


def scatter(text: bytes, places: list[int]) -> list[bytes]:
    return cut(text, [place % (len(text) + 1) for place in places])


@quick
@given(reply=replies(), places=_places)
def test_replies_that_are_well_formed(ask, reply, places):
    text, status, by_close = reply
    expected = (DONE, status, None)
    open_end = by_close and status != 204
    assert read(ask, *scatter(text, places), *["end"] * open_end) == expected
    if not open_end:
        assert read(ask, text[:-1])[0] == MORE
        assert read(ask, text[:-1], "end")[0] == BROKEN


@quick
@given(reply=replies(), flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3),
       places=_places, rest=st.binary(max_size=30))
def test_garbage_is_the_same_however_it_comes(ask, reply, flips, places, rest):
    text = bytearray(reply[0] + rest)
    for place, byte in flips:
        text[place % len(text)] = byte
    text = bytes(text)
    assert read(ask, *scatter(text, places)) == read(ask, text)
    assert read(ask, *scatter(text, places), "end") == read(ask, text, "end")
    assert read(ask, text, "end")[0] != MORE


@quick
@given(text=st.binary(max_size=300))
def test_any_bytes(ask, text):
    assert read(ask, text)[0] in (MORE, BROKEN) and read(ask, text, "end")[0] == BROKEN


# --- redirects ---

ELSEWHERE, UNUSABLE = "elsewhere", "unusable"
BASE = "/a/b/c?q=1"
# Location: UNUSABLE, ELSEWHERE, or port, path and whether it is HTTPS
TARGETS = {
    "/new": (0, "/new"), "new": (0, "/a/b/new"), "new?x=/../y": (0, "/a/b/new?x=/../y"), "?x": (0, "/a/b/c?x"),
    "?": (0, "/a/b/c?"), "": (0, "/a/b/c?q=1"), "#f": (0, "/a/b/c?q=1"), "/n#f?x": (0, "/n"), "/n?a#f": (0, "/n?a"),
    ".": (0, "/a/b/"), "./": (0, "/a/b/"), "..": (0, "/a/"), "../": (0, "/a/"), "../d": (0, "/a/d"),
    "../..": (0, "/"), "../../..": (0, "/"), "../../../d": (0, "/d"), "./d/./e/../f": (0, "/a/b/d/f"),
    "d;x=1/../y": (0, "/a/b/y"), "...": (0, "/a/b/..."), ".d": (0, "/a/b/.d"), "..d": (0, "/a/b/..d"),
    "/d/./e/..": (0, "/d/"), "/../d": (0, "/d"), "/d//e": (0, "/d//e"), "/d//..": (0, "/d/"), "///d": (0, "///d"),
    "/%2e%2e/d": (0, "/%2e%2e/d"), "/a b?c d": (0, "/a%20b?c%20d"), "/\xfc": (0, "/%C3%BC"), "/a\\b": (0, "/a\\b"),
    "/x:y": (0, "/x:y"), "/@x": (0, "/@x"), "?a:b": (0, "/a/b/c?a:b"), "./x:y": (0, "/a/b/x:y"),
    "//web.local/d": (80, "/d"), "//web.local:8081": (8081, "/"), "//WEB.local:/d": (80, "/d"),
    "http://web.local": (80, "/"), "http://web.local?x": (80, "/?x"), "http://web.local#x": (80, "/"),
    "HTTP://Web.Local:65535/d/../e": (65535, "/e"), "https://web.local/d": (443, "/d", True),
    "https://web.local:8443": (8443, "/", True), "http://user:secret@web.local:1/d": (1, "/d"),
    "http://a@b@web.local/": (80, "/"),
    "http://other/": ELSEWHERE, "//other/d": ELSEWHERE, "http://web.local.evil/": ELSEWHERE, "ftp://other/": ELSEWHERE,
    "http://web.loca/": ELSEWHERE, "http://web.local@other/": ELSEWHERE, "mailto:web.local": ELSEWHERE,
    "http:/d": ELSEWHERE, "http:///d": ELSEWHERE, "http:web.local": ELSEWHERE, "//": ELSEWHERE,
    "http://[::1]/": ELSEWHERE,
    "http://other:99999/": ELSEWHERE, "javascript:alert(1)": ELSEWHERE,
    "ftp://web.local/": UNUSABLE, "http://web.local:0/": UNUSABLE, "http://web.local:65536/": UNUSABLE,
    "http://web.local:4294967297/": UNUSABLE, "http://web.local:x/": UNUSABLE, "http://other:-1/": UNUSABLE,
    "http://web.local:80:80/": UNUSABLE, "http://[::1/": UNUSABLE, "http://[::1]x/": UNUSABLE, "1:2": UNUSABLE,
    ":x": UNUSABLE, "a b:c": UNUSABLE, "/%zz": UNUSABLE, "/%2": UNUSABLE, "/%": UNUSABLE, "/\x01": UNUSABLE,
    "/\x7f": UNUSABLE, "/a\tb": UNUSABLE, "/a\r\nHost: x": UNUSABLE, "/" + "x" * 199: UNUSABLE,
    "/" + " " * 67: UNUSABLE, "/" + " " * 66: (0, "/" + "%20" * 66), "/" + "x" * 198: (0, "/" + "x" * 198),
}


def follow(ask, location: str, path: str = BASE, host: str = "web.local", room: int = 200) -> object:
    result, same_host, is_https, port, target = ask("redirect", room, location.encode(), path.encode(), host.encode())
    if result == "0":
        return UNUSABLE
    return (int(port), decode(target).decode(), *[True] * int(is_https)) if same_host == "1" else ELSEWHERE


@pytest.mark.parametrize("location, target", TARGETS.items())
def test_redirect(ask, location, target):
    assert follow(ask, location) == target


@pytest.mark.parametrize("path, location, target", [
    ("/", "d", "/d"), ("", "d", "/d"), ("?x", "d", "/d"), ("?x", "#", "/?x"), ("/a?x/y", "d", "/d"),
    ("/a/?x", "d", "/a/d"), ("/a/../b/c", "d", "/b/d"), ("/a#b/c", "d", "/d"), ("/a/b/", "..", "/a/"), ("/..", "", "/"),
])
def test_redirect_from(ask, path, location, target):
    assert follow(ask, location, path) == (0, target)


@pytest.mark.parametrize("host, location, target", [
    ("::1", "http://[::1]:8080/d", (8080, "/d")), ("[::1]", "http://[::1]/d", (80, "/d")),
    ("[FE80::A]", "http://[fe80::a]/d", (80, "/d")), ("127.0.0.1", "http://127.0.0.1:81/fail", (81, "/fail")),
    ("127.0.0.1", "http://0.0.0.0/", ELSEWHERE), ("::1", "http://[::2]/", ELSEWHERE), ("", "http:///d", ELSEWHERE),
    ("[", "http://[]/", ELSEWHERE),
])
def test_redirect_of_host(ask, host, location, target):
    assert follow(ask, location, host=host) == target


_urls = st.text("/.:?#[]@%2ea \x01\xfc-+httpsHw", max_size=40).map(lambda text: text.replace("\0", ""))


@quick
@given(location=_urls, path=_urls, room=st.integers(0, 60))
def test_redirects_are_fit_for_a_request(ask, location, path, room):
    target = follow(ask, location, path, "w", room)
    if isinstance(target, tuple):
        assert target[1].startswith("/") and len(target[1]) < room
        assert all("!" <= byte <= "~" for byte in target[1])
        assert not {".", ".."} & set(target[1].split("?")[0].split("/"))
