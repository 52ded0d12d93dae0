"""Values of one section, read by supervisord's own rules: what supervisord would refuse is refused, with its place. It
remembers which options were asked for, so that none is forgotten in silence.
"""

from collections.abc import Callable, Mapping
from typing import Any

from minipod.config.findings import Findings, word
from minipod.foreign.expansion import BadExpression, Expander, Piece, Unset
from minipod.foreign.ini import Option, Section
from minipod.foreign.ledger import Ledger

_TRUE, _FALSE = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
_SIZES = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}


class Reader:
    """``known``: what `%(NAME)s` may name, besides the environment; ``here`` is added, of each option its own."""

    def __init__(
        self, section: Section, known: Mapping[str, str | int], environ: Mapping[str, str],
        here: Callable[[str], str], ledger: Ledger,
    ):  # fmt: skip
        self.section, self.ledger = section, ledger
        self._known, self._environ, self._here = dict(known), dict(environ), here
        self.asked: set[str] = set()

    def knows(self, more: Mapping[str, str | int], environ: Mapping[str, str] | None = None) -> None:
        """Add to what can be replaced."""
        self._known.update(more)
        self._environ.update(environ or {})

    def option(self, name: str) -> Option | None:
        """The option, if the section has it."""
        self.asked.add(name)
        return self.section.options.get(name)

    def expander(self, option: Option) -> Expander:
        return Expander({**self._known, "here": self._here(option.folder)}, self._environ)

    def pieces(self, name: str) -> list[Piece] | None:
        """Its text with the variables in it; None if it is not there, or wrong."""
        option = self.option(name)
        return self._tried(option, lambda: self.expander(option).pieces(option.value)) if option else None

    def settled(self, name: str) -> str | None:
        """Its text, with the values that variables have now."""
        option = self.option(name)
        return self._tried(option, lambda: self.expander(option).settled(option.value)) if option else None

    def _tried(self, option: Option, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except BadExpression as bad:
            return self.ledger.refuse(option.place, f"in `{option.name}` {bad}", bad.why)
        except Unset as missing:
            why = f"{word(missing)} is not set here, and its value is needed when the file is written"
            return self.ledger.lose(option.place, f"`{option.name}`", why, "set it, and import once more")

    # --- types ---

    def integer(self, name: str, default: int) -> int:
        return self.parsed(name, int, default, "a whole number")

    def flag(self, name: str, default: bool) -> bool:
        return self.parsed(name, _flag, default, "true or false")

    def size(self, name: str, default: int) -> int:
        """Bytes."""
        return self.parsed(name, _size, default, "a size such as 50MB")

    def octal(self, name: str) -> int | None:
        return self.parsed(name, _octal, None, "an octal number")

    def parsed(self, name: str, parse: Callable[[str], Any], default: Any, want: str) -> Any:
        """What ``parse`` makes of it; the default if it is not there. ValueError is a mistake of the file's."""
        text = self.settled(name)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError:
            self.wrong(name, f"`{name}` must be {want}, not {word(text)}")
            return default

    def checked(self, name: str, text: str, read: Callable[..., Any]) -> Any:
        """What minipod's own reader of such a value makes of it; None, and said, if it takes none such."""
        found = Findings()
        value = read(text, (name,), found)
        if found.failed:
            self.wrong(name, found.all[0].message, found.all[0].why)
            return None
        return value

    def wrong(self, name: str, message: str, why: str = "") -> None:
        """Record that an option's value cannot be."""
        self.ledger.refuse(self.section.options[name].place, message, why)

    def shown(self, name: str, default: str) -> str:
        """``name = value`` as the file has it, for a comment."""
        option = self.section.options.get(name)
        return f"{name} = {option.value}" if option else f"{name} = {default} by default"


def _flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _size(text: str) -> int:
    unit = _SIZES.get(text[-2:].lower())
    number = int(text) if unit is None else int(text[:-2]) * unit
    if number < 0:
        raise ValueError(text)
    return number


def _octal(text: str) -> int:
    number = int(text, 8)
    if number < 0:
        raise ValueError(text)
    return number
