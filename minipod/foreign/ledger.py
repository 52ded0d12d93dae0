"""What becomes of each thing that a foreign file says, beside what is carried over as it is: what differs, what is left
behind, what is wrong. Only kept here; the command prints it.
"""

from minipod.errors import ERROR, NOTE, WARNING, ConfigError, Place, Problem


class Ledger:
    """All that is to be told, in file order when it is read out."""

    def __init__(self) -> None:
        self._all: list[Problem] = []

    def lose(self, place: Place, what: str, why: str, help: str = "") -> None:
        """It is not carried over."""
        self._all.append(Problem(WARNING, place, f"{what} is not carried over", why, help))

    def differ(self, place: Place, message: str, why: str = "", help: str = "") -> None:
        """It is carried over, and not quite the same."""
        self._all.append(Problem(NOTE, place, message, why, help))

    def refuse(self, place: Place, message: str, why: str = "", help: str = "") -> None:
        """The file is wrong; None, which is a reader's "no value"."""
        self._all.append(Problem(ERROR, place, message, why, help))

    def problems(self) -> tuple[Problem, ...]:
        """In the order of their places, each once. ConfigError if something is wrong."""
        found = sorted(dict.fromkeys(self._all), key=lambda each: (each.place.name, each.place.line))
        wrong = tuple(each for each in found if each.severity == ERROR)
        if wrong:
            raise ConfigError(wrong)
        return tuple(found)
