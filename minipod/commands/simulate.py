"""`minipod simulate`: a pod under a virtual clock, with the tables that PID 1 runs. It starts nothing, waits for
nothing and writes nothing.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from minipod import errors
from minipod.commands import timeline
from minipod.commands.timeline import Recorder
from minipod.config.durations import UNITS, BadDuration, parse_duration
from minipod.config.findings import word
from minipod.config.render import render, render_error, wants_colour
from minipod.config.text import load_text, parse_text
from minipod.errors import ERROR, NOTE, ConfigError, Place, Problem, UsageError
from minipod.model import Pod
from minipod.options import Words, only_operand, sort_words
from minipod.reading import FLAGS, VALUED, options_of, read_pod
from minipod.supervisor.deeds_plan import NewPlan
from minipod.supervisor.scenario import Scenario, check, of_events, parse
from minipod.supervisor.scenario_events import BadEvent, Moment, parse_events, plans_in
from minipod.supervisor.scenario_parts import BadScenario

USAGE = """minipod simulate [--events LIST] [--until TIME] [-o text|json|svg] FILE
minipod simulate --check DIR...

Play a pod file under a virtual clock, by the rules that PID 1 has, and print what becomes of it and when. Nothing is
started: inits are done at once, other programs run for ever, probes succeed and hooks are done at once, unless an event
says otherwise.
  --events LIST           what happens, with commas between: "web:exit=1@5s, cache:ready@2s, pod:TERM@30s"
                            exit=N, signal=NAME, oom      the program ends
                            ready, unready, started, healthy, unhealthy
                            startup=, liveness=, readiness=passes|fails|errors|hangs
                            watchdog=passes|fails|hangs
                            post_start=, pre_stop=done|fails|hangs
                            notify=ready|reloading|stopping|watchdog|trigger
                            order=start|stop|restart      as a person would say
                            pod:TERM, pod:INT, pod:QUIT   the pod is told to stop
                            pod:apply=FILE                another pod file, as by minipod apply
  --until TIME            look no further; a minute after the last event if it is not said
  -o, --output FORMAT     text (the default); json: a line for each moment; svg: a picture, as minipod plot draws it
  --set KEY=VALUE         a key's value over the file's
  --exit-code-from NAME   the pod ends when this service ends, with its exit code
  --entrypoint IMAGE=CMD  what an image of a manifest runs, for example --entrypoint redis='redis-server --port 6380'
  --only NAME             the pod of that name, of a manifest with several; KIND/NAME where two share it
  --preset DIR            add what the presets in a directory's files add: [preset.NAME] in *.toml, PodPresets in *.yaml
  --volume NAME=/PATH     a directory in the place of the volume NAME
  --strict                ignored fields of a manifest that a program may count on are errors
  --allow-unknown         fields that nobody knows, and documents of other kinds, are left out with a warning
  --check                 play scenario files (given, events, expected: docs/simulate.md) and say where they differ
Exit code: 0; 1 if a scenario came out otherwise, 78 for a pod file that cannot be used, 64 for a mistake on the command
line.
"""
FORMATS = ("text", "json", "svg")
_A_MINUTE = UNITS["m"]


def run(words: list[str]) -> int:
    """The exit code; ConfigError and UsageError are the caller's to report."""
    valued = ("--events", "--until", "-o", "--output", *VALUED)
    found = sort_words(words, flags=("--check", "-h", "--help", *FLAGS), valued=valued)
    if found.flags & {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return 0
    if "--check" in found.flags:
        if found.values:
            raise UsageError(f"{next(iter(found.values))} and --check do not go together")
        return _check_all(found.operands)
    sys.stdout.write(_play(found))
    return 0


# --- one pod ---


def _play(found: Words) -> str:
    path = only_operand(found, "FILE")
    output = found.values.get("--output", found.values.get("-o", ["text"]))[-1]
    if output not in FORMATS:
        raise UsageError(f"{word(output)} is no format; write -o text, -o json or -o svg")
    pod = read_pod(path, **options_of(found)).pod
    given = _given_events(found.values.get("--events", ()))
    plans = {path: read_pod(path, **options_of(found)).pod for path in plans_in(each.line for each in given)}
    scenario = _scenario(pod, given, plans, found.last("--until"))
    recorder = timeline.Recorder(pod.name)
    report = scenario.play(watch=recorder.watch)
    sys.stderr.write(render(_without_effect(scenario, given, recorder), colour=wants_colour(sys.stderr)))
    return _writer(output)(scenario, report, recorder, scenario.until)


def _writer(output: str) -> Callable[..., str]:
    if output == "svg":
        from minipod.commands.plot_simulated import to_svg

        return to_svg
    return timeline.to_json if output == "json" else timeline.to_text


class _Event(NamedTuple):
    """One event of ``--events``: the option's whole text, and where in it the event begins."""

    text: str
    begin: int
    line: str

    def place(self, begin: int = 0, end: int | None = None) -> Place:
        end = len(self.line) if end is None else end
        return Place("--events", 0, self.begin + begin + 1, self.text, max(1, end - begin))


def _given_events(texts: Sequence[str]) -> list[_Event]:
    """Each between two commas; nothing between two commas is nothing."""
    found = []
    for text in texts:
        begin = 0
        for part in text.split(","):
            if part.strip():
                found.append(_Event(text, begin + len(part) - len(part.lstrip()), part.strip()))
            begin += len(part) + 1
    return found


def _scenario(pod: Pod, given: Sequence[_Event], plans: Mapping[str, Pod], until: str | None) -> Scenario:
    """ConfigError, on behalf of the command line, holds all that is wrong with the events and the time."""
    wrong: list[Problem] = []
    end, scenario = None, None
    try:
        scenario = of_events(pod, [each.line for each in given], plans)
    except BadScenario as bad:
        wrong += [_problem(given[at].place(each.begin, each.end), each) for at, each in bad.events]
    try:
        end = None if until is None else parse_duration(until)
    except BadDuration as bad:
        place = Place("--until", 0, 1, until, max(1, len(until)))
        wrong.append(Problem(ERROR, place, f"the time {word(until)} {bad}", "", bad.help))
    if scenario is None or wrong:
        raise ConfigError(tuple(wrong), exit_code=errors.USAGE)
    last = max((at for at, _ in scenario.facts), default=0)
    return scenario.ending(last + _A_MINUTE if end is None else end)


def _problem(place: Place, bad: BadEvent) -> Problem:
    return Problem(ERROR, place, str(bad), bad.why, bad.help)


def _without_effect(scenario: Scenario, given: Sequence[_Event], recorder: Recorder) -> list[Problem]:
    """Notes of events that were none: too late, happening to nobody, or saying what holds anyway. Each is sound, but
    seldom what was meant."""
    lost = Counter(recorder.lost)
    notes = []
    for each in reversed(given):  # of two that are the same, the second was the one too many
        moments = parse_events([each.line], scenario.pod.units, scenario.plans)
        why = _why_without_effect(moments, lost, recorder.over_at, scenario.until)
        lost.subtract(moments)
        if why:
            notes.append(Problem(NOTE, each.place(), f"{word(each.line)} changed nothing", why))
    return notes[::-1]


def _why_without_effect(moments: Sequence[Moment], lost: Counter, over_at: int | None, until: int | None) -> str:
    if not moments:
        return "without a probe that says otherwise a unit is well as soon as it runs"
    at = moments[0][0]
    if over_at is not None and at > over_at:
        return "the pod was over"
    if until is not None and at > until:
        return "--until ends before it"
    if not all(lost[moment] > 0 for moment in moments):
        return ""
    if isinstance(moments[0][1].value, NewPlan):
        return "the pod takes no plan then, or what this one changes is settled when a pod starts"
    return "the unit had no program running then"


# --- scenario files ---


def _check_all(places: list[str]) -> int:
    """Play each; the count at the end, 1 if one of them differs."""
    paths = [path for place in places for path in _scenario_files(place)]
    if not paths:
        raise UsageError("no scenario there: name a directory with .toml files in it" if places else "DIR is missing")
    failed = 0
    for path in paths:
        differences = _differences(path)
        if differences:
            failed += 1
            sys.stdout.write("\n".join([f"{path}:", *(f"  {line}" for line in differences)]) + "\n")
    sys.stdout.write(f"{len(paths) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


def _scenario_files(place: str) -> Iterator[str]:
    """The file itself, or all below a directory, by name. UsageError if it is not there."""
    if not os.path.exists(place):
        raise UsageError(f"cannot read {place}: there is no such file or directory")
    if not os.path.isdir(place):
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders.sort()
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".toml"))


def _differences(path: str) -> list[str]:
    try:
        text = load_text(path, path)
        return check(_read(path, parse_text(text, path)))
    except ConfigError as bad:
        return render_error(bad).splitlines()
    except BadScenario as bad:
        return render(_located(bad, path, text)).splitlines()


def _located(bad: BadScenario, path: str, text: str) -> list[Problem]:
    """In file order. An event's words stand where they stand behind the quote of a plain string; of any other string
    the whole is shown."""
    from minipod.config.locate import Source, locate, place_at

    source = Source(path, text)
    problems = [*locate(bad.findings, source)[0]]
    for at, each in bad.events:
        begin, end = source.span(("events", at), on_key=False) or (0, 0)
        if end - begin == len(each.line) + 2:
            begin, end = begin + 1 + each.begin, begin + 1 + each.end
        problems.append(_problem(place_at(path, text, (begin, end)), each))
    return sorted(problems, key=lambda problem: (problem.place.line, problem.place.column))


def _read(path: str, document: Mapping) -> Scenario:
    """``given`` is a table, or the path of a pod file beside the scenario; so is each ``plan``."""
    beside = os.path.dirname(path)
    given, plans = document.get("given"), document.get("plan")
    named = plans.items() if isinstance(plans, Mapping) else ()
    files = {name: read_pod(os.path.join(beside, what)).pod for name, what in named if isinstance(what, str)}
    return parse(document, read_pod(os.path.join(beside, given)).pod if isinstance(given, str) else None, files)
