"""The grammar of env files: what it means, and that both languages read it alike."""

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from minipod.dotenv import Entry, entries

RULES = [
    ("A=1", [("A", "1")]),
    (" \texport  A = 1 \r\n", [("A", "1")]),
    ("exported=1\nexport=2", [("exported", "1"), ("export", "2")]),
    ("# a\n\n  # b\nA=", [("A", "")]),
    ("A=one two # three\nB=#x\nC=x#y", [("A", "one two"), ("B", ""), ("C", "x#y")]),
    ("A='$X ${Y} \\n'\nB='x # y' # z", [("A", "$X ${Y} \\n"), ("B", "x # y")]),
    ('A="a\\n\\t\\r\\"\\\\\\$\\x"', [("A", 'a\n\t\r"\\$\\x')]),
    ("A='x\ny'\nB=\"x\ny\"\nC=1", [("A", "x\ny"), ("B", "x\ny"), ("C", "1")]),
    ("A\nexport B\nC # why", [("A", None), ("B", None), ("C", None)]),
    ("a.b-c_1=1", [("a.b-c_1", "1")]),
    ("A=a'b\"c", [("A", "a'b\"c")]),
]
WRONG = ["=1", "A B", "A:1", "A='x", 'A="x', "A='x'y", "A='x'#y", "é=1", "A+=1", "-- A"]


@pytest.mark.parametrize(("text", "wanted"), RULES)
def test_rules(text: str, wanted: list[tuple[str, str | None]]) -> None:
    assert [(entry.name, entry.value) for entry in entries(text)] == wanted


@pytest.mark.parametrize("line", WRONG)
def test_what_is_none(line: str) -> None:
    """It is told by its number; what follows is read."""
    assert list(entries(f"# 1\n{line}\nB=1\n")) == [Entry(2), Entry(3, "B", "1")]


@pytest.mark.parametrize(
    ("line", "looks"),
    [("A=${B}", True), ("A=$(B)", True), ('A="${B}"', True), ("A='${B}'", False), ('A="\\${B}"', False),
     ("A=$B", False)],
)  # fmt: skip
def test_what_others_would_replace(line: str, looks: bool) -> None:
    (entry,) = entries(line)
    assert entry.looks_replaced is looks


PIECES = ["A", "B=", "export ", "=", "'", '"', "\n", "\r\n", "#", " ", "\t", "\\", "\\n", '\\"', "$(X)", "x", "é", "-"]


def any_text(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(24)))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(__file__).parents[2]
    target = tmp_path_factory.mktemp("dotenv") / "dump"
    words = ["-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = [Path(__file__).with_name("dotenv_dump.c"), root / "csrc/dotenv.c"]
    subprocess.run(["gcc", *words, f"-I{root / 'csrc'}", "-o", target, *sources], check=True)
    return target


def test_both_languages_read_alike(program: Path) -> None:
    chance = random.Random(1)
    texts = [text for text, _ in RULES] + WRONG + [any_text(chance) for _ in range(4000)]
    given = b"".join(b"%d\n%s" % (len(raw), raw) for raw in (text.encode() for text in texts))
    done = subprocess.run([program], input=given, capture_output=True, check=True)
    found = list(of_c(iter(done.stdout.decode().split("\0")[:-1])))
    assert len(found) == len(texts)
    for text, of_text in zip(texts, found, strict=True):
        assert of_text == [entry._replace(looks_replaced=False) for entry in entries(text)], repr(text)


def of_c(fields: Iterator[str]) -> Iterator[list[Entry]]:
    row: list[Entry] = []
    for field in fields:
        if field == ".":
            yield row
            row = []
        elif field.startswith("!"):
            row.append(Entry(int(field[1:])))
        else:
            name, value = next(fields), next(fields)
            row.append(Entry(int(field), name, value[1:] if value[0] == "=" else None))
