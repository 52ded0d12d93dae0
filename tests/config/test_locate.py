"""Where a key stands: what it costs to say so, and lines of all kinds."""

import pytest

from minipod.config.locate import Lines, Source
from minipod.config.scan import scan
from minipod.errors import Place

MANY = 500


class Watched(str):
    """Knows how many of its characters were looked at, as far as others do not copy it."""

    looked_at = 0

    def _look(self, begin: int = 0, end: int | None = None) -> None:
        self.looked_at += max(0, (len(self) if end is None else end) - begin)

    def split(self, *words):
        self._look()
        return super().split(*words)

    def count(self, what, begin=0, end=None):
        self._look(begin, end)
        return super().count(what, begin, len(self) if end is None else end)

    def find(self, what, begin=0, end=None):
        self._look(begin, end)
        return super().find(what, begin, len(self) if end is None else end)

    def rfind(self, what, begin=0, end=None):
        self._look(begin, end)
        return super().rfind(what, begin, len(self) if end is None else end)

    def __getitem__(self, at):
        if isinstance(at, slice):
            self._look(at.start or 0, at.stop)
        return super().__getitem__(at)


def test_many_places_in_one_line_cost_no_more_than_the_file(monkeypatch):
    """A manifest is often one line of JSON, and each of its fields has a place."""
    text = Watched("a = {" + ", ".join(f"k{i} = {i}" for i in range(MANY)) + "}\n")
    tree = scan(str(text))
    monkeypatch.setattr("minipod.config.locate.scan", lambda _: tree)
    source = Source("x.toml", text)
    places = [source.place(("a", f"k{i}"), on_key=True) for i in range(MANY)]
    assert [text.find(f"k{i} ") + 1 for i in range(3)] == [place.column for place in places[:3]]
    text.looked_at = 0
    again = Source("x.toml", text)
    assert [again.place(("a", f"k{i}"), on_key=True) for i in range(MANY)] == places
    assert text.looked_at <= 2 * len(text)
    assert len({id(place.source) for place in places}) == 1


@pytest.mark.parametrize(
    ("span", "line", "column", "source", "width"),
    [
        ((0, 1), 1, 1, "ab", 1), ((1, 9), 1, 2, "ab", 1), ((2, 3), 1, 3, "ab", 1), ((3, 4), 1, 4, "ab", 1),
        ((4, 5), 2, 1, "", 1), ((5, 8), 3, 1, "cde", 3), ((6, 20), 3, 2, "cde", 2), ((8, 8), 3, 4, "cde", 1),
    ],
)  # fmt: skip
def test_a_place(span, line, column, source, width):
    """Of several lines the first; a carriage return is none of its line."""
    assert Lines("x", "ab\r\n\ncde").place(span) == Place("x", line, column, source, width)
