"""A supervisord.conf from a text, imported and read again."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from brought import Brought, reread

from minipod.foreign.supervisord import import_supervisord


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., Brought]:
    """``bring(text)``: of a supervisord.conf in a directory of its own."""

    def run(text: str, environ: dict[str, str] | None = None, here: str | None = "/etc/supervisor") -> Brought:
        path = tmp_path / "supervisord.conf"
        path.write_text(text, encoding="utf-8")
        return reread(import_supervisord(text, str(path), environ or {}, here), tmp_path)

    return run
