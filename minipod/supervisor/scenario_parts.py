"""What reading any part of a scenario needs: tables with known keys, values that a small reader understands. Every
mistake goes into the findings with its path. It must never know what a part means.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from minipod.config.durations import BadDuration
from minipod.config.findings import Finding, Findings, Path, key_of, word
from minipod.supervisor.scenario_events import BadEvent

T = TypeVar("T")


class BadScenario(ValueError):
    """A document that is no scenario. ``findings``: what is wrong, by path; ``events``: (position, mistake) of each
    event that is none."""

    def __init__(self, findings: Iterable[Finding] = (), events: Iterable[tuple[int, BadEvent]] = ()):
        self.findings, self.events = tuple(findings), tuple(events)
        told = [f"{'.'.join(map(str, each.at)) or 'scenario'}: {each.message}" for each in self.findings]
        super().__init__("; ".join([*told, *(f"events[{at}]: {bad}" for at, bad in self.events)]))


def table_at(document: Mapping[str, object], at: Path, known: Iterable[str] | None, found: Findings) -> Mapping:
    """The table that stands in ``document`` under the last key of ``at``; {} if there is none. ``known``: the only keys
    that it may have, None for any."""
    table = document.get(at[-1], {})
    if not isinstance(table, dict):
        found.mismatch(at, table, "a table", help=f"write [{'.'.join(map(str, at))}]")
        return {}
    if known is not None:
        check_keys(table, at, known, found)
    return table


def check_keys(table: Mapping[str, object], at: Path, known: Iterable[str], found: Findings) -> None:
    """Record every key that is none of ``known``."""
    known = tuple(sorted(known))
    for key in table:
        if key not in known:
            found.error(
                (*at, key),
                f"unknown key {word(key)}",
                on_key=True,
                why=f"there is {', '.join(known)}",
                near=(key, known),
                help="leave it out",
            )


def read_value(
    read: Callable[[object], T], value: object, at: Path, default: T, found: Findings, *, help: str = ""
) -> T:
    """What ``read`` makes of a value; ``default`` when it cannot, with the mistake recorded."""
    try:
        return read(value)
    except BadDuration as bad:
        found.error(at, f"the time in {word(value)} {bad}", help=bad.help)
    except (ValueError, TypeError, AttributeError, KeyError):
        found.error(at, f"{word(key_of(at))} cannot be {word(value)}", help=help)
    return default
