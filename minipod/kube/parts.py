"""Data with its places, and the same data with something in it changed: places stay those of the text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from minipod.config.scan import Node


class Part(NamedTuple):
    """Data with its places."""

    data: Any
    node: Node

    def get(self, key: str | int) -> "Part | None":
        """An entry of a mapping or a list that is there and not null."""
        if not isinstance(self.data, dict) or self.data.get(key) is None:
            return None
        return Part(self.data[key], self.node.children[key])

    def items(self) -> "list[tuple[str, Part]]":
        return [(key, Part(inner, self.node.children[key])) for key, inner in self.data.items()]


def plain(text: str, at: Part) -> Part:
    return Part(text, Node(at.node.key, at.node.value))


def made(node: Node, entries: Mapping[str, Part]) -> Part:
    """A mapping that stands where ``node`` stands."""
    made = Node(node.key, node.value)
    made.children.update((key, part.node) for key, part in entries.items())
    return Part({key: part.data for key, part in entries.items()}, made)


def made_list(node: Node, entries: Sequence[Part]) -> Part:
    """A list that stands where ``node`` stands."""
    made = Node(node.key, node.value)
    made.is_array = True
    made.children.update((i, each.node) for i, each in enumerate(entries))
    return Part([each.data for each in entries], made)


def entries_of(part: Part) -> list[Part]:
    """Those of a list."""
    return [Part(each, part.node.children[i]) for i, each in enumerate(part.data)]


def changed(
    part: Part,
    *,
    dropped: tuple[str, ...] = (),
    renamed: Mapping[str, str] = {},  # nobody writes to it
    by: Mapping[str, Callable[[Part], Part]] = {},
) -> Part:
    """The mapping with some entries left out, under other names, or changed."""
    if not isinstance(part.data, dict):
        return part
    entries = {}
    for key, inner in part.items():
        if key not in dropped:
            is_there = inner.data is not None and key in by
            entries[renamed.get(key, key)] = by[key](inner) if is_there else inner
    return made(part.node, entries)


def each_of(change: Callable[[Part], Part]) -> Callable[[Part], Part]:
    """The change of every entry of a list."""

    def change_all(part: Part) -> Part:
        if not isinstance(part.data, list):
            return part
        return made_list(part.node, [change(each) for each in entries_of(part)])

    return change_all


def kept(is_kept: Callable[[Any], bool]) -> Callable[[Part], Part]:
    """The change that leaves out entries of a list."""

    def keep(part: Part) -> Part:
        if not isinstance(part.data, list):
            return part
        return made_list(part.node, [each for each in entries_of(part) if is_kept(each.data)])

    return keep
