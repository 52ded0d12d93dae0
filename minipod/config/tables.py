"""Readers of values that are tables of their own: labels, after, backoff, exit_codes, signals. As in ``values``: what
is wrong is recorded, nothing is raised, no other key is looked at.
"""

from minipod.config import values
from minipod.config.findings import Findings, Limits, Path, word
from minipod.config.values import MILESTONES, Reader, is_integer, matches, read_choice, read_duration, signal_number
from minipod.model import SignalRule
from minipod.supervisor.signals import NUMBERS, name_of
from minipod.supervisor.words import Milestone, SignalVerb

BACKOFF_KEYS = ("initial", "max", "reset_after")
RULE_KEYS = ("send", "to")
CODES = Limits(0, 255)
SAID = 4096  # bytes of a unit's labels and image: the core has them in one piece
_NUMERAL = r"-?\d+"
UNCATCHABLE = {
    NUMBERS["KILL"]: "no process can catch KILL: the kernel ends it",
    NUMBERS["STOP"]: "no process can catch STOP: the kernel stops it",
    NUMBERS["CHLD"]: "CHLD tells minipod that a child ended; without it nothing would be reaped",
}


def read_labels(value: object, at: Path, found: Findings) -> dict[str, str] | None:
    """Kubernetes' labels: [prefix/]name = value."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table of strings", help='write { app = "web" }')
    for key, text in value.items():
        here = (*at, key)
        if not is_qualified(key):
            found.error(
                here,
                f"{word(key)} cannot be a label",
                on_key=True,
                why="a label is [prefix/]name: the name at most 63 of a-z A-Z 0-9 - _ ., a letter or digit at both "
                "ends; the prefix a DNS name",
                help="write for example app, or example.com/app",
            )
        if not isinstance(text, str):
            found.error(here, f"label {word(key)} must be a string", help="quote it")
        elif text and not matches(values.QUALIFIED, text):
            found.error(
                here,
                f"label {word(key)} cannot be {word(text)}",
                why="a label's value is empty, or at most 63 of a-z A-Z 0-9 - _ ., a letter or digit at both ends",
                help="put - for what is none of them",
            )
    return {key: text for key, text in value.items() if isinstance(text, str)}


def is_qualified(key: str) -> bool:
    """Whether Kubernetes takes it for the name of a label, or of an annotation."""
    prefix, slash, name = key.rpartition("/")
    return matches(values.QUALIFIED, name) and (not slash or matches(values.SUBDOMAIN, prefix))


def check_said(labels: dict[str, str], image: str, at: Path, found: Findings) -> None:
    """What is only said of a unit must fit into an answer. ``at``: the larger of the two."""
    size = len(image.encode()) + sum(len(name) + len(text.encode()) + 1 for name, text in labels.items())
    if size > SAID:
        message = f"`{at[-1]}` makes {size:,} bytes of words about {word(at[-2])}"
        why = f"labels and image of a unit are {SAID:,} bytes at most"
        found.error(at, message, on_key=True, why=why, help="put what is that long into a file")


def read_backoff(value: object, at: Path, found: Findings) -> dict[str, int] | None:
    """The fields of model.Backoff that are given, in ns."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help='write { initial = "1s", max = "60s" }')
    read: dict[str, int] = {}
    for key, inner in value.items():
        if key not in BACKOFF_KEYS:
            unknown_key((*at, key), BACKOFF_KEYS, found)
            continue
        ns = read_duration(inner, (*at, key), found)
        if ns is not None:
            read[key] = ns
    return read


def unknown_key(at: Path, known: tuple[str, ...], found: Findings, *, of: str = "") -> None:
    """An unknown key of a small table, whose keys can all be listed. ``of``: the table, where it has no name."""
    found.error(
        at,
        f"unknown key {word(at[-1])}",
        on_key=True,
        near=(str(at[-1]), known),
        why=f"{of or word(at[-2])} has only {', '.join(known)}",
        help="leave it out",
    )


def read_after(value: object, at: Path, found: Findings) -> dict[str, Milestone] | None:
    """Names and what each must have reached. A list means started."""
    if isinstance(value, dict):
        pairs = {name: read_choice(inner, (*at, name), found, MILESTONES) for name, inner in value.items()}
        return {name: milestone for name, milestone in pairs.items() if milestone}
    if not isinstance(value, list):
        help = f'write ["{value}"]' if isinstance(value, str) and value.isprintable() else 'write for example ["db"]'
        return found.mismatch(at, value, "a list of names or a table", help=help)
    names = read_names(value, at, found)
    return dict.fromkeys(names, Milestone.STARTED)


def read_names(value: list[object], at: Path, found: Findings) -> list[str]:
    """The strings of a list, each once; everything else is recorded."""
    names: list[str] = []
    for i, name in enumerate(value):
        if not isinstance(name, str):
            found.mismatch((*at, i), name, "the name of a unit", help="write it in quotes")
        elif name in names:
            found.error((*at, i), f"{word(name)} stands twice in `{at[-1]}`", help="leave one out")
        else:
            names.append(name)
    return names


def read_exit_codes(value: object, at: Path, found: Findings) -> dict[int, int] | None:
    """Code → code; a key is 0..255 or a signal's name, which means 128 + its number (DESIGN.md section 6)."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help="write { 143 = 0 }")
    codes: dict[int, int] = {}
    for key, inner in value.items():
        here = (*at, key)
        code = _exit_code(key, here, found)
        to = values.read_integer(inner, here, found, CODES)
        if code in codes:
            found.error(here, f"exit code {code} is given twice", on_key=True, help="leave one out")
        elif code is not None and to is not None:
            codes[code] = to
    return codes


def _exit_code(key: str, at: Path, found: Findings) -> int | None:
    if matches(_NUMERAL, key):
        if len(key) > 3 or not 0 <= int(key) <= CODES.high:
            return found.error(
                at,
                f"{word(key)} is no exit code",
                why=f"exit codes are {CODES.low} to {CODES.high}",
                help="write for example 42, or the name of a signal",
                on_key=True,
            )
        return int(key)
    number = signal_number(key, at, found, on_key=True)
    return None if number is None else 128 + number


def read_signals(value: object, at: Path, found: Findings) -> dict[int, SignalRule] | None:
    """What to do with each named signal (DESIGN.md section 5)."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help='write { HUP = "USR1" }')
    rules: dict[int, SignalRule] = {}
    for name, inner in value.items():
        here = (*at, name)
        number = signal_number(name, here, found, on_key=True)
        if number in UNCATCHABLE:
            message = f"{word(name)} cannot be given another meaning"
            found.error(here, message, on_key=True, why=UNCATCHABLE[number], help="leave it out")
            continue
        rule = _read_rule(inner, here, number or 0, found)
        if number in rules:
            found.error(here, f"signal {name_of(number)} is given twice", on_key=True, help="leave one out")
        elif number is not None and rule is not None:
            rules[number] = rule
    return rules


def _read_rule(value: object, at: Path, number: int, found: Findings) -> SignalRule | None:
    if isinstance(value, dict):
        return _read_rule_table(value, at, number, found)
    if value == "ignore":
        return SignalRule(SignalVerb.IGNORE)
    if value == "stop":
        return SignalRule(SignalVerb.STOP)
    if not isinstance(value, str) and not is_integer(value):
        return found.mismatch(
            at, value, 'a signal\'s name, "ignore", "stop" or a table', help='write { send = "HUP", to = ["web"] }'
        )
    if str(value).lower() in ("ignore", "stop") and value not in ("STOP", "SIGSTOP"):
        return found.error(
            at, f"{word(value)} could be two things", help='write "stop" to stop the pod, "SIGSTOP" for the signal'
        )
    send = signal_number(str(value), at, found)
    return None if send is None else SignalRule(SignalVerb.FORWARD, send)


def _read_rule_table(value: dict, at: Path, number: int, found: Findings) -> SignalRule | None:
    send: int | None = number
    for key in value:
        if key not in RULE_KEYS:
            unknown_key((*at, key), RULE_KEYS, found)
    if "send" in value:
        send = values.read_signal(value["send"], (*at, "send"), found)
    to = value.get("to", [])
    if not isinstance(to, list):
        return found.mismatch((*at, "to"), to, "a list of names", help='write for example ["web"]')
    if "to" in value and not to:
        return found.error((*at, "to"), "`to` names no unit", help='leave it out for every unit, or write "ignore"')
    names = tuple(read_names(to, (*at, "to"), found))
    return None if send is None else SignalRule(SignalVerb.FORWARD, send, names)


TABLE_READERS: dict[str, Reader] = {
    "after": read_after,
    "backoff": read_backoff,
    "exit_codes": read_exit_codes,
    "labels": read_labels,
    "signals": read_signals,
}
