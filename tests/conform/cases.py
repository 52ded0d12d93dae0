"""What a replay is made of: cases, differences, skips, and the rules by which minipod differs on purpose."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from engines import Engine

# Where processes in one container differ from the kubelet on purpose: numbers and gist of differences.md.
RULES: Mapping[int, str] = {
    9: "the stop of the pod follows its stop budget",
    11: "nothing is adopted: a supervisor that finds processes of unknown origin starts everything anew",
    13: "a probe asks an address, on loopback unless told otherwise: PID 1 looks up no names",
    14: "addresses are those of the outer container",
    31: "waits are exact, and the stop of the pod follows its budget",
}


class Difference(NamedTuple):
    """One fact that came out otherwise. ``rule``: the number of the rule that says so, None for a mistake."""

    what: str
    wanted: object
    got: object
    rule: int | None = None


class Case(NamedTuple):
    """One case of a family; ``check`` yields how an engine's answer differs from what is expected."""

    name: str
    check: Callable[[Engine], Iterable[Difference]]


class Skip(NamedTuple):
    """Cases that nothing of minipod can answer yet, and why."""

    what: str
    count: int
    why: str


class Family(NamedTuple):
    """How the cases of one file are read. ``by_tables``: its answers come from policy tables, so every engine is
    asked; otherwise there is but one way to answer."""

    read: Callable[[Mapping], Iterator[Case | Skip]]
    by_tables: bool


class Document(dict):
    """A file's content, which knows what nobody has asked for."""

    def __init__(self, content: Mapping):
        super().__init__(content)
        self._asked: set[str] = set()

    def __getitem__(self, key):
        self._asked.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self._asked.add(key)
        return super().get(key, default)

    def items(self):
        self._asked.update(self)
        return super().items()

    def skipped(self) -> Iterator[Skip]:
        """The lists of cases that nobody reads."""
        for name in self.keys() - self._asked:
            cases = super().__getitem__(name)
            if isinstance(cases, list) and cases and all(isinstance(case, Mapping) for case in cases):
                yield Skip(name, len(cases), "no group of this family is known by this name")


def compare(what: str, wanted: object, got: object, rule: int | None = None) -> Iterator[Difference]:
    """The difference, if there is one."""
    if wanted != got:
        yield Difference(what, wanted, got, rule)


def name_of(case: Mapping, fallback: str) -> str:
    """What a case is called in its file, else its place there."""
    return str(case.get("id") or case.get("name") or fallback)
