"""What is checked in for people is what the tables say: golden texts, docs/policy.md.

A change of policy shows here as a difference that a reviewer can read. To accept it, print anew:
``python -m minipod.supervisor.diagram NAME > tests/policy/golden/NAME.txt``, and without NAME ``> docs/policy.md``.
"""

from pathlib import Path

import pytest

from minipod.supervisor import diagram
from minipod.supervisor.books import TABLES
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


every_machine = pytest.mark.parametrize("machine", TABLES.machines.values(), ids=list(TABLES.machines))


@every_machine
def test_every_cell_is_in_the_text(machine):
    lines = diagram.machine_text(machine).splitlines()
    assert sum(line.startswith("    ") for line in lines) == len(list(machine.cells()))


@every_machine
def test_every_arrow_is_in_the_diagram(machine):
    arrows = {(s, c.next) for s, _, c in machine.cells() if c.kind is CellKind.ACTS and c.next is not s}
    assert sum(" --> " in line and "[*]" not in line for line in diagram.mermaid(machine).splitlines()) == len(arrows)


@every_machine
def test_every_machine_is_on_the_page(machine):
    assert diagram.mermaid(machine) in diagram.page()


def test_the_phases_patterns_say_what_the_table_says():
    """Each set of facts fits patterns of its own phase, and only such."""
    head, *rows = diagram.phase_text().splitlines()
    patterns = [row.split() for row in rows]
    for key, phase in enumerate(TABLES.phase):
        bits = ["x" if key >> at & 1 else "-" for at in range(len(head.split()) - 1)]
        fitting = {
            row[-1] for row in patterns if all(want in ("*", bit) for want, bit in zip(row, bits, strict=False))
        }
        assert fitting == {phase.word}
