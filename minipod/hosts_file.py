"""Lines of /etc/hosts as text, as the kubelet writes them. Pure; where the text goes is the core's."""

from collections.abc import Iterable, Sequence

# An empty line and this one come first: by them the block is found again.
MARK = "# Entries added by HostAliases."


def block_text(hosts: Sequence[tuple[str, Iterable[str]]]) -> str:
    """What goes to the end of the file; "" for no line at all."""
    if not hosts:
        return ""
    return f"\n{MARK}\n" + "".join(line(address, names) for address, names in hosts)


def line(address: str, names: Iterable[str]) -> str:
    """One line, with its line feed."""
    return "\t".join((address, *names)) + "\n"
