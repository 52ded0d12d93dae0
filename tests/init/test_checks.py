"""minipod passes every check that an init can be put to, as PID 1 and not."""

from pathlib import Path

import pytest
from init_checks import CHECKS, Check
from init_trial import Init, Stage, Trial

PATIENCE = 30.0  # s
CASES = [pytest.param(check, stage, id=f"{check.name}-{stage.value}") for check in CHECKS for stage in check.stages]


@pytest.mark.parametrize(("check", "stage"), CASES)
def test_minipod(check: Check, stage: Stage, minipod: Path, tmp_path: Path) -> None:
    command = (str(minipod), "--")
    with Trial(Init("minipod", command, command, command), stage, tmp_path, PATIENCE) as trial:
        check.run(trial)
