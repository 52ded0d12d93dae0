"""`minipod complete SHELL WORDS...`, which the scripts of `minipod completion` run at each TAB: the last of the words
is the one under the cursor. What may stand there comes from the commands' own help texts and from the running pod.

It must never write to stderr, nor keep a person waiting for a pod that does not answer.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import NamedTuple

from minipod import cli
from minipod.commands.grammar import Grammar, is_kind, parse
from minipod.errors import PodError, UsageError

SHELLS = ("bash", "zsh", "fish")
FILES = "/"  # a line that says: files, too
WITHIN = 1.0  # seconds that a pod has to answer
_POD = "--pod"
_PATHS = frozenset({"FILE", "PLAN", "DIR", "PATH", "FD", "CMD", "ARGS", "PROGRAM"})


class Candidate(NamedTuple):
    """What may stand there, and what that is."""

    text: str
    meaning: str = ""


class _TooLate(BaseException):
    """No error that anybody on the way may take for its own."""


def run(words: list[str]) -> int:
    """0, whatever there was to be said."""
    if len(words) < 2 or words[0] not in SHELLS:
        raise UsageError("minipod completion bash|zsh|fish prints the script that runs this")
    shell, line = words[0], words[1:]
    cut = 0
    if shell == "bash":
        line, cut = joined(line)
    prefix = line[-1]
    for found in dict.fromkeys(candidates(line)):
        if found.text == FILES or found.text.startswith(prefix):
            sys.stdout.write(_written(shell, found, cut) + "\n")
    return 0


def joined(words: Sequence[str]) -> tuple[list[str], int]:
    """bash takes ``--for=ready`` for three words and replaces the last one only: the words as they were meant, and how
    much of the last one bash has already."""
    found: list[str] = []
    cut = 0
    for word in words:
        cut = 0
        if found and (word == "=" or found[-1].endswith("=")) and found[-1].startswith("--"):
            found[-1] += word
            cut = found[-1].index("=") + 1
        else:
            found.append(word)
    return found, cut


def _written(shell: str, found: Candidate, cut: int) -> str:
    if shell == "bash" or not found.meaning:
        text = found.text[cut:] if found.text != FILES else FILES
        return text.replace(":", "\\:") if shell == "zsh" else text
    if shell == "zsh":
        return f"{found.text.replace(':', chr(92) + ':')}:{found.meaning}"
    return f"{found.text}\t{found.meaning}"


# --- what may stand there ---------------------------------------------------------------------------------------------


def candidates(words: Sequence[str]) -> Iterator[Candidate]:
    """All that may stand in place of the last word, whatever it begins with."""
    *before, current = words
    word = cli.ALIASES.get(words[0], words[0])
    is_for_one = word.startswith("-")  # one command has no word, only options
    if not before and not is_for_one:
        yield from _words()
        return
    if is_for_one and "--" in before:
        yield Candidate(FILES)
        return
    grammar = parse(help_of(word), word)
    operands, pending, pod = _sorted(grammar, before if is_for_one else before[1:])
    name, is_given, _ = current.partition("=")
    if pending is not None:
        yield from _values(grammar.option(pending).values, pod, pending)
    elif current.startswith("--") and is_given:
        option = grammar.option(name)
        for found in _values(option.values if option else (), pod, name):
            yield found._replace(text=f"{name}={found.text}") if found.text != FILES else found
    elif current.startswith("-"):
        yield from (Candidate(each, option.meaning) for option in grammar.options for each in option.names)
        yield from [Candidate("--", "the program stands behind it")] if is_for_one else [Candidate("--help")]
    else:
        given = set(operands)
        yield from (each for each in _values(grammar.expected(operands), pod) if each.text not in given)


def _sorted(grammar: Grammar, words: Sequence[str]) -> tuple[list[str], str | None, str | None]:
    """The operands, the option that still lacks its value, and what --pod says."""
    operands: list[str] = []
    pending: str | None = None
    values: dict[str, str] = {}
    are_options_over = False
    for word in words:
        name, is_given, value = word.partition("=")
        if pending is not None:
            values[pending], pending = word, None
        elif word == "--":
            are_options_over = True
        elif are_options_over or not word.startswith("-"):
            operands.append(word)
        elif is_given:
            values[name] = value
        else:
            option = grammar.option(name)
            pending = name if option is not None and option.values else None
    return operands, pending, values.get(_POD)


def _words() -> Iterator[Candidate]:
    """As `minipod help` lists them."""
    for line in cli.usage().splitlines():
        if line.startswith("  minipod "):
            word, meaning = line.split()[1], line.split("  ")[-1].strip()
            if not word.startswith("-"):
                yield Candidate(word, meaning)


def help_of(word: str) -> str:
    """The help text of a word; of those that the static command does itself, what that one says. "" for no word."""
    if word in cli.WORDS:
        return import_module(f"minipod.commands.{word}").USAGE
    if word.startswith("-"):
        word = "-v"  # any option: help is about one command then, not about all words
    elif word not in cli.COMMANDS_OWN:
        return ""
    import subprocess

    for folder in (os.path.dirname(sys.executable), *os.get_exec_path()):
        command = [os.path.join(folder, "minipod"), word, "--help"]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=False, timeout=WITHIN).stdout
        except (OSError, subprocess.SubprocessError):
            continue
    return ""


def _values(values: Sequence[str], pod: str | None, option: str = "") -> Iterator[Candidate]:
    for value in values:
        if not is_kind(value):
            yield Candidate(value)
        elif value in _PATHS:
            yield Candidate(FILES)
        elif value == "NAME" and option != _POD:
            yield from _units(pod)
        elif value == "SIGNAL":
            from minipod.supervisor.signals import NUMBERS

            yield from map(Candidate, NUMBERS)
        elif value == "KEY":
            yield from _keys()


def _keys() -> Iterator[Candidate]:
    from minipod.config.keys import KEYS

    yield from (Candidate(name) for name in dict.fromkeys(key.name for key in KEYS))


def _units(pod: str | None) -> list[Candidate]:
    """Of the pod that answers in time; none if none does."""
    from minipod.reaper.client import find

    def give_up(*_: object) -> None:
        raise _TooLate

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, WITHIN)
    try:
        units = find(pod).get("/v1/units")["units"]
        return [Candidate(unit["name"], unit["kind"]) for unit in units]
    except (_TooLate, PodError, KeyError, TypeError):
        return []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
