"""From what PID 1 says in JSON to records. It must never take a word for another: what is not known is an error.

A document is what ``GET /v1/pod`` answers (docs/openapi.json); times in it are RFC 3339.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from minipod.errors import FAILED, PodError
from minipod.status.pod import PodRecord
from minipod.status.records import Part, PodInfo, Terminated
from minipod.status.states import UnitRecord
from minipod.status.transitions import Change
from minipod.status.view import LogView, PodView, ProbeView, Sickness, UnitView, VolumeView, Wait
from minipod.supervisor.vocabulary import Kind, Life, Outcome, PodEvent, Want, Word
from minipod.supervisor.vocabulary import Pod as PodState

VERSION = 1
PROBES = ("startup", "liveness", "readiness", "watchdog")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)

Facts = Mapping[str, Any]


def pod_view(document: Facts) -> PodView:
    """The whole pod. PodError when it is of another version, or no such document."""
    try:
        if document["version"] != VERSION:
            raise PodError(f"this minipod speaks version {VERSION}, PID 1 version {document['version']}", FAILED)
        return _pod_view(document["pod"], _told_of_each_other([unit_view(facts) for facts in document["units"]]))
    except (KeyError, TypeError, ValueError) as bad:
        raise PodError(f"PID 1 said something that this minipod does not understand: {bad}", FAILED) from None


def unit_view(facts: Facts) -> UnitView:
    """One unit: an element of ``units``, or what ``GET /v1/units/NAME`` answers."""
    ends = facts["ends"]
    last = ends[-1] if ends else {}
    return UnitView(
        record=_unit_record(facts),
        pid=facts["pid"],
        streak=facts["streak"],
        raw_code=last.get("rawExitCode"),
        left_behind=last.get("leftBehind") or 0,
        waits_for=tuple(Wait(wait["unit"], wait["milestone"]) for wait in facts["waitsFor"]),
        probes=tuple((kind, _probe(facts["probes"][kind])) for kind in PROBES if facts["probes"].get(kind)),
        unhealthy=_sickness(facts["unhealthy"]),
        status_text=facts["statusText"] or "",
        errno=facts["errno"] or 0,
        main_pid=facts["mainPid"],
        deadline_at=moment(facts["deadlineAt"]),
        log=_log(facts["log"]),
        image=facts["image"] or "",
        labels=tuple(facts["labels"].items()),
    )


def changes(events: Sequence[Facts], before: int) -> tuple[list[Change], bool]:
    """What ``GET /v1/events`` answers, as far as a view knew of it (``next_event``): behind the last gap; and whether
    that is all since the pod's begin."""
    known = [event for event in events if event.get("seq", 0) < before]
    gap = max((i for i, event in enumerate(known) if "lost" in event), default=-1)
    whole = known[gap + 1 :]
    return [_change(event) for event in whole], gap < 0 and bool(whole) and whole[0]["seq"] == 0


def _change(event: Facts) -> Change:
    return Change(
        at=moment(event["time"]) or 0,
        unit=event["unit"] or "",
        state=event["to"] if event["machine"] in ("lifecycle", "pod") else None,
        started=bool(event.get("started")),  # the pod's own have neither
        ready=bool(event.get("ready")),
        code=event["exitCode"],
    )


def _told_of_each_other(units: Sequence[UnitView]) -> tuple[UnitView, ...]:
    """Each knows how those ended whom it waits for in vain."""
    over = {unit.name: unit.record.ends[-1] for unit in units if unit.record.life is Life.ENDED and unit.record.ends}
    return tuple(
        unit._replace(waits_for=tuple(wait._replace(end=over.get(wait.unit)) for wait in unit.waits_for))
        for unit in units
    )


def moment(text: str | None) -> int | None:
    """RFC 3339 in UTC to ns since 1970; None for None. ValueError for anything else."""
    if text is None:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time")
    whole = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc)
    return int(whole.timestamp()) * 10**9 + int((match[2] or "").ljust(9, "0"))


def _pod_view(pod: Facts, units: tuple[UnitView, ...]) -> PodView:
    cause = None if pod["cause"] is None else _word(PodEvent, pod["cause"])
    records = tuple(unit.record for unit in units)
    stop_by = moment(pod["stopBy"])
    return PodView(
        record=PodRecord(
            units=records,
            state=_word(PodState, pod["state"]),
            cause=cause,
            exit_code=pod["exitCode"],
            start_time=moment(pod["startedAt"]),
            can_begin_anew=pod["canBeginAnew"],
            is_prepared=pod["prepared"],
            message=pod["message"] or "",
        ),
        info=PodInfo(
            name=pod["name"],
            parts=tuple(Part(unit.name, unit.record.kind, unit.image) for unit in units),
            created_at=moment(pod["startedAt"]),
            deleted_at=stop_by if cause is PodEvent.TOLD else None,
            labels=tuple(pod["labels"].items()),
        ),
        units=units,
        now=moment(pod["now"]) or 0,
        next_event=pod["nextEvent"],
        phase=pod["phase"],
        reason=pod["reason"] or "",
        message=pod.get("message") or "",
        told_by=pod.get("toldBy") or "",
        decided_by=pod.get("decidedBy") or "",
        stop_by=stop_by,
        main=pod["main"] or "",
        pid=pod.get("pid"),
        is_frozen=pod.get("frozen", False),
        orphans_reaped=pod["orphansReaped"],
        dropped_lines=pod["droppedLines"],
        impossible_events=pod["impossibleEvents"],
        version=pod["version"],
        plan_digest=pod["planDigest"],
        volumes=tuple(VolumeView(each["name"], each["kind"], each["path"] or "") for each in pod["volumes"]),
        is_mounted=pod["mounted"],
    )


def _unit_record(facts: Facts) -> UnitRecord:
    return UnitRecord(
        name=facts["name"],
        kind=_word(Kind, facts["kind"]),
        life=_word(Life, facts["life"]),
        want=_word(Want, facts["want"]),
        outcome=None if facts["outcome"] is None else _word(Outcome, facts["outcome"]),
        begun=facts["begun"],
        begun_in_round=facts["begunInRound"],
        started=facts["started"],
        ready=facts["ready"],
        instances=facts["instances"],
        started_at=moment(facts["startedAt"]),
        ends=tuple(_end(end) for end in facts["ends"]),
        due_at=moment(facts["dueAt"]),
    )


def _end(end: Facts) -> Terminated:
    return Terminated(
        exit_code=end["exitCode"],
        reason=end["reason"] or "",
        signal=end["signal"] or 0,
        message=end.get("message") or "",
        started_at=moment(end["startedAt"]),
        finished_at=moment(end["finishedAt"]),
    )


def _probe(facts: Facts) -> ProbeView:
    return ProbeView(
        state=facts["state"],
        last=None if facts["last"] is None else facts["last"] == "success",
        run=facts["run"],
        why=facts["why"] or "",
        asked_at=moment(facts["askedAt"]),
        answers=facts["answers"],
        failures=facts["failures"],
        errors=facts.get("errors", 0),
        latency=facts["latencyNs"],
    )


def _sickness(facts: Facts | None) -> Sickness | None:
    return None if facts is None else Sickness(facts["by"], facts["failures"], facts["why"])


def _log(facts: Facts) -> LogView:
    return LogView(facts["mode"], facts.get("file") or "", facts["bytes"], facts["lines"], facts["dropped"])


def _word(words: type[Word], text: str) -> Any:
    """The member of this word. Of the machines' words none has a spelling of its own."""
    for member in words:
        if member.word == text:
            return member
    raise ValueError(f"{text!r} is no {words.__name__.lower()}")
