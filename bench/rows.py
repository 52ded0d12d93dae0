"""The rows of the table: what is measured, in which unit, for whom, how often, and what minipod aims at.

An aim is printed beside the figures; nothing here or elsewhere passes or fails on it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench import asking, measures
from bench.measures import Measure
from bench.probing import Probing
from bench.sizes import measure_size
from bench.subjects import HEALTH, STATUS, Subject

_ONCE = 1
_FEW = 3


@dataclass(frozen=True)
class Row:
    """``key`` selects it, with others of the same word; ``runs`` is how often at most (None: as often as asked)."""

    key: str
    title: str
    unit: str
    measure: Measure
    who: Callable[[Subject], bool]
    aim: str = ""
    runs: int | None = None
    ratio: bool = True
    part: str = ""      # of the document, if not its first


def _everyone(subject: Subject) -> bool:
    return not subject.column and not subject.only


def _many(subject: Subject) -> bool:
    return _everyone(subject) and subject.many


def _capturing(subject: Subject) -> bool:
    return _everyone(subject) and subject.captures


def _prefixing(subject: Subject) -> bool:
    return (_capturing(subject) or subject.only == "log") and subject.name != "cat"


def _passing(subject: Subject) -> bool:
    return _capturing(subject) or subject.name == "cat"


def _restarting(subject: Subject) -> bool:
    return _everyone(subject) and subject.restarts


def _forwarding(subject: Subject) -> bool:
    return _everyone(subject) and (subject.forwards or subject.name == "floor")


def _from_file(subject: Subject) -> bool:
    return bool(subject.column) and not subject.only


def _from_manifest(subject: Subject) -> bool:
    return subject.only == "manifest" or _from_file(subject) and subject.column == "floor"


def _around_volume(subject: Subject) -> bool:
    return subject.only == "volume"


def _one(subject: Subject) -> bool:
    return _everyone(subject) and subject.forwards and not subject.many or subject.only == "one"


def _pausing(subject: Subject) -> bool:
    return subject.only == "pause"


def _answering(question: str) -> Callable[[Subject], bool]:
    return lambda subject: question in subject.answers


def _probing(subject: Subject) -> bool:
    return subject.probes


def _probe_rows(title: str, probing: Probing, cpu_aim: str = "", late_aim: str = "") -> tuple[Row, ...]:
    def row(figure: str, unit: str, aim: str = "") -> Row:
        what = {"cpu": "CPU of PID 1¹", "late": "lateness², p99", "pss": "PSS of PID 1"}[figure]
        return Row("probe", f"{title}: {what}", unit, probing[figure], _probing, aim, _FEW, part="Probes")
    return row("cpu", "% of a core", cpu_aim), row("late", "ms", late_aim), row("pss", "kB")


ROWS = (
    Row("start", "exec of PID 1 to the service's first instruction", "ms", measures.start(1), _everyone, "≤ 2×"),
    Row("start", "the same, the last of 100 services", "ms", measures.start(100), _many, "≤ 1.5×"),
    Row("start", "the same, 100 services with output captured", "ms", measures.start(100, logs=True), _capturing),
    Row("pss", "PSS of PID 1 and helpers, 1 service, output captured¹", "kB", measures.memory(1), _everyone,
        "≤ 150 kB", _FEW),
    Row("pss", "the same, 100 services", "kB", measures.memory(100), _many, "≤ 250 kB", _FEW),
    Row("pss", "the same, 100 services that wrote 64 KiB each", "kB", measures.memory(100, full=True), _many, "", _FEW),
    Row("pss", "memory cgroup of the whole pod, 100 services", "kB", measures.group_memory(100), _many, "", _FEW),
    Row("restart", "restart after SIGKILL, no back-off due", "ms", measures.restart, _restarting, "≤ 1.3×"),
    Row("stop", "TERM to all gone, 1 service", "ms", measures.stop(1), _everyone, "≤ 1.3×"),
    Row("stop", "the same, 100 services", "ms", measures.stop(100), _many, "≤ 1.3×"),
    Row("orphans", "20,000 orphans at once", "ms", measures.orphans, _everyone, "≤ floor"),
    Row("orphans", "most orphans waiting in a stream of 5,000", "", measures.stream, _everyone, "a handful", _FEW,
        ratio=False),
    Row("signal", "a signal, sent to PID 1, reaches the service²", "µs", measures.forward, _forwarding, "≤ 45 µs"),
    Row("idle", "context switches of PID 1 and helpers in 5 s of idleness", "", measures.idle, _everyone, "0", _ONCE,
        ratio=False),
    Row("calls", "system calls of PID 1 until it starts the service", "", measures.calls(everybody=False), _everyone,
        "≤ 50", _ONCE, ratio=False),
    Row("calls", "the same, of all its helpers and children too", "", measures.calls(everybody=True), _everyone, "",
        _ONCE, ratio=False),
    Row("size", "size on disk of its own files", "kB", measure_size(libraries=False), _everyone, "≤ 200 kB", _ONCE,
        ratio=False),
    Row("size", "the same with the libraries it needs³", "kB", measure_size(libraries=True), _everyone, "", _ONCE,
        ratio=False),
    Row("file", "a pod in a TOML file, or the interpreter alone, from exec to end⁴", "ms", measures.whole_run,
        _from_file, "≤ 60 ms above", None, ratio=False),
    Row("manifest", "the same, of a Kubernetes manifest", "ms", measures.whole_run, _from_manifest, ratio=False),
    Row("volume", "exec of PID 1 to the first instruction, with one emptyDir⁵", "ms", measures.start(1),
        _around_volume),
    Row("one", "a program that ends at once, from exec of the init to its end¹", "ms", measures.whole_run, _one, "≤ 2×",
        part="One command"),
    Row("pause", "PSS of a process that holds namespaces²", "kB", measures.held_memory, _pausing, "≤ 40 kB", _FEW,
        part="One command"),
    Row("pause", "its context switches in 5 s of idleness", "", measures.held_idle, _pausing, "0", _ONCE, ratio=False,
        part="One command"),
    Row("log", "a million lines with prefix, from one service", "CPU s", measures.log_cpu(), _prefixing, "≤ 1.5×", 10,
        part="Logs"),
    Row("log", "a million lines unchanged, from one service", "CPU s", measures.log_cpu(raw=True), _passing, "≤ cat",
        10, part="Logs"),
    Row("log", "a million lines with prefix, from 100 services at once", "CPU s", measures.log_cpu(100), _prefixing, "",
        10, part="Logs"),
    Row("ask", "`minipod health`, from fork to its end: median of 200", "ms", asking.health(50), _answering(HEALTH),
        "< 5 ms", 5, part="Control"),
    Row("ask", "the same, p99", "ms", asking.health(99), _answering(HEALTH), "< 5 ms", 5, part="Control"),
    Row("ask", "`minipod get` of three services, from fork to its end", "ms", asking.status_wall, _answering(STATUS),
        "< supervisorctl", 5, part="Control"),
    Row("ask", "the same, processor time", "ms", asking.status_cpu, _answering(STATUS), "", 5, part="Control"),
    *_probe_rows("1,000 services, tcp, each second", Probing("tcp", 1000), "< 10", "< 20"),
    *_probe_rows("1,000 services, tcp, each 667 ms³", Probing("tcp", 1000, 667_000)),
    *_probe_rows("1,000 services, http, each second", Probing("http", 1000)),
    *_probe_rows("100 services, exec, each second", Probing("exec", 100)),
)

NOTES = {"": """\
¹ The inits of one program capture nothing; theirs is the figure without.
² The floor's is sent to the service itself.
³ Without Python for supervisord; minipod needs none when the plan is compiled beforehand.
⁴ The floor is that interpreter: `python3 -c pass`.
⁵ The floor is minipod too, with the same pod without the volume.
""", "One command": """\
¹ The floor is a bare vfork, exec and wait. What else an init of one command costs stands in the rows above.
² minipod's is `minipod pause`; the floor a static pause with musl, whose source is `bench/programs/pause.c`.
""", "Logs": """\
Of PID 1 and helpers. supervisord adds no prefix; runit's svlogd writes to a file, all others to a pipe.
""", "Control": """\
supervisord is asked by `supervisorctl status`, curl asks minipod.
""", "Probes": """\
¹ Without that of exec probes' children, and of the target.
² Of a probe: by how much more than a period it arrives after the one before it, at the target.
³ 3,000 probes a second in all.
"""}


def select(words: list[str] | None) -> list[Row]:
    """The rows of these keys, in the table's order; all for None. ValueError for a word that is no key."""
    known = {row.key for row in ROWS}
    for word in words or ():
        if word not in known:
            raise ValueError(f"no such row: {word} (rows: {', '.join(sorted(known))})")
    return [row for row in ROWS if words is None or row.key in words]
