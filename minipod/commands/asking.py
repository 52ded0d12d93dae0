"""What all commands that ask a running pod share: their common options, the way to the pod, and how they wait for it.

It must never decide what a state means.
"""

from collections.abc import Iterator
from time import monotonic

from minipod.errors import TIMED_OUT, UNKNOWN, PodError, UsageError
from minipod.options import Words
from minipod.reaper.client import Client, find
from minipod.reaper.events import pod_view
from minipod.status.view import PodView, UnitView

HELP = ("-h", "--help")
POD = "--pod"
# How a pod file is read again: the options that reading.py has.
AS_IT_WAS_READ = """\
  --set KEY=VALUE         a key's value over the file's, as it was given to minipod run; not with a plan
  --exit-code-from NAME   the pod ends when this service ends, with its exit code; not with a plan
  --entrypoint IMAGE=CMD  what an image of a manifest runs, as it was given to minipod run
  --only NAME             the pod of that name, of a manifest with several; KIND/NAME where two share it
  --preset DIR            a directory of presets, as it was given to minipod run
  --volume NAME=/PATH     a directory in the place of the volume NAME, as it was given to minipod run
  --strict                ignored fields of a manifest that a program may count on are errors
  --allow-unknown         fields that nobody knows, and documents of other kinds, are left out with a warning
"""
COMMON = """  --pod NAME              which pod, where several answer; MINIPOD_SOCKET=PATH names a socket
"""
CODES = "0; 1 if it failed, 3 if no pod answers, 4 for a unit that nobody knows, 64 for a mistake on the command line"


def ask(found: Words) -> Client:
    """The pod that the options mean."""
    return find(found.last(POD))


def view_of(client: Client) -> PodView:
    """The pod as it is now."""
    return pod_view(client.get("/v1/pod"))


def chosen(pod: PodView, names: list[str]) -> tuple[UnitView, ...]:
    """The units of these names, in the order of the names; all for none. PodError 4 names the one that is not there."""
    return tuple(unit_of(pod, name) for name in names) if names else pod.units


def unit_of(pod: PodView, name: str) -> UnitView:
    unit = pod.unit(name)
    if unit is None:
        raise unknown_unit(name, [each.name for each in pod.units])
    return unit


def unknown_unit(name: str, names: list[str]) -> PodError:
    from minipod.config.suggest import did_you_mean

    guess = did_you_mean(name, names, before="; ") or f"; there is {', '.join(names)}"
    return PodError(f"no unit is called {name}{guess}", UNKNOWN)


def views(client: Client, until: float | None = None) -> Iterator[PodView]:
    """The pod as it is, and again after each event, until it is gone. ``until``: a moment of the monotonic clock, after
    which PodError 124 is raised."""
    pod = view_of(client)
    yield pod
    after = pod.next_event - 1 if pod.next_event else None
    for event in client.lines("/v1/events", follow=1, after=after, until=until):
        if event.get("routine") or event.get("seq", pod.next_event) < pod.next_event:
            continue  # it brings no news, or what is known of the pod is younger
        try:
            pod = view_of(client)
        except PodError as bad:
            if bad.exit_code == TIMED_OUT:
                raise
            return
        yield pod


def moment_after(text: str | None, option: str, default: float | None) -> float | None:
    """When a duration of the command line is over, by the monotonic clock; None for "none"."""
    if text == "none":
        return None
    seconds = default if text is None else seconds_of(text, option)
    return None if seconds is None else monotonic() + seconds


def seconds_of(text: str, option: str) -> float:
    """A duration as in a pod file, or a number of seconds."""
    from minipod.config.durations import UNITS, BadDuration, parse_duration

    try:
        return parse_duration(f"{text}s" if text.isascii() and text.isdigit() else text) / UNITS["s"]
    except BadDuration as bad:
        raise UsageError(f"{option} {bad}; {bad.help}") from None
