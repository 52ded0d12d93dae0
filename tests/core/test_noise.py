"""Texts that went wrong on their way: nothing is read or written beyond its end, and pieces mean what the whole means.

The sanitizers and noise.c's own checks end the program that is asked, and so fail the test. Each kind of end is reached
many times over, or else the noise would be too loud or too low to find anything.
"""

import pytest
from frames import DATA, HEADERS, PADDED, PING, SETTINGS, Frame, indexed, literal, message, status_of

COUNT, ENOUGH = 5000, 100
HTTP = [
    b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y\r\n\r\nhello, world",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n, you!\r\n0\r\nTrailer: z\r\n\r\n",
    b"HTTP/1.0 302 Found\r\nlocation:   http://127.0.0.1:8080/some/where?else=1#there \r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nLocation: /x\r\n\r\n" + b"x" * 11000,
]
GRPC = [b"".join(map(bytes, [
    Frame(SETTINGS, b"\0\3\0\0\0\x64"), Frame(PING, b"12345678"),
    Frame(HEADERS, indexed(8) + literal("server", "x", 0x40, coded=True) + literal(31, "application/grpc"), 4, 1),
    Frame(DATA, b"\2" + message(status_of(health)) + b"xx", PADDED, 1),
    Frame(HEADERS, literal("grpc-status", "0", 0x40, coded), 5, 1),
])) for health, coded in [(1, False), (1, True), (2, True)]]
REDIRECT = [b"http://user@w:8080/a/./b/../c%20d/e?f=%zz&g#h", b"../x/%41/../../y z?q", b"//w/..//..?\xff"]
NOTICE = [b"READY=1\nSTATUS=Gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\x8d\nMAINPID=4711\nWATCHDOG_USEC=18446744073709551615\n"]
TEXTS = [(protocol, text) for protocol, texts in
         [("http", HTTP), ("grpc", GRPC), ("redirect", REDIRECT), ("notice", NOTICE)] for text in texts]


@pytest.fixture
def noise(ask):
    return lambda *words: list(map(int, ask("noise", *words)))


@pytest.mark.parametrize("protocol, text", TEXTS, ids=[f"{protocol}-{at}" for at, (protocol, _) in enumerate(TEXTS)])
def test_noise(noise, protocol, text):
    for seed in range(4):
        differ, *ends = noise(protocol, seed, COUNT, text)
        assert differ == 0 and sum(ends) == COUNT


@pytest.mark.parametrize("protocol, texts, kinds", [("http", HTTP, 3), ("grpc", GRPC, 4), ("redirect", REDIRECT, 3),
                                                    ("notice", NOTICE, 2)])
def test_noise_reaches_every_end(noise, protocol, texts, kinds):
    ends = [sum(each) for each in zip(*(noise(protocol, 1, COUNT, text)[1:] for text in texts), strict=True)]
    assert all(count >= ENOUGH for count in ends[:kinds]) and not any(ends[kinds:])
