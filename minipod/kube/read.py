"""Reading a manifest: from a text to the same model that a pod file makes, or to every mistake in it at once."""

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from minipod.config.findings import Finding, Findings, Path, word
from minipod.config.locate import locate
from minipod.config.presets import read_files
from minipod.config.read import Reading
from minipod.config.without_python import note_python, refuse_python
from minipod.errors import ERROR, USAGE, ConfigError, Place, Problem
from minipod.kube.beside import read_beside
from minipod.kube.documents import Tree, sort_documents
from minipod.kube.field import Verdict
from minipod.kube.pod import Context, read_workload
from minipod.kube.probe import HOOKS, PROBES
from minipod.kube.secrecy import Secrecy
from minipod.kube.shape import Remark
from minipod.kube.tree import Builder
from minipod.kube.untold import unused
from minipod.kube.yaml import compose
from minipod.model import Pod
from minipod.presets.folder import File
from minipod.presets.tell import place_puts

# Where a manifest has what the model has under these names.
_OURS = {
    "command": ("command",),
    "working_dir": ("workingDir",),
    **{ours: (name,) for name, ours in PROBES.items()},
    **{ours: ("lifecycle", name) for name, ours in HOOKS.items()},
}


def read_manifest(
    text: str,
    name: str,
    *,
    entrypoints: Mapping[str, tuple[str, ...]],
    volumes: Mapping[str, str] = MappingProxyType({}),
    exit_code_from: str | None = None,
    thorough: bool = False,
    python: bool = True,
    here: bool = True,
    strict: bool = False,
    allow_unknown: bool = False,
    only: str = "",
    beside: Sequence[File] = (),
) -> Reading:
    """The pod that a manifest of this text means. ConfigError holds every mistake.

    ``entrypoints``: what images run. ``volumes``: directories that take the place of volumes, by name. ``thorough``:
    verdicts of fields are the caller's to print, and no warnings. ``python``: there will be one where the pod runs.
    ``here``: it will run where it is read. ``strict``: ignored fields that a program may count on are errors;
    ``allow_unknown``: unknown ones are warnings, and so are documents of other kinds. ``only``: which pod, of several,
    as NAME or KIND/NAME. ``beside``: files of presets.
    """
    secrecy = Secrecy(name, text)
    try:
        options = {"thorough": thorough, "python": python, "here": here}
        options |= {"strict": strict, "allow_unknown": allow_unknown, "only": only, "beside": beside}
        read = _read(text, name, entrypoints, dict(volumes), exit_code_from, **options)
    except ConfigError as bad:
        problems = tuple(map(secrecy.clean, bad.problems))
        raise ConfigError(problems, omitted=bad.omitted, exit_code=bad.exit_code) from None
    warnings, obstacles = (tuple(map(secrecy.clean, each)) for each in (read.warnings, read.obstacles))
    return read._replace(warnings=warnings, obstacles=obstacles)


def _read(
    text: str,
    name: str,
    entrypoints: Mapping[str, tuple[str, ...]],
    volumes: dict[str, str],
    exit_code_from: str | None,
    *,
    thorough: bool,
    python: bool,
    here: bool,
    strict: bool,
    allow_unknown: bool,
    only: str,
    beside: Sequence[File],
) -> Reading:
    builder = compose(text, name)
    tree, found, later = Tree(builder), Findings(), Findings()
    documents = sort_documents(builder, tree, found, allows_unknown=allow_unknown, only=only)
    if documents.workload is None:
        raise _refusal(found, tree, builder)
    others = read_beside(documents, beside, tree, found)
    if strict:
        _refuse_ignored(others.remarks, found)
    tables = tuple(read_files(beside, tree, found))
    context = Context(others, tree, documents.wrong, dict(entrypoints), volumes, here, strict, tables)
    pod, places, puts = read_workload(documents.workload, context, found, later)
    pod = _with_main(pod, exit_code_from)
    _tell_machine(pod, places, found, python=python, thorough=thorough)
    # Of containers that cannot be read nobody knows the image.
    odd = unused(entrypoints, [unit.image for unit in pod.units]) if not documents.wrong else ()
    if found.failed or builder.repeated:
        raise _refusal(found, tree, builder, odd)
    if odd:
        raise ConfigError(odd, exit_code=USAGE)
    if not thorough:
        _warn_of_fields(others.remarks, found)
    return Reading(
        pod,
        locate(found.all, tree)[0],
        obstacles=locate(later.all, tree)[0],
        remarks=tuple(_placed(each, tree) for each in others.remarks) if thorough else (),
        injected=place_puts(puts, tree),
    )


def _placed(remark: Remark, tree: Tree) -> tuple[Place, Remark]:
    """Its line alone, whatever stands in it."""
    return tree.place(remark.at, on_key=True)._replace(source=""), remark


def _refusal(found: Findings, tree: Tree, builder: Builder, first: tuple[Problem, ...] = ()) -> ConfigError:
    problems, omitted = locate(found.all, tree)
    row = sorted((*problems, *builder.problems()), key=lambda problem: (problem.place.line, problem.place.column))
    return ConfigError((*first, *row), omitted=omitted + builder.omitted)


def _with_main(pod: Pod, name: str | None) -> Pod:
    """The pod that ends with that unit, and with its exit code; it is not started again."""
    if name is None:
        return pod
    names = [unit.name for unit in pod.units if unit.kind.word == "service"]
    if name not in names:
        from minipod.config.suggest import did_you_mean

        place = Place("--exit-code-from", 0, 1, name, max(1, len(name)))
        help = did_you_mean(name, names, quote="`") or f"name one of {', '.join(names)}"
        why = "the pod's exit code comes from one of its main containers"
        problem = Problem(ERROR, place, f"no main container is called {word(name)}", why, help)
        raise ConfigError((problem,), exit_code=USAGE)
    units = tuple(unit._replace(restart="never") if unit.name == name else unit for unit in pod.units)
    return pod._replace(main=name, units=units)


def _tell_machine(pod: Pod, places: Mapping[str, Path], found: Findings, *, python: bool, thorough: bool) -> None:
    """Probes that only a Python can ask, and what is not on this machine, at their places in the manifest."""
    inner = Findings()
    if not python:
        refuse_python(pod, inner)
    elif thorough:
        note_python(pod, inner)
    if thorough and not found.failed:
        from minipod.config.machine import check_unit

        for unit in pod.units:
            check_unit(pod, unit, inner, os.environ)
    for each in inner.all:
        found.failed |= inner.failed
        found.all.append(_moved(each, places))


def _moved(finding: Finding, places: Mapping[str, Path]) -> Finding:
    _, unit, key = finding.at
    path = _OURS[str(key)]
    message = finding.message.replace(f"`{key}`", f"`{path[-1]}`")
    return finding._replace(at=(*places[str(unit)], *path), message=message)


def _refuse_ignored(remarks: list[Remark], found: Findings) -> None:
    for each in remarks:
        if each.matters:
            help = "leave it out, or leave --strict out"
            found.error(each.at, f"`{each.at[-1]}` would be ignored", on_key=True, why=each.why, help=help)


def _warn_of_fields(remarks: list[Remark], found: Findings) -> None:
    """Each ignored field once, those with one reason together: what a cluster wrote out has a dozen. Those that a
    program may count on stand alone."""
    groups: dict[tuple[str, str], dict[str, Remark]] = {}
    for each in remarks:
        if each.verdict is Verdict.WARN:
            key = (each.why, each.path if each.matters else "")
            groups.setdefault(key, {}).setdefault(each.path, each)
    for (why, _), row in groups.items():
        *names, last = dict.fromkeys(f"`{each.at[-1]}`" for each in row.values())
        message = f"{', '.join(names)} and {last} are ignored" if names else f"{last} is ignored"
        found.warn(next(iter(row.values())).at, message, on_key=True, why=why)
