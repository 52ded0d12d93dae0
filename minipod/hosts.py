"""What a host of a probe is: an address that PID 1 can connect to, or a name that somebody must look up; and what else
PID 1 cannot ask itself. Pure.
"""

from minipod.model import Ask
from minipod.supervisor.words import Handler

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


def why_python(ask: Ask) -> str:
    """Why the core cannot ask this itself; "" when it can."""
    if ask.handler is Handler.HTTP_GET and ask.scheme == "https":
        return "minipod's PID 1 speaks no TLS"
    if ask.handler in (Handler.HTTP_GET, Handler.TCP_SOCKET) and not address(ask.host):
        return "minipod's PID 1 looks up no names"
    return ""
