"""A command given as one string, split as a shell would, without a shell.

What only a shell could do (pipes, redirections, lists, substitutions, globs) is an error here, not a surprise at run
time. ``$(NAME)`` is Kubernetes' reference to a variable, ``$$(NAME)`` escapes one; both stay, the core expands them.
"""

import re

_REFERENCE = re.compile(r"\$+\([A-Za-z_][A-Za-z0-9_.-]*\)")
_PARAMETER = re.compile(r"\$(?:[A-Za-z_]\w*|\{[^}]*\}?)", re.ASCII)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_OPERATORS = {
    "|": "a pipe",
    "&": "a job in the background",
    ";": "a list of commands",
    "<": "a redirection",
    ">": "a redirection",
    "(": "a subshell",
    ")": "a subshell",
    "\n": "a second line of commands",
    "*": "a pattern for file names",
}
_IN_DOUBLE = '$`"\\\n'  # what a backslash escapes between double quotes


class NeedsShell(ValueError):
    """``what`` would need a shell. ``literal``: whether quotes would keep it as it is."""

    def __init__(self, what: str, *, literal: bool = True):
        super().__init__(what)
        self.literal = literal


class Unclosed(ValueError):
    """A quote is never closed."""


class Split:
    """The words, and the ``$NAME`` that a shell would have expanded but nobody here will."""

    def __init__(self, text: str):
        self._text = text.lstrip(" \t\n")
        self._at = 0
        self._word: list[str] | None = None
        self.words: list[str] = []
        self.parameters: list[str] = []
        while self._at < len(self._text):
            self._step()
        self._end_word()
        if self.words and _ASSIGNMENT.match(self.words[0]) and self._text.startswith(self.words[0][:1]):
            raise NeedsShell(f"`{self.words[0].partition('=')[0]}=` before the program", literal=False)

    def _step(self) -> None:
        character = self._text[self._at]
        if character == "\n" and not self._text[self._at :].strip():
            self._at = len(self._text)
        elif character in " \t":
            self._end_word()
            self._at += 1
        elif character == "'":
            self._put(self._until_quote("'"))
        elif character == '"':
            self._read_double()
        elif character == "\\":
            self._read_escape()
        elif character in "$`":
            self._read_dollar()
        else:
            self._read_plain(character)

    def _read_plain(self, character: str) -> None:
        if character in _OPERATORS:
            raise NeedsShell(self._operator())
        if character == "~" and self._word is None:
            raise NeedsShell("`~` (a home directory)")
        self._put(character)
        self._at += 1

    def _operator(self) -> str:
        character = self._text[self._at]
        if character == "\n":
            return _OPERATORS[character]
        doubled = character * 2
        shown = doubled if character in "|&" and self._text.startswith(doubled, self._at) else character
        return f"`{shown}`" if shown == doubled else f"`{shown}` ({_OPERATORS[character]})"

    def _read_escape(self) -> None:
        escaped = self._text[self._at + 1 : self._at + 2]
        if escaped != "\n":  # a line goes on
            self._put(escaped or "\\")
        self._at += 2

    def _read_double(self) -> None:
        self._put("")
        self._at += 1
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == '"':
                self._at += 1
                return
            if character in "$`":
                self._read_dollar()
            elif character == "\\" and self._text[self._at + 1 : self._at + 2] in tuple(_IN_DOUBLE):
                self._read_escape()
            else:
                self._put(character)
                self._at += 1
        raise Unclosed('a `"` is never closed')

    def _read_dollar(self) -> None:
        """A reference is kept whole; a shell's substitution is refused; another ``$`` is a character."""
        reference = _REFERENCE.match(self._text, self._at)
        if reference:
            self._put(reference.group())
            self._at = reference.end()
            return
        if self._text[self._at] == "`" or self._text.startswith("$(", self._at):
            raise NeedsShell("a command substitution")
        pair = self._text.startswith("$$", self._at)
        parameter = None if pair else _PARAMETER.match(self._text, self._at)
        if parameter:
            self.parameters.append(parameter.group())
        self._put("$$" if pair else "$")
        self._at += 2 if pair else 1

    def _until_quote(self, quote: str) -> str:
        end = self._text.find(quote, self._at + 1)
        if end < 0:
            raise Unclosed(f"a `{quote}` is never closed")
        inside = self._text[self._at + 1 : end]
        self._at = end + 1
        return inside

    def _put(self, text: str) -> None:
        self._word = self._word or []
        self._word.append(text)

    def _end_word(self) -> None:
        if self._word is not None:
            self.words.append("".join(self._word))
        self._word = None
