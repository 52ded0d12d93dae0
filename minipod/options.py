"""The words of one command, sorted into options and operands. Small on purpose: argparse costs more time than the whole
compiler may take. It must never print or decide what an option means.
"""

from collections.abc import Collection

from minipod.errors import UsageError


class Words:
    """``operands`` in order; ``flags`` that were given; ``values`` of each option that takes one, in order."""

    def __init__(self) -> None:
        self.operands: list[str] = []
        self.flags: set[str] = set()
        self.values: dict[str, list[str]] = {}

    def last(self, option: str) -> str | None:
        """The value of an option that counts once: the last one given."""
        return self.values.get(option, [None])[-1]


def sort_words(words: list[str], *, flags: Collection[str] = (), valued: Collection[str] = ()) -> Words:
    """Options may stand before and after operands, as ``--name VALUE`` or ``--name=VALUE``; ``--`` ends them.
    UsageError names an option that is unknown, lacks its value or takes none."""
    found = Words()
    rest = iter(words)
    for word in rest:
        name, has_value, value = word.partition("=")
        if word == "--":
            found.operands.extend(rest)
        elif word == "-" or not word.startswith("-"):
            found.operands.append(word)
        elif word in flags:
            found.flags.add(word)
        elif name in valued:
            found.values.setdefault(name, []).append(value if has_value else _value_after(word, rest))
        else:
            raise UsageError(_refusal(name, has_value, flags, valued))
    return found


def _value_after(option: str, rest) -> str:
    value = next(rest, None)
    if value is None:
        raise UsageError(f"{option} needs a value")
    return value


def _refusal(name: str, has_value: str, flags: Collection[str], valued: Collection[str]) -> str:
    if has_value and name in flags:
        return f"{name} takes no value"
    from minipod.config.suggest import did_you_mean

    return f"unknown option {name}" + did_you_mean(name, [*flags, *valued], before="; ")


def only_operand(found: Words, what: str) -> str:
    """The one operand a command takes. UsageError says what is missing or too much."""
    if not found.operands:
        raise UsageError(f"{what} is missing")
    if len(found.operands) > 1:
        raise UsageError(f"one {what} only, not also {found.operands[1]}")
    return found.operands[0]
