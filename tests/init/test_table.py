"""docs/init_checks.md has a row for every check, and minipod a "yes" in each."""

import re
from pathlib import Path

from init_checks import CHECKS


def rows(text: str) -> list[list[str]]:
    lines = (line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---"))
    return [[cell.replace("\\|", "|") for cell in re.split(r"(?<!\\) \| ", line[2:-2])] for line in lines]


def test_the_page_has_every_check_and_minipod_passes_them_all(root: Path) -> None:
    """`tests/init/table.py` prints it."""
    found = rows((root / "docs/init_checks.md").read_text(encoding="utf-8"))
    heads = [row for row in found if row[0] == ""]
    assert heads and all(row[1] == "minipod" for row in heads)
    assert [row[1] for row in found if row[0]] == ["yes"] * len(CHECKS)
    assert sorted(row[0] for row in found if row[0]) == sorted(check.words for check in CHECKS)
