"""The policy for people: tables and Mermaid state diagrams, printed from the very tables that run.

    python -m minipod.supervisor.diagram            the page docs/policy.md
    python -m minipod.supervisor.diagram lifecycle  one table as text (want, startup, liveness, readiness, pod, verdict,
                                                    fate, reasons, exit-codes, phase)

It must never hold a fact that is not in the tables; a test compares what is checked in with what this prints.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from minipod.supervisor.fate import FATE, Fate
from minipod.supervisor.lifecycle import LIFECYCLE
from minipod.supervisor.phase import PHASE, PhaseBit
from minipod.supervisor.pod import CAUSE, POD, UNDECIDED_CODE, Cause
from minipod.supervisor.probes import ERROR_TRIES, LIVENESS, READINESS, STARTUP
from minipod.supervisor.table import Cell, CellKind, Machine
from minipod.supervisor.verdict import CONFIG_REASON, OOM_REASON, REASON, VERDICT
from minipod.supervisor.vocabulary import (
    Action,
    Budget,
    Errand,
    ExitClass,
    Handler,
    Outcome,
    Phase,
    Rule,
    Source,
    Standing,
    Want,
    Word,
)
from minipod.supervisor.want import WANT

MARKER = "<!-- Printed by `python -m minipod.supervisor.diagram`: change the tables, not this page. -->"


# --- plain text --------------------------------------------------------------------------------------------------


def machine_text(machine: Machine) -> str:
    """Every cell of a machine, state by state: what acts, then what is ignored and what is impossible, with reasons."""
    return "\n".join(line for state in machine.states for line in _state_lines(machine, state))


def _state_lines(machine: Machine, state: Word) -> Iterator[str]:
    yield f"{state.word}: {state.value}"
    for event, cell in machine.rows[state].items():
        if cell.kind is CellKind.ACTS:
            yield f"    {event.word:<14} -> {_deed(cell)}" + (f"   ({cell.why})" if cell.why else "")
    for kind in (CellKind.IGNORED, CellKind.IMPOSSIBLE):
        for event, cell in machine.rows[state].items():
            if cell.kind is kind:
                yield f"    {event.word:<14} {kind.name.lower()}" + (f"   ({cell.why})" if cell.why else "")
    yield ""


def _deed(cell: Cell) -> str:
    actions = ", ".join(action.word for action in cell.actions)
    return f"{cell.next.word}: {actions}" if actions else cell.next.word


def verdict_text() -> str:
    """What an ended instance means: a row for each restart policy and way to end, a column for what is wanted."""
    rows = [
        [f"{rule.word} / {exit_class.word}", *(_outcome(rule, want, exit_class) for want in Want)]
        for rule in Rule
        for exit_class in ExitClass
    ]
    return _columns(["restart / ended", *(want.word for want in Want)], rows)


def _outcome(rule: Rule, want: Want, exit_class: ExitClass) -> str:
    left, spent = (VERDICT[rule, want, exit_class, budget] for budget in Budget)
    return left.word if left is spent else f"{left.word} ({spent.word})"


def fate_text() -> str:
    """What the final end of a unit means to the pod: a row for each standing."""
    outcomes = [o for o in Outcome if any(FATE[s][o].possible for s in Standing)]
    rows = [[standing.word, *(_fate(FATE[standing][o]) for o in outcomes)] for standing in Standing]
    return _columns(["unit", *(o.word for o in outcomes)], rows)


_SAYS = {Action.BLAME: "blame", Action.TALLY_DONE: "count", Action.TALLY_FAILED: "count"}


def _fate(entry: Fate) -> str:
    if not entry.possible:
        return "impossible"
    words = [_SAYS[action] for action in entry.actions] + ([entry.event.word] if entry.event else [])
    return " + ".join(words) or "-"


def reason_rows() -> list[list[str]]:
    """How an instance can end, and the reason that status gives for it."""
    rows = [[each.word, each.value, _reason(each)] for each in ExitClass]
    rows.append([ExitClass.UNSTARTABLE.word, "what it shall have or be is not to be had", CONFIG_REASON])
    return [*rows, ["any", "the kernel ended it for want of memory", OOM_REASON]]


def _reason(exit_class: ExitClass) -> str:
    well, badly = REASON[exit_class]
    return well if well == badly else f"{well} with 0, else {badly}"


def reason_text() -> str:
    """The same as plain text."""
    return _columns(["ended", "meaning", "reason"], reason_rows())


def exit_code_rows() -> list[list[str]]:
    """The policy's part of the exit-code contract (DESIGN.md section 6): cause, exit code, reason."""
    return [[cause.sentence, _code(cause), cause.reason] for cause in CAUSE.values()]


def _code(cause: Cause) -> str:
    if cause.source is Source.NOBODY:
        return str(cause.if_zero)
    if cause.source is Source.TRUTH:
        return (
            "main's code if there is a main; else that of the first service in file order that did not end with 0; "
            f"{UNDECIDED_CODE} if one never ran and nothing else decides; else 0"
        )
    whose = {
        Source.MAIN: "main's code",
        Source.BLAMED: "the code of the first unit that failed for good",
        Source.CULPRIT: "the code of that unit",
    }
    instead = f"; never 0 (then {cause.if_zero})" if cause.if_zero else ""
    return f"{whose[cause.source]}, 128+N for signal N{instead}"


def exit_code_text() -> str:
    """The same as plain text."""
    return _columns(["the pod ended because", "exit code", "reason"], exit_code_rows())


def phase_text() -> str:
    """The phase for every set of facts, as few patterns as cover them: ``*`` stands for either."""
    chosen = [(pattern, phase) for phase in Phase for pattern in _cover(phase)]
    return _columns([*(bit.word for bit in PhaseBit), "phase"], [[*pattern, phase.word] for pattern, phase in chosen])


def _cover(phase: Phase) -> Iterator[str]:
    """Patterns that fit all sets of facts with this phase and no other; the one that fits most of the rest first."""
    wanted = {
        "".join("-x"[key >> bit.number & 1] for bit in PhaseBit) for key, each in enumerate(PHASE) if each is phase
    }
    widest = sorted(_widest(wanted))
    while wanted:
        best = max(widest, key=lambda pattern: sum(_fits(pattern, facts) for facts in wanted))
        wanted = {facts for facts in wanted if not _fits(best, facts)}
        yield best


def _fits(pattern: str, facts: str) -> bool:
    return all(want in ("*", bit) for want, bit in zip(pattern, facts, strict=True))


def _widest(patterns: set[str]) -> set[str]:
    """Two that differ in one place become one, until none do (Quine and McCluskey)."""
    found: set[str] = set()
    while patterns:
        merged, wider = set(), set()
        for pattern in patterns:
            for at, bit in enumerate(pattern):
                twin = pattern[:at] + {"-": "x", "x": "-", "*": ""}[bit] + pattern[at + 1:]
                if twin in patterns:
                    merged.add(pattern)
                    wider.add(pattern[:at] + "*" + pattern[at + 1:])
        found |= patterns - merged
        patterns = wider
    return found


def _columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = [
        "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    ]
    return "\n".join(lines) + "\n"


# --- Markdown and Mermaid ----------------------------------------------------------------------------------------


def mermaid(machine: Machine) -> str:
    """A state diagram: an arrow for each pair of states, with the events that take it. Events that change no state are
    left to the table."""
    arrows: dict[tuple[Word, Word], list[str]] = {}
    for state, event, cell in machine.cells():
        if cell.kind is CellKind.ACTS and cell.next is not state:
            arrows.setdefault((state, cell.next), []).append(event.word)
    lines = ["stateDiagram-v2", f"    [*] --> {_id(next(iter(machine.states)))}"]
    lines += [f"    {_id(a)} --> {_id(b)}: {', '.join(events)}" for (a, b), events in arrows.items()]
    return "\n".join(lines)


def _id(state: Word) -> str:
    return state.name.lower()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines)


def _machine_section(machine: Machine, title: str, about: str) -> str:
    rows = [
        [state.word, event.word, _deed(cell), cell.why]
        for state, event, cell in machine.cells() if cell.kind is CellKind.ACTS
    ]
    table = _table(["state", "event", "next: actions", "why"], rows)
    return "\n\n".join([f"## {title}", about, _words(machine.states), f"```mermaid\n{mermaid(machine)}\n```", table])


def _text_section(title: str, about: str, text: str) -> str:
    return f"## {title}\n\n{about}\n\n```text\n{text.rstrip()}\n```"


def _words_section(title: str, words: type[Word]) -> str:
    return f"## {title}\n\n{_words(words)}"


def _words(words: Iterable[Word]) -> str:
    return "\n".join(f"* **{word.word}**: {word.value}" for word in words)


def page() -> str:
    """The whole page."""
    sections = [
        MARKER,
        "# The policy",
        "What minipod decides, and when. Each machine reacts to events; a pair of state and event that is in no table\n"
        "here is either ignored or impossible (then it is counted and logged).",
        "## Exit codes\n\n" + _table(["the pod ended because", "exit code", "reason"], exit_code_rows()),
        _machine_section(LIFECYCLE, "A unit's lifecycle", "One instance, from its start to what is left of it."),
        _machine_section(WANT, "What is wanted of a unit", "Whatever its process does meanwhile."),
        _words_section("What is asked of a running unit", Errand) + "\n\nEach may be done in one of these ways:\n\n"
        + _words(Handler),
        _machine_section(
            STARTUP, "The startup probe",
            f"Until it has passed nothing else is asked. An attempt that could not be made is made {ERROR_TRIES} times "
            "at once; then\nit means nothing. That holds for every probe.",
        ),
        _machine_section(
            LIVENESS, "The liveness probe, and the watchdog",
            "Two machines of this form: what is asked of a program, and what it says by itself.",
        ),
        _machine_section(READINESS, "The readiness probe", "It stops nobody."),
        "## How an instance ends\n\n" + _table(["ended", "meaning", "reason"], reason_rows()),
        _text_section(
            "The verdict",
            "What an ended instance means. In parentheses: when `max_restarts` is used up.",
            verdict_text(),
        ),
        _text_section("The fate", "What the final end of a unit means to the pod.", fate_text()),
        _machine_section(POD, "The pod", "From its start to the moment minipod leaves."),
        _text_section(
            "The phase",
            "Kubernetes' pod phase, from these facts (x it is so, - it is not, * either): "
            + "; ".join(f"*{bit.word}*: {bit.value}" for bit in PhaseBit) + ".",
            phase_text(),
        ),
        _words_section("The actions", Action),
    ]
    return "\n\n".join(sections) + "\n"


TEXTS: dict[str, Callable[[], str]] = {
    "lifecycle": lambda: machine_text(LIFECYCLE),
    "want": lambda: machine_text(WANT),
    "startup": lambda: machine_text(STARTUP),
    "liveness": lambda: machine_text(LIVENESS),
    "readiness": lambda: machine_text(READINESS),
    "pod": lambda: machine_text(POD),
    "verdict": verdict_text,
    "fate": fate_text,
    "reasons": reason_text,
    "exit-codes": exit_code_text,
    "phase": phase_text,
}


if __name__ == "__main__":
    import sys

    print((TEXTS[sys.argv[1]] if sys.argv[1:] else page)(), end="")
