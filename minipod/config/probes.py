"""Readers of probes, hooks, notify and restart rules. As in ``values``: what is wrong is recorded, nothing is raised,
no key of another table is looked at. Imported only for pods that have one; the rules are Kubernetes' (spec.md,
sections 3, 6 and 7).
"""

from collections.abc import Iterable, Mapping

from minipod.config.findings import Findings, Limits, Path, word
from minipod.config.keys import HOOK, PROBE, keys_of
from minipod.config.requests import ASK_READERS
from minipod.config.tables import CODES, unknown_key
from minipod.config.values import (
    Reader,
    is_integer,
    read_choice,
    read_duration,
    read_integer,
    signal_number,
)
from minipod.model import Ask, Notify, Probe, RestartRule
from minipod.supervisor.words import Handler

FDS = Limits(3, 1023)  # 0 to 2 are stdin and the logs; 1024 is what a program may open where nobody says otherwise
THRESHOLDS = Limits(1, 2**31 - 1)
MOST_RULES, MOST_CODES = 20, 255
ACTIONS = {"restart": False, "restart_all": True}
PROBE_HANDLERS = ("exec", "http_get", "tcp_socket", "grpc")
HOOK_HANDLERS = ("exec", "http_get", "sleep")
_ONCE = ("startup_probe", "liveness_probe")
_SHORTEST_WATCHDOG = 1_000  # ns; the program is told microseconds


# --- numbers ----------------------------------------------------------------------------------------------------------


def read_positive(value: object, at: Path, found: Findings) -> int | None:
    """A duration above 0, in ns."""
    ns = read_duration(value, at, found)
    if ns == 0:
        return found.error(at, f"`{at[-1]}` is 0", why="it is a time above 0", help="leave the key out for the default")
    return ns


def read_threshold(value: object, at: Path, found: Findings) -> int | None:
    """How many equal answers in a row: at least 1."""
    return read_integer(value, at, found, THRESHOLDS)


def read_watchdog(value: object, at: Path, found: Findings) -> int | None:
    """Nanoseconds, at least the microsecond that WATCHDOG_USEC can tell."""
    ns = read_positive(value, at, found)
    if ns is not None and ns < _SHORTEST_WATCHDOG:
        return found.error(
            at,
            f"`{at[-1]}` is shorter than a microsecond",
            why="the program is told microseconds",
            help='write for example "10s"',
        )
    return ns


# --- probes and hooks -------------------------------------------------------------------------------------------------


def read_probe(value: object, at: Path, found: Findings) -> Probe | None:
    """A whole probe; None when anything in it is wrong."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help="write { http_get = { port = 8080 } }")
    read = {key: _read_part(key, inner, (*at, key), found) for key, inner in value.items()}
    ask = _the_ask(value, read, PROBE_HANDLERS, at, found)
    if not _fits(read, at, found) or ask is None or None in read.values():
        return None
    return Probe(ask, **{key: part for key, part in read.items() if key not in PROBE_HANDLERS})


def _read_part(key: str, value: object, at: Path, found: Findings) -> object:
    known = keys_of(PROBE)
    if key not in known:
        return unknown_key(at, tuple(known), found)
    return _PART_READERS[known[key].type](value, at, found)


def _fits(read: Mapping[str, object], at: Path, found: Findings) -> bool:
    """Whether the numbers are for a probe of this kind."""
    if at[-1] in _ONCE and (read.get("success_threshold") or 1) != 1:
        found.error(
            (*at, "success_threshold"),
            "`success_threshold` must be 1 here",
            why=f"one success is all that `{at[-1]}` can tell",
            help="leave it out",
        )
        return False
    if at[-1] == "readiness_probe" and "termination_grace_period" in read:
        found.error(
            (*at, "termination_grace_period"),
            "`readiness_probe` ends nothing",
            on_key=True,
            why="a unit that is not ready keeps running",
            help="leave it out, or write it into liveness_probe or startup_probe",
        )
        return False
    return True


def read_hook(value: object, at: Path, found: Findings) -> Ask | None:
    """A whole hook; None when anything in it is wrong."""
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help='write { exec = ["…"] } or { sleep = "3s" }')
    read: dict[str, object] = {}
    for key, inner in value.items():
        here = (*at, key)
        if key in HOOK_HANDLERS:
            read[key] = _PART_READERS[keys_of(HOOK)[key].type](inner, here, found)
        elif key == "tcp_socket":
            read[key] = found.error(
                here,
                "a hook cannot just connect",
                on_key=True,
                why="Kubernetes takes such a hook, and it fails whenever it runs",
                help="use exec, http_get or sleep",
            )
        else:
            read[key] = unknown_key(here, HOOK_HANDLERS, found)
    ask = _the_ask(value, read, HOOK_HANDLERS, at, found)
    return None if None in read.values() else ask


def _the_ask(
    value: Mapping[str, object], read: Mapping[str, object], handlers: tuple[str, ...], at: Path, found: Findings
) -> Ask | None:
    """What the one handler says; what could be read is in ``read``, the rest is None there."""
    given = [name for name in value if name in handlers]
    if len(given) == 1:
        ask = read[given[0]]
        return Ask(Handler.SLEEP, sleep=ask) if isinstance(ask, int) else ask
    if given:
        return found.error(
            (*at, given[1]),
            f"`{at[-1]}` has {_listed(given, 'and')}",
            on_key=True,
            also=(((*at, given[0]), "the other one"),),
            why="it does one thing",
            help="keep one of them",
        )
    if None in read.values():  # a misspelt one, most likely
        return None
    return found.error(at, f"`{at[-1]}` does not say what to do", on_key=True, help=f"add {_listed(handlers, 'or')}")


def _listed(names: Iterable[str], before_last: str) -> str:
    *first, last = names
    return f"{', '.join(first)} {before_last} {last}"


# --- what the program says itself -------------------------------------------------------------------------------------


def read_notify(value: object, at: Path, found: Findings) -> Notify | None:
    """``"sd"``, or a table with the descriptor's number."""
    if value == "sd":
        return Notify()
    if isinstance(value, str):
        return found.error(
            at, f"`notify` cannot be {word(value)}", why='it is "sd" or { fd = 3 }', help='write notify = "sd"'
        )
    if not isinstance(value, dict):
        return found.mismatch(at, value, '"sd" or a table', help="write { fd = 3 }")
    for key in value:
        if key != "fd":
            unknown_key((*at, key), ("fd",), found)
    if "fd" not in value:
        return found.error(at, "`notify` has no fd", on_key=True, help='write { fd = 3 } or "sd"')
    fd = read_integer(value["fd"], (*at, "fd"), found, FDS)
    return None if fd is None else Notify(fd)


# --- restart rules ----------------------------------------------------------------------------------------------------


def read_restart_rules(value: object, at: Path, found: Findings) -> tuple[RestartRule, ...] | None:
    """All rules in their order, the first that fits holds; bounds are Kubernetes' (KEP-5307)."""
    if not isinstance(value, list):
        return found.mismatch(at, value, "a list of tables", help="write [{ exit_codes = [42] }]")
    if len(value) > MOST_RULES:
        return found.error((*at, MOST_RULES), f"a unit has at most {MOST_RULES} restart rules", help="join some")
    rules = [_read_rule(inner, (*at, i), found) for i, inner in enumerate(value)]
    return None if None in rules else tuple(rules)


def _read_rule(value: object, at: Path, found: Findings) -> RestartRule | None:
    if not isinstance(value, dict):
        return found.mismatch(at, value, "a table", help="write { exit_codes = [42] }")
    names = ("exit_codes", "not_exit_codes", "action")
    strange = [unknown_key((*at, key), names, found, of="a restart rule") for key in value if key not in names]
    action = read_choice(value.get("action", "restart"), (*at, "action"), found, ACTIONS)
    given = [name for name in names[:2] if name in value]
    if strange and not given:  # a misspelt one, most likely
        return None
    if len(given) != 1:
        what = "both exit_codes and not_exit_codes" if given else "no exit_codes"
        return found.error(at, f"a restart rule has {what}", help="write exit_codes, or not_exit_codes for the others")
    codes = _read_codes(value[given[0]], (*at, given[0]), found)
    if strange or codes is None or action is None:
        return None
    return RestartRule(codes, negated=given[0] == "not_exit_codes", restart_all=action)


def _read_codes(value: object, at: Path, found: Findings) -> tuple[int, ...] | None:
    if not isinstance(value, list):
        return found.mismatch(at, value, "a list of exit codes", help="write [42]")
    if not value and at[-1] == "exit_codes":
        return found.error(at, "`exit_codes` names no code", help="leave the rule out")
    if len(value) > MOST_CODES:
        return found.error(at, f"a restart rule has at most {MOST_CODES} codes", help="write not_exit_codes")
    codes: list[int] = []
    for i, inner in enumerate(value):
        code = _read_code(inner, (*at, i), found)
        if code in codes:
            found.error((*at, i), f"exit code {code} stands twice in `{at[-1]}`", help="leave one out")
        elif code is not None:
            codes.append(code)
    return tuple(codes) if len(codes) == len(value) else None


def _read_code(value: object, at: Path, found: Findings) -> int | None:
    """0 to 255, or the name of a signal: 128 + its number (DESIGN.md section 6)."""
    if isinstance(value, str):
        number = signal_number(value, at, found)
        return None if number is None else 128 + number
    if not is_integer(value):
        return found.mismatch(at, value, "an exit code", help="write for example 42")
    if not CODES.low <= value <= CODES.high:
        why, help = f"exit codes are {CODES.low} to {CODES.high}", "write for example 42"
        return found.error(at, f"{value} is no exit code", why=why, help=help)
    return value


_PART_READERS: dict[str, Reader] = {
    **ASK_READERS,
    "duration": read_duration,
    "positive": read_positive,
    "threshold": read_threshold,
}

PROBE_READERS: dict[str, Reader] = {
    "hook": read_hook,
    "notify": read_notify,
    "probe": read_probe,
    "restart_rules": read_restart_rules,
    "start_timeout": read_positive,
    "watchdog": read_watchdog,
}
