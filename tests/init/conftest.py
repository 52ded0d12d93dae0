"""Checks of inits, run for minipod. They use what the system tests use."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]


@pytest.fixture(scope="session", autouse=True)
def default_dispositions() -> None:
    """What an init is given here does not depend on who runs the tests."""
    import dispositions

    dispositions.restore()
