"""What a unit's processes may do and use, as text for people and as JSON. Pure."""

from collections.abc import Iterator
from typing import Any

from minipod.config.durations import format_duration
from minipod.config.findings import visible
from minipod.config.sizes import format_size
from minipod.reaper.records import Limit, Rights, Unit
from minipod.supervisor.rights import MICROSECONDS, SECONDS, SIZES, UNLIMITED, names_of

READ_ONLY = "it cannot write to it, where minipod may mount"
_UNIT_NS = {SECONDS: 10**9, MICROSECONDS: 10**3}


def rights_rows(rights: Rights | None) -> Iterator[tuple[str, str]]:
    """Label and text of each that is not just minipod's own."""
    if rights is None:
        return
    if rights.groups or not rights.member_groups:
        which = ", ".join(map(visible, rights.groups))
        others = "besides those that it has" if rights.member_groups else "besides its own, and no others"
        yield "groups", f"{which or 'none'}, {others}"
    if rights.limits:
        yield "limits", ", ".join(f"{limit.name} {_limit_text(limit)}" for limit in rights.limits)
    if rights.nice is not None:
        yield "nice", str(rights.nice)
    if rights.oom_score_adj is not None:
        yield "oom score", f"{rights.oom_score_adj:+}"
    if rights.dropped or rights.added:
        yield "capabilities", _capabilities_text(rights)
    if rights.no_new_privileges:
        yield "privileges", "none that are new"
    if rights.not_root:
        yield "as root", "it is not started"


def message_text(unit: Unit) -> str:
    """Where it leaves its termination message; "" for nowhere."""
    place = "in a file of its own" if unit.message_own else f"in {visible(unit.message_path)}" * bool(unit.message_path)
    rest = "its last lines, if it fails without one" if unit.message_from_log else ""
    return ", else ".join(filter(None, (place, rest)))


def _limit_text(limit: Limit) -> str:
    if limit.soft is not None and limit.soft == limit.hard:
        return _number(limit.name, limit.soft)
    pairs = (("soft", limit.soft), ("hard", limit.hard))
    return " ".join(f"{which} {_number(limit.name, number)}" for which, number in pairs if number is not None)


def _number(name: str, number: int) -> str:
    if number == UNLIMITED:
        return "unlimited"
    if name in _UNIT_NS:
        return format_duration(number * _UNIT_NS[name])
    return format_size(number) if name in SIZES else str(number)


def _capabilities_text(rights: Rights) -> str:
    lost = f"without {' '.join(names_of(rights.dropped))}" if rights.dropped else ""
    got = f"with {' '.join(names_of(rights.added))}" if rights.added else ""
    return ", but ".join(filter(None, (lost, got)))


def rights_json(rights: Rights | None) -> dict[str, Any] | None:
    """By the records' names; capabilities by theirs."""
    if rights is None:
        return None
    return {
        **rights._asdict(),
        "dropped": names_of(rights.dropped),
        "added": names_of(rights.added),
        "limits": [limit._asdict() for limit in rights.limits],
    }
