"""What is checked in for people is what the tables say: golden texts, docs/policy.md.

A change of policy shows here as a difference that a reviewer can read. To accept it, print anew:
``python -m minipod.supervisor.diagram NAME > tests/policy/golden/NAME.txt``, and without NAME ``> docs/policy.md``.
"""

from pathlib import Path

import pytest

from minipod.supervisor import diagram
from minipod.supervisor.lifecycle import LIFECYCLE
from minipod.supervisor.table import CellKind

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("name", diagram.TEXTS)
def test_golden_text(name):
    assert diagram.TEXTS[name]() == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_no_golden_text_is_left_over():
    assert {path.stem for path in GOLDEN.iterdir()} == set(diagram.TEXTS)


def test_page(root):
    assert (root / "docs/policy.md").read_text(encoding="utf-8") == diagram.page()


def test_page_says_that_it_is_printed():
    assert diagram.page().startswith(diagram.MARKER)


def test_every_cell_is_in_the_text():
    lines = diagram.machine_text(LIFECYCLE).splitlines()
    assert sum(line.startswith("    ") for line in lines) == len(list(LIFECYCLE.cells()))


def test_every_arrow_is_in_the_diagram():
    arrows = {(s, c.next) for s, _, c in LIFECYCLE.cells() if c.kind is CellKind.ACTS and c.next is not s}
    assert sum(" --> " in line and "[*]" not in line for line in diagram.mermaid(LIFECYCLE).splitlines()) == len(arrows)
