"""What a host of a probe is: an address that PID 1 can connect to, or a name that somebody must look up. Pure."""

_LOOPBACK = "127.0.0.1"  # also the default, which must cost nothing


def address(host: str) -> str:
    """The numeric address that a host is, without brackets, IPv4 or IPv6; "" if it is a name. ``localhost`` is one."""
    host = _LOOPBACK if host == "localhost" else host.removeprefix("[").removesuffix("]")
    if host == _LOOPBACK:
        return host
    from socket import AF_INET, AF_INET6, inet_pton

    for family in (AF_INET, AF_INET6):
        try:
            inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return host
    return ""
