"""`minipod diff FILE|PLAN`: what a pod file would change of the pod that runs. It only asks."""

import sys

from minipod.commands.asking import AS_IT_WAS_READ, COMMON, HELP, POD, ask
from minipod.errors import FAILED, PodError, UsageError
from minipod.options import Words, only_operand, sort_words
from minipod.reading import FLAGS, VALUED
from minipod.reaper.records import Plan

USAGE = f"""minipod diff [-o text|json] [--set KEY=VALUE]... [--exit-code-from NAME] [--entrypoint IMAGE=CMD]...
             FILE|PLAN

Say what differs between the pod that runs and a pod file or a plan, unit by unit: = unchanged, ~ changed, + new,
- removed; below a unit, what it had and what it would have; at the end, why minipod apply would refuse it. Values that
look secret are not shown.
  -o, --output FORMAT     text (the default; nothing at all if nothing differs) or json
{AS_IT_WAS_READ}{COMMON}\
Exit code: 0 if nothing differs, 1 if something does; 78 for a pod or plan that cannot be run, 2 if the one that
runs cannot be read, 3 if no pod answers, 64 for a mistake on the command line.
"""
FORMATS = ("text", "json")
DIFFERS = 1  # as diff(1) and kubectl diff have it: more than that is trouble
TROUBLE = 2


def run(words: list[str]) -> int:
    """Whether something differs; ConfigError, PodError and UsageError are the caller's to report."""
    found = sort_words(words, flags=(*HELP, *FLAGS), valued=("-o", "--output", *VALUED, POD))
    if found.flags & {*HELP}:
        sys.stdout.write(USAGE)
        return 0
    output = found.values.get("--output", found.values.get("-o", ["text"]))[-1]
    if output not in FORMATS:
        raise UsageError(f"-o takes {' or '.join(FORMATS)}, not {output!r}")
    new = _plan_of_file(found)
    old = _plan_that_runs(found)
    from minipod.commands.diff_text import refusal_text, to_json, to_text
    from minipod.reaper.changes import changes
    from minipod.reaper.fixed import of_plan
    from minipod.supervisor.settled import refusals

    differing = changes(old, new)
    refused = tuple(refusals(of_plan(old), of_plan(new)))
    if output == "text":
        sys.stdout.write(to_text(differing, old, new) + refusal_text(refused))
    else:
        sys.stdout.write(to_json(differing, old, new, refused))
    return DIFFERS if differing else 0


def _plan_of_file(found: Words) -> Plan:
    from minipod.commands.plan import load

    return load(only_operand(found, "FILE"), found)


def _plan_that_runs(found: Words) -> Plan:
    from minipod.commands.running_plan import plan_that_runs

    try:
        return plan_that_runs(ask(found))
    except PodError as bad:
        raise PodError(str(bad), TROUBLE if bad.exit_code == FAILED else bad.exit_code) from None
