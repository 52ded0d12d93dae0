"""Scenarios of manifests: what only they have, as the simulator plays it. (tests/core plays them in C.)"""

from pathlib import Path

import pytest

from minipod import cli

HERE = Path(__file__).parent
SCENARIOS = sorted((HERE / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(path, capsys):
    assert cli.main(["simulate", "--check", str(path)]) == 0, capsys.readouterr().out
