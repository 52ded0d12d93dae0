"""The ``given`` of a scenario: a pod from the policy's part of a pod file, commands and targets left out at will.

It reads no positions and explains little: a whole pod file is ``config``'s business. ValueError names what is wrong.
"""

from collections.abc import Callable, Mapping

from minipod.config.durations import parse_duration
from minipod.config.probes import ACTIONS, PROBE_HANDLERS
from minipod.config.values import RESTARTS
from minipod.model import Ask, Backoff, Notify, Pod, Probe, RestartRule, Unit, default_restart
from minipod.supervisor import signals
from minipod.supervisor.words import Handler, Kind, Milestone, StopScope

_KINDS = (Kind.INIT, Kind.SIDECAR, Kind.SERVICE)
_GIVEN = {"pod", *(kind.word for kind in _KINDS)}
_HANDLERS = {name: Handler[name.upper()] for name in PROBE_HANDLERS}
_DURATIONS = ("initial_delay", "period", "timeout", "termination_grace_period")
_COUNTS = ("success_threshold", "failure_threshold")


def only(table: Mapping[str, object], known: set[str], what: str) -> None:
    """ValueError if the table has a key that is not known."""
    unknown = set(table) - known
    if unknown:
        raise ValueError(f"{what} has no {', '.join(sorted(unknown))}")


def parse_pod(given: Mapping[str, object]) -> Pod:
    """A pod from its tables. ValueError for a key that is not policy."""
    only(given, _GIVEN, "[given]")
    top = {**given.get("pod", {})}
    main, default = top.pop("main", None), top.pop("restart", None)
    units = tuple(
        _unit(name, kind, keys, is_main=name == main, restart=default)
        for kind in _KINDS
        for name, keys in given.get(kind.word, {}).items()
    )
    order = {name: at for at, name in enumerate(top.pop("order", [u.name for u in units]))}
    times = {key: parse_duration(top.pop(key)) for key in ("deadline", "termination_grace_period") if key in top}
    only(top, set(), "[given.pod]")
    return Pod(name="scenario", units=tuple(sorted(units, key=lambda u: order[u.name])), main=main, **times)


def _unit(name: str, kind: Kind, keys: Mapping[str, object], *, is_main: bool, restart: str | None) -> Unit:
    keys = {**keys}
    follows = kind is not Kind.SIDECAR and not is_main
    policy = keys.pop("restart", (follows and restart) or default_restart(kind, is_main=is_main))
    command = tuple(keys.pop("command", ("true",)))
    where = f"[given.{kind.word}.{name}]"
    only(keys, set(_READ), where)
    if policy not in RESTARTS:
        raise ValueError(f"{where} restart is {', '.join(RESTARTS)}, not {policy!r}")
    return Unit(name, kind, command, policy, **{key: _read(where, key, value) for key, value in keys.items()})


def _read(where: str, key: str, value: object) -> object:
    try:
        return _READ[key](value)
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{where} {key} cannot be {value!r}") from None
    except ValueError as bad:
        raise ValueError(f"{where} {key}: {bad}") from None


# --- keys ---


def _after(after: Mapping[str, str] | list[str]) -> dict[str, Milestone]:
    named = after if isinstance(after, Mapping) else dict.fromkeys(after, "started")
    return {name: Milestone[word.upper()] for name, word in named.items()}


def _probe(keys: Mapping[str, object]) -> Probe:
    only(keys, {*_DURATIONS, *_COUNTS, *_HANDLERS}, "a probe")
    times = {key: parse_duration(keys[key]) for key in _DURATIONS if key in keys}
    return Probe(_ask(keys), **times, **{key: keys[key] for key in _COUNTS if key in keys})


def _hook(keys: Mapping[str, object]) -> Ask:
    only(keys, {"sleep", *_HANDLERS}, "a hook")
    return Ask(Handler.SLEEP, sleep=parse_duration(keys["sleep"])) if "sleep" in keys else _ask(keys)


def _ask(keys: Mapping[str, object]) -> Ask:
    """How it is asked matters to nobody here: the scenario's world says what is answered."""
    return Ask(next((handler for key, handler in _HANDLERS.items() if key in keys), Handler.EXEC), command=("true",))


def _notify(value: object) -> Notify:
    if value == "sd":
        return Notify()
    only(value, {"fd"}, "notify")
    return Notify(fd=value["fd"])


def _rule(keys: Mapping[str, object]) -> RestartRule:
    only(keys, {"exit_codes", "not_exit_codes", "action"}, "a restart rule")
    negated = "not_exit_codes" in keys
    codes = keys["not_exit_codes" if negated else "exit_codes"]
    return RestartRule(tuple(codes), negated, ACTIONS[keys.get("action", "restart")])


_READ: dict[str, Callable] = {
    "essential": bool,
    "max_restarts": int,
    "deadline": parse_duration,
    "termination_grace_period": parse_duration,
    "backoff": lambda keys: Backoff(**{key: parse_duration(value) for key, value in keys.items()}),
    "stop_signal": signals.number_of,
    "stop_to": lambda word: StopScope[word.upper()],
    "exit_codes": lambda codes: {int(raw): code for raw, code in codes.items()},
    "after": _after,
    "restart_rules": lambda rules: tuple(map(_rule, rules)),
    **dict.fromkeys(("startup_probe", "liveness_probe", "readiness_probe"), _probe),
    **dict.fromkeys(("post_start", "pre_stop"), _hook),
    "notify": _notify,
    "watchdog": parse_duration,
    "start_timeout": parse_duration,
}
