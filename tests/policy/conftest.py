"""The scenarios, read and parsed once a worker."""

import functools
import sys
from pathlib import Path

import pytest

from minipod.config.toml import loads
from minipod.supervisor.scenario import Scenario, parse

sys.path.insert(0, str(Path(__file__).parent))

SCENARIOS = sorted(Path(__file__).with_name("scenarios").rglob("*.toml"))


@functools.cache
def read_scenario(path: Path) -> Scenario:
    return parse(loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def scenarios() -> dict[str, Scenario]:
    """Every scenario by its name."""
    return {path.stem: read_scenario(path) for path in SCENARIOS}
