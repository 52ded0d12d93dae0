"""Signals: their names and what minipod does with each by default (DESIGN.md section 5).

Numbers are Linux's on every architecture that minipod is built for (not alpha, mips, sparc). Real-time names count from
34, as Docker and Kubernetes do: the C libraries keep 32 and 33 (musl also 34) to themselves, the kernel does not.
"""

import re

from minipod.supervisor.words import SignalVerb

NUMBERS: dict[str, int] = {
    name: number
    for number, name in enumerate(
        "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU "
        "URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(),
        start=1,
    )
}
ALIASES = {"IOT": 6, "CLD": 17, "POLL": 29}
RTMIN, RTMAX = 34, 64
COUNT = 65  # 0..64

_STOP = frozenset({NUMBERS["TERM"], NUMBERS["INT"], NUMBERS["QUIT"]})
_FREEZE = frozenset({NUMBERS["TSTP"], NUMBERS["TTIN"], NUMBERS["TTOU"]})
_OWN = frozenset({NUMBERS["CHLD"], NUMBERS["KILL"], NUMBERS["STOP"]})
# They belong to the C library of whoever receives them: a thread cancelled by us would be nobody's wish.
LIBC = (32, 33)
_NOBODYS = frozenset({0, *LIBC})


def default_verb(number: int) -> SignalVerb:
    """What minipod does with a signal that the config says nothing of."""
    if number in _NOBODYS:
        return SignalVerb.IGNORE
    if number in _OWN:
        return SignalVerb.OWN
    if number in _STOP:
        return SignalVerb.STOP
    if number in _FREEZE:
        return SignalVerb.FREEZE
    if number == NUMBERS["CONT"]:
        return SignalVerb.THAW
    return SignalVerb.FORWARD


def number_of(name: str) -> int:
    """``TERM``, ``SIGTERM``, ``15``, ``RTMIN+3``, ``SIGRTMAX-1`` → number. ValueError for anything else."""
    text = name.upper().removeprefix("SIG")
    if text in NUMBERS:
        return NUMBERS[text]
    if text in ALIASES:
        return ALIASES[text]
    if text.isascii() and text.isdigit() and 1 <= int(text) < COUNT:
        return int(text)
    real_time = re.fullmatch(r"RTMIN(?:\+(\d{1,2}))?|RTMAX(?:-(\d{1,2}))?", text, re.ASCII)
    if real_time:
        up, down = real_time.groups()
        number = RTMAX - int(down or 0) if text.startswith("RTMAX") else RTMIN + int(up or 0)
        if RTMIN <= number <= RTMAX:
            return number
    raise ValueError(f"no such signal: {name}")


def name_of(number: int) -> str:
    """15 → ``SIGTERM``, 37 → ``SIGRTMIN+3``; a number without a name stays one."""
    for name, value in NUMBERS.items():
        if value == number:
            return f"SIG{name}"
    if RTMIN <= number <= RTMAX:
        return f"SIGRTMIN+{number - RTMIN}" if number > RTMIN else "SIGRTMIN"
    return str(number)
