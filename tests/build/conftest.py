"""A configured build of the checkout, made once for each worker, without compiling anything."""

import json
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(sysconfig.get_path("scripts"))


@dataclass(frozen=True)
class Build:
    """A meson build directory."""

    path: Path

    def run(self, tool: str, *words: str) -> str:
        """The output of a tool of the environment, run in the build directory; fails the test unless it ends with 0."""
        done = subprocess.run([SCRIPTS / tool, *words], cwd=self.path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def target(self, name: str) -> dict[str, Any]:
        """What meson says of one target: its sources, and the command of a custom one as ``compiler``."""
        [found] = [t for t in json.loads(self.run("meson", "introspect", "--targets", ".")) if t["name"] == name]
        [group] = [g for g in found["target_sources"] if g.get("sources")]
        return group


@pytest.fixture(scope="session")
def configure(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Build]:
    """A function that makes a new build directory with the given options of meson setup."""

    def make(*options: str) -> Build:
        build = Build(tmp_path_factory.mktemp("build"))
        build.run("meson", "setup", *options, ".", str(root))
        return build

    return make


@pytest.fixture(scope="session")
def build(configure: Callable[..., Build]) -> Build:
    """With every option at its default."""
    return configure()
