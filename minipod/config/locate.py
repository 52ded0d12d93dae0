"""From key paths to lines and columns, in the order of the file. Runs only when something was found, or for a pod with
both inits and sidecars, which is no mistake: what only a mistake needs is imported by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minipod.config.findings import Finding, Path
from minipod.config.scan import Node, Span, scan
from minipod.errors import CONFIG, ERROR, USAGE, Place, Problem

if TYPE_CHECKING:
    from minipod.config.overrides import Override

SHOWN = 100  # who has more mistakes than this has one in the way the file was made


class Source:
    """A file's text, scanned when first asked, and what the command line put over it."""

    def __init__(self, name: str, text: str):
        self.name = name
        self.text = text
        self.overrides: list[Override] = []
        self._tree: Node | None = None

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

    def literal(self, path: Path) -> str:
        """A value as it was written."""
        over = self.override_of(path)
        if over:
            return over.literal
        node, _ = self._find(path)
        return self.text[slice(*node.value)] if node.value else ""

    def override_of(self, path: Path) -> Override | None:
        """What the command line says of ``path``: the last word on it, or on something in it that the file lacks."""
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
        """Where ``path``, or the nearest table around it, stands in the file; None for the file as a whole."""
        node, depth = self._find(path)
        if not depth:
            return None
        return node.key if on_key or depth < len(path) or not node.value else node.value

    def place(self, path: Path, *, on_key: bool) -> Place:
        over = self.override_of(path)
        if over:
            return place_of_override(over, on_key=on_key)
        span = self.span(path, on_key=on_key)
        return place_at(self.name, self.text, span) if span else Place(self.name)


def place_of_override(over: Override, *, on_key: bool) -> Place:
    """Where it stands on the command line: its value, or with ``on_key`` its key."""
    key_end = over.text.find("=") if over.begin else 0
    begin, end = (0, key_end) if on_key and key_end else (over.begin, len(over.text))
    return Place(over.option, 0, begin + 1, over.text, max(1, end - begin))


def place_at(name: str, text: str, span: Span) -> Place:
    """The place of a span of characters; of several lines the first."""
    begin, end = span
    line_begin = text.rfind("\n", 0, begin) + 1
    line_end = text.find("\n", begin)
    line_end = len(text) if line_end < 0 else line_end
    source = text[line_begin:line_end].removesuffix("\r")
    width = min(end, line_begin + len(source)) - begin
    return Place(name, text.count("\n", 0, begin) + 1, begin - line_begin + 1, source, max(1, width))


def locate(findings: Sequence[Finding], source: Source) -> tuple[tuple[Problem, ...], int]:
    """The first findings in file order as problems, and how many more there are."""
    row = sorted(findings, key=lambda f: _rank(f, source))
    # Errors decide: with too many of all kinds, warnings go first.
    if len(row) > SHOWN:
        row = [f for f in row if f.severity == ERROR] or row
    return tuple(_problem(f, source) for f in row[:SHOWN]), max(0, len(findings) - SHOWN)


def _rank(finding: Finding, source: Source) -> tuple[bool, int]:
    over = source.override_of(finding.at)
    if over:
        return True, source.overrides.index(over)
    span = source.span(finding.at, on_key=finding.on_key)
    return False, span[0] if span else -1


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
