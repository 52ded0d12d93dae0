"""Lengths of time for people who look for where it went. Pure."""

_MINUTE = 60 * 10**9


def length(ns: int | None) -> str:
    """Three digits or more: ``0.31ms``, ``12.3ms``, ``801ms``, ``1.404s``, ``2m03.5s``; ``-`` for None."""
    if ns is None:
        return "-"
    if ns >= _MINUTE:
        return f"{ns // _MINUTE}m{ns % _MINUTE / 1e9:04.1f}s"
    if ns >= 10**9:
        return f"{ns / 1e9:.3f}s"
    if ns == 0:
        return "0"
    digits = 0 if ns >= 10**8 else 1 if ns >= 10**7 else 2
    return f"{ns / 1e6:.{digits}f}ms"
