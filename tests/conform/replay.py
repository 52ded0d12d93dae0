"""Replays a folder of conformance vectors: facts about Kubernetes as JSON files, one family each.

    replay.py DIR [--verbose]

Prints a line for each family and each way to answer (the Python model, the tables that PID 1 is built with), a line for
each kind of case that nothing can answer yet, one for each failure, and in the end

    N passed, M failed, K different-by-rule

A case counts once: it has passed when every way to answer gave what was expected. K are those that differ as a rule
says by which minipod differs on purpose. The exit status is 1 when any failed, 2 when DIR cannot be replayed.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

if __name__ == "__main__" and find_spec("minipod") is None:
    # A Python without minipod was asked: the checkout's own has it, once it was made.
    own = Path(__file__).resolve().parents[2] / ".venv/bin/python"
    if not own.exists() or Path(sys.prefix) == own.parents[1]:
        sys.exit("cannot replay: this Python has no minipod; `make dev` makes one in .venv that has")
    os.execv(own, [own, *sys.argv])

from cases import RULES, Case, Difference, Document, Skip
from engines import Engine, engines
from families import FAMILIES


class Tally:
    """What became of the cases so far."""

    def __init__(self) -> None:
        self.passed = self.failed = 0
        self.rules: Counter[int] = Counter()
        self.skips: list[str] = []

    def add(self, differences: Sequence[Difference]) -> None:
        """One case, with all its differences."""
        verdict = _verdict(differences)
        self.passed += verdict == "passed"
        self.failed += verdict == "failed"
        self.rules.update([differences[0].rule] if verdict == "different-by-rule" else [])

    @property
    def line(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.rules.total()} different-by-rule"


def replay(directory: Path, verbose: bool = False) -> int:
    """Replays every file; the exit status."""
    files = sorted(directory.glob("*.json"))
    if not files:
        print(f"cannot replay {directory}: no vectors there", file=sys.stderr)
        return 2
    tally, ways = Tally(), engines()
    for file in files:
        for line in _family(file, ways, tally, verbose):
            print(line)
    for line in tally.skips:
        print(f"skipped: {line}")
    for number, count in sorted(tally.rules.items()):
        print(f"different by rule {number} ({RULES[number]}): {count}")
    print(tally.line)
    return 1 if tally.failed else 0


def _family(file: Path, ways: Sequence[Engine], tally: Tally, verbose: bool) -> Iterator[str]:
    if file.stem not in FAMILIES:
        tally.skips.append(f"{file.stem}: no family is known by this name")
        return
    family = FAMILIES[file.stem]
    asked = ways if family.by_tables else ways[:1]
    by_way: Counter[tuple[str, str]] = Counter()
    for case in _cases(family.read, file):
        if isinstance(case, Skip):
            tally.skips.append(f"{file.stem}: {case.count} of {case.what}: {case.why}")
            continue
        found = {way.name: _ask(case, way) for way in asked}
        tally.add([each for some in found.values() for each in some])
        by_way.update((name, _verdict(some)) for name, some in found.items())
        yield from _told(file.stem, case, found, verbose)
    yield from _summary(file.stem, by_way, asked if family.by_tables else ())


def _cases(read, file: Path) -> Iterator[Case | Skip]:
    """A file that cannot be read to its end is a failure, not the end of the replay."""
    try:
        document = Document(json.loads(file.read_text(encoding="utf-8")))
        yield from read(document)
        yield from document.skipped()
    except (LookupError, TypeError, ValueError, AttributeError, OSError, RecursionError) as error:
        why = repr(error)
        yield Case("the file", lambda way: [Difference("cannot be read", "a case", why)])


def _ask(case: Case, way: Engine) -> list[Difference]:
    try:
        return list(case.check(way))
    except Exception as error:  # whatever it is, it is this case's failure
        return [Difference("raised", "an answer", repr(error))]


def _verdict(found: Sequence[Difference]) -> str:
    if not found:
        return "passed"
    return "different-by-rule" if all(each.rule for each in found) else "failed"


def _told(stem: str, case: Case, found: dict[str, list[Difference]], verbose: bool) -> Iterator[str]:
    for way, differences in found.items():
        for each in differences:
            if each.rule is None or verbose:
                word = f"differs by rule {each.rule}" if each.rule else "FAILED"
                yield f"{word}: {stem}: {case.name}: {each.what}: expected {each.wanted}, got {each.got} by {way}"


def _summary(stem: str, by_way: Counter, ways: Sequence[Engine]) -> Iterator[str]:
    """One line for each way that was asked, or one alone where there is but one."""
    for name in dict.fromkeys(way for way, _ in by_way):
        counts = ", ".join(f"{by_way[name, word]} {word}" for word in ("passed", "failed", "different-by-rule"))
        yield f"{stem}, by {name}: {counts}" if ways else f"{stem}: {counts}"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Replays a folder of conformance vectors.")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--verbose", action="store_true", help="name also the cases that differ by rule")
    given = parser.parse_args(words)
    return replay(given.directory, given.verbose)


if __name__ == "__main__":
    sys.exit(main())
