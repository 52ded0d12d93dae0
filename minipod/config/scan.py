"""Where keys and values stand in a TOML text: the parser of the standard library forgets it.

This is no second parser: it reads text that ``tomllib`` has accepted and only finds out where things are. It runs when
there is something to report, and for a pod that has both inits and sidecars, whose common order in the file is lost in
two separate dicts. Text that is no TOML is scanned as far as it makes sense; nothing is ever raised. Time and memory
grow with the length of the text, not with its depth: a tree of nodes and an explicit stack, no recursion.
"""

import re
from collections.abc import Iterator

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'\\.|"|\n')
_BASIC_LONG = re.compile(r'\\[\s\S]|"{3,5}')
_LITERAL = re.compile(r"'|\n")
_LITERAL_LONG = re.compile(r"'{3,5}")
_SCALAR = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#]+")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
# How each kind of string goes on after its first quotes, longest quotes first.
_QUOTES = (('"""', _BASIC_LONG), ("'''", _LITERAL_LONG), ('"', _BASIC), ("'", _LITERAL))

Span = tuple[int, int]


class Node:
    """A table, an array or a plain value. ``key`` and ``value`` are (begin, end) in the text; ``value`` is None for a
    table that has headers only. ``children`` are in the order of first appearance, as in the parser's dicts; an
    array's are numbered. ``again`` is where a key was given a second time, which the parser refuses."""

    __slots__ = ("again", "children", "closed", "is_array", "key", "value")

    def __init__(self, key: Span, value: Span | None = None):
        self.key = key
        self.value = value
        self.children: dict[str | int, Node] = {}
        self.is_array = False
        self.closed = False
        self.again: Span | None = None

    def child(self, name: str | int, key: Span) -> "Node":
        """The child of that name, made if it is not there; the last element where the child is an array of tables."""
        node = self.children.get(name)
        if node is None:
            node = self.children[name] = Node(key)
        elif node.is_array and node.children:
            return node.children[len(node.children) - 1]
        return node

    def add(self, key: Span, value: Span | None = None) -> "Node":
        """One more element of an array."""
        self.is_array = True
        node = self.children[len(self.children)] = Node(key, value)
        return node


def scan(text: str) -> Node:
    """The tree of all keys and values of ``text``."""
    root = table = Node((0, 0))
    at = _GAP.match(text, 0).end()
    while at < len(text):
        if text[at] == "[":
            table, end = _read_header(text, at, root)
        else:
            end = _read_pair(text, at, table)
        if end is None:
            break
        at = _GAP.match(text, end).end()
    return root


def first_deep_bracket(text: str, depth: int) -> int | None:
    """Where brackets are first open more than ``depth`` at once, in text that may be no TOML."""
    opened = 0
    for match in re.finditer(r"[\[\]{}]|#[^\n]*|\"\"\"|'''|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'", text):
        mark = match.group()
        if mark in "[{":
            opened += 1
            if opened > depth:
                return match.start()
        elif mark in "]}":
            opened = max(0, opened - 1)
    return None


def _read_header(text: str, at: int, root: Node) -> tuple[Node, int | None]:
    """``[a.b]`` or ``[[a.b]]``: the table it opens and where the line goes on."""
    double = text.startswith("[[", at)
    parts, end = read_key(text, _BLANK.match(text, at + 1 + double).end())
    end = _BLANK.match(text, end).end()
    if not parts or not text.startswith("]]" if double else "]", end):
        return root, None
    table = root
    for name, span in parts[:-1]:
        table = table.child(name, span)
    name, span = parts[-1]
    if double:
        owner = table.children.setdefault(name, Node(span))
        return owner.add(span), end + 2
    table = table.child(name, span)
    if table.closed:
        table.again = table.again or span
    table.closed = True
    return table, end + 1


def _read_pair(text: str, at: int, table: Node) -> int | None:
    """``a.b = value``: where the value ends."""
    node, begin = _read_name(text, at, table)
    return None if node is None else _read_value(text, begin, node)


def _read_name(text: str, at: int, table: Node) -> tuple[Node | None, int]:
    """``a.b =``: the node to fill and where its value begins."""
    parts, end = read_key(text, at)
    equals = _EQUALS.match(text, end)
    if not parts or not equals:
        return None, end
    for name, span in parts[:-1]:
        table = table.child(name, span)
    name, span = parts[-1]
    if name in table.children:
        node = table.children[name]
        node.again = node.again or span
        return Node(span), equals.end()
    node = table.children[name] = Node(span)
    return node, equals.end()


def read_key(text: str, at: int) -> tuple[list[tuple[str, Span]], int]:
    """The parts of a dotted key, each with its span, and where it ends. Empty if there is no key."""
    parts: list[tuple[str, Span]] = []
    while True:
        end = _end_of_part(text, at)
        if end == at:  # no key, or a dot with nothing behind it
            return [], at
        parts.append((_plain(text[at:end]), (at, end)))
        dot = _DOT.match(text, end)
        if not dot:
            return parts, end
        at = dot.end()


def _end_of_part(text: str, at: int) -> int:
    if text.startswith(('"', "'"), at):
        return _end_of_string(text, at, _QUOTES[2:])
    bare = _BARE.match(text, at)
    return bare.end() if bare else at


def _plain(part: str) -> str:
    """A key without its quotes and escapes."""
    if not part.startswith(('"', "'")):
        return part
    if "\\" not in part:
        return part[1:-1]
    from minipod.config import toml

    try:
        return next(iter(toml.loads(f"{part} = 0")))
    except ValueError:
        return part[1:-1]


def _end_of_string(text: str, at: int, quotes=_QUOTES) -> int:
    """Where the string that begins at ``at`` ends; an open one ends with its line, a long one with the text."""
    mark, rest = next((m, r) for m, r in quotes if text.startswith(m, at))
    for match in rest.finditer(text, at + len(mark)):
        if not match.group().startswith("\\"):
            return match.start() if match.group() == "\n" else match.end()
    return len(text)


def _read_value(text: str, at: int, node: Node) -> int | None:
    """Fill ``node`` with the value at ``at`` and all that is inside of it: where it ends."""
    stack: list[tuple[Node, int]] = []  # open arrays and inline tables, with where each began
    current: Node | None = node
    while True:
        mark = text[at : at + 1]
        if mark in ("[", "{") and mark:
            stack.append((current, at))
            current.is_array = mark == "["
            current.closed = True
            at = _GAP.match(text, at + 1).end()
        else:
            end = _end_of_scalar(text, at)
            if end == at:
                return None
            current.value = (at, end)
            at = end
        at, current = _next_value(text, at, stack)
        if current is None:
            return at


def _end_of_scalar(text: str, at: int) -> int:
    if text.startswith(('"', "'"), at):
        return _end_of_string(text, at)
    scalar = _SCALAR.match(text, at)
    return scalar.end() if scalar else at


def _next_value(text: str, at: int, stack: list[tuple[Node, int]]) -> tuple[int | None, Node | None]:
    """Close what closes here. The next node to fill and where its value begins; no node when the whole value is over,
    and no position either when the text makes no sense."""
    while stack:
        owner, begin = stack[-1]
        at = _GAP.match(text, at).end()
        if text.startswith(",", at):
            at = _GAP.match(text, at + 1).end()
        mark = text[at : at + 1]
        if mark == ("]" if owner.is_array else "}"):
            at += 1
            owner.value = (begin, at)
            stack.pop()
        elif not mark:
            return None, None
        elif owner.is_array:
            return at, owner.add((at, at))
        else:
            node, at = _read_name(text, at, owner)
            return (at, node) if node else (None, None)
    return at, None


def walk(node: Node) -> Iterator[Node]:
    """Every node below ``node``, in no particular order."""
    pending = [node]
    while pending:
        for child in pending.pop().children.values():
            yield child
            pending.append(child)
