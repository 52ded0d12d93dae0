"""Stop signals by Kubernetes' names for them: 65 words, real-time signals counted from the end that is nearer. Pure."""

from minipod.supervisor.signals import ALIASES, NUMBERS, RTMAX, RTMIN

_HALF = (RTMAX - RTMIN + 1) // 2
NAMES: dict[str, int] = {
    **{f"SIG{name}": number for name, number in {**NUMBERS, **ALIASES}.items()},
    "SIGRTMIN": RTMIN,
    **{f"SIGRTMIN+{n}": RTMIN + n for n in range(1, _HALF + 1)},
    **{f"SIGRTMAX-{n}": RTMAX - n for n in range(_HALF - 1, 0, -1)},
    "SIGRTMAX": RTMAX,
}


def signal_name(number: int) -> str:
    """The name of a signal; of several the usual one."""
    return next(name for name, value in NAMES.items() if value == number)
