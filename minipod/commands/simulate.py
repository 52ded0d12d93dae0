"""`minipod simulate`: a pod under a virtual clock, with the tables that PID 1 runs. It starts nothing, waits for
nothing and writes nothing.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from itertools import chain

from minipod.config import toml
from minipod.config.durations import UNITS, parse_duration
from minipod.config.read import load_text, read_pod
from minipod.errors import ConfigError, UsageError
from minipod.options import Words, only_operand, sort_words
from minipod.supervisor.scenario import Scenario, check, of_pod, parse

USAGE = """minipod simulate [--events LIST] [--until TIME] [-o text|json] FILE
minipod simulate --check DIR...

Play a pod file under a virtual clock, by the rules that PID 1 has, and print what becomes of it and when. Nothing is
started: programs run for ever, probes succeed and hooks are done at once, unless an event says otherwise.
  --events LIST           what happens, with commas between: "web:exit=1@5s, cache:ready@2s, pod:TERM@30s"
                            exit=N, signal=NAME, oom      the program ends
                            ready, unready, started, healthy, unhealthy
                            startup=, liveness=, readiness=passes|fails|errors|hangs
                            notify=ready|reloading|stopping|watchdog|trigger
                            order=start|stop|restart      as a person would say
                            pod:TERM, pod:INT             the pod is told to stop
  --until TIME            look no further; a minute after the last event if it is not said
  -o, --output FORMAT     text (the default) or json: a line for each moment
  --set KEY=VALUE         a key's value over the file's
  --exit-code-from NAME   the pod ends when this service ends, with its exit code
  --check                 play scenario files (given, events, expected: docs/simulate.md) and say where they differ
Exit code: 0; 1 if a scenario came out otherwise, 78 for a pod file that cannot be used, 64 for a mistake on the command
line.
"""
FORMATS = ("text", "json")
_A_MINUTE = UNITS["m"]


def run(words: list[str]) -> int:
    """The exit code; ConfigError and UsageError are the caller's to report."""
    valued = ("--events", "--until", "-o", "--output", "--set", "--exit-code-from")
    found = sort_words(words, flags=("--check", "-h", "--help"), valued=valued)
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
        raise UsageError(f"-o takes text or json, not {output!r}")
    pod = read_pod(path, overrides=found.values.get("--set", ()), exit_code_from=found.last("--exit-code-from")).pod
    scenario = _scenario(pod, found)
    from minipod.commands import timeline

    recorder = timeline.Recorder(pod.name)
    report = scenario.play(watch=recorder.watch)
    write = timeline.to_json if output == "json" else timeline.to_text
    return write(scenario, report, recorder, scenario.until)


def _scenario(pod, found: Words) -> Scenario:
    events = [each.strip() for each in chain(*(text.split(",") for text in found.values.get("--events", ())))]
    try:
        scenario = of_pod(pod, {"events": [each for each in events if each]})
        last = max((at for at, _ in scenario.facts), default=0)
        until = found.last("--until")
        return scenario.ending(last + _A_MINUTE if until is None else parse_duration(until))
    except ValueError as bad:
        raise UsageError(str(bad)) from None


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
    """The file itself, or all below a directory, by name."""
    if not os.path.isdir(place):
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders.sort()
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".toml"))


def _differences(path: str) -> list[str]:
    try:
        return check(_read(path))
    except ConfigError as bad:
        return [f"{problem.place.name}: {problem.message}" for problem in bad.problems]
    except (ValueError, TypeError, AttributeError) as bad:
        return [f"is no scenario: {bad}"]


def _read(path: str) -> Scenario:
    """``given`` is a table, or the path of a pod file beside the scenario."""
    document: Mapping = toml.loads(load_text(path, path))
    if not isinstance(document.get("given"), str):
        return parse(document)
    if not document.get("source"):
        raise ValueError("a scenario must name its source")
    pod = read_pod(os.path.join(os.path.dirname(path), document["given"])).pod
    return of_pod(pod, {key: value for key, value in document.items() if key != "given"})
