"""`minipod import FILE`: a pod file in TOML from what others read: a supervisord.conf, a Procfile. It reads that file
and those which it names, and writes one; it starts nothing.
"""

import os
import sys

from minipod.commands.new_file import MODE, PRIVATE, write_new
from minipod.config.findings import visible
from minipod.config.render import render, wants_colour
from minipod.config.text import load_text
from minipod.errors import ERROR, ConfigError, Place, Problem, UsageError
from minipod.options import Words, only_operand, sort_words

USAGE = """minipod import [--from supervisord|procfile] [-o FILE] FILE

Write a pod file for what a supervisord.conf or a Procfile runs, with a comment beside each line, and say on stderr what
differs and what could not be carried over. FILE - is standard input.
  -o, --output FILE       where to: a file that is not there yet, instead of standard output; nobody else may read
                          it if others may not read the first one, or if there are values of .env in it
  --from KIND             what FILE is: supervisord or procfile; else its name and its lines say so
  --here DIR              of a supervisord.conf: where it will lie, for %(here)s; where it lies now, if it is not said
  --formation LIST        of a Procfile: how many of each, for example web=2,worker=1; all=1 if it is not said
  --env FILE              of a Procfile: a file of variables; .env beside it if it is not said
  --port N                of a Procfile: the first port; 5000 if nothing else says so
Exit code: 0; 78 for a file that cannot be imported, 74 if the pod file cannot be written, 64 for a mistake on the
command line.
"""
KINDS = ("supervisord", "procfile")
_VALUED = ("-o", "--output", "--from", "--here", "--formation", "--env", "--port")
_MANIFEST = "a manifest by its name"
_OURS = {".toml": "a pod file by its name", ".yaml": _MANIFEST, ".yml": _MANIFEST, ".json": _MANIFEST}
_OF = {"--here": "supervisord", "--formation": "procfile", "--env": "procfile", "--port": "procfile"}


def run(words: list[str]) -> int:
    """0; ConfigError and UsageError are the caller's to report."""
    found = sort_words(words, flags=("-h", "--help"), valued=_VALUED)
    if found.flags:
        sys.stdout.write(USAGE)
        return 0
    path = only_operand(found, "FILE")
    if found.last("--from") not in (None, *KINDS):
        raise UsageError(f"--from takes {' or '.join(KINDS)}, not {found.last('--from')!r}")
    name = "standard input" if path == "-" else path
    text = _text_of(path, name)
    kind = _kind(found, name, text)
    imported = _import(kind, text, name, found)
    sys.stderr.write(render(imported.problems, colour=wants_colour(sys.stderr)))
    sys.stderr.flush()
    output = found.values.get("--output", found.values.get("-o", ["-"]))[-1]
    if output == "-":
        sys.stdout.write(imported.text)
    else:
        write_new(output, imported.text, PRIVATE if imported.is_private else _mode_of(path))
    return 0


def _mode_of(path: str) -> int:
    """Nobody reads what is made of a file who may not read the file."""
    return MODE if path == "-" else MODE & os.stat(path).st_mode | PRIVATE


def _text_of(path: str, name: str) -> str:
    text = load_text(path, name)
    line = text.count("\n", 0, text.find("\0")) + 1
    if "\0" in text:
        message = "cannot read it: there is a NUL in it"
        raise ConfigError((Problem(ERROR, Place(name, line, 1), message, "it is no text"),))
    return text


def _kind(found: Words, name: str, text: str) -> str:
    kind = found.last("--from") or guess(name, text)
    if kind is None:
        raise UsageError(f"{visible(name)} is {_OURS[_suffix(name)]}: minipod run takes it as it is")
    for option, its in _OF.items():
        if option in found.values and its != kind:
            raise UsageError(f"{option} is of a {'supervisord.conf' if its == 'supervisord' else 'Procfile'}")
    return kind


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def guess(name: str, text: str) -> str | None:
    """By its name, else by whether a section stands in it; None for what needs no import."""
    base = os.path.basename(name).lower()
    if _suffix(base) in _OURS:
        return None
    if base.startswith("procfile") or base.endswith(".procfile"):
        return "procfile"
    has_section = any(line.lstrip().startswith("[") for line in text.splitlines())
    return "supervisord" if has_section or base.endswith((".conf", ".ini")) else "procfile"


def _import(kind: str, text: str, name: str, found: Words):
    if kind == "supervisord":
        from minipod.foreign.supervisord import import_supervisord

        return import_supervisord(text, name, os.environ, found.last("--here"))
    from minipod.foreign.procfile import import_procfile

    return import_procfile(
        text, name, formation=found.last("--formation"), variables=found.last("--env"), port=found.last("--port")
    )
