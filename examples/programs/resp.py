"""A small server that speaks redis' protocol (RESP2): PING, ECHO, SET, GET, DEL, INCR, QUIT.

    python3 resp.py [--port PORT] [--dir DIRECTORY]

With --dir each change is appended to DIRECTORY/appendonly.aof before it is answered, and read again at the start. It
must never answer OK to what it has not kept.
"""

import argparse
import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

MOST_WORDS, MOST_BYTES = 1024, 1 << 20


class Error(Exception):
    """What a client is told, and what it did wrong."""


class Store:
    def __init__(self, file: BinaryIO | None) -> None:
        self._data: dict[bytes, bytes] = {}
        self._file = file

    def run(self, words: list[bytes], *, keep: bool = True) -> bytes:
        """One command's answer."""
        name, *given = words
        known = self._COMMANDS.get(name.upper())
        if known is None:
            raise Error(f"unknown command '{name.decode(errors='replace')}'")
        method, count, changes = known
        if len(given) != count:
            raise Error(f"wrong number of arguments for '{name.decode().lower()}' command")
        answer = method(self, *given)
        if changes and keep and self._file:
            self._file.write(array(words))
            self._file.flush()
        return answer

    def ping(self) -> bytes:
        return b"+PONG\r\n"

    def echo(self, text: bytes) -> bytes:
        return bulk(text)

    def set(self, key: bytes, value: bytes) -> bytes:
        self._data[key] = value
        return b"+OK\r\n"

    def get(self, key: bytes) -> bytes:
        return bulk(self._data.get(key))

    def delete(self, key: bytes) -> bytes:
        return integer(self._data.pop(key, None) is not None)

    def increase(self, key: bytes) -> bytes:
        try:
            number = int(self._data.get(key, b"0")) + 1
        except ValueError:
            raise Error("value is not an integer or out of range") from None
        self._data[key] = b"%d" % number
        return integer(number)

    # Its name: how it is done, how many arguments it has, whether it changes anything.
    _COMMANDS = {
        b"PING": (ping, 0, False),
        b"ECHO": (echo, 1, False),
        b"SET": (set, 2, True),
        b"GET": (get, 1, False),
        b"DEL": (delete, 1, True),
        b"INCR": (increase, 1, True),
    }


def bulk(text: bytes | None) -> bytes:
    return b"$-1\r\n" if text is None else b"$%d\r\n%b\r\n" % (len(text), text)


def integer(number: int) -> bytes:
    return b":%d\r\n" % number


def array(words: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(map(bulk, words))


async def read_words(reader: asyncio.StreamReader) -> list[bytes]:
    """The next command: an array of bulk strings, or a plain line."""
    line = (await reader.readline()).rstrip(b"\r\n")
    if not line.startswith(b"*"):
        return line.split()
    return [await read_bulk(reader) for _ in range(number(line[1:], MOST_WORDS))]


async def read_bulk(reader: asyncio.StreamReader) -> bytes:
    line = (await reader.readline()).rstrip(b"\r\n")
    if not line.startswith(b"$"):
        raise Error("Protocol error: expected '$'")
    return (await reader.readexactly(number(line[1:], MOST_BYTES) + 2))[:-2]


def number(text: bytes, most: int) -> int:
    if not text.isdigit() or int(text) > most:
        raise Error("Protocol error: invalid length")
    return int(text)


async def talk(store: Store, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """With one client, to its end."""
    with suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
        while not reader.at_eof():
            try:
                words = await read_words(reader)
                if words and words[0].upper() == b"QUIT":
                    writer.write(b"+OK\r\n")
                    break
                writer.write(store.run(words) if words else b"")
            except Error as problem:
                writer.write(f"-ERR {problem}\r\n".encode())
                if "Protocol" in str(problem):
                    break
            await writer.drain()
    writer.close()


def commands(text: bytes) -> Iterator[tuple[list[bytes], int]]:
    """Those in a file of them, each with where it ends; a last one that was cut off is left out."""
    at = 0
    with suppress(ValueError, IndexError):
        while at < len(text):
            words, end = [], text.index(b"\r\n", at)
            count, at = int(text[at + 1 : end]), end + 2
            for _ in range(count):
                end = text.index(b"\r\n", at)
                size, at = int(text[at + 1 : end]), end + 2
                if len(text) < at + size + 2:
                    return
                words.append(text[at : at + size])
                at += size + 2
            yield words, at


def load(path: Path, store: Store) -> None:
    """What was kept; what the last writer did not finish is cut off, or what comes next would follow half a command."""
    size = 0
    for words, end in commands(path.read_bytes()):
        store.run(words, keep=False)
        size = end
    os.truncate(path, size)


async def serve(options: argparse.Namespace) -> None:
    path = options.dir and options.dir / "appendonly.aof"
    store = Store(None if not path else open(path, "ab"))
    if path:
        load(path, store)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(lambda *both: talk(store, *both), "", options.port)
    print(f"listening on *:{options.port}", flush=True)
    await stop.wait()
    server.close()
    print("stopped", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=6379)
    parser.add_argument("--dir", type=Path)
    asyncio.run(serve(parser.parse_args()))
