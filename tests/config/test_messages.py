"""What people read: every file in errors/ and warnings/ is named after its rule and stands beside the whole text that
minipod must say about it."""

from pathlib import Path

import pytest

from minipod.config.read import read_pod
from minipod.config.render import render, render_error
from minipod.errors import CONFIG, ConfigError

HERE = Path(__file__).parent
ERRORS = sorted((HERE / "errors").glob("*.toml"))
WARNINGS = sorted((HERE / "warnings").glob("*.toml"))


def named(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def told(text: str, path: Path) -> str:
    """What was said, with the file's name alone."""
    return text.replace(str(path), path.name)


@named(ERRORS)
def test_error(path):
    with pytest.raises(ConfigError) as caught:
        read_pod(str(path))
    assert caught.value.exit_code == CONFIG
    assert [problem.message for problem in caught.value.problems if not problem.help] == []
    assert told(render_error(caught.value), path) == path.with_suffix(".txt").read_text(encoding="utf-8")


@named(WARNINGS)
def test_warning(path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    warnings = read_pod(str(path), thorough=True).warnings
    assert told(render(warnings), path) == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["errors", "warnings"])
def test_no_text_without_its_file(folder):
    files = {path.stem for path in (HERE / folder).glob("*.toml")}
    assert {path.stem for path in (HERE / folder).glob("*.txt")} == files
