"""Replies to the health check over HTTP/2, under sanitizers: what a peer may answer and in how many pieces, and what is
answered to that.

Expected is what RFC 9113, RFC 7541 and gRPC's protocol say; only SERVING is well, as Kubernetes has it.
"""

import pytest
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
    PRIORITIZED,
    PRIORITY,
    PUSH,
    RESET,
    SETTINGS,
    WINDOW,
    Frame,
    huffman,
    indexed,
    literal,
    message,
    status_of,
)
from health import (
    ANSWER_ROOM,
    ANSWERS,
    BADLY,
    BROKEN,
    FRAME,
    HEAD,
    MORE,
    NOT_SERVING,
    OK,
    SERVING,
    SETTLED,
    TAIL,
    WELL,
    YES,
    data,
    headers,
    join,
    read,
    trailers,
)
from protocol_asker import all_cuts, cut

REPLY = 262144


def with_message(payload: bytes, compressed: int = 0) -> bytes:
    return join(HEAD, data(message(payload, compressed)), TAIL)


def with_trailers(block: bytes) -> bytes:
    return join(HEAD, YES, trailers(block))


def with_head(block: bytes) -> bytes:
    return join(SETTLED, headers(block), YES, TAIL)


def amid(*frames: Frame) -> bytes:
    """A good reply with other frames at every place."""
    return join(SETTLED, *frames, headers(OK), *frames, YES, *frames, TAIL)


REPLIES = {
    "serving": (join(HEAD, YES, TAIL), SERVING),
    "not serving": (with_message(status_of(2)), NOT_SERVING),
    "unknown": (with_message(status_of(0)), NOT_SERVING),
    "no such service": (with_message(status_of(3)), NOT_SERVING),
    "status left out": (with_message(b""), NOT_SERVING),
    "a status beyond": (with_message(status_of(2**32 + 2)), NOT_SERVING),
    "high bits of a status go": (with_message(status_of(2**32 + 1)), SERVING),
    "ten bytes of a status": (with_message(b"\x08\x81" + b"\x80" * 8 + b"\0"), SERVING),
    "eleven bytes of a status": (with_message(b"\x08\x81" + b"\x80" * 9 + b"\0"), BROKEN),
    "the last status counts": (with_message(status_of(2) + status_of(1)), SERVING),
    "the last status counts, badly": (with_message(status_of(1) + status_of(2)), NOT_SERVING),
    "fields that nobody knows": (
        with_message(b"\x10\x05\x1a\x03abc\x1a\0\x21" + b"8" * 8 + b"\x2d" + b"4" * 4 + status_of(1) + b"\x1a\x01x"),
        SERVING),
    "a status of another kind": (with_message(b"\x0a\x01\x01"), NOT_SERVING),
    "field 0": (with_message(b"\x00\x01" + status_of(1)), BROKEN),
    "a group": (with_message(b"\x13\x14" + status_of(1)), BROKEN),
    "a text longer than the message": (with_message(b"\x1a\x05abc"), BROKEN),
    "a text longer by 256": (with_message(b"\x1a\x83\x02abc" + status_of(1)), BROKEN),
    "a number longer than the message": (with_message(b"\x08\x81"), BROKEN),
    "a number without a value": (with_message(b"\x08"), BROKEN),
    "a compressed message": (with_message(status_of(1), compressed=1), BROKEN),
    "a message too long": (join(HEAD, data(b"\0\0\0\0\x41")), BROKEN),
    "a message as long as may be": (with_message(b"\x1a\x3c" + b"x" * 60 + status_of(1)), SERVING),
    "two messages": (join(HEAD, YES, YES, TAIL), BROKEN),
    "half a message": (join(HEAD, data(message(status_of(1))[:-1]), TAIL), BROKEN),
    "no message": (join(HEAD, TAIL), NOT_SERVING),
    "a message in pieces": (
        join(HEAD, *[data(bytes([byte])) for byte in message(status_of(1))], data(b""), TAIL), SERVING),
    "data that ends the stream": (join(HEAD, data(message(status_of(1)), END_STREAM)), NOT_SERVING),
    "half data that ends the stream": (join(HEAD, data(b"\0\0", END_STREAM)), BROKEN),
    "an error": (with_trailers(BADLY), NOT_SERVING),
    "no grpc-status": (with_trailers(literal("grpc-message", "0")), NOT_SERVING),
    "an empty grpc-status": (with_trailers(literal("grpc-status", "")), NOT_SERVING),
    "two digits": (with_trailers(literal("grpc-status", "00")), NOT_SERVING),
    "a NUL after it": (with_trailers(literal("grpc-status", "0\0")), NOT_SERVING),
    "a NUL after the name": (with_trailers(literal("grpc-status\0", "0")), NOT_SERVING),
    "a longer name": (with_trailers(literal("grpc-status-details-bin", "0")), NOT_SERVING),
    "a shorter name": (with_trailers(literal("grpc-statu", "0")), NOT_SERVING),
    "no trailers": (join(HEAD, YES), MORE),
    "empty trailers": (with_trailers(b""), NOT_SERVING),
    "grpc-status in the head alone": (
        join(SETTLED, headers(OK + WELL), YES, trailers(literal("x", "y"))), NOT_SERVING),
    "trailers only, well": (join(SETTLED, headers(OK + WELL, END_STREAM)), NOT_SERVING),
    "trailers only, unimplemented": (join(SETTLED, headers(OK + BADLY, END_STREAM)), NOT_SERVING),
    "404": (with_head(indexed(13)), NOT_SERVING),
    "a status of none": (with_head(literal("a", "b")), NOT_SERVING),
    "a status that is written": (with_head(literal(8, "200")), SERVING),
    "a status that is written with another's number": (with_head(literal(14, "200", NEVER)), SERVING),
    "a status that is written with its name": (with_head(literal(":status", "200", KEPT)), SERVING),
    "all in Huffman's code": (
        join(SETTLED, headers(literal(":status", "200", PLAIN, True) + literal("server", "x", KEPT, True)), YES,
             trailers(literal("grpc-status", "0", KEPT, True))), SERVING),
    "302 in Huffman's code": (with_head(literal(8, "302", PLAIN, True)), NOT_SERVING),
    "7 in Huffman's code": (with_trailers(literal("grpc-status", "7", PLAIN, True)), NOT_SERVING),
    "a word in Huffman's code, unmarked": (
        with_trailers(b"\0\x08" + huffman("grpc-status") + b"\x01" + huffman("0")), NOT_SERVING),
    "a word that is marked as coded": (with_trailers(b"\0\x8bgrpc-status\x810"), NOT_SERVING),
    "headers of the dynamic table": (with_head(b"\x3f\xe1\x1f" + indexed(62) + OK + literal(70, "x")), SERVING),
    "grpc-status said twice": (with_trailers(BADLY + WELL), SERVING),
    "a long header": (with_trailers(literal("x", "y" * 10000) + WELL), SERVING),
    "header 0": (with_head(b"\x80" + OK), BROKEN),
    "an integer without end": (with_head(b"\xff\xff\xff\xff\xff\xff\x01"), BROKEN),
    "a block that ends within a number": (with_head(OK + b"\xff"), BROKEN),
    "a block that ends within a name": (with_head(OK + b"\0\x05ab"), BROKEN),
    "a block that ends before a value": (with_head(OK + b"\0\x01a"), BROKEN),
    "continued": (
        join(SETTLED, Frame(HEADERS, b"\x88\0\x01", 0, 1), Frame(CONTINUATION, b"", 0, 1),
             Frame(CONTINUATION, b"a\x01b", END_HEADERS, 1), YES, Frame(HEADERS, WELL[:5], END_STREAM, 1),
             Frame(CONTINUATION, WELL[5:], END_HEADERS, 1)), SERVING),
    "continued by another frame": (
        join(SETTLED, Frame(HEADERS, b"\x88", 0, 1), Frame(PING, bytes(8)), Frame(CONTINUATION, b"", 4, 1)), BROKEN),
    "continued by other headers": (join(SETTLED, Frame(HEADERS, b"\x88", 0, 1), TAIL), BROKEN),
    "continued on another stream": (
        join(SETTLED, Frame(HEADERS, b"\x88", 0, 1), Frame(CONTINUATION, b"", 4, 3)), BROKEN),
    "continued out of nothing": (join(HEAD, Frame(CONTINUATION, b"", END_HEADERS, 1)), BROKEN),
    "padded": (
        join(SETTLED, headers(b"\x04" + OK + bytes(4), PADDED), data(b"\0" + message(status_of(1)), PADDED),
             data(b"\x05" + b"pads!", PADDED), headers(b"\x01" + WELL + b"x", PADDED | END_STREAM)), SERVING),
    "padded and with a priority": (
        join(SETTLED, headers(b"\x02" + b"12345" + OK + b"xx", PADDED | PRIORITIZED), YES, TAIL), SERVING),
    "with a priority": (join(SETTLED, headers(b"12345" + OK, PRIORITIZED), YES, TAIL), SERVING),
    "half a priority": (join(SETTLED, headers(b"1234", PRIORITIZED)), BROKEN),
    "padded without room for it": (join(SETTLED, headers(b"", PADDED)), BROKEN),
    "more padding than there is": (join(HEAD, data(b"\x03xx", PADDED)), BROKEN),
    "more padding than the priority leaves": (
        join(SETTLED, headers(b"\x02" + b"12345" + b"x", PADDED | PRIORITIZED)), BROKEN),
    "nothing but padding": (join(HEAD, data(b"\x02xx", PADDED), YES, TAIL), SERVING),
    "windows": (amid(Frame(WINDOW, b"\0\0\1\0"), Frame(WINDOW, b"\0\0\1\0", stream=1)), SERVING),
    "priorities": (amid(Frame(PRIORITY, b"12345", stream=3)), SERVING),
    "frames of kinds unknown": (amid(Frame(0xfa, b"whatever", 0xff, 7), Frame(16)), SERVING),
    "settings again": (amid(Frame(SETTINGS, b"\0\4\0\0\0\0" * 3)), SERVING),
    "settings that are answered": (amid(Frame(SETTINGS, flags=ACK)), SERVING),
    "pings": (amid(Frame(PING, b"12345678"), Frame(PING, b"87654321", ACK)), SERVING),
    "it goes, but answers": (amid(Frame(GOAWAY, b"\0\0\0\1\0\0\0\0why not")), SERVING),
    "it goes, and answers all": (amid(Frame(GOAWAY, b"\x7f\xff\xff\xff\0\0\0\0")), SERVING),
    "it goes, and has not seen us": (join(SETTLED, Frame(GOAWAY, bytes(8))), NOT_SERVING),
    "it goes for an error": (join(SETTLED, Frame(GOAWAY, b"\0\0\0\1\0\0\0\x0b")), NOT_SERVING),
    "the stream is reset": (join(HEAD, Frame(RESET, b"\0\0\0\2", stream=1)), NOT_SERVING),
    "reset after the answer": (join(HEAD, YES, TAIL, Frame(RESET, b"\0\0\0\0", stream=1)), SERVING),
    "headers before settings": (join(headers(OK)), BROKEN),
    "an answer before settings": (join(Frame(SETTINGS, flags=ACK)), BROKEN),
    "a ping before settings": (join(Frame(PING, bytes(8))), BROKEN),
    "data before headers": (join(SETTLED, YES), BROKEN),
    "headers twice": (join(HEAD, headers(OK)), BROKEN),
    "data of another stream": (join(HEAD, data(b"", stream=3)), BROKEN),
    "headers of another stream": (join(SETTLED, headers(OK, stream=3)), BROKEN),
    "headers of no stream": (join(SETTLED, headers(OK, stream=0)), BROKEN),
    "the reserved bit means nothing": (
        join(SETTLED, headers(OK, stream=2**31 + 1), data(message(status_of(1)), stream=2**31 + 1), TAIL), SERVING),
    "a push": (join(HEAD, Frame(PUSH, bytes(5), END_HEADERS, 1)), BROKEN),
    "a frame too long": (join(HEAD) + b"\0\x40\x01\xfa\0\0\0\0\0", BROKEN),
    "a frame as long as may be": (join(HEAD, Frame(0xfa, bytes(FRAME)), YES, TAIL), SERVING),
    "HTTP/1.1": (b"HTTP/1.1 400 Bad Request\r\n\r\n", BROKEN),
    "TLS": (b"\x15\x03\x03\0\x02\x02\x50", MORE),
    "nothing": (b"", MORE),
}
# The kind of a frame, and a size that it may not have, or a stream.
MISFITS = [
    (PRIORITY, 4, 1), (PRIORITY, 6, 1), (RESET, 3, 1), (RESET, 5, 1), (RESET, 4, 0), (RESET, 4, 3), (SETTINGS, 5, 0),
    (SETTINGS, 7, 0), (SETTINGS, 6, 1), (PING, 7, 0), (PING, 9, 0), (PING, 8, 1), (GOAWAY, 7, 0), (GOAWAY, 8, 1),
    (WINDOW, 3, 0), (WINDOW, 5, 1),
]


@pytest.mark.parametrize("reply, progress", REPLIES.values(), ids=REPLIES)
def test_reply(ask, reply, progress):
    whole = read(ask, reply)
    assert whole[0] == progress
    if len(reply) > 1000:
        assert read(ask, *cut(reply, list(range(1, len(reply), 97)))) == whole
        return
    for pieces in all_cuts(reply):
        assert read(ask, *pieces) == whole


@pytest.mark.parametrize("kind, size, stream", MISFITS)
def test_frames_that_do_not_fit(ask, kind, size, stream):
    assert read(ask, join(HEAD, Frame(kind, bytes(size), 0, stream)))[0] == BROKEN


def test_an_answer_of_settings_is_empty(ask):
    assert read(ask, join(HEAD, Frame(SETTINGS, bytes(6), ACK)))[0] == BROKEN


# --- what is answered ---


def test_answers(ask):
    text = join(SETTLED, Frame(PING, b"12345678"), Frame(PING, b"no reply", ACK), Frame(SETTINGS, flags=ACK),
                Frame(WINDOW, bytes(4)), Frame(SETTINGS, bytes(6)), Frame(PING, b"abcdefgh"))
    expected = join(Frame(SETTINGS, flags=ACK), Frame(PING, b"12345678", ACK), Frame(SETTINGS, flags=ACK),
                    Frame(PING, b"abcdefgh", ACK))
    for pieces in all_cuts(text):
        assert read(ask, *pieces) == (MORE, expected)


def test_answers_are_bounded(ask):
    """The room that the header asks for is enough for all that is ever answered, and there is an end to it."""
    pings = [Frame(PING, bytes([number]) * 8) for number in range(ANSWERS)]
    progress, answers = read(ask, join(SETTLED, *pings[:-1]))
    assert progress == MORE and len(answers) <= ANSWER_ROOM
    assert read(ask, join(SETTLED, *pings))[0] == BROKEN
    assert read(ask, *map(bytes, [SETTLED, *pings]))[0] == BROKEN


@pytest.mark.parametrize("room", range(27))
def test_answers_in_less_room(ask, room):
    """9 bytes for the settings, 17 for the ping, each in its turn or together."""
    text = join(SETTLED, Frame(PING, bytes(8)))
    assert (read(ask, text, room=room)[0] == MORE) == (room >= 26)
    assert (read(ask, text[:9], text[9:], room=room)[0] == MORE) == (room >= 17)


# --- bounds and garbage ---


def test_replies_are_bounded(ask):
    window = bytes(Frame(WINDOW, bytes(4)))
    enough = REPLY // len(window) - 2
    assert read(ask, join(SETTLED) + window * enough)[0] == MORE
    assert read(ask, join(SETTLED) + window * (enough + 3))[0] == BROKEN


def test_what_is_over_stays_so(ask):
    well, worse, broken = join(HEAD, YES, TAIL), REPLIES["the stream is reset"][0], b"\xff" * 9
    assert read(ask, well, broken)[0] == SERVING
    assert read(ask, worse, well)[0] == NOT_SERVING
    assert read(ask, broken, well)[0] == BROKEN
