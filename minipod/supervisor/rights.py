"""Names and numbers of what a process may do and use: capabilities (linux/capability.h) and limits (prlimit(2)).

Numbers are Linux's on every architecture that minipod is built for. It must never say who gets what.
"""

from collections.abc import Iterable

# By their numbers.
CAPABILITIES = tuple(
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN "
    "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE "
    "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE".split()
)
ALL = "ALL"
EVERY = 2**64 - 1  # the bits of ALL: also those that a later kernel has
LIMITS = {
    name: number
    for number, name in enumerate(
        "cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime".split()
    )
}
SIZES = frozenset("fsize data stack core rss memlock as msgqueue".split())  # in bytes
SECONDS, MICROSECONDS = "cpu", "rttime"
UNLIMITED = 2**64 - 1
NICE, OOM_SCORE = range(-20, 20), range(-1000, 1001)


def mask_of(names: Iterable[str]) -> int:
    """The set of these capabilities, bit N for number N."""
    found = 0
    for name in names:
        found |= EVERY if name == ALL else 1 << CAPABILITIES.index(name)
    return found


def names_of(mask: int) -> tuple[str, ...]:
    """The capabilities of a set, from the lowest bit on."""
    if mask == EVERY:
        return (ALL,)
    return tuple(
        CAPABILITIES[bit] if bit < len(CAPABILITIES) else str(bit) for bit in range(64) if mask >> bit & 1
    )
