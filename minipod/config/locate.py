"""From key paths to lines and columns, in the order of the file. Runs only when something was found, or for a pod with
both inits and sidecars, which is no mistake: what only a mistake needs is imported by it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from minipod.config.findings import Finding, Path
from minipod.config.scan import Node, Span, scan
from minipod.errors import CONFIG, ERROR, USAGE, Place, Problem

if TYPE_CHECKING:
    from minipod.config.overrides import Override

SHOWN = 100  # who has more mistakes than this has one in the way the file was made
MOST_ALSO = 7  # places of one finding, beside its own


class Source:
    """A file's text, scanned when first asked, and what the command line put over it."""

    def __init__(self, name: str, text: str):
        self.name = name
        self.text = text
        self.overrides: list[Override] = []
        # What stands elsewhere: in another file, or (None) in this one.
        self.grafts: dict[Path, tuple[Source | None, Path]] = {}
        self._tree: Node | None = None
        self._lines: Lines | None = None

    @property
    def tree(self) -> Node:
        if self._tree is None:
            self._tree = scan(self.text)
        return self._tree

    def in_file_order(self, paths: list[Path]) -> list[Path]:
        """Paths by where they first stand in the file; those of the command line come last, as given."""
        return sorted(paths, key=lambda path: self._offset(path))

    def _offset(self, path: Path) -> int:
        node, depth = self._find(path)
        return node.key[0] if depth == len(path) else len(self.text)

    def _elsewhere(self, path: Path) -> tuple[Source, Path] | None:
        """Where the path, or the nearest around it, was put here from."""
        if self.grafts:
            for size in range(len(path), 0, -1):
                if path[:size] in self.grafts:
                    source, begin = self.grafts[path[:size]]
                    return source or self, (*begin, *path[size:])
        return None

    def literal(self, path: Path) -> str:
        """A value as it was written."""
        elsewhere = self._elsewhere(path)
        if elsewhere:
            return elsewhere[0].literal(elsewhere[1])
        over = self.override_of(path)
        if over:
            return over.literal
        node, _ = self._find(path)
        return self.text[slice(*node.value)] if node.value else ""

    def override_of(self, path: Path) -> Override | None:
        """What the command line says of ``path``: the last word on it, or on something in it that the file lacks."""
        elsewhere = self._elsewhere(path)
        if elsewhere:
            return elsewhere[0].override_of(elsewhere[1])
        for over in reversed(self.overrides):
            if path[: len(over.path)] == over.path:
                return over
        inside = [over for over in self.overrides if over.path[: len(path)] == path]
        return inside[0] if path and inside and self._find(path)[1] < len(path) else None

    def _find(self, path: Path) -> tuple[Node, int]:
        """The deepest node on the way to ``path``, and how deep that is."""
        node = self.tree
        for depth, part in enumerate(path):
            inner = node.children.get(part)
            if inner is None:
                return node, depth
            node = inner
        return node, len(path)

    def span(self, path: Path, *, on_key: bool) -> Span | None:
        """Where ``path``, or the nearest table around it, stands in its file; None for the file as a whole."""
        elsewhere = self._elsewhere(path)
        if elsewhere:
            return elsewhere[0].span(elsewhere[1], on_key=on_key)
        node, depth = self._find(path)
        if not depth:
            return None
        return node.key if on_key or depth < len(path) or not node.value else node.value

    def home(self, path: Path) -> Source:
        """The file that it stands in."""
        elsewhere = self._elsewhere(path)
        return elsewhere[0].home(elsewhere[1]) if elsewhere else self

    def place(self, path: Path, *, on_key: bool) -> Place:
        elsewhere = self._elsewhere(path)
        if elsewhere:
            return elsewhere[0].place(elsewhere[1], on_key=on_key)
        over = self.override_of(path)
        if over:
            return place_of_override(over, on_key=on_key)
        span = self.span(path, on_key=on_key)
        if span is None:
            return Place(self.name)
        if self._lines is None:
            self._lines = Lines(self.name, self.text)
        return self._lines.place(span)


def place_of_override(over: Override, *, on_key: bool) -> Place:
    """Where it stands on the command line: its value, or with ``on_key`` its key."""
    key_end = over.text.find("=") if over.begin else 0
    begin, end = (0, key_end) if on_key and key_end else (over.begin, len(over.text))
    return Place(over.option, 0, begin + 1, over.text, max(1, end - begin))


class Lines:
    """The lines of a text, told apart once: a manifest has thousands of places, and may be a single line."""

    def __init__(self, name: str, text: str):
        whole = text.split("\n")
        self._name = name
        self._begins = [0, *accumulate(len(line) + 1 for line in whole[:-1])]
        self._lines = [line.removesuffix("\r") for line in whole]

    def place(self, span: Span) -> Place:
        """The place of a span of characters; of several lines the first."""
        begin, end = span
        number = bisect_right(self._begins, begin)
        line_begin, source = self._begins[number - 1], self._lines[number - 1]
        width = min(end, line_begin + len(source)) - begin
        return Place(self._name, number, begin - line_begin + 1, source, max(1, width))


def place_at(name: str, text: str, span: Span) -> Place:
    """The place of one span of a text that no other is asked of."""
    return Lines(name, text).place(span)


def locate(findings: Sequence[Finding], source: Source) -> tuple[tuple[Problem, ...], int]:
    """The first findings in file order, those of other files behind, as problems, and how many more there are."""
    row = _joined(sorted(findings, key=lambda f: _rank(f, source)))
    many = len(row)
    # Errors decide: with too many of all kinds, warnings go first.
    if many > SHOWN:
        row = [f for f in row if f.severity == ERROR] or row
    problems = (_problem(f, source) for f in row[:SHOWN])  # what a preset has put into two units is told once
    return tuple(dict.fromkeys(problems) if source.grafts else problems), max(0, many - SHOWN)


def _joined(row: Sequence[Finding]) -> list[Finding]:
    """Those that say the same of one thing as one, with the places of the others."""
    found: list[Finding] = []
    first: dict[tuple[str, str], int] = {}
    for each in row:
        at = first.setdefault((each.severity, each.message), len(found)) if each.once else len(found)
        if at == len(found):
            found.append(each)
        elif len(found[at].also) < MOST_ALSO:
            found[at] = found[at]._replace(also=(*found[at].also, (each.at, "here, too")))
    return found


def _rank(finding: Finding, source: Source) -> tuple[bool, str, int]:
    over = source.override_of(finding.at)
    if over:
        return True, "", source.overrides.index(over)
    home = source.home(finding.at)
    span = source.span(finding.at, on_key=finding.on_key)
    return False, "" if home is source else home.name, span[0] if span else -1


def _problem(finding: Finding, source: Source) -> Problem:
    from minipod.config.suggest import did_you_mean

    guess = did_you_mean(*finding.near, quote="`") if finding.near else ""
    return Problem(
        finding.severity,
        source.place(finding.at, on_key=finding.on_key),
        finding.message,
        finding.why,
        guess or finding.help,
        tuple((source.place(path, on_key=True), label) for path, label in finding.also),
    )


def exit_code(findings: Sequence[Finding], source: Source) -> int:
    """64 when the command line alone is to blame, else 78."""
    errors = [f for f in findings if f.severity == ERROR]
    return USAGE if all(source.override_of(f.at) for f in errors) else CONFIG
