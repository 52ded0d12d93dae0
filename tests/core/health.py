"""The health check's reply, frame by frame, and how far the core comes with one. It must never say what a reply means:
that is for the tests.
"""

from frames import DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, Frame, indexed, literal, message, status_of
from protocol_asker import Asker, decode

MORE, SERVING, NOT_SERVING, BROKEN = range(4)
FRAME, ANSWERS = 16384, 16
ANSWER_ROOM = ANSWERS * 17


def read(ask: Asker, *pieces: bytes, room: int = ANSWER_ROOM) -> tuple[int, bytes]:
    """How far it came, and what is to be answered while it may go on."""
    progress, answers = ask("grpc", room, *pieces)
    return int(progress), decode(answers) if int(progress) == MORE else b""


def join(*frames: Frame | bytes) -> bytes:
    return b"".join(map(bytes, frames))


# --- what a reply is made of ---

SETTLED = Frame(SETTINGS)
OK = indexed(8)
WELL, BADLY = literal("grpc-status", "0"), literal("grpc-status", "12")


def headers(block: bytes, flags: int = 0, stream: int = 1) -> Frame:
    return Frame(HEADERS, block, END_HEADERS | flags, stream)


def data(payload: bytes, flags: int = 0, stream: int = 1) -> Frame:
    return Frame(DATA, payload, flags, stream)


def trailers(block: bytes = WELL) -> Frame:
    return headers(block, END_STREAM)


HEAD = join(SETTLED, headers(OK))
YES = data(message(status_of(1)))
TAIL = trailers()
