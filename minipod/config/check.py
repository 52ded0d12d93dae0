"""What can only be seen with the whole pod at hand: names that nobody has, waits that never end, odd sums.

The machine it is read on has no say here: that is ``machine``'s. Runs in every compilation, so it is cheap.
"""

import re
from collections.abc import Iterator

from minipod.config.build import Doc
from minipod.config.durations import format_duration
from minipod.config.findings import Findings, Path, word
from minipod.config.key import POD, PROBE_NAMES
from minipod.model import Pod, Unit
from minipod.supervisor.order import Member, find_cycle
from minipod.supervisor.words import Kind, Milestone

SHELLS = frozenset("sh bash dash ash ksh zsh busybox".split())
# Keys that are checked together with others.
_NEEDING = frozenset("startup_probe post_start pre_stop notify watchdog start_timeout".split())
# `$$` where a shell would put its pid. `$$NAME`, `$${`, `$$(` are people's way to pass a `$` on, and right.
_PID = r"(?<!\$)\$\$(?![$\w({@*#?!])"


def check(pod: Pod, doc: Doc, found: Findings) -> None:
    """Record everything that is wrong, or odd, with the pod as a whole."""
    units = {unit.name: unit for unit in pod.units}
    _check_main(pod, units, found)
    _check_signals(pod, doc, units, found)
    for unit in pod.units:
        for name, milestone in unit.after.items():
            _check_after(unit, name, milestone, pod.main, units, doc, found)
        _check_habits(unit, pod, doc, found)
        given = doc[unit.kind.word][unit.name]
        if not _NEEDING.isdisjoint(given):
            from minipod.config.check_probes import check_probes

            check_probes(unit, given, path_of(unit), found)
    if any(unit.tty or unit.own_terminal or unit.log.file for unit in pod.units):
        from minipod.config.check_sight import check_sight

        check_sight(pod, doc, found)
    if pod.volumes or any(unit.mounts for unit in pod.units):
        from minipod.config.check_volumes import check_volumes

        check_volumes(pod, doc, found)
    _check_cycles(pod, doc, found)


def path_of(unit: Unit) -> Path:
    """Where a unit's table stands in the document."""
    return (unit.kind.word, unit.name)


def entry(doc: Doc, at: Path, name: str) -> Path:
    """The path of ``name`` in a list or table at ``at``."""
    value = value_at(doc, at)
    return (*at, value.index(name) if isinstance(value, list) else name)


def _check_main(pod: Pod, units: dict[str, Unit], found: Findings) -> None:
    if pod.main is None:
        return
    at = (POD, "main")
    if pod.main not in units:
        services = tuple(u.name for u in units.values() if u.kind is Kind.SERVICE)
        _unknown_unit(at, pod.main, "service", services, found)
    elif units[pod.main].kind is not Kind.SERVICE:
        found.error(
            at,
            f"{word(pod.main)} is {_kind(units[pod.main])}",
            also=((path_of(units[pod.main]), "here"),),
            why="the pod's exit code comes from a service",
            help="name a service",
        )


def _kind(unit: Unit) -> str:
    return "an init" if unit.kind is Kind.INIT else f"a {unit.kind.word}"


def _unknown_unit(
    at: Path, name: str, what: str, names: tuple[str, ...], found: Findings, *, on_key: bool = False
) -> None:
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    found.error(
        at,
        f"no {what} is called {word(name)}",
        near=(name, names),
        on_key=on_key,
        why=f"there {'is' if len(names) == 1 else 'are'} {shown}" if names else f"there is no {what}",
        help="name one of them, or leave it out" if names else "leave it out",
    )


def _check_signals(pod: Pod, doc: Doc, units: dict[str, Unit], found: Findings) -> None:
    wanted = {name for rule in pod.signals.values() for name in rule.to} - set(units)
    if not wanted:
        return
    base: Path = ("signals",) if "signals" in doc else (POD, "signals")
    table = doc["signals"] if "signals" in doc else doc[POD]["signals"]
    for key, value in table.items():
        to = value.get("to", []) if isinstance(value, dict) else []
        for i, name in enumerate(to if isinstance(to, list) else []):
            if name in wanted:
                _unknown_unit((*base, key, "to", i), name, "unit", tuple(units), found)


def _check_after(
    unit: Unit, name: str, milestone: Milestone, main: str | None, units: dict[str, Unit], doc: Doc, found: Findings
) -> None:
    """One entry of ``after``: the unit must be there and must be able to get there."""
    at = entry(doc, (*path_of(unit), "after"), name)
    other = units.get(name)
    if name == unit.name:
        found.error(at, f"{word(name)} waits for itself", help="leave it out")
    elif other is None:
        _unknown_unit(at, name, "unit", tuple(n for n in units if n != unit.name), found, on_key=at[-1] == name)
    elif milestone is Milestone.COMPLETED and name == main:
        found.error(
            at,
            f"{word(unit.name)} can never start",
            why=f"when main ends, the pod ends, and {word(name)} is main",
            help='wait for "started" or "ready"',
        )
    elif milestone is Milestone.COMPLETED and other.restart == "always" and other.kind is not Kind.INIT:
        found.error(
            at,
            f"{word(unit.name)} can never start",
            also=((path_of(other), f"{name} restarts always"),),
            why=f"{word(name)} is started again whenever it ends, so it is never completed",
            help=f'give {name} restart = "on_failure" or "never"',
        )


def _check_cycles(pod: Pod, doc: Doc, found: Findings) -> None:
    """Every group that waits in a circle, once: what was named is taken out before the next look."""
    members = [u.member for u in pod.units if u.name not in u.after]
    while cycle := find_cycle(members):
        first = next(u for u in pod.units if u.name == cycle[0])
        found.error(
            entry(doc, (*path_of(first), "after"), cycle[1]),
            f"units wait for one another: {' → '.join(cycle)}",
            why="none of them could ever start",
            help="take one of these names out of its `after`",
        )
        members = [Member(m.name, m.kind) if m.name in cycle else m for m in members]


def _check_habits(unit: Unit, pod: Pod, doc: Doc, found: Findings) -> None:
    """What is allowed and probably not meant."""
    at = path_of(unit)
    given = doc[at[0]][at[1]]
    if "termination_grace_period" in given and unit.termination_grace_period > pod.termination_grace_period:
        found.warn(
            (*at, "termination_grace_period"),
            f"{word(unit.name)} will not get {format_duration(unit.termination_grace_period)} when the pod stops",
            why=f"the whole pod has {format_duration(pod.termination_grace_period)}",
            help="raise termination_grace_period under [pod], and the outer runtime's own timeout",
        )
    _check_restart_habits(unit, given, at, found)
    for where in shell_scripts(unit, doc):
        _check_pid(where, doc, found)


def _check_restart_habits(unit: Unit, given: Doc, at: Path, found: Findings) -> None:
    if "backoff" in given and unit.backoff.initial > unit.backoff.max:
        found.warn(
            (*at, "backoff"),
            f"initial counts as {format_duration(unit.backoff.max)}",
            why="it is longer than max",
            help="raise max",
        )
    idle = [key for key in ("max_restarts", "backoff") if key in given]
    if idle and unit.restart == "never" and not unit.restart_rules:
        found.warn(
            (*at, idle[0]),
            f"`{idle[0]}` of {word(unit.name)} changes nothing",
            on_key=True,
            why="its restart is never",
            help='write restart = "on_failure", or leave this out',
        )
    if unit.kind is Kind.INIT and given.get("restart") == "always":
        found.warn(
            (*at, "restart"),
            "an init never runs again after a success",
            why="always means on_failure here",
            help=f"write on_failure, or make it [sidecar.{unit.name}] if it shall keep running",
        )


def shell_scripts(unit: Unit, doc: Doc) -> Iterator[Path]:
    """Where the texts stand that a shell of this unit, or of one of its probes, will read: what follows ``-c``."""
    i = _script_in((*unit.command, *unit.args))
    if i:
        at = path_of(unit)
        key, i = ("command", i) if i < len(unit.command) else ("args", i - len(unit.command))
        whole = isinstance(doc[at[0]][at[1]].get(key), str)
        yield (*at, key) if whole else (*at, key, i)
    for at, words in probe_commands(unit, doc):
        i = _script_in(words)
        if i:
            yield at if isinstance(value_at(doc, at), str) else (*at, i)


def _script_in(words: tuple[str, ...]) -> int:
    """Which of the words is a script; 0 if none is."""
    if words[0].rpartition("/")[2] not in SHELLS:
        return 0
    flag = next((i for i, w in enumerate(words) if i and w.startswith("-") and w.endswith("c")), len(words))
    return flag + 1 if flag + 1 < len(words) else 0


def probe_commands(unit: Unit, doc: Doc) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Where the commands of its probes stand. Hooks are left out: nothing in their words is replaced."""
    for key in PROBE_NAMES:
        probe = getattr(unit, key)
        if probe is not None and probe.ask.command:
            at = (*path_of(unit), key, "exec")
            yield (*at, "command") if isinstance(value_at(doc, at), dict) else at, probe.ask.command


def value_at(doc: Doc, at: Path) -> object:
    """What the document has there; KeyError or IndexError if it has nothing."""
    value = doc
    for part in at:
        value = value[part]
    return value


def _check_pid(at: Path, doc: Doc, found: Findings) -> None:
    text = value_at(doc, at)
    if "$$" in text and re.search(_PID, text, re.ASCII):
        found.warn(
            at,
            "`$$` becomes one `$` here",
            why="Kubernetes' rule, so the shell will not see its pid",
            help="write $$$$ for the shell's pid",
        )
