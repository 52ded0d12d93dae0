"""`minipod plan FILE|PLAN`: what PID 1 would do, for people or as JSON. It starts nothing and writes nothing."""

import os
import stat
import sys

from minipod.errors import ERROR, ConfigError, Place, Problem, UsageError
from minipod.options import Words, only_operand, sort_words
from minipod.reading import FLAGS, VALUED, options_of, read_pod
from minipod.reaper.decode import decode
from minipod.reaper.records import MAGIC, Plan, PlanRefused

USAGE = """minipod plan [-o text|json] [--set KEY=VALUE]... [--exit-code-from NAME] FILE|PLAN

Print what minipod would do with a pod file, or with a compiled plan. Values that look secret are not shown.
  -o, --output FORMAT     text (the default) or json
  --set KEY=VALUE         a key's value over the file's; not with a compiled plan
  --exit-code-from NAME   the pod ends when this service ends, with its exit code; not with a compiled plan
  --entrypoint IMAGE=CMD  what an image of a manifest runs, for example --entrypoint redis='redis-server --port 6380'
  --only NAME             the pod of that name, of a manifest with several; KIND/NAME where two share it
  --preset DIR            add what the presets in a directory's files add: [preset.NAME] in *.toml, PodPresets in *.yaml
  --volume NAME=/PATH     a directory in the place of the volume NAME
  --strict                ignored fields of a manifest that a program may count on are errors
  --allow-unknown         fields that nobody knows, and documents of other kinds, are left out with a warning
Exit code: 0; 78 for a pod or plan that cannot be run, 64 for a mistake on the command line.
"""
FORMATS = ("text", "json")


def run(words: list[str]) -> int:
    """0; ConfigError and UsageError are the caller's to report."""
    found = sort_words(words, flags=("-h", "--help", *FLAGS), valued=("-o", "--output", *VALUED))
    if found.flags & {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return 0
    path = only_operand(found, "FILE")
    output = found.values.get("--output", found.values.get("-o", ["text"]))[-1]
    if output not in FORMATS:
        raise UsageError(f"-o takes text or json, not {output!r}")
    sys.stdout.write(_print(load(path, found), output))
    return 0


def _print(plan: Plan, output: str) -> str:
    if output == "json":
        from minipod.commands.plan_json import to_json

        return to_json(plan)
    from minipod.commands.plan_text import to_text

    return to_text(plan)


def load(path: str, found: Words) -> Plan:
    """The plan in a file, or of the pod in it. ConfigError if there is none to be had."""
    raw = _plan_bytes(path)
    if raw is None:
        return _compile(path, found)
    if (found.values.keys() | found.flags) & {*VALUED, *FLAGS}:
        raise UsageError(f"a compiled plan cannot be changed: give {', '.join((*VALUED, *FLAGS))} to minipod compile")
    try:
        return decode(raw)
    except PlanRefused as bad:
        raise ConfigError((Problem(ERROR, Place(path), f"cannot run this plan: {bad}"),)) from None


def _compile(path: str, found: Words) -> Plan:
    from minipod.commands.compile import compile_reading

    return decode(compile_reading(read_pod(path, **options_of(found)), path, sys.executable))


def _plan_bytes(path: str) -> bytes | None:
    """All of a file that begins like a plan; None for any other, also for one that cannot be read: the reader of pod
    files has the words for it."""
    try:
        with open(path, "rb", buffering=0, opener=_open_at_once) as file:
            if path == "-" or not stat.S_ISREG(os.fstat(file.fileno()).st_mode) or file.read(len(MAGIC)) != MAGIC:
                return None
            return MAGIC + file.readall()
    except (OSError, ValueError):
        return None


def _open_at_once(path: str, flags: int) -> int:
    """Without waiting for a pipe's other end."""
    return os.open(path, flags | os.O_NONBLOCK)
