"""What help texts say is what commands take: completion reads the one, people use the other."""

from importlib import import_module

import pytest

from minipod import cli, options
from minipod.commands.grammar import Grammar, Option, Slot, is_kind, parse
from minipod.errors import UsageError

TEXT = """\
minipod show [-o wide|json] [-x]... [--set KEY=VALUE]... FILE|PLAN [NAME...]
minipod show --all
minipod show -s SIGNAL bash|zsh
minipod other [--not] FILE

Show what there is, -x or --no.
  -o, --output FORMAT     wide: with
                          more
  -x                      once more
  --all                   all of it
  --sort cpu|memory       who comes first
  -- ARGS                 not an option
Exit code: 0.
"""


def test_a_text() -> None:
    assert parse(TEXT, "show") == Grammar(
        (
            Option(("-o", "--output"), ("wide", "json"), "wide: with"),
            Option(("-x",), (), "once more"),
            Option(("--all",), (), "all of it"),
            Option(("--sort",), ("cpu", "memory"), "who comes first"),
            Option(("--set",), ("KEY=VALUE",)),
            Option(("-s",), ("SIGNAL",)),
        ),
        ((Slot(("FILE", "PLAN")), Slot(("NAME",), True)), (), (Slot(("bash", "zsh")),)),
    )


@pytest.mark.parametrize(
    ("operands", "expected"),
    [
        ([], ("FILE", "PLAN", "bash", "zsh")),
        (["x"], ("NAME",)),
        (["x", "a", "b"], ("NAME",)),
        (["bash"], ("NAME",)),
    ],
)
def test_what_may_follow(operands: list[str], expected: tuple[str, ...]) -> None:
    assert parse(TEXT, "show").expected(operands) == expected


def test_no_text() -> None:
    assert parse("", "show") == Grammar()
    assert parse("", "show").expected([]) == ()


def told(word: str) -> Grammar:
    return parse(import_module(f"minipod.commands.{word}").USAGE, word)


@pytest.mark.parametrize("word", sorted(cli.WORDS))
def test_a_word_takes_what_its_help_says(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option, with a value where it is said to take one, gets past the sorting of words."""
    grammar = told(word)
    sorts: list[tuple[set[str], set[str]]] = []

    def spy(words: list[str], *, flags=(), valued=()) -> None:
        sorts.append((set(flags), set(valued)))
        raise UsageError("seen")

    for module in {import_module(f"minipod.commands.{word}"), import_module("minipod.commands.orders")}:
        if hasattr(module, "sort_words"):
            monkeypatch.setattr(module, "sort_words", spy)
    for words in ([], ["--all"], ["--check"]):
        with pytest.raises(UsageError):
            import_module(f"minipod.commands.{word}").run(words)
    flags = set().union(*(each for each, _ in sorts))
    valued = set().union(*(each for _, each in sorts))
    said_flags = {name for option in grammar.options if not option.values for name in option.names}
    said_valued = {name for option in grammar.options if option.values for name in option.names}
    assert said_flags - flags - {"--all"} == set()
    assert said_valued - valued == set()
    assert options.sort_words is not spy


# Kinds of things that help texts name; a new one is completed as nothing until complete.py knows it.
KINDS = set(
    "NAME FILE PLAN DIR PATH KEY KEY=VALUE IMAGE IMAGE=CMD NAME=/PATH SIGNAL TIME N LIST FORMAT CMD ARGS".split()
)


@pytest.mark.parametrize("word", sorted(cli.WORDS))
def test_kinds_are_known(word: str) -> None:
    grammar = told(word)
    values = [value for option in grammar.options for value in option.values]
    values += [value for line in grammar.lines for slot in line for value in slot.values]
    assert {value for value in values if is_kind(value)} <= KINDS
    assert grammar.lines, "the first line of its help names it"
