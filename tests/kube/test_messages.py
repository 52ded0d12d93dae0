"""What people read: every file in errors/ is named after its rule and stands beside the whole text that minipod must
say about it. Those in taken/ are whole manifests, as clusters and tools write them, beside what they are warned of."""

from pathlib import Path

import pytest

from minipod.config.render import render_error
from minipod.errors import CONFIG, ConfigError
from minipod.reading import read_pod

HERE = Path(__file__).parent
ERRORS = sorted(path for path in (HERE / "errors").iterdir() if path.suffix in (".yaml", ".json"))

TAKEN = sorted(path for path in (HERE / "taken").iterdir() if path.suffix in (".yaml", ".json"))


def said(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_pod(str(path))
    return caught.value


@pytest.mark.parametrize("path", ERRORS, ids=lambda path: path.stem)
def test_error(path):
    error = said(path)
    assert error.exit_code == CONFIG
    assert [problem.message for problem in error.problems if not problem.help] == []
    text = render_error(error).replace(str(path), path.name)
    assert text == path.with_suffix(".txt").read_text(encoding="utf-8")
    assert "hunter" not in text


@pytest.mark.parametrize("path", TAKEN, ids=lambda path: path.stem)
def test_taken(path):
    """What the API server takes: no error, and the warnings that stand beside it."""
    reading = read_pod(str(path))
    told = [f"{each.place.line}: {each.message}\n" for each in reading.warnings]
    assert "".join(told) == path.with_suffix(".txt").read_text(encoding="utf-8")
    assert read_pod(str(path), thorough=True).pod == reading.pod


def test_no_text_without_its_file():
    assert {path.stem for path in (HERE / "errors").glob("*.txt")} == {path.stem for path in ERRORS}
    assert {path.stem for path in (HERE / "taken").glob("*.txt")} == {path.stem for path in TAKEN}
