"""Any reply to the health check over HTTP/2, well formed or garbage, in any pieces, under sanitizers."""

from frames import (
    ACK,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    KEPT,
    NEVER,
    PADDED,
    PING,
    PLAIN,
    PRIORITY,
    SETTINGS,
    WINDOW,
    Frame,
    literal,
    message,
    status_of,
)
from health import NOT_SERVING, SERVING, SETTLED, data, join, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_asker import cut

quick = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
_others = st.sampled_from([
    Frame(WINDOW, b"\0\0\0\1"), Frame(WINDOW, b"\0\1\0\0", stream=1), Frame(PRIORITY, b"54321", stream=5),
    Frame(0x20, b"new", 9, 1), Frame(PING, b"someping", ACK), Frame(PING, b"someping"), Frame(SETTINGS, flags=ACK),
    Frame(GOAWAY, b"\0\0\0\1\0\0\0\0")])
_letters = st.text("acdgiostux-12/ .", min_size=1, max_size=20)


@st.composite
def blocks(draw, name: str, value: str) -> bytes:
    """A header block in which one header says what is meant, between any others."""
    def one(name: str, value: str) -> bytes:
        return literal(name, value, draw(st.sampled_from([PLAIN, NEVER, KEPT])), draw(st.booleans()))
    others = [one("x-" + draw(_letters), draw(_letters)) for _ in range(draw(st.integers(0, 3)))]
    return b"".join(draw(st.permutations([one(name, value), *others])))


@st.composite
def header_frames(draw, block: bytes, flags: int = 0) -> list[Frame]:
    """The block in one frame or more, perhaps padded."""
    pieces = cut(block, draw(st.lists(st.integers(0, len(block)), max_size=3)))
    pad = draw(st.none() | st.integers(0, 30))
    if pad is not None:
        pieces[0], flags = bytes([pad]) + pieces[0] + bytes(pad), flags | PADDED
    frames = [Frame(HEADERS, pieces[0], flags, 1), *[Frame(CONTINUATION, piece, 0, 1) for piece in pieces[1:]]]
    last = frames.pop()
    return [*frames, Frame(last.kind, last.payload, last.flags | END_HEADERS, 1)]


@st.composite
def replies(draw) -> tuple[bytes, int]:
    """A reply that is well formed, and what it says."""
    status, code, health = draw(st.sampled_from([("200", "0", 1), ("200", "0", 2), ("200", "5", 1), ("503", "0", 1)]))
    text = message(status_of(health))
    parts = cut(text, draw(st.lists(st.integers(0, len(text)), max_size=3)))
    groups = [[SETTLED], draw(header_frames(draw(blocks(":status", status)))), *[[data(part)] for part in parts],
              draw(header_frames(draw(blocks("grpc-status", code)), END_STREAM))]
    frames = [frame for group in groups for frame in [*group, *draw(st.lists(_others, max_size=2))]]
    return join(*frames), SERVING if (status, code, health) == ("200", "0", 1) else NOT_SERVING


_places = st.lists(st.integers(0, 10**6), max_size=8)


def scatter(text: bytes, places: list[int]) -> list[bytes]:
    return cut(text, [place % (len(text) + 1) for place in places])


@quick
@given(reply=replies(), places=_places)
def test_replies_that_are_well_formed(ask, reply, places):
    text, expected = reply
    assert read(ask, *scatter(text, places))[0] == expected


@quick
@given(reply=replies(), flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3),
       places=_places)
def test_garbage_is_the_same_however_it_comes(ask, reply, flips, places):
    text = bytearray(reply[0])
    for place, byte in flips:
        text[place % len(text)] = byte
    assert read(ask, *scatter(bytes(text), places)) == read(ask, bytes(text))
