"""Plain data with its places, as the parsers of YAML and JSON build it: the tree that ``config.locate`` looks paths up
in, made while the data is.

What is bounded is bounded here: depth, and how large a document is once every alias stands for its anchor. It must
never look at what a key means.
"""

from typing import Any, NamedTuple, NoReturn

from minipod.config.findings import word
from minipod.config.locate import SHOWN, place_at
from minipod.config.scan import Node, Span
from minipod.errors import ERROR, ConfigError, Problem

MOST_NODES = 100_000  # of one file, aliases written out
MOST_DEPTH = 100
MERGE = "<<"
_MISSING: Any = object()


class Value(NamedTuple):
    """Data, its node, and how many nodes it is with its aliases written out."""

    data: Any
    node: Node
    size: int = 1


class _Frame:
    """A list or a mapping that is not complete yet."""

    def __init__(self, data: Any, node: Node):
        self.data, self.node = data, node
        self.size = 1
        self.key: Any = _MISSING
        self.key_span: Span = (0, 0)
        self.is_merge = False
        self.merged: list[Value] = []


class Builder:
    """Takes what a parser finds, in its order: ``open``, ``close``, ``add``. ``documents`` are whole then; ``repeated``
    are keys that were given twice, as many as anybody reads, and ``omitted`` is how many more there are."""

    def __init__(self, name: str, text: str):
        self.name, self.text = name, text
        self.documents: list[Value] = []
        self.repeated: list[tuple[str, Span, Span]] = []
        self.omitted = 0
        self._size = 0
        self._frames: list[_Frame] = []

    def open(self, data: dict | list, span: Span) -> None:
        """A mapping or a list begins."""
        if len(self._frames) == MOST_DEPTH:
            message = f"it is nested deeper than {MOST_DEPTH} levels"
            self.refuse(span, message, why="no manifest is", help="is a bracket open?")
        self._refuse_as_key(span)
        self._frames.append(_Frame(data, Node(span, span)))

    def close(self, end: int | None = None) -> Value:
        """The innermost one is complete."""
        frame = self._frames.pop()
        if end is not None:
            frame.node.value = frame.node.key[0], end
        for value in frame.merged:
            _merge(frame, value)
        value = Value(frame.data, frame.node, frame.size)
        self.add(value)
        return value

    def add(self, value: Value) -> None:
        """A complete value: of a document, of a list, a key, or the value of the key before."""
        if not self._frames:
            self.documents.append(value)
            self._size += value.size
            if self._size > MOST_NODES:
                self._refuse_size(value)
            return
        frame = self._frames[-1]
        frame.size += value.size
        if self._size + frame.size > MOST_NODES:
            self._refuse_size(value)
        if isinstance(frame.data, list):
            frame.node.is_array = True
            frame.node.children[len(frame.data)] = value.node
            frame.data.append(value.data)
        elif frame.key is _MISSING:
            self._take_key(frame, value)
        else:
            self._take_value(frame, value)

    def scalar(self, data: Any, span: Span) -> Value:
        """A plain value; it is added, too."""
        value = Value(data, Node(span, span))
        self.add(value)
        return value

    def expects_key(self) -> bool:
        """Whether the next value is the key of a mapping."""
        return bool(self._frames) and isinstance(self._frames[-1].data, dict) and self._frames[-1].key is _MISSING

    def _take_key(self, frame: _Frame, value: Value) -> None:
        key = key_text(value.data)
        span = value.node.key
        if key is None:
            self.refuse(span, "a key must be a word, not nothing", help="write it in quotes if it is meant")
        if key in frame.data and key != MERGE:
            self._tell_twice(key, span, frame.node.children[key].key)
        frame.key, frame.key_span = key, span
        frame.is_merge = key == MERGE

    def _take_value(self, frame: _Frame, value: Value) -> None:
        key, frame.key = frame.key, _MISSING
        if frame.is_merge:
            self._take_merge(frame, value)
        else:
            node = Node(frame.key_span, value.node.value)
            node.children, node.is_array = value.node.children, value.node.is_array
            frame.node.children[key] = node
            frame.data[key] = value.data

    def _take_merge(self, frame: _Frame, value: Value) -> None:
        if isinstance(value.data, dict):
            frame.merged.append(value)
        elif isinstance(value.data, list) and all(isinstance(each, dict) for each in value.data):
            frame.merged += [Value(each, value.node.children[i]) for i, each in enumerate(value.data)]
        else:
            self.refuse(
                frame.key_span, "`<<` takes a mapping, or a list of them", help="write for example <<: *defaults"
            )

    def _refuse_as_key(self, span: Span) -> None:
        if self.expects_key():
            self.refuse(span, "a key must be a word", why="a mapping or a list names nothing", help="write a word")

    def _refuse_size(self, value: Value) -> NoReturn:
        why = (
            ""
            if value.size == 1
            else f"what stands here is {value.size} of them, each alias counted as what it stands for"
        )
        self.refuse(value.node.key, f"it has more than {MOST_NODES:,} values", why=why, help="write it without aliases")

    def _tell_twice(self, key: str, span: Span, before: Span) -> None:
        if len(self.repeated) < SHOWN:
            self.repeated.append((key, span, before))
        else:
            self.omitted += 1

    def problems(self) -> list[Problem]:
        """What is wrong with a text that could be read to its end."""
        return [self._twice(*each) for each in self.repeated]

    def _twice(self, key: str, span: Span, before: Span) -> Problem:
        other = place_at(self.name, self.text, before), "the other one"
        place = place_at(self.name, self.text, span)
        message = f"{word(key)} is given twice"
        return Problem(ERROR, place, message, "only one of them could count", "leave one out", (other,))

    def refuse(self, span: Span, message: str, *, why: str = "", help: str = "") -> NoReturn:
        """The text cannot be read any further."""
        raise ConfigError((Problem(ERROR, place_at(self.name, self.text, span), message, why, help),))


def key_text(data: Any) -> str | None:
    """A key as the API server would have it; None for one that is none. JSON has only words for keys."""
    if isinstance(data, bool):
        return "true" if data else "false"
    return str(data) if isinstance(data, (str, int, float)) else None


def _merge(frame: _Frame, value: Value) -> None:
    for key, data in value.data.items():
        if key not in frame.data:
            frame.data[key] = data
            frame.node.children[key] = value.node.children[key]
