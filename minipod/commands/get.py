"""`minipod get`: the pod and its units as they are now, in the words and columns of kubectl. It asks and prints; what a
status is, is ``minipod/status``'s.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from minipod.commands.asking import CODES, COMMON, HELP, POD, ask, chosen, view_of, views
from minipod.commands.listing import table, widths_of
from minipod.errors import PodError, UsageError
from minipod.options import Words, sort_words
from minipod.reaper.client import Client
from minipod.status import columns
from minipod.status.durations import age, human
from minipod.status.pod import pod_status, statuses_of
from minipod.status.records import ContainerStatus, Running, Terminated, Waiting
from minipod.status.view import PodView, UnitView
from minipod.status.why import STOPPING, is_well, why
from minipod.supervisor.facts import is_held_by_hand
from minipod.supervisor.vocabulary import Kind

USAGE = f"""minipod get [-o wide|json|yaml|name] [-w] [NAME...]

Show the pod and its units, or the units called NAME: the columns are those of kubectl get pod.
  -o, --output FORMAT     wide: with process ids and reasons; json and yaml: the pod as kubectl would have it, with
                          NAMEs these units of it alone; name: names alone
  -w, --watch             go on, and print what changes
  --no-headers            no line of names above the columns
{COMMON}Other names: ps, status. yaml needs the extra: pip install 'minipod[kube]'.
Exit code: {CODES}.
"""
FORMATS = ("wide", "json", "yaml", "name")
_POD_HEAD = ("NAME", "READY", "STATUS", "RESTARTS", "AGE")
_UNIT_HEAD = ("UNIT", "KIND", "READY", "STATUS", "RESTARTS", "AGE")
_WIDE_HEAD = ("PID", "LOG", "IMAGE", "LABELS", "WHY")

Row = tuple[str, ...]


def run(words: list[str]) -> int:
    """0; PodError and UsageError are the caller's to report."""
    flags = (*HELP, "-w", "--watch", "--no-headers")
    found = sort_words(words, flags=flags, valued=("-o", "--output", POD))
    if found.flags & set(HELP):
        sys.stdout.write(USAGE)
        return 0
    output = found.values.get("--output", found.values.get("-o", [""]))[-1]
    if output and output not in FORMATS:
        raise UsageError(f"-o takes {', '.join(FORMATS)}, not {output!r}")
    write = _yaml_writer() if output == "yaml" else _json if output == "json" else None
    client = ask(found)
    if found.flags & {"-w", "--watch"}:
        _watch(client, found, output, write)
    else:
        _show(client, view_of(client), found, output, write)
    return 0


def _show(client: Client, pod: PodView, found: Words, output: str, write: Callable[[Any], str] | None) -> None:
    if write is not None:
        sys.stdout.write(write(document(client, pod, found.operands)))
    elif output == "name":
        sys.stdout.write("".join(f"{name}\n" for name in _names(pod, found.operands)))
    else:
        is_bare = "--no-headers" in found.flags
        blocks = [_block(rows, is_bare) for rows in _tables(pod, found.operands, is_wide=output == "wide")]
        sys.stdout.write("\n".join(blocks))


def _block(rows: list[Row], is_bare: bool) -> str:
    return table(rows[1:] if is_bare else rows)


# --- tables -----------------------------------------------------------------------------------------------------------


def _tables(pod: PodView, names: list[str], *, is_wide: bool) -> Iterator[list[Row]]:
    """Each with its head: the pod, unless units are named, and units."""
    if not names:
        yield pod_rows(pod, is_wide=is_wide)
    yield unit_rows(pod, chosen(pod, names), is_wide=is_wide)


def pod_rows(pod: PodView, *, is_wide: bool = False) -> list[Row]:
    """kubectl's row of the pod, under its head."""
    status = pod_status(pod.record)
    row = columns.of(pod.info, status, pod.now)
    if not is_wide:
        return [_POD_HEAD, row]
    return [(*_POD_HEAD, "PID", "MAIN"), (*row, _or_none(pod.pid), pod.main or "<none>")]


def unit_rows(pod: PodView, units: tuple[UnitView, ...], *, is_wide: bool = False) -> list[Row]:
    """A row for each unit, under their head."""
    statuses = {status.name: status for status in statuses_of(pod.record.units)}
    rows = [_unit_row(pod, unit, statuses[unit.name]) for unit in units]
    if not is_wide:
        return [_UNIT_HEAD, *rows]
    return [(*_UNIT_HEAD, *_WIDE_HEAD), *((*row, *_wide(pod, unit)) for row, unit in zip(rows, units, strict=True))]


def _unit_row(pod: PodView, unit: UnitView, status: ContainerStatus) -> Row:
    kind = unit.record.kind
    return (
        unit.name,
        kind.word,
        "-" if kind is Kind.INIT else f"{int(status.ready)}/1",
        state_word(unit, status),
        _restarts(status, pod.now),
        age(_begin(unit, status), pod.now) if _begin(unit, status) is not None else "-",
    )


def state_word(unit: UnitView, status: ContainerStatus) -> str:
    """Kubernetes' word for a unit's state; it has none for one that is being stopped, or was by hand."""
    if unit.record.life in STOPPING:
        return "Terminating"
    if is_held_by_hand(unit.record):
        return "Stopped"
    if isinstance(status.state, Running):
        return "Running" if unit.record.started else "Starting"
    if isinstance(status.state, Terminated):
        return status.state.reason or f"ExitCode:{status.state.exit_code}"
    return status.state.reason if isinstance(status.state, Waiting) else "Unknown"


def _begin(unit: UnitView, status: ContainerStatus) -> int | None:
    """Since when it is as it is, as far as that is known."""
    if isinstance(status.state, Running):
        return status.state.started_at
    return unit.record.ends[-1].finished_at if unit.record.ends else None


def _restarts(status: ContainerStatus, now: int) -> str:
    last = status.last_state.finished_at if status.last_state else None
    ago = f" ({human(now - last)} ago)" if status.restart_count and last is not None else ""
    return f"{status.restart_count}{ago}"


def _wide(pod: PodView, unit: UnitView) -> Row:
    reason = "" if is_well(unit) and unit.record.kind is Kind.INIT else why(unit, pod.now)
    from minipod.config.findings import visible

    labels = visible(",".join(f"{name}={value}" for name, value in unit.labels))
    shown = (unit.log.file or unit.log.mode, visible(unit.image), labels, reason)
    return _or_none(unit.pid), *(text or "<none>" for text in shown)


def _or_none(value: object) -> str:
    return "<none>" if value is None else str(value)


def _names(pod: PodView, names: list[str]) -> Iterator[str]:
    if not names:
        yield f"pod/{pod.info.name}"
    for unit in chosen(pod, names):
        yield f"{unit.record.kind.word}/{unit.name}"


# --- documents --------------------------------------------------------------------------------------------------------


def document(client: Client, pod: PodView, names: list[str]) -> dict[str, object]:
    """The v1 Pod, with these units alone if there are names."""
    from minipod.status.api import pod_object
    from minipod.status.transitions import dated

    known, is_whole = _changes(client, pod)
    status, info = dated(pod_status(pod.record), pod.record.units, known, is_whole=is_whole), pod.info
    if names:
        wanted = {unit.name for unit in chosen(pod, names)}
        info = info._replace(parts=tuple(part for part in info.parts if part.name in wanted))
        status = status._replace(
            inits=tuple(each for each in status.inits or () if each.name in wanted),
            mains=tuple(each for each in status.mains or () if each.name in wanted),
        )
    return pod_object(info, status)


def _changes(client: Client, pod: PodView) -> tuple[list, bool]:
    """Each a Change; none where the pod has gone meanwhile."""
    from minipod.reaper.events import changes

    try:
        return changes(list(client.lines("/v1/events")), pod.next_event)
    except PodError:
        return [], False


def _json(value: object) -> str:
    return json.dumps(value, indent=4) + "\n"


def _yaml_writer() -> Callable[[Any], str]:
    """PodError without the library: asked for before anything else is done."""
    try:
        import yaml
    except ImportError:
        raise PodError("-o yaml needs a YAML library: pip install 'minipod[kube]', or use -o json") from None
    return lambda value: f"---\n{yaml.safe_dump(value, sort_keys=False)}"


# --- watching ---------------------------------------------------------------------------------------------------------


def _watch(client: Client, found: Words, output: str, write: Callable[[Any], str] | None) -> None:
    """All of it, then each row that changed, until the pod is gone. Ages alone are no news."""
    if write is not None or output == "name":
        return _watch_documents(client, found, output, write)
    shown: dict[str, Row] = {}
    widths: dict[int, list[int]] = {}
    for pod in views(client):
        first = not shown
        for rows in _tables(pod, found.operands, is_wide=output == "wide"):
            changed = [row for row in rows[1:] if shown.get(_key(rows, row)) != _news(rows, row)]
            shown.update({_key(rows, row): _news(rows, row) for row in changed})
            _print_changed(rows, changed, widths, is_first=first, is_bare="--no-headers" in found.flags)
        sys.stdout.flush()


def _print_changed(rows: list[Row], changed: list[Row], widths: dict, *, is_first: bool, is_bare: bool) -> None:
    """Under the head of their table at first; later they line up with what was printed."""
    if not changed:
        return
    which = len(rows[0])
    if is_first and widths:
        sys.stdout.write("\n")
    widths[which] = widths_of([rows[0], *changed], widths.get(which, ()))
    head = [rows[0]] if is_first and not is_bare else []
    sys.stdout.write(table([*head, *changed], widths[which]))


def _key(rows: list[Row], row: Row) -> str:
    return f"{rows[0][0]} {row[0]}"


def _news(rows: list[Row], row: Row) -> Row:
    """What of a row is worth a line: not how long ago something was, and not the sentence with its seconds."""
    return tuple(
        cell.partition(" ")[0] for name, cell in zip(rows[0], row, strict=True) if name not in ("AGE", "WHY")
    )


def _watch_documents(client: Client, found: Words, output: str, write: Callable[[Any], str] | None) -> None:
    if write is None:
        return _show(client, view_of(client), found, output, write)
    before: object = None
    for pod in views(client):
        now = document(client, pod, found.operands)
        if now != before:
            sys.stdout.write(write(now))
            sys.stdout.flush()
        before = now
