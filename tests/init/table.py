"""Puts every init that is installed here to the checks and prints docs/init_checks.md: `python table.py >FILE`.

An init that is not there has no column. What minipod's column says is held by test_table.py; those of the others are as
true as the day they were made. A check that fails is tried once more, alone: only what fails twice is a "no".
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]

import dispositions  # noqa: E402
from init_checks import CHECKS, Check  # noqa: E402
from init_trial import Init, Stage, Trial  # noqa: E402

PATIENCE = 3.0  # s: one that does not answer until then never does
MINIPOD = os.environ.get("MINIPOD_TEST_COMMAND") or str(Path(sysconfig.get_path("scripts"), "minipod"))
INITS = (
    Init("minipod", (MINIPOD, "--"), (MINIPOD, "--"), (MINIPOD, "--")),
    Init("tini", ("tini", "-g", "--"), ("tini", "-s", "-g", "--"), ("tini",)),
    Init("dumb-init", ("dumb-init", "--"), ("dumb-init", "--"), ("dumb-init",)),
    Init("catatonit", ("catatonit", "-g", "--"), ("catatonit", "-g", "--"), ("catatonit",)),
)
TOPICS = ("Signals", "Terminal", "Hygiene", "End of the tree", "Exit codes")
YES, NO = "yes", "no"
ONLY = {Stage.INIT: "as PID 1", Stage.CHILD: "not as PID 1"}

_HEAD = """\
# The same checks, put to several inits

Printed by `tests/init/table.py`; `tests/init/test_checks.py` holds minipod's column, which is the same list of checks.
Each runs as PID 1 of a namespace and below another PID 1, where both make sense; "as PID 1" means: only there. No check
waits for luck: early moments are held by ptrace, terminals are real ones.

"""


def passes(init: Init, check: Check, stage: Stage) -> bool:
    """Whether the check holds; whatever goes wrong with an init, however it does, is a no."""
    with tempfile.TemporaryDirectory() as folder, Trial(init, stage, Path(folder), PATIENCE) as trial:
        try:
            check.run(trial)
        except Exception as why:
            if os.environ.get("EXPLAIN"):
                print(f"{init.name}, {stage.value}, {check.name}: {str(why)[:300]}", file=sys.stderr)
            return False
    return True


def answer(init: Init, check: Check) -> str:
    """A cell."""
    held = [stage for stage in check.stages if passes(init, check, stage) or passes(init, check, stage)]
    if len(held) == len(check.stages):
        return YES
    return ONLY[held[0]] if held else NO


def version(init: Init) -> str:
    """Its name, and the number that it says itself."""
    words = subprocess.run([init.bare[0], "--version"], capture_output=True, text=True, timeout=PATIENCE)
    number = re.search(r"\d+(\.\d+)+", words.stdout + words.stderr)
    return f"{init.name} {number.group()}" if number else init.name


def row(words: list[str]) -> str:
    return "| " + " | ".join(word.replace("|", "\\|") for word in words) + " |\n"


def installed() -> list[Init]:
    return [init for init in INITS if shutil.which(init.bare[0])]


def text(inits: list[Init], cells: dict[tuple[str, str], str]) -> str:
    """The page; ``cells`` by check and init."""
    parts = [_HEAD, ", ".join(map(version, inits)), ".\n"]
    for topic in TOPICS:
        parts += [f"\n## {topic}\n\n", row(["", *(init.name for init in inits)]), row(["---"] * (len(inits) + 1))]
        for check in (check for check in CHECKS if check.topic == topic):
            parts.append(row([check.words, *(cells[check.name, init.name] for init in inits)]))
    return "".join(parts)


def main() -> None:
    dispositions.restore()
    inits = installed()
    cases = [(init, check) for init in inits for check in CHECKS]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(answer, *zip(*cases, strict=True))
        cells = {(check.name, init.name): cell for (init, check), cell in zip(cases, answers, strict=True)}
    print(text(inits, cells), end="")


if __name__ == "__main__":
    main()
