"""What this machine says to a pod: programs, directories, users and variables that are not here. Only warnings, because
the image that the pod will run in may differ, and only for ``minipod check``.
"""

import os
import re
from collections.abc import Iterator, Mapping

from minipod.config.build import Doc
from minipod.config.check import path_of, probe_commands, shell_scripts, value_at
from minipod.config.findings import Findings, Path, word
from minipod.config.keys import POD
from minipod.config.without_python import asks, note_python
from minipod.model import Pod, Unit
from minipod.supervisor.words import LogMode

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # as in the plan
_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
_ELSEWHERE = "the image may differ"


def check_machine(pod: Pod, doc: Doc, found: Findings, environ: Mapping[str, str]) -> None:
    """Record what is missing here. ``environ`` stands for the environment that the pod will be given."""
    _check_references(("env",), list(pod.env.values()), {*environ, *pod.env}, found, list(pod.env))
    for unit in pod.units:
        check_unit(pod, unit, found, environ)
        _check_log(unit, doc, found)
        names = _check_sources(unit, found)
        if names is not None:
            _check_variables(unit, doc, {*environ, *pod.env, *unit.env, *names}, found)
    if pod.volumes:
        from minipod.config.check_volumes import note_shared_paths, warn_of_missing

        note_shared_paths(pod, doc, found)
        warn_of_missing(pod, found)
    note_python(pod, found)


def check_unit(pod: Pod, unit: Unit, found: Findings, environ: Mapping[str, str]) -> None:
    """What one unit needs and this machine lacks."""
    variables = {**environ, **pod.env, **unit.env}
    _check_program(unit, unit.command, "command", variables, found)
    for key, ask in asks(unit):
        if ask.command:
            _check_program(unit, ask.command, key, variables, found)
    _check_account(unit, "user", unit.user, "/etc/passwd", found)
    _check_account(unit, "group", unit.group, "/etc/group", found)
    _check_directory(unit, found)


def _check_sources(unit: Unit, found: Findings) -> set[str] | None:
    """Names of the variables that they give; None: nobody can tell here."""
    if not unit.env_from:
        return set()
    from minipod.config.machine_sources import check_sources

    return check_sources(unit, found)


def _check_program(
    unit: Unit, command: tuple[str, ...], key: str, variables: Mapping[str, str], found: Findings
) -> None:
    program = command[0]
    if not program or "$(" in program:
        return
    at = (*path_of(unit), key)
    if is_in_volume(unit, program):
        return
    if "/" in program:
        files = [os.path.join(unit.working_dir, program)]
        where = "is not here"
    else:
        files = [os.path.join(d, program) for d in variables.get("PATH", DEFAULT_PATH).split(":")]
        where = "is not on PATH here"
    if any(os.path.isfile(f) and os.access(f, os.X_OK) for f in files):
        return
    if any(os.path.isfile(f) for f in files):
        found.warn(at, f"{word(program)} is not executable here", why=_ELSEWHERE, help="set its mode with chmod +x")
    else:
        help = "see to it that the image has it"
        found.warn(at, f"{word(program)} {where}", why=_ELSEWHERE, help=help, once=True)


def _check_account(unit: Unit, key: str, name: str, database: str, found: Findings) -> None:
    if not name or name.isdigit():
        return
    try:
        with open(database, encoding="utf-8", errors="replace") as lines:
            known = [line.partition(":")[0] for line in lines]
    except OSError:
        known = []
    if name not in known:
        found.warn(
            (*path_of(unit), key),
            f"{word(name)} is not in {database} here",
            why=_ELSEWHERE,
            help="see to it that the image has it",
            near=(name, tuple(known)),
        )


def _check_directory(unit: Unit, found: Findings) -> None:
    if is_in_volume(unit, unit.working_dir):
        return
    if unit.working_dir and "$(" not in unit.working_dir and not os.path.isdir(unit.working_dir):
        found.warn(
            (*path_of(unit), "working_dir"),
            f"{word(unit.working_dir)} is no directory here",
            why=_ELSEWHERE,
            help="see to it that the image has it",
        )


def is_in_volume(unit: Unit, path: str) -> bool:
    """Whether it is where the unit sees a volume: what will be there is not known here."""
    return any(f"{path}/".startswith(f"{mount.path}/") for mount in unit.mounts)


def _check_log(unit: Unit, doc: Doc, found: Findings) -> None:
    if unit.log.mode is LogMode.INHERIT:
        given = doc[unit.kind.word][unit.name]
        by_pod = "log" not in given and not unit.tty
        found.note(
            (POD, "log") if by_pod else (*path_of(unit), "log" if "log" in given else "tty"),
            f"there will be no logs of {word(unit.name)}",
            why="with inherit its output passes minipod by: neither `minipod logs` nor last lines have it",
            help='use "raw" for unchanged lines that minipod sees',
        )


def _check_variables(unit: Unit, doc: Doc, defined: set[str], found: Findings) -> None:
    """``$(NAME)`` in command, args, env and the commands of probes. A shell's script is left out: what stays there is
    the shell's."""
    scripts = set(shell_scripts(unit, doc))
    at = path_of(unit)
    given = doc[at[0]][at[1]]
    places = [((*at, key), words) for key, words in (("command", unit.command), ("args", unit.args)) if key in given]
    for where, words in (*places, *probe_commands(unit, doc)):
        names = None if isinstance(value_at(doc, where), str) else list(range(len(words)))
        skip = {path[-1] for path in scripts if path[:-1] == where}
        if where not in scripts:
            _check_references(where, list(words), defined, found, names, skip)
    _check_references((*at, "env"), list(unit.env.values()), defined, found, list(unit.env))
    if any(mount.expands for mount in unit.mounts):
        from minipod.config.check_volumes import expressions

        for where, text in expressions(unit, doc):
            why = "where there is no such variable, the pod is not started"
            _check_references(where, [text], defined, found, None, why=why)


def _check_references(
    at: Path,
    texts: list[str],
    defined: set[str],
    found: Findings,
    names: list | None,
    skip: set = frozenset(),
    why: str = "it stays as it is where there is no such variable",
) -> None:
    """``names`` are the last parts of the texts' paths; None when all stand at ``at`` itself."""
    for i, text in enumerate(texts):
        here = at if names is None else (*at, names[i])
        for name in () if i in skip else _references(text):
            if name not in defined:
                found.warn(
                    here,
                    f"{word(f'$({name})')} is not defined here",
                    why=why,
                    help="define it under [env], or see to it that the container has it",
                    near=(name, tuple(defined)),
                )


def _references(text: str) -> Iterator[str]:
    """Names in ``$(NAME)``, by Kubernetes' rule: `$$` is one `$` and hides what follows."""
    for match in _REFERENCE.finditer(text):
        if match.group(1) is not None:
            yield match.group(1)
