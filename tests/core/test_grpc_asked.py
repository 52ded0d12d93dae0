"""The health check over HTTP/2, under sanitizers: what is asked, byte by byte, in any room. Expected is what RFC 9113,
RFC 7541 and gRPC's protocol say.
"""

import pytest
from frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PREFACE,
    SETTINGS,
    Frame,
    huffman,
    integer,
    message,
    read_block,
    read_frames,
    varint,
)
from health import FRAME
from protocol_asker import decode


def test_codes_are_those_of_the_rfc():
    """Examples of RFC 7541, appendix C."""
    assert huffman("www.example.com").hex() == "f1e3c2e5f23a6ba0ab90f4ff"
    assert huffman("no-cache").hex() == "a8eb10649cbf"
    assert huffman("307").hex() == "640eff"
    assert integer(1337, 5).hex() == "1f9a0a"


def message_for(service: str) -> bytes:
    return message(b"\x0a" + varint(len(service)) + service.encode() if service else b"")


@pytest.mark.parametrize("authority, service, agent", [
    ("127.0.0.1:50051", "", "kube-probe/1.36"), ("[::1]:1", "my.Service", ""), ("a" * 126, "s" * 127, "u" * 127),
    ("a" * 127, "s" * 128, "u" * 128), ("a" * 254, "s" * 16000, "u" * 255), ("a" * 300, "s" * 300, "u" * 300),
])
def test_request(ask, authority, service, agent):
    size, written = ask("check", 1 << 17, authority.encode(), service.encode(), agent.encode())
    text = decode(written)
    assert len(text) == int(size) and text.startswith(PREFACE)
    settings_frame, headers, data = read_frames(text[len(PREFACE):])
    assert settings_frame == Frame(SETTINGS, b"\0\1\0\0\0\0\0\2\0\0\0\0")
    assert (headers.kind, headers.flags, headers.stream) == (HEADERS, END_HEADERS, 1)
    assert list(read_block(headers.payload)) == [
        (":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Check"), (":authority", authority),
        ("te", "trailers"), ("content-type", "application/grpc"), *[("user-agent", agent)] * bool(agent)]
    assert data == Frame(DATA, message_for(service), END_STREAM, 1)


def test_request_in_any_room(ask):
    words = b"h:1", b"svc", b"me"
    whole = decode(ask("check", 4096, *words)[1])
    for room in range(len(whole) + 2):
        size, written = ask("check", room, *words)
        assert (int(size), decode(written)) == (len(whole), whole[:room])


@pytest.mark.parametrize("words", [(b"a" * FRAME, b"", b""), (b"", b"s" * FRAME, b""), (b"", b"", b"u" * FRAME)])
def test_request_that_fits_no_frame(ask, words):
    assert int(ask("check", 0, *words)[0]) == 2**64 - 1
