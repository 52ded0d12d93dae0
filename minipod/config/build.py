"""From the parser's dicts to the model: every key read, every default filled in. All mistakes are recorded and the pod
is built as far as it goes, so that names can still be checked; it is worth something only when nothing was recorded.
"""

from collections.abc import Callable, Mapping
from typing import Any

from minipod.config.findings import Findings, Path, word
from minipod.config.key import VOLUME
from minipod.config.keys import INIT, POD, SERVICE, SIDECAR, TOP, UNITS, keys_of
from minipod.config.log import read_log
from minipod.config.tables import TABLE_READERS, check_said
from minipod.config.values import OWN, READERS, SUBDOMAIN, check_unit_name, matches
from minipod.model import Backoff, Control, Log, Pod, Unit, default_restart
from minipod.supervisor import budget
from minipod.supervisor.words import Kind, LogMode, StdinMode

# Types that few pods have: their readers are imported when one does.
_LATELY = (
    "control", "hook", "hosts", "mounts", "notify", "probe", "restart_rules", "selector",
    "start_timeout", "watchdog",
)  # fmt: skip
_RIGHTS = ("capabilities", "groups", "limits", "message_path", "nice", "oom_score_adj")
_SOURCES = ("env_files", "env_sets", "secrets")
_READ: Mapping[str, Any] = {
    **READERS, **TABLE_READERS, "log": read_log, **dict.fromkeys((*_LATELY, *_RIGHTS, *_SOURCES)),
}  # fmt: skip
_KINDS = {INIT: Kind.INIT, SIDECAR: Kind.SIDECAR, SERVICE: Kind.SERVICE}
_UNREADABLE = ("",)  # the command of a unit whose own is missing or wrong

Doc = dict[str, Any]


def build(doc: Doc, default_name: str, in_file_order: Callable[[list[Path]], list[Path]], found: Findings) -> Pod:
    """The pod that ``doc`` describes. ``in_file_order`` sorts the paths of inits and sidecars by where they stand."""
    top = read_table(doc, TOP, (), found)
    given = read_table(_table_at(doc, POD, found), POD, (POD,), found)
    units = _build_units(doc, in_file_order, given, found)
    if not any(unit.kind is Kind.SERVICE for unit in units) and _lacks_services(doc):
        found.error(
            (SERVICE,) if SERVICE in doc else (),
            "there is no service",
            why="services are what a pod is for",
            help='add a table: [service.web] with command = ["…"]',
        )
    name = given.get("name") or (default_name if matches(SUBDOMAIN, default_name) else "pod")
    return Pod(
        name=name,
        units=tuple(units),
        labels=given.get("labels", {}),
        env=top.get("env", {}),
        main=given.get("main"),
        deadline=given.get("deadline"),
        termination_grace_period=given.get("termination_grace_period", budget.GRACE),
        signals=_signals(doc, top, given, found),
        termination_message_path=given.get("termination_message_path", ""),
        log=Log(**given.get("log", {})),
        control=given.get("control", Control()),
        volumes=_volumes(doc, name, given, found),
        hosts=top.get("hosts", ()),
    )


def _volumes(doc: Doc, name: str, given: Doc, found: Findings) -> tuple:
    if VOLUME not in doc:
        return ()
    from minipod.config.volumes import Meta, read_volumes

    return read_volumes(doc[VOLUME], Meta(name, given.get("labels", {})), found)


def _lacks_services(doc: Doc) -> bool:
    """Whether nothing that is wrong with the top level already says why there is no service."""
    return not doc.get(SERVICE) and all(key in keys_of(TOP) for key in doc)


def read_table(table: Doc, scope: str, at: Path, found: Findings) -> Doc:
    """The keys of one table that were given and could be read; what is no key of it is recorded."""
    known = keys_of(scope)
    read: Doc = {}
    for name, value in table.items():
        if name not in known:
            from minipod.config.unknown import refuse_key

            refuse_key(name, value, scope, (*at, name), found)
        elif known[name].type in _READ:
            read_value = _READ[known[name].type] or _late_reader(known[name].type)
            parsed = read_value(value, (*at, name), found)
            if parsed is not None:
                read[name] = parsed
    return read


def _late_reader(type: str) -> Any:
    if type == "control":
        from minipod.config.sight import read_control

        return read_control
    if type == "mounts":
        from minipod.config.mounts import read_mounts

        return read_mounts
    if type == "hosts":
        from minipod.config.host_table import read_hosts

        return read_hosts
    if type in _RIGHTS:
        from minipod.config.rights import RIGHTS_READERS

        return RIGHTS_READERS[type]
    if type == "selector":
        from minipod.config.selector import read_selector

        return read_selector
    if type in _SOURCES:
        from minipod.config.sources import SOURCE_READERS

        return SOURCE_READERS[type]
    from minipod.config.probes import PROBE_READERS

    return PROBE_READERS[type]


def _table_at(doc: Doc, name: str, found: Findings) -> Doc:
    table = doc.get(name, {})
    if isinstance(table, dict):
        return table
    found.mismatch((name,), table, "a table", help=f"write [{name}]" + ("" if name == POD else f" as [{name}.NAME]"))
    return {}


def _signals(doc: Doc, top: Doc, given: Doc, found: Findings) -> Mapping:
    pod = doc.get(POD)
    if "signals" in doc and isinstance(pod, dict) and "signals" in pod:
        found.error(
            ("signals",),
            "`signals` is given twice",
            on_key=True,
            also=(((POD, "signals"), "the other one"),),
            why="[signals] and [pod.signals] are the same table",
            help="keep one of them",
        )
    return top.get("signals") or given.get("signals") or {}


def _build_units(doc: Doc, in_file_order: Callable[[list[Path]], list[Path]], pod: Doc, found: Findings) -> list[Unit]:
    tables = {kind: _table_at(doc, kind, found) for kind in UNITS}
    row: list[Path] = [(kind, name) for kind in (INIT, SIDECAR) for name in tables[kind]]
    if tables[INIT] and tables[SIDECAR]:
        row = in_file_order(row)
    row += [(SERVICE, name) for name in tables[SERVICE]]
    _check_unique(row, found)
    units = (_build_unit(path, tables[path[0]][path[1]], pod, found) for path in row)
    return [unit for unit in units if unit]


def _check_unique(row: list[Path], found: Findings) -> None:
    seen: dict[str | int, Path] = {}
    for path in row:
        if path[1] in seen:
            found.error(
                path,
                f"{word(path[1])} names two units",
                on_key=True,
                also=((seen[path[1]], "the other one"),),
                why="units are told apart by name, of whatever kind they are",
                help="rename one of them",
            )
        seen[path[1]] = path


def _build_unit(at: Path, table: object, pod: Doc, found: Findings) -> Unit | None:
    scope, name = str(at[0]), str(at[1])
    if not isinstance(table, dict):
        return _refuse_nameless(at, table, found)
    check_unit_name(name, at, found)
    given = read_table(table, scope, at, found)
    if "command" not in table and not _is_misspelt("command", table, scope):
        why = f"nobody says what the image {word(table['image'])} runs" if isinstance(table.get("image"), str) else ""
        help = 'add command = ["…"]' + (' here, or [image."NAME"] with its entrypoint' if why else "")
        found.error(at, f"{word(name)} has no command", on_key=True, why=why, help=help)
    kind = _KINDS[scope]
    given.setdefault("command", _UNREADABLE)
    given["restart"] = effective_restart(
        kind, given.get("restart"), pod.get("restart"), is_main=pod.get("main") == name
    )
    given["backoff"] = Backoff(**{**pod.get("backoff", {}), **given.get("backoff", {})})
    for key in ("max_restarts", "termination_grace_period"):
        if key not in given and key in pod:
            given[key] = pod[key]
    if given.get("tty") == OWN:
        given |= {"tty": False, "own_terminal": True}
    given["log"] = effective_log(given.get("log", {}), pod.get("log", {}), tty=given.get("tty", False))
    if "volumes" in given:
        given["mounts"] = given.pop("volumes")
    sources = [given.pop(key, ()) for key in ("env_file", "env_from", "secrets")]
    if any(sources):
        from minipod.config.sources import check_handed

        given["env_from"] = tuple(source for part in sources for source in part)
        check_handed(sources[-1], at, given.get("env", ()), found)
    if "labels" in given or "image" in given:
        key = "labels" if "labels" in given else "image"
        check_said(given.get("labels", {}), given.get("image", ""), (*at, key), found)
    if given.get("tty"):
        given["stdin"] = StdinMode.INHERIT
    return Unit(name=name, kind=kind, **given)


def _is_misspelt(name: str, table: Doc, scope: str) -> bool:
    """Whether an unknown key was most likely meant to be that one: the error about it is enough."""
    from minipod.config.suggest import closest

    known = keys_of(scope)
    return any(closest(key, known) == name for key in table if key not in known)


def _refuse_nameless(at: Path, value: object, found: Findings) -> None:
    """``[service]`` with a unit's keys directly in it is the likeliest reason for a unit that is no table."""
    if at[1] in keys_of(str(at[0])):
        found.error(
            at,
            f"`{at[1]}` stands directly in [{at[0]}]",
            on_key=True,
            why=f"each {at[0]} has a name and a table of its own",
            help=f"write [{at[0]}.NAME] above it",
        )
    else:
        found.mismatch(at, value, "a table", help=f"write [{at[0]}.{at[1]}]")


def effective_log(own: Mapping[str, Any], pods: Mapping[str, Any], *, tty: bool) -> Log:
    """What becomes of a unit's output: its own keys, then the pod's. A terminal's owner writes to it unless its own
    keys say otherwise; what is not seen goes to no file."""
    if tty and "mode" not in own:
        return Log(LogMode.INHERIT)
    if own.get("mode") in (LogMode.INHERIT, LogMode.NONE):
        return Log(own["mode"])
    return Log(**{**pods, **own})


def effective_restart(kind: Kind, own: str | None, pods: str | None, *, is_main: bool) -> str:
    """A unit's restart policy: its own; else the pod's, which sidecars and main do not follow; else the default."""
    if own:
        return own
    if pods and kind is not Kind.SIDECAR and not is_main:
        return pods
    return default_restart(kind, is_main=is_main)
