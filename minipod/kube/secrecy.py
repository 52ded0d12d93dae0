"""Which lines of a manifest nobody may see, because they are, or may be, a Secret's: known from the text alone, so that
it holds for a text that is no YAML, too. When in doubt a line is hidden. It must never need more than one pass.
"""

import re

from minipod.errors import Place, Problem

# The word itself, or what only a Secret has; a kind in wrong letters; a kind that is an alias, or has an escape in it;
# a key that has one.
_SECRET = re.compile(
    r"""\b(?:Secret(?:List)?|stringData)\b"""
    r"""|kind["']?\s{0,99}:(?:\s{0,99}["']?(?i:secret)|[^\n,}]{0,99}[\\*])"""
    r"""|\\[xuU][0-9a-fA-F]{2}[^"\n]{0,99}"\s{0,99}:"""
)


class Secrecy:
    """The lines of one text, which problems call by its name."""

    def __init__(self, name: str, text: str):
        self._name, self._text = name, text
        self._known: list[range] | None = None

    def clean(self, problem: Problem) -> Problem:
        """The problem without such lines."""
        also = tuple((self.clean_place(place), label) for place, label in problem.also)
        return problem._replace(place=self.clean_place(problem.place), also=also)

    def clean_place(self, place: Place) -> Place:
        """The place without such a line."""
        is_here = place.source and place.name == self._name
        is_hidden = is_here and any(place.line in lines for lines in self._hidden())
        return place._replace(source="") if is_hidden else place

    def _hidden(self) -> list[range]:
        """The lines of each document that has such a word."""
        if self._known is None:
            self._known = []
            line = 1
            for part in re.split(r"(?m)^(?=---)", self._text):
                end = line + part.count("\n")
                if _SECRET.search(part):
                    self._known.append(range(line, end + 1))
                line = end
        return self._known
