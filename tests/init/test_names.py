"""By the names of other inits minipod does what it does by its own, but for the end: there it leaves with its program,
as they do, and TERM is a signal like any other.
"""

from pathlib import Path

import pytest
from init_checks import CHECKS, Check
from init_trial import Init, Stage, Trial

PATIENCE = 30.0  # s
# All that is said of the end of the tree is not theirs; nor is being told to stop.
NOT_THEIRS = {"children_from_before_are_its_own"}
# A session of its own, where there is no terminal: nobody could resume its program from TSTP, which becomes STOP.
NOT_DUMB_INITS = {"tstp_can_be_handled"}
SLOW = {"stops_between_any_two_of_its_calls", "it_sleeps"}  # the same code for every name
NAMES = {"tini": ("-g", "--"), "dumb-init": ("--",)}


def cases() -> list:
    found = []
    for name in NAMES:
        for check in CHECKS:
            skipped = NOT_THEIRS | SLOW | (NOT_DUMB_INITS if name == "dumb-init" else set())
            if check.topic != "End of the tree" and check.name not in skipped:
                found += [pytest.param(name, check, stage, id=f"{name}-{check.name}-{stage.value}")
                          for stage in check.stages]
    return found


@pytest.mark.parametrize(("name", "check", "stage"), cases())
def test_by_another_name(name: str, check: Check, stage: Stage, minipod: Path, tmp_path: Path) -> None:
    link = tmp_path / "bin" / name
    link.parent.mkdir()
    link.symlink_to(minipod)
    command = (str(link), *NAMES[name])
    with Trial(Init(name, command, command, (str(link),)), stage, tmp_path, PATIENCE) as trial:
        check.run(trial)
