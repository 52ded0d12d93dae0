"""HTTP/2 as a gRPC server may speak it, byte by byte: frames, header blocks, messages (RFC 9113, RFC 7541).

It must never leave out what a peer may do: Huffman's code, any kind of literal, padding, blocks in pieces.
"""

from collections.abc import Iterator
from dataclasses import dataclass

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
ACK = END_STREAM = 1
END_HEADERS, PADDED, PRIORITIZED = 4, 8, 32
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PLAIN, NEVER, KEPT = 0x00, 0x10, 0x40   # kinds of literals: in no table, in none ever, in the dynamic one

# RFC 7541, appendix B, as far as the tests need it: character: number of bits, code
_CODES = (
    {char: (5, code) for code, char in enumerate("012aceiost")}
    | {char: (6, 0x14 + code) for code, char in enumerate(" %-./3456789=A_bdfghlmnpru")}
    | {char: (7, 0x5c + code) for code, char in enumerate(":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz")}
)
STATIC = {1: ":authority", 3: ":method", 4: ":path", 6: ":scheme", 31: "content-type", 58: "user-agent"}
STATIC_VALUES = {3: "POST", 6: "http"}


@dataclass(frozen=True)
class Frame:
    kind: int
    payload: bytes = b""
    flags: int = 0
    stream: int = 0

    def __bytes__(self) -> bytes:
        size = len(self.payload).to_bytes(3, "big")
        return size + bytes([self.kind, self.flags]) + self.stream.to_bytes(4, "big") + self.payload


def read_frames(text: bytes) -> Iterator[Frame]:
    while text:
        size = int.from_bytes(text[:3], "big")
        yield Frame(text[3], text[9:9 + size], text[4], int.from_bytes(text[5:9], "big"))
        text = text[9 + size:]


def huffman(text: str) -> bytes:
    """Padded with ones, as the end of text begins."""
    bits = "".join(f"{code:0{size}b}" for size, code in map(_CODES.__getitem__, text))
    bits += "1" * (-len(bits) % 8)
    return bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits), 8))


def integer(value: int, bits: int, kind: int = 0) -> bytes:
    """An integer whose first byte has the kind above so many bits."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([kind | value])
    rest, value = [kind | most], value - most
    while value > 127:
        rest.append(128 | value & 127)
        value >>= 7
    return bytes([*rest, value])


def string(text: str, coded: bool = False) -> bytes:
    written = huffman(text) if coded else text.encode()
    return integer(len(written), 7, 128 if coded else 0) + written


def literal(name: str | int, value: str, kind: int = PLAIN, coded: bool = False) -> bytes:
    """A header whose name is a text, or a number in a table."""
    bits = 6 if kind == KEPT else 4
    if isinstance(name, int):
        return integer(name, bits, kind) + string(value, coded)
    return bytes([kind]) + string(name, coded) + string(value, coded)


def indexed(number: int) -> bytes:
    return integer(number, 7, 128)


def read_integer(text: bytes, bits: int) -> tuple[int, bytes]:
    most = (1 << bits) - 1
    value, text, shift = text[0] & most, text[1:], 0
    while value >= most:
        value, more, text = value + ((text[0] & 127) << shift), text[0] & 128, text[1:]
        shift += 7
        if not more:
            break
    return value, text


def read_string(text: bytes) -> tuple[str, bytes]:
    size, text = read_integer(text, 7)
    return text[:size].decode(), text[size:]


def read_block(text: bytes) -> Iterator[tuple[str, str]]:
    """The headers of a block of literals that no table keeps, and of indices into the static table."""
    while text:
        if text[0] & 128:
            number, text = read_integer(text, 7)
            yield STATIC[number], STATIC_VALUES[number]
            continue
        assert text[0] < 16
        number, text = read_integer(text, 4)
        name, text = (STATIC[number], text) if number else read_string(text)
        value, text = read_string(text)
        yield name, value


def varint(value: int) -> bytes:
    rest = b""
    while value > 127:
        rest += bytes([128 | value & 127])
        value >>= 7
    return rest + bytes([value])


def message(payload: bytes, compressed: int = 0) -> bytes:
    """What gRPC puts around one."""
    return bytes([compressed]) + len(payload).to_bytes(4, "big") + payload


def status_of(value: int) -> bytes:
    """grpc.health.v1.HealthCheckResponse."""
    return b"\x08" + varint(value)
