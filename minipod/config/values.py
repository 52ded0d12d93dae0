"""Readers of single values: from what the parser gives to what the model holds. One reader for each type of the key
table. A reader records what is wrong and returns None; it never raises, and never looks at another key.

Signature: ``read(value, at, found) -> parsed | None``.
"""

import re
from collections.abc import Callable, Collection, Mapping
from enum import Enum

from minipod.config.durations import BadDuration, parse_duration
from minipod.config.findings import Findings, Limits, Path, key_of, type_of, visible, word
from minipod.supervisor import signals
from minipod.supervisor.words import LogMode, Milestone, Rule, StdinMode, StopScope

RESTARTS = tuple(rule.name.lower() for rule in Rule)
MILESTONES = {m.word: m for m in (Milestone.STARTED, Milestone.READY, Milestone.COMPLETED)}
OWN = "own"  # of tty
LOG_MODES = {mode.word: mode for mode in LogMode}
MOST_RESTARTS = 2**32 - 2  # the plan's field, whose last number means "any"
MOST_ID = 2**32 - 2  # (uid_t)-1 means "no change" to the kernel

# Patterns, not compiled: most of them are needed by few pods, and compiling costs more than reading one.
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Each part of a subdomain is not bounded by itself in Kubernetes, only the whole.
SUBDOMAIN = r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
QUALIFIED = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
ENV_NAME = r"[!-<>-~ ]+"
UMASK = r"(?:0o)?0?[0-7]{3}"
_A_COMMAND = '["nginx", "-g", "daemon off;"]'
_AN_ACCOUNT = "write a name such as app, or a number such as 1000"

Reader = Callable[[object, Path, Findings], object]


def matches(pattern: str, text: str) -> bool:
    """Whether all of ``text`` is as the pattern says."""
    return re.fullmatch(pattern, text, re.ASCII) is not None


def is_number(value: object) -> bool:
    """A TOML number; Python counts true and false among the integers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_integer(value: object) -> bool:
    """A TOML integer, which true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def read_string(value: object, at: Path, found: Findings) -> str | None:
    """Any text but the empty one, without NUL."""
    if not isinstance(value, str):
        return found.mismatch(at, value, "a string", help=_quoted(value))
    if not value:
        return found.error(at, f"`{at[-1]}` is empty", help="leave the key out for the default")
    return _without_nul(value, at, found)


def _quoted(value: object) -> str:
    return (
        f'quote it: "{str(value).lower() if isinstance(value, bool) else value}"'
        if isinstance(value, (bool, int, float))
        else "write it in quotes"
    )


def _without_nul(value: str, at: Path, found: Findings) -> str | None:
    if "\0" in value:
        return found.error(
            at, "a NUL character cannot be passed on", why="the kernel ends every string at it", help="leave it out"
        )
    return check_utf8(value, at, found)


def check_utf8(value: str, at: Path, found: Findings) -> str | None:
    """The text, unless it is none: a word of the command line may be any bytes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return found.error(at, "the text is not UTF-8", help="write it in UTF-8")
    return value


def read_pod_name(value: object, at: Path, found: Findings) -> str | None:
    """An RFC 1123 subdomain, as Kubernetes demands of pods."""
    name = read_string(value, at, found)
    if name is not None and not matches(SUBDOMAIN, name):
        return found.error(
            at,
            f"{word(name)} cannot name a pod",
            help=_better_name(name),
            why="a name is at most 253 of a-z 0-9 - and ., a letter or digit at both ends of each part",
        )
    return name


def check_unit_name(name: str, at: Path, found: Findings) -> None:
    """RFC 1123 labels, as Kubernetes demands of containers."""
    if not matches(LABEL, name):
        found.error(
            at,
            f"{word(name)} cannot name a unit",
            on_key=True,
            help=_better_name(name),
            why="a name is at most 63 of a-z 0-9 and -, a letter or digit at both ends",
        )


def _better_name(name: str) -> str:
    better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"call it {better}" if matches(LABEL, better) else "call it for example web"


def read_flag(value: object, at: Path, found: Findings) -> bool | None:
    """true or false, and nothing that might mean it."""
    if not isinstance(value, bool):
        return found.mismatch(at, value, "true or false", help="write true or false, without quotes")
    return value


def read_tty(value: object, at: Path, found: Findings) -> bool | str | None:
    """Whose terminal: minipod's, nobody's, or OWN."""
    if isinstance(value, bool) or value == OWN:
        return value
    help = f'write true, or "{OWN}" for a terminal that nobody else has'
    if not isinstance(value, str):
        return found.mismatch(at, value, f'true, false or "{OWN}"', help=help)
    why = f'it is true, false or "{OWN}"'
    return found.error(at, f"`{at[-1]}` cannot be {word(value)}", why=why, help=help, near=(value, (OWN,)))


def read_count(value: object, at: Path, found: Findings) -> int | None:
    """How many restarts: 0 to what the plan can hold."""
    return read_integer(value, at, found, Limits(0, MOST_RESTARTS))


def read_integer(value: object, at: Path, found: Findings, limits: Limits) -> int | None:
    """A whole number within its limits, both of them allowed."""
    if not is_integer(value):
        return found.mismatch(at, value, "a whole number", help=f"write for example {max(limits.low, 1)}")
    if not limits.low <= value <= limits.high:
        help = f"the least is {limits.low}" if value < limits.low else f"the most is {limits.high}"
        return found.error(at, f"`{at[-1]}` must be {limits.low} to {limits.high}", help=help)
    return value


def read_duration(value: object, at: Path, found: Findings) -> int | None:
    """Nanoseconds."""
    if not isinstance(value, str) and not is_number(value):
        return found.mismatch(at, value, "a duration", help='write for example "10s", "1m30s" or "250ms"')
    try:
        return parse_duration(value)
    except BadDuration as bad:
        return found.error(at, f"`{at[-1]}` {bad}", help=bad.help)


def read_deadline(value: object, at: Path, found: Findings) -> int | None:
    """Nanoseconds, above 0."""
    ns = read_duration(value, at, found)
    if ns == 0:
        return found.error(
            at,
            f"`{at[-1]}` is 0",
            why="it would be over before anything starts",
            help="leave the key out for no deadline",
        )
    return ns


def read_choice(value: object, at: Path, found: Findings, choices: Mapping[str, object], article: str = "one of"):
    """The meaning of one of a few words."""
    listed = ", ".join(f'"{choice}"' for choice in choices)
    help = f'write for example "{next(filter(None, choices))}"'
    if not isinstance(value, str):
        return found.mismatch(at, value, f"{article} {listed}", help=help)
    if value not in choices:
        return found.error(
            at,
            f"`{at[-1]}` cannot be {word(value)}",
            why=f"it is one of {listed}",
            help=help,
            near=(value, tuple(choices)),
        )
    return choices[value]


def _choice_of(members: Collection[Enum]) -> Reader:
    choices = {member.word: member for member in members}
    return lambda value, at, found: read_choice(value, at, found, choices)


def read_restart(value: object, at: Path, found: Findings) -> str | None:
    """One of RESTARTS; what it does is the verdict table's."""
    return read_choice(value, at, found, {name: name for name in RESTARTS})


def read_signal(value: object, at: Path, found: Findings) -> int | None:
    """A signal that can be sent, by name or number."""
    if not isinstance(value, str) and not is_integer(value):
        return found.mismatch(at, value, "the name of a signal", help='write for example "TERM" or "SIGUSR1"')
    return signal_number(str(value), at, found)


def signal_number(name: str, at: Path, found: Findings, *, on_key: bool = False) -> int | None:
    """1 to 64, from any way to name a signal; none of the C library's own. ``on_key``: the name is the key."""
    try:
        number = signals.number_of(name)
    except ValueError:
        return found.error(
            at,
            f"no signal is called {word(name)}",
            why="signals are named as in `kill -l`, real-time ones RTMIN+N and RTMAX-N",
            help='write for example "TERM" or "SIGUSR1"',
            near=(name.upper(), (*signals.NUMBERS, *(f"SIG{n}" for n in signals.NUMBERS))),
            on_key=on_key,
        )
    if number in signals.LIBC:
        return found.error(
            at, f"signal {number} belongs to the C library", help='the first free one is "RTMIN"', on_key=on_key
        )
    return number


def read_umask(value: object, at: Path, found: Findings) -> int | None:
    """A string of octal digits, or an integer (``build`` sees to it that it was written in octal)."""
    if isinstance(value, str) and matches(UMASK, value):
        return int(value.removeprefix("0o"), 8)
    if is_integer(value) and 0 <= value <= 0o777:
        return value
    if isinstance(value, str) or is_integer(value):
        shown = word(value)
        return found.error(
            at, f"`umask` cannot be {shown}", why="it is three octal digits", help='write for example "022"'
        )
    return found.mismatch(at, value, "three octal digits", help='write for example "022"')


def read_account(value: object, at: Path, found: Findings) -> str | None:
    """A user or group: a name, or a number as string or integer. The model has text for both."""
    if is_integer(value) or (isinstance(value, str) and value.isascii() and value.isdigit()):
        if not 0 <= int(value) <= MOST_ID:
            return found.error(at, f"`{key_of(at)}` must be a name or 0 to {MOST_ID}", help=_AN_ACCOUNT)
        return str(int(value))
    if not isinstance(value, str):
        return found.mismatch(at, value, "a name or a number", help=_AN_ACCOUNT)
    if ":" in value:
        return found.error(
            at,
            f"`{key_of(at)}` cannot be {word(value)}",
            why="user and group are two keys",
            help='write for example user = "app" and group = "app"',
        )
    if not value or not value.isprintable() or value[0] in "-+ " or any(c in value for c in " /,"):
        why = "no account can have that name"
        return found.error(at, f"`{key_of(at)}` cannot be {word(value)}", why=why, help=_AN_ACCOUNT)
    return value


def read_image_user(value: object, at: Path, found: Findings) -> str | None:
    """USER or USER:GROUP, each a name or a number, as images have it."""
    if is_integer(value) or not isinstance(value, str):
        return read_account(value, at, found)
    parts = value.split(":", 1)
    read = [read_account(part, at, found) for part in parts]
    return None if None in read else value


def read_env(value: object, at: Path, found: Findings) -> dict[str, str] | None:
    """A table of strings. Values keep every ``%``, ``$`` and quote."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table of strings", help='write { NAME = "value" }')
    env: dict[str, str] = {}
    for name, text in value.items():
        here = (*at, name)
        if not matches(ENV_NAME, name):
            found.error(
                here,
                f"{word(name)} cannot name a variable",
                on_key=True,
                why="a name is printable ASCII without `=`, and not empty",
                help="use letters, digits and _",
            )
        if not isinstance(text, str):
            found.error(
                here,
                f"variable {word(name)} must be a string, not {type_of(text)}",
                why="a program gets text only, and 08, 8.0 and 8 are not the same text",
                help=_quoted(text),
            )
        elif _without_nul(text, here, found) is not None:
            env[name] = text
    return env


def read_words(value: object, at: Path, found: Findings) -> tuple[str, ...] | None:
    """A list of strings, each passed on as it is."""
    if not isinstance(value, list):
        return found.mismatch(at, value, "a list of strings", help=_as_list(value))
    words = []
    for i, item in enumerate(value):
        if not isinstance(item, str):
            found.mismatch((*at, i), item, "a string", help=_quoted(item))
        elif _without_nul(item, (*at, i), found) is not None:
            words.append(item)
    return tuple(words) if len(words) == len(value) else None


def _as_list(value: object) -> str:
    words = value.split() if isinstance(value, str) and len(value) <= 60 else []
    quoted = ", ".join(f'"{visible(w)}"' for w in words if w.isprintable() and '"' not in w and "\\" not in w)
    return f"write [{quoted}]" if quoted else f"write {_A_COMMAND}"


def read_command(value: object, at: Path, found: Findings) -> tuple[str, ...] | None:
    """A list of strings, or one string split as a shell would."""
    if isinstance(value, str):
        value = _split(value, at, found)
        if value is None:
            return None
    elif not isinstance(value, list):
        return found.mismatch(at, value, "a list of strings, or a string", help=f"write for example {_A_COMMAND}")
    words = read_words(value, at, found)
    if words is not None and not (words and words[0]):
        return found.error(at, f"`{at[-1]}` names no program", help=f"write for example {_A_COMMAND}")
    return words


def _split(text: str, at: Path, found: Findings) -> list[str] | None:
    from minipod.config.shellwords import NeedsShell, Split, Unclosed  # few pods need it

    try:
        split = Split(text)
    except Unclosed as bad:
        return found.error(at, f"in `{at[-1]}` {bad}", help="write a list of strings, which needs no quoting")
    except NeedsShell as need:
        help = (
            "env has the variables"
            if not need.literal
            else 'write ["sh", "-c", "…"], or quote it if it is meant literally'
        )
        return found.error(at, f"`{at[-1]}` needs a shell for {need}", why="no shell reads this string", help=help)
    for parameter in split.parameters:
        name = re.match(r"\w*", parameter.lstrip("${")).group()
        found.warn(
            at,
            f"{word(parameter)} stays as it is",
            why="no shell reads this string",
            help=f"write $({name}) for the variable, or quote it with '…'",
        )
    return split.words


READERS: dict[str, Reader] = {
    "account": read_account,
    "command": read_command,
    "count": read_count,
    "deadline": read_deadline,
    "duration": read_duration,
    "env": read_env,
    "flag": read_flag,
    "image_user": read_image_user,
    "restart": read_restart,
    "signal": read_signal,
    "main": read_string,
    "pod_name": read_pod_name,
    "stdin": _choice_of(StdinMode),
    "stop_to": _choice_of(StopScope),
    "string": read_string,
    "tty": read_tty,
    "umask": read_umask,
    "words": read_words,
}
