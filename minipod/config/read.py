"""Reading a pod file: the one way from a path to a model, or to every mistake in it at once. It never prints, and never
keeps a file open."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from minipod.config.build import Doc, build
from minipod.config.check import check
from minipod.config.findings import Findings, Path
from minipod.config.text import load_text, parse_text
from minipod.errors import ConfigError, Place, Problem
from minipod.model import Pod


class Reading(NamedTuple):
    """A pod and what is odd about it: problems that are warnings or notes, in file order. ``obstacles``: why it can be
    checked, and not run yet. ``remarks``: what was made of each field, with its place, where a format has more to say
    than right or wrong. ``injected``: what presets have put where (``presets.tell.Injected``)."""

    pod: Pod
    warnings: tuple[Problem, ...]
    obstacles: tuple[Problem, ...] = ()
    remarks: tuple[tuple[Place, Any], ...] = ()
    injected: tuple[Any, ...] = ()


class _LazySource:
    """A ``locate.Source`` that is made when first needed: most pods have nothing to report."""

    def __init__(self, name: str, text: str):
        self._name, self._text = name, text
        self.overrides: list[Any] = []
        self.grafts: dict[Path, Any] = {}
        self._made: Any = None

    def get(self) -> Any:
        if self._made is None:
            from minipod.config.locate import Source

            self._made = Source(self._name, self._text)
            self._made.overrides = self.overrides
            self._made.grafts = self.grafts
        return self._made

    def in_file_order(self, paths: list[Path]) -> list[Path]:
        return self.get().in_file_order(paths)


def read_pod(
    path: str,
    *,
    overrides: Sequence[str] = (),
    exit_code_from: str | None = None,
    thorough: bool = False,
    python: bool = True,
) -> Reading:
    """The pod in the file ``path`` ("-" is standard input), as ``read_text`` has it."""
    name = "standard input" if path == "-" else path
    return read_text(
        load_text(path, name),
        path,
        name,
        overrides=overrides,
        exit_code_from=exit_code_from,
        thorough=thorough,
        python=python,
    )


def read_text(
    text: str,
    path: str,
    name: str,
    *,
    overrides: Sequence[str] = (),
    exit_code_from: str | None = None,
    thorough: bool = False,
    python: bool = True,
    beside: Sequence[Any] = (),
    across: Any = None,
) -> Reading:
    """The pod in the text of the file ``path``, which ``name`` stands for in messages.

    ``overrides`` are ``KEY=VALUE`` texts, later ones win; ``exit_code_from`` names the service whose exit code counts.
    ``thorough`` adds what this machine and a careful reader would say. ``python``: whether the pod will run where there
    is one; without it, what needs one is a mistake. ConfigError holds every mistake; UsageError if
    an override is none. ``beside``: files of presets (``presets.folder``); ``across`` reads those that are no TOML
    (``config.presets.Across``).
    """
    given = _parse_overrides(overrides)
    source = _LazySource(name, text)
    doc = parse_text(text, name)
    found = Findings()
    _apply_overrides(source, doc, given, exit_code_from, found)
    inserted = _insert_presets(doc, _stem(path), source, beside, across, found)
    pod = build(doc, _stem(path), source.in_file_order, found)
    if inserted is not None:
        from minipod.config.presets import add_pieces

        pod = add_pieces(pod, inserted)
    _check_umasks(doc, source, found)
    check(pod, doc, found)
    if not python:
        from minipod.config.without_python import refuse_python

        refuse_python(pod, found)
    if thorough and not found.failed:
        from minipod.config.machine import check_machine

        check_machine(pod, doc, found, os.environ)
    warnings = _report(found, source)
    obstacles = _report(across.later, source, raises=False) if across else ()
    return Reading(pod, warnings, obstacles, injected=_placed(inserted, source))


def _insert_presets(
    doc: Doc, name: str, source: _LazySource, beside: Sequence[Any], across: Any, found: Findings
) -> Any:
    """What presets have added, and images; None for most pods, which have none."""
    if "preset" not in doc and "image" not in doc and not beside:
        return None
    from minipod.config.images import apply_images, read_images
    from minipod.config.presets import insert, read_files

    documents = read_files(beside, source, found)
    inserted = insert(doc, name, source, documents, across, found)
    apply_images(doc, read_images([((), doc), *documents], found), source, found)
    return inserted


def _placed(inserted: Any, source: _LazySource) -> tuple[Any, ...]:
    if inserted is None or not inserted.puts:
        return ()
    from minipod.presets.tell import place_puts

    return place_puts(inserted.puts, source.get())


def _report(found: Findings, source: _LazySource, *, raises: bool = True) -> tuple[Problem, ...]:
    """The warnings; ConfigError if there was worse and it ``raises``."""
    if not found.all:
        return ()
    from minipod.config.locate import exit_code, locate

    problems, omitted = locate(found.all, source.get())
    if found.failed and raises:
        raise ConfigError(problems, omitted=omitted, exit_code=exit_code(found.all, source.get()))
    return problems


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _parse_overrides(texts: Sequence[str]) -> list[Any]:
    if not texts:
        return []
    from minipod.config.overrides import parse_set

    return [parse_set(text) for text in texts]


def _apply_overrides(source: _LazySource, doc: Doc, given: list[Any], main: str | None, found: Findings) -> None:
    if not given and main is None:
        return
    from minipod.config.overrides import apply, exit_code_from

    for over in given:
        source.overrides.append(over)
        apply(over, doc, found)
    for over in exit_code_from(main, doc) if main is not None else ():
        source.overrides.append(over)
        apply(over, doc, found)


def _check_umasks(doc: Doc, source: _LazySource, found: Findings) -> None:
    """``umask = 22`` is 026 to TOML and 022 to whoever wrote it: an integer must be written in octal."""
    for kind in ("init", "sidecar", "service"):
        units = doc.get(kind)
        for name, table in units.items() if isinstance(units, dict) else ():
            mask = table.get("umask") if isinstance(table, dict) else None
            if isinstance(mask, int) and not isinstance(mask, bool) and 8 <= mask <= 0o777:
                at = (kind, name, "umask")
                literal = source.get().literal(at)
                if not literal.startswith(("0o", "0b", "0x")):
                    found.error(
                        at,
                        f"`umask` {literal} is a decimal number",
                        why="modes are octal",
                        help=f'write "{literal:0>3}"',
                    )
