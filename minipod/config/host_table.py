"""The reader of [hosts]: lines of /etc/hosts. As in ``values``. Imported only for pods that have one."""

from minipod.config.findings import Findings, Path, type_of, word
from minipod.config.values import SUBDOMAIN, matches
from minipod.hosts import address

Hosts = tuple[tuple[str, tuple[str, ...]], ...]
_EXAMPLE = 'write "10.0.0.7" = ["db"]'


def read_hosts(value: object, at: Path, found: Findings) -> Hosts | None:
    """An address and its names each, in their order."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help=f"write [hosts], and below it {_EXAMPLE[6:]}")
    lines = []
    for key, inner in value.items():
        here = (*at, key)
        names = [inner] if isinstance(inner, str) else inner
        if not isinstance(names, list):
            found.mismatch(here, inner, "a list of names", help=_EXAMPLE)
            continue
        check_address(key, here, found, on_key=True)
        if not names:
            found.error(here, f"{word(key)} has no name", help="leave it out, or name it")
        lines.append((key, _read_names(names, inner, here, found)))
    return tuple(lines)


def _read_names(names: list, given: object, at: Path, found: Findings) -> tuple[str, ...]:
    read = []
    for i, name in enumerate(names):
        here = at if isinstance(given, str) else (*at, i)
        if not isinstance(name, str):
            found.error(here, f"a name must be a string, not {type_of(name)}", help="write it in quotes")
        elif check_name(name, here, found):
            read.append(name)
    return tuple(read)


def check_address(text: str, at: Path, found: Findings, *, on_key: bool = False) -> bool:
    """Whether it is one, IPv4 or IPv6."""
    if address(text) == text:
        return True
    why = "a line of /etc/hosts begins with an IPv4 or IPv6 address"
    found.error(at, f"{word(text)} is no address", on_key=on_key, why=why, help="write for example 10.0.0.7")
    return False


def check_name(text: str, at: Path, found: Findings) -> bool:
    """Whether a host can be called so."""
    if matches(SUBDOMAIN, text):
        return True
    why = "a name is at most 253 of a-z 0-9 - and ., a letter or digit at both ends of each part"
    found.error(at, f"{word(text)} cannot name a host", why=why, help="write for example db.local")
    return False
