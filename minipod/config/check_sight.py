"""What of logs and terminals can only be seen with the whole pod at hand. Imported only for pods that say something of
them."""

from minipod.config.findings import Findings, Path, word
from minipod.config.values import OWN
from minipod.model import Pod, Unit
from minipod.supervisor.words import LogMode

# Those that ignore TERM when they are typed into.
_SHELLS = frozenset("sh bash dash ash ksh zsh fish".split())


def check_sight(pod: Pod, doc: dict, found: Findings) -> None:
    """Record what does not go together."""
    _check_files(pod, doc, found)
    _check_terminals(pod, doc, found)


def _path_of(unit: Unit) -> Path:
    return (unit.kind.word, unit.name)


def _place_of_log(unit: Unit, doc: dict) -> Path:
    """Where it stands: with the unit, or with the pod."""
    at = _path_of(unit)
    own = doc[at[0]][at[1]].get("log")
    return (*at, "log", "file") if isinstance(own, dict) and "file" in own else ("pod", "log", "file")


def _check_files(pod: Pod, doc: dict, found: Findings) -> None:
    """Two that write and rename one file would lose each other's lines."""
    writers: dict[str, Unit] = {}
    for unit in pod.units:
        if not unit.log.file:
            continue
        other = writers.setdefault(unit.log.file, unit)
        if other is not unit:
            here, there = _place_of_log(unit, doc), _place_of_log(other, doc)
            found.error(
                here,
                f"{word(other.name)} and {word(unit.name)} would write the same file",
                also=((there, "the other one"),) if here != there else (),
                why="each begins a new one when it is full",
                help="give each unit a file of its own",
            )


def _check_terminals(pod: Pod, doc: dict, found: Findings) -> None:
    owners = [unit for unit in pod.units if unit.tty]
    for second in owners[1:]:
        found.error(
            (*_path_of(second), "tty"),
            f"{word(owners[0].name)} has the terminal already",
            on_key=True,
            also=(((*_path_of(owners[0]), "tty"), "here"),),
            why="Ctrl-C is for one unit of a pod",
            help="leave one of them out",
        )
    for unit in owners:
        at = _path_of(unit)
        if doc[at[0]][at[1]].get("stdin") == "null":
            found.error(
                (*at, "stdin"),
                "`stdin` null does not go with tty",
                also=(((*at, "tty"), "here"),),
                why="nobody could type anything",
                help="leave stdin out",
            )
    for unit in pod.units:
        if unit.own_terminal:
            _check_own(unit, doc, found)
        if (unit.own_terminal or owners == [unit]) and _is_typed_into((*unit.command, *unit.args)):
            _check_shell(unit, doc, found)


def _check_shell(unit: Unit, doc: dict, found: Findings) -> None:
    at = _path_of(unit)
    if "stop_signal" in doc[at[0]][at[1]]:
        return
    found.note(
        (*at, "tty"),
        f"{word(unit.name)} ignores the TERM that stops it",
        on_key=True,
        why="an interactive shell does, until its grace is over",
        help='add stop_signal = "HUP"',
    )


def _check_own(unit: Unit, doc: dict, found: Findings) -> None:
    """A terminal has another side, which somebody must read."""
    at = _path_of(unit)
    given = doc[at[0]][at[1]]
    here = (((*at, "tty"), "here"),)
    if "stdin" in given:
        found.error(
            (*at, "stdin"),
            f"`stdin` does not go with tty {word(OWN)}",
            also=here,
            why="that terminal is its stdin",
            help="leave stdin out",
        )
    if unit.log.mode in (LogMode.INHERIT, LogMode.NONE):
        found.error(
            (*at, "log") if "log" in given else ("pod", "log"),
            f"`log` {unit.log.mode.word} does not go with tty {word(OWN)}",
            also=here,
            why="nobody would read what is written to that terminal",
            help="take prefix, json or raw",
        )


def _is_typed_into(words: tuple[str, ...]) -> bool:
    """A shell that is given no script; `env` runs what stands behind its variables."""
    rest = list(words)
    while rest and (rest[0].rpartition("/")[2] == "env" or "=" in rest[0]):
        rest.pop(0)
    is_shell = bool(rest) and rest[0].rpartition("/")[2] in _SHELLS
    return is_shell and all(each.startswith("-") and (each.startswith("--") or "c" not in each) for each in rest[1:])
