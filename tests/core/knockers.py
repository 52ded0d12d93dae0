"""Clients of the control server on the fake kernel, as lines of a request (driver.c). It must never judge an answer.
"""

SECOND = 1_000_000_000


def ask(path: str, method: str = "GET", version: str = "1.1") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: m\r\n\r\n".encode()


def client(number: int, at: float, *deeds: str | bytes) -> list[str]:
    """What a client does at one moment, s: bytes are said, words are driver.c's."""
    return [f"at {int(at * SECOND)} client {number} {_deed(deed)}" for deed in deeds]


def _deed(deed: str | bytes) -> str:
    return f"says {deed.hex()}" if isinstance(deed, bytes) else deed


def crowd(first: int, count: int, at: float, *deeds: str | bytes) -> list[str]:
    return [line for number in range(first, first + count) for line in client(number, at, *deeds)]


def every_kind() -> list[str]:
    """Questions, orders, followers that read, stop reading or leave, half requests, garbage, and more than fit."""
    return [
        *client(0, 1, ask("/v1/pod")), *client(1, 1, ask("/v1/logs?follow=1")),
        *client(2, 1, ask("/v1/events?follow=1")),
        *client(3, 1, b"GET /v1"), *client(4, 1, "comes"), *client(4, 2, "leaves"), *client(5, 1, b"\0garbage\r\n"),
        *client(6, 2, ask("/v1/units/web/restart", "POST")), *client(7, 3, ask("/v1/units/db/stop", "POST")),
        *client(8, 4, ask("/v1/units/db/start", "POST")), *client(9, 4, ask("/v1/units/web/signal?signal=HUP", "POST")),
        *client(10, 2, "reads 100", ask("/metrics", version="1.0")), *client(10, 3, "reads 300000"),
        *client(11, 2, "reads 300", ask("/v1/units/web/logs?follow=1")),
        *client(12, 2, "reads 10", ask("/v1/plan")), *client(12, 3, "leaves"),
        *client(13, 2, ask("/v1/units/web/context"), "ends"), *client(14, 2, b"POST /v1/st", "leaves"),
        *client(15, 2, b"GET /livez", "ends"), *client(1, 3, "reads 0"), *client(1, 5, "reads 900000"),
        *client(2, 5, "leaves"),
        *crowd(20, 33, 8, "comes"), *client(60, 8, ask("/livez")), *crowd(20, 33, 10, "leaves"),
        *crowd(70, 25, 12, ask("/v1/events?follow=1&after=40")), *client(101, 13, ask("/readyz")),
        *crowd(70, 20, 14, "leaves"),
    ]
