"""One event of PID 1's record as a sentence for people. Pure. Events are those of ``GET /v1/events``: a machine went
from one state to another because of something.
"""

from collections.abc import Mapping
from typing import Any

from minipod.config.findings import visible
from minipod.reaper.events import PROBES
from minipod.supervisor.signals import name_of
from minipod.supervisor.vocabulary import Life, LifeEvent, PodEvent, ProbeEvent, Want, WantEvent, Word
from minipod.supervisor.vocabulary import Pod as PodState

Event = Mapping[str, Any]

_WORDS: dict[str, tuple[type[Word], type[Word]]] = {
    "lifecycle": (Life, LifeEvent),
    "want": (Want, WantEvent),
    "pod": (PodState, PodEvent),
}
# What a unit was found to be by the probe that says so, while and after it was asked.
_FOUND = {"startup": ("has started", "has not started"), "readiness": ("is ready", "is not ready")}
# Told to a probe that nobody asks, or whose unit's end is told anyway.
_NO_NEWS = frozenset({ProbeEvent.ABSENT.word, ProbeEvent.GONE.word})
_ENDS = (LifeEvent.EXITED.word, LifeEvent.UNSTARTABLE.word)


def is_news(event: Event) -> bool:
    """Whether people want to read of it."""
    if event.get("routine"):
        return False
    return event.get("machine") not in PROBES or event["event"] not in _NO_NEWS


def sentence(event: Event) -> str:
    """What it is now, and because of what: ``back-off: verdict: start again after the back-off``."""
    if "lost" in event:
        return f"{event['lost']} events are lost: they were too many to be kept"
    if event["machine"] in PROBES:
        return _of_probe(event)
    words = _WORDS.get(event["machine"])
    because = _meaning(words[1], event["event"]) if words else event["event"]
    return f"{_head(event)}{event['to']}: {visible(because)}{_end(event)}"


def _head(event: Event) -> str:
    """Most of what happens to a unit happens to its lifecycle, which is not named."""
    return "wanted: " if event["machine"] == "want" else ""


def _meaning(words: type[Word], text: str) -> str:
    return next((member.value for member in words if member.word == text), text)


def _of_probe(event: Event) -> str:
    """``readiness: failed, is not ready (HTTP status 503)``."""
    kind = event["machine"]
    is_so = {"startup": event.get("started"), "readiness": event.get("ready")}.get(kind)
    found = "" if is_so is None else f", {_FOUND[kind][not is_so]}"
    said = f" ({visible(event['message'])})" if event.get("message") else ""
    return f"{kind}: {event['event']}{found}{said}"


def _end(event: Event) -> str:
    """How the instance ended, or the pod ends: of those events alone that say so first."""
    if event["machine"] == "pod":
        parts = [event.get("message"), f"by {event['by']}" if event.get("by") else None]
        if event["to"] == PodState.OVER.word and event.get("exitCode") is not None:
            parts.append(f"exit code {event['exitCode']}")
    elif event["event"] in _ENDS and event.get("exitCode") is not None:
        signal = f" ({name_of(event['signal'])})" if event.get("signal") else ""
        parts = [event.get("reason"), f"exit code {event['exitCode']}{signal}"]
    else:
        parts = []
    said = ", ".join(visible(part) for part in parts if part)
    return f" ({said})" if said else ""
