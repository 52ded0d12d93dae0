"""The pages of analyze, top and exec say what these words print and do."""

import re
from pathlib import Path

from test_analyze import TEXT

from minipod.commands import analyze, top_text
from minipod.reaper.context import OF_ONE_INSTANCE

DOCS = Path(__file__).parents[2] / "docs"


def rows(page: str) -> list[list[str]]:
    """Those of the page's only table, below its head."""
    lines = [line for line in (DOCS / page).read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def shown(page: str) -> list[str]:
    """What is printed as an example, cut where it says so."""
    return [line.strip() for line in (DOCS / page).read_text().splitlines() if line.startswith("    ")]


def test_analyze_prints_what_stands_there() -> None:
    printed = {line.strip() for line in TEXT.splitlines()}
    example = [line for line in shown("boot.md") if not line.startswith("minipod ") and line != "…"]
    assert len(example) == 8 and set(example) <= printed


def test_every_part_of_the_time_is_explained() -> None:
    assert [row[0] for row in rows("boot.md")] == list(analyze.PARTS)


def test_every_column_of_top_is_explained() -> None:
    explained = [name for row in rows("top.md") for name in row[0].split(", ")]
    assert explained == [name for name in top_text.HEAD if name not in ("UNIT", "STATUS")]
    assert shown("top.md")[0].split("  ")[0] == "UNIT" and re.split(" {2,}", shown("top.md")[0]) == list(top_text.HEAD)


def test_what_exec_leaves_out() -> None:
    assert set(re.findall(r"`([A-Z_]+)`", rows("exec.md")[0][0])) == OF_ONE_INSTANCE
